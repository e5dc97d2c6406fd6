"""Replies that a client says it will not look at, whether it says so before they are made or just after."""

from collections import deque

from coroom.host.door.answer import Answer
from coroom.host.door.door import Door
from coroom.mcp.sdk import RequestId

_KEPT_MAX = 256
"""Calls remembered. Some clients give up calls that were answered long ago, which must not pile up."""

Asked = tuple[str, str, RequestId | None]
"""A room, an agent in it, and the id that its client gave the call."""


class Unheard:
    """Matches cancellations with replies. A wrong match costs a notice that comes twice, never one that is lost."""

    def __init__(self) -> None:
        self._given_up: deque[Asked] = deque(maxlen=_KEPT_MAX)
        self._answered: deque[tuple[Asked, Answer]] = deque(maxlen=_KEPT_MAX)
        self._last: dict[tuple[str, str], tuple[Asked, object, Answer]] = {}

    def given_up(self, asked: Asked, door: Door) -> None:
        """The client has cancelled this call."""
        for known, answer in reversed(self._answered):
            if known == asked:
                door.undelivered(asked[1], answer)
                return
        self._given_up.append(asked)

    def asked(self, asked: Asked, params: object, door: Door, *, streamed: bool) -> bool:
        """A call has come. Whether it is, by its id and all it says, the one that was answered last: then its client
        has not got that reply. Once only, since there may be clients that give every call the same id. Of a call that
        is answered by a stream the id does not count: whoever lost one to a cut makes the call anew.
        """
        last = self._last.pop(asked[:2], None)
        if last is None or last[1] != params or not (streamed or last[0] == asked):
            return False
        door.undelivered(asked[1], last[2])
        return True

    def answered_last(self, asked: Asked, params: object, answer: Answer) -> None:
        """The reply to this call is what its agent was told last."""
        if answer.notices:
            self._last[asked[:2]] = (asked, params, answer)

    def answered(self, asked: Asked, door: Door, answer: Answer) -> None:
        """The reply to this call is on its way."""
        if asked in self._given_up:
            self._given_up.remove(asked)
            door.undelivered(asked[1], answer)
        elif answer.notices:
            self._answered.append((asked, answer))
