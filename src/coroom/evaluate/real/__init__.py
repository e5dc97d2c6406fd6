"""Trials with real agents: each is a `coroom run` of its own, and what came of it is read off the room's log.

In the order of a trial: `campaign` (which, until the money is gone), `assignment` or `on_live_state` (what it is
about), `arrange` (made ready), `attempt` (carried out), `untouched` (what it must leave as it is), `harvest` (what it
left).
"""
