"""Notices: one-way, logged, addressed messages with one cursor for each reader."""

from enum import StrEnum

from coroom.core.quick import dataclass
from coroom.core.resource import Resource


class NoticeKind(StrEnum):
    """What a notice is about. The `said` family is written by agents, the others by the room."""

    NOTE = "note"
    CONTRACT = "contract"
    QUESTION = "question"
    ANSWER = "answer"
    DONE = "done"
    OBSERVED = "observed"
    FREED = "freed"
    CONFLICT = "conflict"
    VERDICT = "verdict"
    OPERATOR = "operator"


SAID = frozenset(
    {
        NoticeKind.NOTE,
        NoticeKind.CONTRACT,
        NoticeKind.QUESTION,
        NoticeKind.ANSWER,
        NoticeKind.DONE,
        NoticeKind.OPERATOR,
    }
)
"""The kinds whose text is somebody's words: data to the reader, labelled with the author, without any power."""

URGENT = frozenset({NoticeKind.CONFLICT, NoticeKind.OPERATOR, NoticeKind.QUESTION, NoticeKind.ANSWER})
"""The kinds that come first when a reply has room for few."""


LASTING = frozenset({NoticeKind.CONFLICT, NoticeKind.OPERATOR})
"""The kinds that a full inbox gives up last: no agent can write them, so none can push them out with its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. `about` names the task, held edit or notice it belongs to; `to` is a name or '*'."""

    id: str
    seq: int
    at_ms: int
    kind: NoticeKind
    sender: str
    to: str
    text: str
    resources: tuple[Resource, ...] = ()
    about: str = ""
