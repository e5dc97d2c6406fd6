"""`serial`: agents act one after another in rank order; the baseline that is always right and never fast."""

from coroom.core.ordering.gate import not_done_below
from coroom.core.policy import ActsAsItComes, Admission, Asked, CallAdmission, Go, OneLine, Wait
from coroom.core.resource import Footprint
from coroom.core.state import RoomState


class Serial(OneLine, ActsAsItComes):
    """Only the present agent of lowest rank acts; the next one when it has left."""

    name = "serial"
    by_rank = True

    def admit(self, state: RoomState, agent: str, footprint: Footprint) -> Admission:
        """Wait while an agent of lower rank is present; reading needs no turn."""
        me = state.agents.get(agent)
        if me is None or not footprint.writes:
            return Go()
        before = tuple(other.name for other in state.present() if other.rank < me.rank)
        return Wait(before) if before else Go()

    def admit_call(self, state: RoomState, asked: Asked) -> CallAdmission:
        """Wait while anybody is not done whose steps come before; reading needs a turn as well."""
        before = not_done_below(state.order, state.agents, asked.position, asked.agent)
        return Wait(before) if before else Go()
