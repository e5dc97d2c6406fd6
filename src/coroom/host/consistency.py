"""The checks in a room: after accepted edits, what one agent wrote against what the others wrote since the landing.

What is sure becomes a finding: an event that names both agents, holds landings back, and is closed when the checks
have come to their end and no longer have it. Its authors are told at once; when they have left, or at a landing, it is
a task for somebody, and ends with the finding. What is less sure is told to its authors once, and holds nothing back. A
check that fails or has no time raises nothing and closes nothing; the operator is told.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import unified_diff
from functools import partial

from coroom.checks.engine import judge
from coroom.checks.finding import Finding
from coroom.checks.types import TypeChecker
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Presence
from coroom.core.event import Event, FindingClosed, Landed, NoticeSent
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.core.state import RoomState
from coroom.core.task import TaskState
from coroom.host.contracts import Contracts
from coroom.host.host import Host
from coroom.host.written import Written, is_looked_at

LOOK_S_MAX = 0.5
"""Of processor time for one agent's edits, after which no further check begins."""

LANDING_LOOK_S_MAX = 10.0
"""The same while a landing waits for the look."""

SETTLE_S = 0.2
"""How long after an edit a look begins: first the others get what was written, which a look would hold up."""

REST = 4
"""After a look the checks rest for this many times what it took, so that they never have more than a fifth of a
processor, and a burst of edits is looked at once. A landing does not wait for that."""

WAITING_MAX = 1_000
"""Edits that wait to be looked at; when there are more, all count as landed."""

REMEMBERED_MAX = 5_000
"""Events that are read again when a room is opened; what was written before them counts as landed."""

DIFF_CHARS_MAX = 1_200
"""Of each side's diff, in a task to reconcile them."""

TITLE_CHARS_MAX = 180

TOLD_MAX = 10_000
"""Beyond that somebody may be told the same again."""

Key = tuple[str, str, str]
"""Kind, path and symbol: two findings with the same are one."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look gave: the findings that hold now with whom they concern, what kept checks from their end, and the
    time that it took.
    """

    found: dict[Key, tuple[Finding, tuple[str, ...]]] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    seconds: float = 0.0


class Consistency:
    """Watches one room. Edits are looked at beside the room's work, in a thread of their own, never two at once."""

    def __init__(self, host: Host, types: TypeChecker | None = None) -> None:
        """`types` is asked before a landing, of what each agent wrote against what the others did."""
        self._host = host
        self._types = types
        self._typed = Looked()
        self._typed_at = -1
        self._written = Written(host.blob)
        self._contracts = Contracts()
        self._found: dict[str, dict[Key, Finding]] = {}
        self._open: dict[Key, str] = {}
        self._unseen: set[Key] = set()
        self._unfinished: dict[str, tuple[str, ...]] = {}
        self._told: set[Key] = set()
        self._told_of: set[str] = set()
        self._events: list[Event] = []
        self._lost = False
        self._again = False
        self._authors: set[str] = set()
        self._remembered = False
        self._began_at = host.state.seq
        self._seen = 0
        self._last = Looked()
        self._looking: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._hurry = asyncio.Event()
        self._waiting = 0
        self._closing = False
        for finding in host.state.findings.values():
            if finding.open:
                self._open[finding.kind, finding.path, finding.symbol] = finding.id
        self._stop_listening = host.listen(self._heard)

    def _heard(self, event: Event) -> None:
        body = event.body
        if isinstance(body, FindingClosed) and event.by != HOST:
            self._was_closed(body.finding)
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
        news = len(self._authors) > 1 or self._open or self._contracts
        return self._again or not self._remembered or bool(self._events and news)

    def _was_closed(self, finding: str) -> None:
        """Somebody who may judge said that it is none; that is not doubted again."""
        for key in [each for each, known in self._open.items() if known == finding]:
            del self._open[key]
            self._told.add(key)

    def _start(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while self._is_due():
            await self._pause(SETTLE_S)
            async with self._turn:
                events, self._events, self._again = self._events, [], False
                state = self._host.state
                self._last = await asyncio.to_thread(self._looked, events, state)
                await self._settle(self._last.unfinished)
                self._seen = state.seq
            await self._pause(self._last.seconds * REST)

    async def _pause(self, seconds: float) -> None:
        """Let the room do its own work, for so long or until somebody waits for the look."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)

    def _looked(self, events: list[Event], state: RoomState) -> Looked:
        """Follow the events and look at what they changed. After a fault everything is read again from the log."""
        began = time.monotonic()
        try:
            if self._lost:
                self._lost = False
                self._forget("more was written at once than is followed")
            wrote = {each.by for each in [*self._earlier(), *events] if self._took(each)}
            self._judge(wrote, state)
            found = self._all_found()
            unfinished = tuple(sorted({said for every in self._unfinished.values() for said in every}))
        except Exception as fault:  # noqa: BLE001 - the room's work must not stop for a check
            self._written.forget(sources=True)
            self._found.clear()
            self._remembered, self._began_at = False, state.seq
            found, unfinished = {}, (f"what was written cannot be followed: {type(fault).__name__}: {fault}",)
        return Looked(found, unfinished, time.monotonic() - began)

    def _forget(self, why: str) -> None:
        """What was written counts as landed; the findings about it are no longer seen, and so no longer closed here."""
        self._written.forget(sources=True)
        self._found.clear()
        self._unfinished = {"": (why,)}
        self._unseen |= self._open.keys()

    def _earlier(self) -> list[Event]:
        """Where an earlier host left off: what was said and written since the last landing."""
        if self._remembered:
            return []
        self._remembered = True
        landed = max((each.seq for each in self._host.state.landings), default=0)
        return self._host.events(max(landed, self._began_at - REMEMBERED_MAX), self._began_at)

    def _took(self, event: Event) -> bool:
        if isinstance(event.body, NoticeSent):
            self._contracts.take(event.body)
            return False
        self._written.take(event)
        return is_looked_at(event)

    def _judge(self, wrote: set[str], state: RoomState) -> None:
        """Look at what these wrote, and again at those of whom something was found."""
        if self._written.is_too_much():
            self._forget("more was written since the last landing than is kept")
        elif wrote:
            self._unfinished.pop("", None)
        authors = self._written.authors
        for table in (self._found, self._unfinished):
            for gone in table.keys() - authors - {""}:
                del table[gone]
        concerned = wrote | self._unfinished.keys() | {agent for agent, found in self._found.items() if found}
        if len(authors) < 2:
            return
        # A fifth of a daemon's start, if they were imported then; here it is a thread that waits.
        from coroom.host.checking import everyday_checks  # noqa: PLC0415

        for agent in sorted(concerned & authors):
            four = self._written.four(agent, state)
            checks = [each for each in everyday_checks() if each.fast or self._waiting]
            report = judge(four, checks, partial(self._is_enough, time.thread_time()))
            found = {(each.kind, each.path, each.symbol): each for each in report.findings}
            self._unfinished.pop(agent, None)
            if report.unfinished:
                self._unfinished[agent] = report.unfinished
                found = {**self._found.get(agent, {}), **found}
            self._found[agent] = found

    def _is_enough(self, began: float) -> bool:
        return self._closing or time.thread_time() > began + (LANDING_LOOK_S_MAX if self._waiting else LOOK_S_MAX)

    def _all_found(self) -> dict[Key, tuple[Finding, tuple[str, ...]]]:
        every = {key: each for found in self._found.values() for key, each in found.items()}
        merged = {path: self._written.merged(path) for path in self._written.paths}
        broken = self._contracts.broken({path: text for path, text in merged.items() if text is not None})
        every |= {(each.kind, each.path, each.symbol): each for each in broken}
        return {key: (each, self._concerned(key, each)) for key, each in every.items()}

    def _concerned(self, key: Key, found: Finding) -> tuple[str, ...]:
        """Whose edits it is about: who had it found, and who changed one of its places."""
        places = _places(found)
        wrote = [
            agent
            for agent in self._written.authors
            if any(one != other for one, other in (self._written.sides(agent, place) for place in places))
        ]
        return tuple(sorted({*wrote, *(agent for agent, every in self._found.items() if key in every)}))

    @property
    def _holds(self) -> dict[Key, tuple[Finding, tuple[str, ...]]]:
        """What was found last; what the type checker said holds until it is asked again."""
        return {**self._typed.found, **self._last.found}

    async def _settle(self, unfinished: tuple[str, ...]) -> None:
        """Raise what is new and sure, tell what is less sure, close what is no longer so when all came to an end."""
        holds = self._holds
        for key, (found, authors) in holds.items():
            here = tuple(agent for agent in authors if self._is_here(agent))
            if key in self._open or key in self._told:
                continue
            if found.blocks and self._written.whole:
                await self._raise(key, found, here)
            else:
                await self._tell(key, found, here)
        closed = self._open.keys() - holds.keys() - self._unseen if not unfinished else ()
        for key in sorted(closed):
            await self._host.submit(HOST, c.CloseFinding(self._open.pop(key)))
        for why in unfinished:
            await self._tell_operator(why)
        await self._hand_out(now=False)

    async def _tell_operator(self, why: str) -> None:
        """That something could not be checked; the same is told once."""
        if why in self._told_of:
            return
        self._told_of.add(why)
        still = ", ".join(sorted(self._open.values()))
        text = f"Could not check what was written: {why}." + (f" These findings stay open: {still}." if still else "")
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=OPERATOR))

    async def _raise(self, key: Key, found: Finding, agents: tuple[str, ...]) -> None:
        message = f"{found.message} ({', '.join((*found.ours, *found.theirs))}; {found.confidence:.0%} sure)"
        raised = await self._host.submit(
            HOST,
            c.RaiseFinding(check=found.kind, path=found.path, at_line=found.line, symbol=found.symbol,
                           message=message, agents=agents),
        )  # fmt: skip
        if isinstance(raised, c.Ok):
            self._open[key] = raised.id

    async def _tell(self, key: Key, found: Finding, agents: tuple[str, ...]) -> None:
        if len(self._told) >= TOLD_MAX:
            self._told.clear()
        self._told.add(key)
        text = f"Worth a look, {found.path}:{found.line}: {found.message} ({found.confidence:.0%} sure)."
        for agent in agents:
            said = c.Say(kind=NoticeKind.NOTE, text=text, to=agent, resources=(file(found.path),))
            await self._host.submit(HOST, said)

    async def _hand_out(self, *, now: bool) -> None:
        """Post a task for each open finding whose authors have left, or at once; who is still here was told of it."""
        state = self._host.state
        posted = {task.finding for task in state.tasks.values() if task.state in {TaskState.OPEN, TaskState.TAKEN}}
        for key, number in list(self._open.items()):
            finding = state.findings.get(number)
            if finding is None or number in posted or (not now and any(map(self._is_here, finding.agents))):
                continue
            title = f"Reconcile {finding.path}:{finding.line}: {finding.message}"[:TITLE_CHARS_MAX]
            known = self._holds.get(key)
            description = await asyncio.to_thread(self._shown, *known) if known else title
            places = tuple(file(path) for path in (_places(known[0]) if known else [finding.path]))
            posting = c.PostTask(
                title=title, description=description, touches=places, despite_duplicate=True, finding=number
            )
            await self._host.submit(HOST, posting)

    def _shown(self, found: Finding, agents: tuple[str, ...]) -> str:
        """Both sides' diffs and the contract that names what it is about."""
        parts = [
            f"{found.kind}: {found.message}. It is closed when the checks no longer find it, and by nobody's word."
        ]
        for agent in agents:
            for path in _places(found):
                before, after = self._written.sides(agent, path)
                if before != after:
                    parts.append(f"{agent} in {path}:\n{_diff(before, after)}")
        said = self._contracts.about(found.symbol)
        return "\n\n".join([*parts, f"{said.by} said: {said.name}{said.given}"] if said else parts)

    def _is_here(self, agent: str) -> bool:
        known = self._host.state.agents.get(agent)
        return known is not None and known.presence is not Presence.LEFT

    async def rest(self) -> None:
        """Wait until what was accepted before has been looked at; what is open then is handed out."""
        wanted = self._host.state.seq
        self._waiting += 1
        self._hurry.set()
        # What had no time is looked at again, with more of it.
        self._again = bool(self._last.unfinished)
        try:
            while (self._seen < wanted or self._again) and self._is_due():
                self._start()
                async with self._turn:
                    pass
                await asyncio.sleep(0)
            async with self._turn:
                await self._check_types()
                await self._hand_out(now=True)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._hurry.clear()

    async def _check_types(self) -> None:
        """Ask the type checker about the room as it is, unless it was asked about that already."""
        state = self._host.state
        if self._types is None or state.version == self._typed_at:
            return
        self._typed_at = state.version
        self._typed = await asyncio.to_thread(self._typed_by, self._types, state)
        await self._settle((*self._last.unfinished, *self._typed.unfinished))

    def _typed_by(self, checker: TypeChecker, state: RoomState) -> Looked:
        """What it says of each agent's edits with the others', and of neither; nothing when it fails, which is told."""
        found: dict[Key, tuple[Finding, tuple[str, ...]]] = {}
        unfinished: list[str] = []
        authors = sorted(self._written.authors)
        for agent in authors[: len(authors) if len(authors) > 2 else len(authors) - 1]:
            report = judge(self._written.four(agent, state), [checker])
            unfinished += report.unfinished
            for each in report.findings:
                key = (each.kind, each.path, each.symbol)
                found[key] = (each, self._concerned(key, each))
        if unfinished:
            found = {**self._typed.found, **found}
        return Looked(found, tuple(dict.fromkeys(unfinished)))

    async def close(self) -> None:
        """Hear no more of the room; nothing is being looked at any more."""
        self._stop_listening()
        self._closing = True
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)


def _places(found: Finding) -> list[str]:
    every = {found.path, *(place.rpartition(":")[0] for place in (*found.ours, *found.theirs))}
    return sorted(path for path in every if path)


def _diff(before: bytes | None, after: bytes | None) -> str:
    old, new = ((text or b"").decode(errors="replace").splitlines() for text in (before, after))
    shown = "\n".join(list(unified_diff(old, new, lineterm="", n=2))[2:])
    return shown if len(shown) <= DIFF_CHARS_MAX else f"{shown[:DIFF_CHARS_MAX]}…"
