"""Scripted programs of agents on live state, played through the real policies, carrier of calls and undo.

`script` reads a schedule, whose steps calculate with `expression`; `actor` plays one agent, `room` is the room,
`objects` the live state, `play` puts them together and `serial` says what the programs give alone. `clock` plays in
virtual time. What is played: `draw` (by chance, for `campaign`) and `workloads` (for `bench`).
"""
