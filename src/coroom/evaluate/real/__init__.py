"""Trials with real agents: each is a `coroom run` of its own, and what came of it is read off the room's log."""
