"""What was accepted becomes commits on main.

- in a room: `parts` (what was accepted, task by task), `landing_commits`, `landing`, `ref_mover`, `landing_each`
- for many clones: the `gate` over `runners`
"""
