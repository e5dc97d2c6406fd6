"""The running room: command in, store, effects, reply. Everything that acts meets here.

- one room over one log: `host`, `clock`
- `door`: what agents and hooks ask for, one method each, and what they are told
- `edits`: an edit on its way from a disk into the room and out to the other disks
- `calls`: a call on live state, and the tools that it may use
- `landing`: what was accepted becomes commits on main, in a room or through the gate
- `checks`: when a room is checked, and what becomes of what is found
- `plans`: the order of a room's tasks, kept true while agents work
- `confined`: what the project's tests run in, and whatever else reads what agents wrote
- put together: `rooms`, `seat`, `served`
"""
