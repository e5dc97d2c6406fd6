"""`open`: everybody acts at once and sees everything; edits commute or are held."""

from coroom.core.file import SHARED_LINE
from coroom.core.policy import ActsAsItComes, Admission, Asked, CallAdmission, Go, Repair, readers_of
from coroom.core.resource import Footprint
from coroom.core.state import RoomState


class Open(ActsAsItComes):
    """Live sharing: the CodeCRDT and AgentRoom setting."""

    name = "open"

    def admit(self, _state: RoomState, _agent: str, _footprint: Footprint) -> Admission:
        """Nobody waits."""
        return Go()

    def line(self, _agent: str) -> str:
        """One line for all."""
        return SHARED_LINE

    def visible(self, _state: RoomState, _reader: str, _writer: str) -> bool:
        """Everybody sees everything."""
        return True

    def affected(self, state: RoomState, writer: str, path: str) -> tuple[str, ...]:
        """Every reader of the path."""
        return readers_of(state, writer, path)

    def repair(self, _state: RoomState, _writer: str, _footprint: Footprint) -> tuple[Repair, ...]:
        """Accepted edits commute, so no order needs mending."""
        return ()

    def admit_call(self, _state: RoomState, _asked: Asked) -> CallAdmission:
        """Nobody waits, and nothing protects anybody: what happens without coordination."""
        return Go()
