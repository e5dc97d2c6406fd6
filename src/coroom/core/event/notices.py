"""Notices are sent and read."""

from typing import ClassVar

from coroom.core.notice import NoticeKind
from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent:
    """A notice entered the inboxes of its readers."""

    kind: ClassVar[str] = "notice-sent"
    notice: str
    about_kind: NoticeKind
    sender: str
    to: str
    readers: tuple[str, ...]
    text: str
    resources: tuple[Resource, ...] = ()
    about: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesRead:
    """The reader's cursor moved: it has seen these."""

    kind: ClassVar[str] = "notices-read"
    agent: str
    notices: tuple[str, ...]
