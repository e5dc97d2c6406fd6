"""What happens in the room, as a stream to each browser: bounded, at most ten times a second, resumable."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator

from coroom.core.codec import Json
from coroom.core.event import Event
from coroom.core.view import page
from coroom.host.host import Host
from coroom.web.history import History
from coroom.web.marks import marks

QUEUE_EVENTS_MAX = 512
"""What a browser may fall behind; beyond it gets the room as it stands instead of a backlog."""

BROWSERS_MAX = 64
"""A room is watched by a few people; more connections are a leak or a flood."""

ROUND_S = 0.1
"""The shortest time between two rounds to one browser: an eye follows no faster."""

QUIET_S = 10.0
"""A silent stream says the time, so that both ends notice a dead connection and agents that fell silent."""


class Reader:
    """One browser: the events it has not been sent, at most `QUEUE_EVENTS_MAX` of them."""

    def __init__(self) -> None:
        self.queue: deque[Event] = deque()
        self.behind = False
        self.news = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Take an event for the browser; when it does not keep up, forget them all and remember that."""
        if len(self.queue) >= QUEUE_EVENTS_MAX:
            self.queue.clear()
            self.behind = True
        if not self.behind:
            self.queue.append(event)
        self.news.set()

    def take(self) -> tuple[list[Event], bool]:
        """The waiting events, and whether some were forgotten."""
        taken, behind = list(self.queue), self.behind
        self.queue.clear()
        self.behind = False
        self.news.clear()
        return taken, behind


class Feed:
    """The streams of one room. All browsers share one page for each moment."""

    def __init__(self, host: Host, history: History) -> None:
        self._host = host
        self._history = history
        self._readers: set[Reader] = set()
        self._page: tuple[int, int, str] | None = None
        host.listen(self._offer)

    @property
    def readers(self) -> frozenset[Reader]:
        """The browsers connected now."""
        return frozenset(self._readers)

    @property
    def full(self) -> bool:
        """Whether no further browser is taken."""
        return len(self._readers) >= BROWSERS_MAX

    async def stream(self, after: int) -> AsyncGenerator[str, None]:
        """Server-sent events from event `after` on: `marks` (a list of marks), `page` (the room as it stands), and
        `reset` before them when marks that the browser never got are left out. The id of each is the last event.
        """
        reader = Reader()
        self._readers.add(reader)
        try:
            for message in await self._greeting(after):
                yield message
            while True:
                try:
                    async with asyncio.timeout(QUIET_S):
                        await reader.news.wait()
                except TimeoutError:
                    yield self._page_message()
                    continue
                events, behind = reader.take()
                if behind:
                    yield _message("reset", self._host.state.seq, {})
                    events = list(self._host.recent)
                yield _message("marks", self._host.state.seq, marks(events))
                yield self._page_message()
                await asyncio.sleep(ROUND_S)
        finally:
            self._readers.discard(reader)

    async def _greeting(self, after: int) -> list[str]:
        seq = self._host.state.seq
        recent = list(self._host.recent)
        oldest = recent[0].seq if recent else seq + 1
        missed = [event for event in recent if event.seq > after]
        whole = oldest <= after + 1 <= seq + 1
        greeting = [] if whole else [_message("reset", seq, {})]
        return [*greeting, _message("marks", seq, marks(missed if whole else recent)), self._page_message()]

    def _offer(self, event: Event) -> None:
        for reader in self._readers:
            reader.offer(event)

    def _page_message(self) -> str:
        state, now_ms = self._host.state, self._host.clock.now_ms()
        if self._page is None or self._page[0] != state.seq or now_ms - self._page[1] >= ROUND_S * 1_000:
            self._page = (state.seq, now_ms, _message("page", state.seq, page(state, now_ms)))
        return self._page[2]


def _message(event: str, seq: int, data: Json) -> str:
    return f"id: {seq}\nevent: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
