"""`optimistic`: nobody waits; whoever's reads or writes meet another's begins again, a bounded number of times."""

from coroom.core.file import SHARED_LINE
from coroom.core.ordering.call import ENDED, OrderedCall, any_overlap
from coroom.core.policy import (
    ActsAsItComes,
    Admission,
    Asked,
    CallAdmission,
    Gate,
    Go,
    Repair,
    Restart,
    Wait,
    readers_of,
)
from coroom.core.resource import Footprint
from coroom.core.state import RoomState

RESTARTS_MAX = 3
"""After so many restarts an agent is given way to: the others wait for it, or begin again in its place."""


class Optimistic(ActsAsItComes):
    """OCC with eager validation and saga undo: a conflict is found at the call that makes it."""

    name = "optimistic"

    def admit(self, _state: RoomState, _agent: str, _footprint: Footprint) -> Admission:
        """Edits of files commute or are held."""
        return Go()

    def line(self, _agent: str) -> str:
        """One line for all."""
        return SHARED_LINE

    def visible(self, _state: RoomState, _reader: str, _writer: str) -> bool:
        """Everybody sees everything; who saw what is not final begins again."""
        return True

    def affected(self, state: RoomState, writer: str, path: str) -> tuple[str, ...]:
        """Every reader of the path."""
        return readers_of(state, writer, path)

    def repair(self, _state: RoomState, _writer: str, _footprint: Footprint) -> tuple[Repair, ...]:
        """Nothing is put in order; it is begun again."""
        return ()

    def admit_call(self, state: RoomState, asked: Asked) -> CallAdmission:
        """A write that invalidates others' reads lets these begin again; a call on what another has written and not
        committed lets its own agent begin again. One that has begun again too often is given way to.
        """
        written, read = _met(state, asked)
        tired = {a for a in (*written, *read) if self._goes_first(state, a, asked.agent)}
        if tired:
            return Wait(tuple(sorted(tired)))
        if written and not self._goes_first(state, asked.agent, ""):
            return Restart((asked.agent,), f"it met what {', '.join(written)} has not committed")
        losers = tuple(dict.fromkeys((*written, *read)))
        if losers:
            return Restart(losers, f"{asked.agent} changed what they rest on")
        return Gate() if asked.irrevocable and asked.footprint.writes else Go()

    def _goes_first(self, state: RoomState, agent: str, than: str) -> bool:
        """Whether the agent has begun again too often to do so for the other."""
        mine, others = state.order.standing(agent).restarts, state.order.standing(than).restarts
        if mine < RESTARTS_MAX:
            return False
        return others < RESTARTS_MAX or state.agents[agent].rank < state.agents[than].rank


def _met(state: RoomState, asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The other agents whose uncommitted writes the call meets, and those whose reads it invalidates."""
    others = [c for c in state.order.calls.values() if c.agent != asked.agent and c.phase not in ENDED]
    mine = (*asked.footprint.writes, *asked.footprint.reads)

    def names(calls: list[OrderedCall]) -> tuple[str, ...]:
        return tuple(sorted({c.agent for c in calls}))

    written = names([c for c in others if any_overlap(c.footprint.writes, mine)])
    return written, names([c for c in others if any_overlap(c.footprint.reads, asked.footprint.writes)])
