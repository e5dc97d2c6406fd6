"""The checks in a room: after accepted edits, what one agent wrote against what the others wrote since the landing.

What is sure becomes a finding: an event that names both agents, holds landings back, and is closed when the checks
have come to their end and no longer have it. Its authors are told at once; when they have left, or at a landing, it is
a task for somebody, and ends with the finding. What is less sure is told to its authors once, and holds nothing back. A
check that fails or has no time raises nothing and closes nothing; the operator is told.

Here is when it is looked; `disagreements` judges, and `findings` says what becomes of what was found.
"""

import asyncio
from contextlib import suppress

from coroom.checks.types import TypeChecker
from coroom.core.agent import HOST
from coroom.core.event import Event, FindingClosed, Landed, NoticeSent
from coroom.core.notice import NoticeKind
from coroom.host.checks.contracts import Contracts
from coroom.host.checks.disagreements import Disagreements, Looked, Pace
from coroom.host.checks.findings import Findings, Held
from coroom.host.checks.written import Written, is_looked_at
from coroom.host.host import Host

SETTLE_S = 0.2
"""How long after an edit a look begins: first the others get what was written, which a look would hold up."""

REST = 4
"""After a look at one agent's edits the checks rest for this many times what it took: so they never have more than a
fifth of a processor, no edit on its way is held up by more than one look, and a burst of edits is looked at once. A
landing does not wait for that."""

WAITING_MAX = 1_000
"""Edits that wait to be looked at; when there are more, all count as landed."""


class Consistency:
    """Watches one room. Edits are looked at beside the room's work, in a thread of their own, never two at once."""

    def __init__(self, host: Host, types: TypeChecker | None = None) -> None:
        """`types` is asked before a landing, of what each agent wrote against what the others did."""
        self._host = host
        self._types = types
        self._typed = Looked()
        self._typed_at = -1
        self._contracts = Contracts()
        written = Written(host.blob)
        self._pace = Pace()
        self._disagreements = Disagreements(host, written, self._contracts, self._pace)
        self._findings = Findings(host, written, self._contracts)
        self._events: list[Event] = []
        self._lost = False
        self._again = False
        self._authors: set[str] = set()
        self._seen = 0
        self._last = Looked()
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._hurry = asyncio.Event()
        self._stop_listening = host.listen(self._heard)

    def _heard(self, event: Event) -> None:
        body = event.body
        if isinstance(body, FindingClosed) and event.by != HOST:
            self._findings.was_closed(body.finding)
        contract = isinstance(body, NoticeSent) and body.about_kind is NoticeKind.CONTRACT
        if isinstance(body, Landed):
            self._authors.clear()
            self._typed = Looked()
        elif is_looked_at(event):
            self._authors.add(event.by)
        elif not contract:
            return
        if len(self._events) >= WAITING_MAX:
            self._events.clear()
            self._lost = True
        self._events.append(event)
        if contract or self._is_due():
            self._start()

    def _is_due(self) -> bool:
        """Whether there is something that could matter; one agent alone has nobody to disagree with."""
        news = len(self._authors) > 1 or self._findings or self._contracts
        behind = self._again or self._disagreements.is_behind
        return behind or not self._disagreements.remembered or bool(self._events and news)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while self._is_due():
            if not self._disagreements.is_behind:
                await self._pause(SETTLE_S)
            async with self._turn:
                events, self._events = self._events, []
                (lost, self._lost), (again, self._again) = (self._lost, False), (self._again, False)
                state = self._host.state
                self._last = await asyncio.to_thread(self._disagreements.look, events, state, lost=lost, again=again)
                if self._last.lost_sight:
                    self._findings.lose_sight()
                await self._findings.settle(self._holds, self._last.unfinished)
                self._seen = self._disagreements.seen
            await self._pause(self._last.seconds * REST)

    async def _pause(self, seconds: float) -> None:
        """Let the room do its own work, for so long or until somebody waits for the look."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)

    @property
    def _holds(self) -> Held:
        """What was found last; what the type checker said holds until it is asked again."""
        return {**self._typed.found, **self._last.found}

    async def rest(self) -> None:
        """Wait until what was accepted before has been looked at; what is open then is handed out."""
        wanted = self._host.state.seq
        self._pace.waiting += 1
        self._hurry.set()
        # What had no time is looked at again, with more of it.
        self._again = bool(self._last.unfinished)
        try:
            while True:
                # Only between two looks is it known whether there is to be another.
                async with self._turn:
                    if not (self._is_owed(wanted) and self._is_due()):
                        await self._check_types()
                        await self._findings.hand_out(self._holds, now=True)
                        return
                self._start()
                await asyncio.sleep(0)
        finally:
            self._pace.waiting -= 1
            if not self._pace.waiting:
                self._hurry.clear()

    def _is_owed(self, wanted: int) -> bool:
        """Whether something up to that event, or again, is still to be looked at."""
        return self._seen < wanted or self._again

    async def _check_types(self) -> None:
        """Ask the type checker about the room as it is, unless it was asked about that already."""
        state = self._host.state
        if self._types is None or state.version == self._typed_at:
            return
        self._typed_at = state.version
        self._typed = await asyncio.to_thread(self._disagreements.look_at_types, self._types, state, self._typed)
        await self._findings.settle(self._holds, (*self._last.unfinished, *self._typed.unfinished))

    async def close(self) -> None:
        """Hear no more of the room; nothing is being looked at any more."""
        self._stop_listening()
        self._pace.closing = True
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
