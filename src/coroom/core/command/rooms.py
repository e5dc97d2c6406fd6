"""Open and close the room; let time pass in it."""

from coroom.core.limits import Limits
from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRoom:
    """Begin a room on an empty log; on a closed room, open it again."""

    room: str
    policy: str
    limits: Limits = Limits()
    repository: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class CloseRoom:
    """Take no further commands. Nothing is lost; `OpenRoom` opens it again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Let time pass: ends claims past their deadline."""
