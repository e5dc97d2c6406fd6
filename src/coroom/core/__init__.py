"""The room itself, pure: standard library only, no clock, disk, network, asyncio or randomness.

Read in this order: `resource`, `event`, `command`, `state`, `room`. `event`, `command`, `decide` and `evolve` are
folders with one file a subject (agents, claims, tasks, edits, …) and the same names in each.
"""
