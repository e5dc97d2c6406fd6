"""The room itself, pure: standard library only, no clock, disk, network, asyncio or randomness.

Read in this order: `resource`, `event`, `command`, `state`, `room`.
"""
