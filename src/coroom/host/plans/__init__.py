"""The order of a room's tasks, kept true while agents work.

- `planning`, `replanning` (the board again, when it changes), `tasks_done`, `symbols`
- `resolving` (what a language server is asked, and its answers) over `type_session`
"""
