"""When a room is checked, and what becomes of what is found.

- `consistency` (when it is looked) over `disagreements` (what is judged), with `checking`, `written` and `contracts`
- `findings`: what becomes of them
"""
