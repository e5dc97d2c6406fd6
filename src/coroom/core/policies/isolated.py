"""`isolated`: each agent on a line of its own, seen by the others on landing only; the git branch setting."""

from coroom.core.errors import Code, Refused
from coroom.core.policy import ActsAsItComes, Admission, Asked, CallAdmission, Go
from coroom.core.resource import Footprint
from coroom.core.state import RoomState


class Isolated(ActsAsItComes):
    """A line for each agent; landing merges it into the shared one."""

    name = "isolated"

    def admit(self, _state: RoomState, _agent: str, _footprint: Footprint) -> Admission:
        """Nobody waits."""
        return Go()

    def line(self, agent: str) -> str:
        """The agent's own line."""
        return agent

    def visible(self, _state: RoomState, reader: str, writer: str) -> bool:
        """Only one's own work."""
        return reader == writer

    def affected(self, _state: RoomState, _writer: str, _path: str) -> tuple[str, ...]:
        """Nobody, since nobody sees it yet."""
        return ()

    def admit_call(self, _state: RoomState, asked: Asked) -> CallAdmission:
        """Live state has no lines of versions: whoever writes it is seen at once, so writing is refused."""
        if not asked.footprint.writes:
            return Go()
        why = "Under isolated nobody changes live state: a row or an object has no line of its own, as files have."
        return Refused(Code.FORBIDDEN, why, "Open the room under preorder, locking or optimistic to call such tools.")
