"""Say something; say that it was read."""

from coroom.core.agent import EVERYONE
from coroom.core.notice import NoticeKind
from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Tell one agent or all. `about` names what it is about: a task, a held edit, a question."""

    kind: NoticeKind
    text: str
    to: str = EVERYONE
    resources: tuple[Resource, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class MarkRead:
    """Move the caller's cursor past these notices."""

    notices: tuple[str, ...]
