"""What rides on replies that are still under way: it is not read, whatever else its agent asks meanwhile."""

from contextvars import ContextVar
from dataclasses import dataclass, field

CURSOR_HEADER = "x-coroom-cursor"
"""Carries the newest cursor that a client was told, on calls that have no argument for it."""


@dataclass(slots=True)
class Batch:
    """The notices that one reply carries, and what will prove that its client has read it.

    `under_way`: the reply has not left as a whole. `connection` is the one by which another request proves it, empty
    where none does; `cursor` is what its reader gives back, 0 where the reply told none. Of a reply that was `streamed`
    only the cursor proves it.
    """

    notices: tuple[str, ...]
    cursor: int = 0
    under_way: bool = False
    connection: str = ""
    streamed: bool = False


@dataclass(slots=True)
class Receipt:
    """Of one request, kept by the transport: it alone knows when the reply has left, or that it never will.

    `connection` is what the request came by, empty where the caller makes a new one for each; `reusable` says that the
    client keeps it for its next request, when it has read the reply. `cursor` is the newest that its client says it was
    told.
    """

    connection: str = ""
    reusable: bool = False
    cursor: int = 0
    _waiting: list[Batch] = field(default_factory=list)
    _closed: bool = False

    def holds(self, batch: Batch) -> None:
        """The batch is under way until the transport says more; what comes after the end does not wait for it."""
        if not self._closed:
            batch.under_way, batch.streamed = True, batch.cursor > 0
            batch.connection = self.connection if self.reusable else ""
            self._waiting.append(batch)

    def sent(self) -> None:
        """What the reply held so far has left."""
        for batch in self._waiting:
            batch.under_way = False
        self._waiting.clear()

    def close(self) -> None:
        """The request is over: what has not left by now never will, and nobody has been told of it."""
        for batch in self._waiting:
            batch.notices, batch.under_way = (), False
        self._waiting.clear()
        self._closed = True


RECEIPT: ContextVar[Receipt | None] = ContextVar("receipt", default=None)
"""The receipt of the request that is served here; None where replies are handed over by a plain return."""
