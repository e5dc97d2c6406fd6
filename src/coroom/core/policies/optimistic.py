"""`optimistic`: nobody waits; whoever's reads or writes meet another's begins again, a bounded number of times."""

from coroom.core.policies.locking import met
from coroom.core.policy import ActsAsItComes, Asked, CallAdmission, Gate, Go, OneLine, Restart, Wait
from coroom.core.state import RoomState

RESTARTS_MAX = 3
"""After so many restarts an agent is given way to: the others wait for it, or begin again in its place."""


class Optimistic(OneLine, ActsAsItComes):
    """OCC with eager validation and saga undo: a conflict is found at the call that makes it."""

    name = "optimistic"

    def admit_call(self, state: RoomState, asked: Asked) -> CallAdmission:
        """A write that invalidates others' reads lets these begin again; a call on what another has written and not
        committed lets its own agent begin again. One that has begun again too often is given way to.
        """
        written, read = met(state.order, asked.agent, asked.footprint)
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
