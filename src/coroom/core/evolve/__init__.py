"""How each event changes the state: total and pure, one small function for each kind, one file a subject.

`changes` says how a subject registers its functions. The subjects: `rooms`, `agents`, `claims`, `tasks`, `notices`,
`edits`, `checks`, `actions`, `landings`, `tools`; `answers` (what a repeated operation id gets); and calls on live
state in two, `calls` (their life) and `standings` (what agents are told of them, and what is final).
"""

from typing import get_args

from coroom.core.event import Body, Event
from coroom.core.evolve import (
    actions,
    agents,
    answers,
    calls,
    checks,
    claims,
    edits,
    landings,
    notices,
    rooms,
    standings,
    tasks,
    tools,
)
from coroom.core.evolve.changes import Change
from coroom.core.state import RoomState, but

__all__ = ["SEEN_GRAIN_MS", "evolve", "foresee"]

_SUBJECTS = (rooms, agents, answers, claims, tasks, notices, edits, checks, actions, calls, standings, landings, tools)
_CHANGES: dict[type[object], Change] = {
    kind: change for subject in _SUBJECTS for kind, change in subject.changes.items()
}
assert set(_CHANGES) == set(get_args(Body))

SEEN_GRAIN_MS = 1_000
"""How exactly it is known when an agent last did something: a second is enough for whoever looks at it."""


_FORESEEN = "_foreseen"


def foresee(state: RoomState, event: Event) -> RoomState:
    """The state after `event`, for a decision that has to know it. It is kept with `state`, so that `evolve` has
    nothing left to do when the very same event really comes next.
    """
    memory = state.__dict__
    memory.pop(_FORESEEN, None)
    changed = _after(state, event)
    memory[_FORESEEN] = (id(state), event, changed)
    return changed


def evolve(state: RoomState, event: Event) -> RoomState:
    """The state after `event`. Total over every kind; never mutates `state`."""
    foreseen: tuple[int, Event, RoomState] | None = state.__dict__.pop(_FORESEEN, None)
    # A state made from this one by a copy has its memory as well, so that it is asked whose it is.
    if foreseen and foreseen[0] == id(state) and foreseen[1].body is event.body and foreseen[1] == event:
        return foreseen[2]
    return _after(state, event)


def _after(state: RoomState, event: Event) -> RoomState:
    seq, at_ms, by, body = event
    changed = _CHANGES[type(body)](state, event, body)
    if changed is state:
        changed = but(state)
    # What a change gives is new and nobody else's yet, so that its last fields may be set in place.
    last = changed.__dict__
    last["seq"] = seq
    if at_ms > state.now_ms:
        last["now_ms"] = at_ms
    known = changed.agents.get(by)
    if known and at_ms - known.seen_ms >= SEEN_GRAIN_MS:
        last["agents"] = changed.agents.put(known.name, but(known, seen_ms=at_ms))
    return changed
