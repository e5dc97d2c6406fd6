"""Trials with real agents: each is a `coroom run` of its own, and what came of it is read off the room's log.

In the order of a trial: `campaign` (which, until the money is gone), `errand` or `on_live_state` (what it is about),
`arrange` (made ready), `attempt` (carried out), `fence` (what it must not touch), `harvest` (what it left).
"""
