"""Calls on live state, and the tools of a room.

- `calls` (in the room) over `carry` (step by step), `reads` and `acting`, with `requests` and `outcomes`
- where tools come from: `tools_file`, agents' processes (`brought`, `awaited`), the `library` and the `smithy`
"""
