"""The room itself opens and closes."""

from typing import ClassVar

from coroom.core.limits import Limits
from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpened:
    """The first event of every room."""

    kind: ClassVar[str] = "room-opened"
    room: str
    policy: str
    limits: Limits
    repository: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClosed:
    """No command but reading is taken any more."""

    kind: ClassVar[str] = "room-closed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomReopened:
    """A closed room takes commands again (`coroom run --resume`)."""

    kind: ClassVar[str] = "room-reopened"
