"""`open`: everybody acts at once and sees everything; edits commute or are held."""

from coroom.core.policy import ActsAsItComes, Asked, CallAdmission, Go, OneLine
from coroom.core.state import RoomState


class Open(OneLine, ActsAsItComes):
    """Live sharing: the CodeCRDT and AgentRoom setting."""

    name = "open"

    def admit_call(self, _state: RoomState, _asked: Asked) -> CallAdmission:
        """Nobody waits, and nothing protects anybody: what happens without coordination."""
        return Go()
