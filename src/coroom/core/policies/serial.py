"""`serial`: agents act one after another in rank order; the baseline that is always right and never fast."""

from coroom.core.file import SHARED_LINE
from coroom.core.ordering.gate import not_done_below
from coroom.core.policy import ActsAsItComes, Admission, Asked, CallAdmission, Go, Repair, Wait, readers_of
from coroom.core.resource import Footprint
from coroom.core.state import RoomState


class Serial(ActsAsItComes):
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

    def line(self, _agent: str) -> str:
        """One line for all."""
        return SHARED_LINE

    def visible(self, _state: RoomState, _reader: str, _writer: str) -> bool:
        """Everybody sees everything; only one writes."""
        return True

    def affected(self, state: RoomState, writer: str, path: str) -> tuple[str, ...]:
        """Every reader of the path, since one may have read ahead of its turn."""
        return readers_of(state, writer, path)

    def repair(self, _state: RoomState, _writer: str, _footprint: Footprint) -> tuple[Repair, ...]:
        """Nothing is ever out of order."""
        return ()

    def admit_call(self, state: RoomState, asked: Asked) -> CallAdmission:
        """Wait while anybody is not done whose steps come before; reading needs a turn as well."""
        before = not_done_below(state.order, state.agents, asked.position, asked.agent)
        return Wait(before) if before else Go()
