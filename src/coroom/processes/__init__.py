"""Processes of ours, in this language or any other, and how they end.

- `pool`: processes that compute beside this one
- `groups`: ending a process with all that it has started
- `stopped`: the exit code of what Ctrl-C has ended
- `postponed`: importing of a large package what a process needs of it
- `uncollected`: work that makes no garbage which only a collector finds
"""
