"""Trials with synthetic agents: what they do is drawn, never thought, so that they test the room and this harness.

`hand` is an agent's luck and what agents are like, `usage` what one has used; `play` is one trial of files, in a
`virtual_room`: the core that every host runs, with a clock of its own and no disk.
"""
