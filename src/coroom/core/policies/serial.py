"""`serial`: agents act one after another in rank order; the baseline that is always right and never fast."""

from coroom.core.file import SHARED_LINE
from coroom.core.policy import Admission, Go, Repair, Wait, readers_of
from coroom.core.resource import Footprint
from coroom.core.state import RoomState


class Serial:
    """Only the present agent of lowest rank acts; the next one when it has left."""

    name = "serial"

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
