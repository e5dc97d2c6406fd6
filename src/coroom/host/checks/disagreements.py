"""What the agents of a room wrote, judged: what each of them wrote against what the others did since the landing."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from coroom.checks.engine import judge
from coroom.checks.finding import Finding
from coroom.checks.types import TypeChecker
from coroom.core.event import Event, NoticeSent
from coroom.core.state import RoomState
from coroom.host.checks.contracts import Contracts
from coroom.host.checks.written import Written, is_looked_at
from coroom.host.host import Host

LOOK_S_MAX = 0.5
"""Of processor time for one agent's edits, after which no further check begins."""

LANDING_LOOK_S_MAX = 10.0
"""The same while a landing waits for the look."""

REMEMBERED_MAX = 5_000
"""Events that are read again when a room is opened; what was written before them counts as landed."""

Key = tuple[str, str, str]
"""Kind, path and symbol: two findings with the same are one."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look gave: the findings that hold now with whom they concern, what kept checks from their end, the time
    that it took, and whether it lost sight of what was found before.
    """

    found: dict[Key, tuple[Finding, tuple[str, ...]]] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    seconds: float = 0.0
    lost_sight: bool = False


@dataclass(slots=True)
class Pace:
    """How many landings wait for a look, and whether nobody waits any more; a look in progress goes by it."""

    waiting: int = 0
    closing: bool = False

    def is_enough(self, began: float) -> bool:
        """Whether no further check may begin, of a thread's time at which the look at one agent began."""
        return self.closing or time.thread_time() > began + (LANDING_LOOK_S_MAX if self.waiting else LOOK_S_MAX)


def key_of(found: Finding) -> Key:
    """What tells it from others."""
    return found.kind, found.path, found.symbol


def places_of(found: Finding) -> list[str]:
    """The files that it is about."""
    every = {found.path, *(place.rpartition(":")[0] for place in (*found.ours, *found.theirs))}
    return sorted(path for path in every if path)


class Disagreements:
    """Judges one room. It follows the events that it is given, in a thread of its own, never two looks at once."""

    def __init__(self, host: Host, written: Written, contracts: Contracts, pace: Pace) -> None:
        self._host = host
        self._written = written
        self._contracts = contracts
        self._pace = pace
        self._found: dict[str, dict[Key, Finding]] = {}
        self._unfinished: dict[str, tuple[str, ...]] = {}
        self._remembered = False
        self._began_at = host.state.seq
        self._lost_sight = False
        self._followed = 0
        self._to_judge: dict[str, int] = {}

    @property
    def remembered(self) -> bool:
        """Whether what an earlier host left was read; after a fault it is to be read again."""
        return self._remembered

    @property
    def is_behind(self) -> bool:
        """Whether somebody's edits are still to be looked at."""
        return bool(self._to_judge)

    @property
    def seen(self) -> int:
        """The newest event up to which all edits have been looked at, however much is written meanwhile. 0 while what
        is to be looked at `again`, or was left by an earlier host, has not been.
        """
        return min((self._followed, *self._to_judge.values()))

    def look(self, events: Iterable[Event], state: RoomState, *, lost: bool, again: bool) -> Looked:
        """Follow the events, and look at the edits of one of those whom they concern: who has waited longest. The
        others wait for the next look (`is_behind`). `lost` says that some events are not among these any more, `again`
        that those are to be looked at again whose look did not come to its end.

        After a fault everything is read again from the log by the next look.
        """
        began = time.monotonic()
        self._lost_sight = False
        try:
            if lost:
                self._forget("more was written at once than is followed")
            news = [*self._earlier(), *events]
            wrote = {each.by for each in news if self._took(each)}
            self._queue(wrote, again=again, anew=bool(news or lost or again))
            self._judge(state)
            found = self._all_found()
            unfinished = tuple(sorted({said for every in self._unfinished.values() for said in every}))
        except Exception as fault:  # noqa: BLE001 - the room's work must not stop for a check
            self._written.forget(sources=True)
            self._found.clear()
            self._to_judge.clear()
            self._remembered, self._began_at = False, state.seq
            found, unfinished = {}, (f"what was written cannot be followed: {type(fault).__name__}: {fault}",)
        self._followed = state.seq
        return Looked(found, unfinished, time.monotonic() - began, self._lost_sight)

    def look_at_types(self, checker: TypeChecker, state: RoomState, before: Looked) -> Looked:
        """What a type checker says of each agent's edits with the others', and of neither.

        When it fails, that is told, and what it said `before` holds.
        """
        found: dict[Key, tuple[Finding, tuple[str, ...]]] = {}
        unfinished: list[str] = []
        authors = sorted(self._written.authors)
        for agent in authors[: len(authors) if len(authors) > 2 else len(authors) - 1]:
            report = judge(self._written.four(agent, state), [checker])
            unfinished += report.unfinished
            for each in report.findings:
                found[key_of(each)] = (each, self._concerned(each))
        if unfinished:
            found = {**before.found, **found}
        return Looked(found, tuple(dict.fromkeys(unfinished)))

    def _forget(self, why: str) -> None:
        """What was written counts as landed; the findings about it are no longer seen, and so no longer closed here."""
        self._written.forget(sources=True)
        self._found.clear()
        self._unfinished = {"": (why,)}
        self._lost_sight = True

    def _earlier(self) -> list[Event]:
        """Where an earlier host left off: what was said and written since the last landing."""
        if self._remembered:
            return []
        self._remembered, self._followed = True, 0
        landed = max((each.seq for each in self._host.state.landings), default=0)
        return self._host.events(max(landed, self._began_at - REMEMBERED_MAX), self._began_at)

    def _took(self, event: Event) -> bool:
        if isinstance(event.body, NoticeSent):
            self._contracts.take(event.body)
            return False
        self._written.take(event)
        return is_looked_at(event)

    def _queue(self, wrote: set[str], *, again: bool, anew: bool) -> None:
        """Put these behind those who wait to be looked at, and again those of whom something was found. Unless `anew`,
        a look goes on.
        """
        if self._written.is_too_much():
            self._forget("more was written since the last landing than is kept")
        elif wrote:
            self._unfinished.pop("", None)
        authors = self._written.authors
        for table in (self._found, self._unfinished):
            for gone in table.keys() - authors - {""}:
                del table[gone]
        if anew:
            unfinished = self._unfinished.keys()
            concerned = wrote | unfinished | {agent for agent, found in self._found.items() if found}
            for agent in sorted(concerned):
                self._to_judge.setdefault(agent, self._followed)
            if again:
                self._to_judge |= dict.fromkeys(unfinished, 0)

    def _judge(self, state: RoomState) -> None:
        """Look at who has waited longest."""
        authors = self._written.authors
        queue = [each for each in self._to_judge.items() if each[0] in authors] if len(authors) > 1 else []
        self._to_judge = dict(queue[1:])
        for agent, _ in queue[:1]:
            self._judge_one(agent, state)

    def _judge_one(self, agent: str, state: RoomState) -> None:
        # A fifth of a daemon's start, if they were imported then; here it is a thread that waits.
        from coroom.host.checks.checking import everyday_checks  # noqa: PLC0415

        four = self._written.four(agent, state)
        checks = [each for each in everyday_checks() if each.fast or self._pace.waiting]
        began = time.thread_time()
        report = judge(four, checks, lambda: self._pace.is_enough(began))
        found = {key_of(each): each for each in report.findings}
        self._unfinished.pop(agent, None)
        if report.unfinished:
            self._unfinished[agent] = report.unfinished
            found = {**self._found.get(agent, {}), **found}
        self._found[agent] = found

    def _all_found(self) -> dict[Key, tuple[Finding, tuple[str, ...]]]:
        every = {key: each for found in self._found.values() for key, each in found.items()}
        merged = {path: self._written.merged(path) for path in self._written.paths}
        broken = self._contracts.broken({path: text for path, text in merged.items() if text is not None})
        every |= {key_of(each): each for each in broken}
        return {key: (each, self._concerned(each)) for key, each in every.items()}

    def _concerned(self, found: Finding) -> tuple[str, ...]:
        """Whose edits it is about: who had it found, and who changed one of its places."""
        places = places_of(found)
        wrote = [
            agent
            for agent in self._written.authors
            if any(one != other for one, other in (self._written.sides(agent, place) for place in places))
        ]
        return tuple(sorted({*wrote, *(agent for agent, every in self._found.items() if key_of(found) in every)}))
