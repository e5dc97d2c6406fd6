"""Operations that were refused: no older copy of one is carried out after all, when its agent has long gone on.

A client that gets no reply repeats what it asked, under the same operation id, and the copies reach the room in any
order. Copies under way share one answer (`errands`), and an answer by which something was done is in the log. A refusal
is in neither: whoever hears it asks anew under another id, and a copy that the network held back would be made as well.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")

Attempt = int | str | None
"""Which request of its client it was: the number of the message, which grows with each in most clients. A message that
is sent again keeps it. A client that opens a new session counts from the start, and cannot be told from old copies of
its own until it joins anew: it is told the old refusal, which names the way on, rather than to make anything twice.
"""

KEPT_MAX = 256
"""Operations remembered of each agent: as many as answers in the log."""


@dataclass(slots=True)
class _Asked(Generic[R]):
    newest: Attempt
    refusal: R | None = None


class Refusals(Generic[R]):
    """The operations of each agent that are under way or were refused, with the newest request that asked for each.

    Kept in memory only: what was on its way to a host that is gone is gone with its connections.
    """

    def __init__(self) -> None:
        self._of: dict[str, dict[str, _Asked[R]]] = {}

    def asked(self, agent: str, operation: str, attempt: Attempt) -> R | None:
        """An operation is asked for. What it was refused with, where this is no newer request than the newest that
        heard so; None when it may be carried out. Who has heard a refusal and asks again does that by a newer request,
        under whatever id.
        """
        asked = self._of.setdefault(agent, {})
        known = asked.get(operation)
        if known is not None and not _is_newer(attempt, known.newest):
            return known.refusal
        asked.pop(operation, None)
        asked[operation] = _Asked(attempt)
        while len(asked) > KEPT_MAX:
            del asked[next(iter(asked))]
        return None

    def ended(self, agent: str, operation: str, refusal: R | None) -> None:
        """How an operation that was asked for ended; None when it was not refused: then the log knows its answer. Told
        before anybody hears it.
        """
        asked = self._of.get(agent, {})
        if refusal is None:
            asked.pop(operation, None)
        elif operation in asked:
            asked[operation].refusal = refusal

    def forget(self, agent: str) -> None:
        """The agent has joined anew: its client counts from the start, and its older ones are not heard any more."""
        self._of.pop(agent, None)


def _is_newer(attempt: Attempt, than: Attempt) -> bool:
    """Ids that are no numbers only say whether it is the same message."""
    if isinstance(attempt, int) and isinstance(than, int):
        return attempt > than
    return attempt is None or attempt != than
