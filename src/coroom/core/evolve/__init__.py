"""How each event changes the state: total and pure, one small function for each kind, one file a subject."""

from typing import get_args

from coroom.core.event import Body, Event
from coroom.core.evolve import actions, agents, checks, claims, edits, notices, rooms, tasks
from coroom.core.evolve.changes import Change
from coroom.core.state import RoomState, but

__all__ = ["SEEN_GRAIN_MS", "evolve"]

_SUBJECTS = (rooms, agents, claims, tasks, notices, edits, checks, actions)
_CHANGES: dict[type[object], Change] = {
    kind: change for subject in _SUBJECTS for kind, change in subject.changes.items()
}
assert set(_CHANGES) == set(get_args(Body))

SEEN_GRAIN_MS = 1_000
"""How exactly it is known when an agent last did something: a second is enough for whoever looks at it."""


def evolve(state: RoomState, event: Event) -> RoomState:
    """The state after `event`. Total over every kind; never mutates `state`."""
    changed = _CHANGES[type(event.body)](state, event, event.body)
    agents = changed.agents
    known = agents.get(event.by)
    if known and event.at_ms - known.seen_ms >= SEEN_GRAIN_MS:
        agents = agents.put(known.name, but(known, seen_ms=event.at_ms))
    return but(changed, seq=event.seq, now_ms=max(state.now_ms, event.at_ms), agents=agents)
