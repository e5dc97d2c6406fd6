"""Did the run keep the promises? Every checker reads the raw log and what the outside saw, and nothing of the core.

Each has its own small reading of the events, on plain file names, so that a mistake in the core is not made twice.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypedDict, cast

from coroom.simulate.history import History, Line


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept, and what shows it."""

    promise: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.what}"


class Name(TypedDict):
    """A resource as the log writes it."""

    scheme: str
    name: str


class File(TypedDict):
    """A version as the log writes it."""

    path: str
    version: int
    blob: str
    by: str


class Body(TypedDict, total=False):
    """The parts of an event that are looked at here."""

    about_kind: str
    action: str
    agent: str
    before: str
    check: str
    claim: str
    claims: list[str]
    deadline_ms: int
    dropped: bool
    fence: int
    file: File
    held: str
    mode: str
    notice: str
    notices: list[str]
    now_ms: int
    operation: str
    passed: bool
    readers: list[str]
    reply: str
    replaces: str
    resources: list[Name]
    task: str
    tool: str
    tree: str


@dataclass(slots=True)
class Lease:
    """A claim as the raw log tells it."""

    agent: str
    mode: str
    names: list[Name]


LOOKED_AT = frozenset(
    {
        "action-failed",
        "action-finished",
        "action-started",
        "action-undone",
        "agent-joined",
        "answered",
        "claim-ended",
        "claim-granted",
        "claims-renewed",
        "edit-held",
        "file-accepted",
        "held-settled",
        "notice-sent",
        "task-cancelled",
        "task-done",
        "task-returned",
        "task-taken",
        "verdict-given",
    }
)
"""The kinds of events that any checker looks at; the others are not read."""


class Read:
    """The events that are looked at, with their bodies, as the checkers read them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        looked_at = [line for line in lines if line.kind in LOOKED_AT]
        bodies = cast("list[Body]", json.loads(f"[{','.join([line.body for line in looked_at])}]"))
        self._of: dict[str, list[tuple[int, Line, Body]]] = {kind: [] for kind in LOOKED_AT}
        for number, (line, body) in enumerate(zip(looked_at, bodies, strict=True)):
            self._of[line.kind].append((number, line, body))

    def of(self, *kinds: str) -> list[tuple[Line, Body]]:
        """The events of these kinds, in the order of the log. Raises KeyError for a kind that is not looked at."""
        found = [one for kind in kinds for one in self._of[kind]]
        if len(kinds) > 1:
            found.sort(key=_NUMBER)
        return [(line, body) for _, line, body in found]


_NUMBER = itemgetter(0)


def check(history: History, checkers: "tuple[Checker, ...] | None" = None) -> list[Violation]:
    """Every violation in the run, in the order of the checkers (all there are); empty when all promises were kept."""
    read = Read(history.lines)
    return [violation for checker in checkers or CHECKERS for violation in checker(history, read)]


def meet(a: Name, b: Name) -> bool:
    """Whether two plain names can be the same thing: equal, or a file in a directory."""
    if a["scheme"] == b["scheme"] == "dir":
        return a["name"].startswith(b["name"]) or b["name"].startswith(a["name"])
    for one, other in ((a, b), (b, a)):
        if one["scheme"] == "dir" and other["scheme"] == "file":
            return other["name"].startswith(one["name"])
    return a == b


def numbered(history: History, _read: Read) -> Iterator[Violation]:
    """The log has no gap, and each crash left exactly what was durable."""
    for due, line in enumerate(history.lines, start=1):
        if line.seq != due:
            yield Violation("log:prefix", f"event {line.seq} stands where {due} is due")
            return
    times = [line.at_ms for line in history.lines]
    if times != sorted(times):
        yield Violation("log:prefix", "time goes back in the log")
    for crash in history.recoveries:
        if not crash.same_lines or crash.head_after != crash.head_before:
            yield Violation("log:durable", f"{crash.head_before} events were durable, {crash.head_after} recovered")
        elif not crash.same_state:
            yield Violation("log:prefix", f"the state rebuilt from {crash.head_before} events is another one")
    for seq, what in history.broken[:1]:
        yield Violation("core:state", f"after event {seq}: {what}")
    if not history.settled:
        yield Violation("log:prefix", "the run did not come to rest in the state that its log gives")


def answered(history: History, _read: Read) -> Iterator[Violation]:
    """Whatever was answered is in the log, unchanged."""
    lines = history.lines
    for _, _, operation, _, _, head, line in history.acks:
        if head > len(lines) or (head and lines[head - 1].body != line):
            yield Violation("log:durable", f"{operation} was answered at event {head}, which is gone")
            return


def repeated(history: History, read: Read) -> Iterator[Violation]:
    """One operation gets one answer and is carried out once."""
    replies: dict[tuple[str, int, str], object] = {}
    good = [ack for ack in history.acks if not ack.refused]
    for agent, incarnation, operation, reply, *_ in good:
        first = replies.setdefault((agent, incarnation, operation), reply)
        if first is not reply and first != reply:
            yield Violation("call:once", f"{operation} was answered {first} and then {reply}")
    done: set[tuple[str, str]] = set()
    for _, body in read.of("answered"):
        key2 = (body["agent"], body["operation"])
        if key2 in done:
            yield Violation("call:once", f"{key2[1]} was carried out twice")
        done.add(key2)
    for agent, _, operation, *_ in good:
        if (agent, operation) not in done:
            yield Violation("call:once", f"the answer of {operation} is not in the log")
            return


def exclusive(_history: History, read: Read) -> Iterator[Violation]:
    """No two agents hold incompatible claims on one thing, and nobody's edit passes another's exclusive claim."""
    live: dict[str, Lease] = {}
    for line, body in read.of("claim-granted", "claim-ended", "file-accepted"):
        if line.kind == "claim-granted":
            lease = Lease(body["agent"], body["mode"], list(body["resources"]))
            for name, other in live.items():
                if other.agent != lease.agent and _clash(lease, other):
                    yield Violation("claim:exclusive", f"event {line.seq}: {lease.agent} beside {other.agent}'s {name}")
            live[body["claim"]] = lease
        elif line.kind == "claim-ended" and body["claim"] in live:
            ended = live[body["claim"]]
            ended.names = [name for name in ended.names if name not in body["resources"]]
            if not ended.names:
                del live[body["claim"]]
        elif line.kind == "file-accepted":
            path: Name = {"scheme": "file", "name": body["file"]["path"]}
            for other in live.values():
                if other.mode == "exclusive" and other.agent != line.by and any(meet(path, n) for n in other.names):
                    yield Violation("claim:fenced", f"event {line.seq}: {line.by} wrote what {other.agent} holds")


def _clash(a: Lease, b: Lease) -> bool:
    if "announced" in (a.mode, b.mode) or a.mode == b.mode == "shared":
        return False
    return any(meet(one, other) for one in a.names for other in b.names)


def fenced(history: History, read: Read) -> Iterator[Violation]:
    """Fences only grow, in the log and at the world outside."""
    fence = 0
    for line, body in read.of("claim-granted", "action-started"):
        if body["fence"] <= fence:
            yield Violation("claim:fenced", f"event {line.seq}: fence {body['fence']} after {fence}")
        fence = max(fence, body["fence"])
    newest: dict[str, int] = {}
    for performed in history.performed:
        if performed.fence < newest.get(performed.resource, 0):
            yield Violation("claim:fenced", f"{performed.action} acted with fence {performed.fence} after a later one")
        newest[performed.resource] = max(newest.get(performed.resource, 0), performed.fence)


def released(_history: History, read: Read) -> Iterator[Violation]:
    """Nothing is granted while a lease is past its deadline and not ended: the dead keep nobody waiting."""
    deadlines: dict[str, int] = {}
    leases: dict[str, int] = {}
    names: dict[str, int] = {}
    for line, body in read.of("claim-granted", "claims-renewed", "claim-ended"):
        if line.kind == "claim-granted":
            late = [claim for claim, deadline in deadlines.items() if deadline <= line.at_ms]
            if late:
                yield Violation("claim:released", f"event {line.seq}: {late[0]} is past its deadline and not ended")
            leases[body["claim"]] = body["deadline_ms"] - line.at_ms
            names[body["claim"]] = len(body["resources"])
            deadlines[body["claim"]] = body["deadline_ms"]
        elif line.kind == "claims-renewed":
            deadlines.update({c: body["now_ms"] + leases[c] for c in body["claims"] if c in deadlines})
        elif line.kind == "claim-ended":
            names[body["claim"]] -= len(body["resources"])
            if names[body["claim"]] <= 0:
                deadlines.pop(body["claim"], None)


def acted(history: History, read: Read) -> Iterator[Violation]:
    """Whatever acted outside was stored as started first, and its end is what really happened."""
    started = {body["action"]: line.seq for line, body in read.of("action-started")}
    ends: dict[str, str] = {}
    for line, body in read.of("action-finished", "action-failed", "action-undone"):
        ends.setdefault(body["action"], line.kind)
    performed = {one.action for one in history.performed}
    for one in history.performed:
        if started.get(one.action, one.head + 1) > one.head:
            yield Violation("log:durable", f"{one.action} acted before it was stored as started")
    for action in started:
        fact = "action-finished" if action in performed else "action-failed"
        if ends.get(action) != fact:
            yield Violation("log:durable", f"{action} is {ends.get(action)} in the log, but in truth {fact}")


def held_by_one(_history: History, read: Read) -> Iterator[Violation]:
    """A task has at most one holder, and only its holder finishes it."""
    holders: dict[str, str] = {}
    for line, body in read.of("task-taken", "task-returned", "task-cancelled", "task-done"):
        if line.kind == "task-taken":
            if body["task"] in holders:
                yield Violation("task:one-holder", f"event {line.seq}: {body['task']} has a holder already")
            holders[body["task"]] = body["agent"]
        elif line.kind in {"task-returned", "task-cancelled"}:
            holders.pop(body["task"], None)
        elif line.kind == "task-done" and holders.pop(body["task"], None) != body["agent"]:
            yield Violation("task:one-holder", f"event {line.seq}: {body['agent']} finished a task it did not hold")


def nothing_lost(history: History, read: Read) -> Iterator[Violation]:
    """Each line that was accepted is in the final text, unless somebody meant to take it out."""
    meant: dict[tuple[str, str], set[str]] = {}
    for intent in history.intents:
        meant.setdefault((intent.agent, intent.path), set()).update(intent.removes)
    text: dict[str, set[str]] = {}
    removed: set[str] = set()
    for line, body in read.of("file-accepted"):
        path, by = body["file"]["path"], body["file"]["by"]
        after = set(body["file"]["blob"].split())
        gone = text.get(path, set()) - after
        removed |= gone & meant.get((by, path), set())
        unmeant = gone - meant.get((by, path), set())
        if unmeant:
            yield Violation("doc:nothing-lost", f"event {line.seq}: {by} took {sorted(unmeant)} out of {path} unawares")
        text[path] = after
    for agent, path, adds in history.accepted:
        lost = adds - text.get(path, set()) - removed
        if lost:
            yield Violation("doc:nothing-lost", f"{agent} was told that {sorted(lost)} is accepted in {path}")


def converged(history: History, read: Read) -> Iterator[Violation]:
    """At rest every mirror holds what the log says."""
    text = {body["file"]["path"]: body["file"]["blob"] for _, body in read.of("file-accepted")}
    for agent, mirror in history.mirrors.items():
        for path in sorted(text.keys() | mirror.keys()):
            if mirror.get(path, "") != text.get(path, ""):
                yield Violation("doc:converges", f"{agent} has another {path} than the room")


def delivered(history: History, read: Read) -> Iterator[Violation]:
    """Each notice reached each reader, in order, unless a newer one took its place."""
    sent: dict[str, list[str]] = {}
    replaced: dict[str, set[str]] = {}
    for _, body in read.of("notice-sent"):
        for reader in body["readers"]:
            sent.setdefault(reader, []).append(body["notice"])
            replaced.setdefault(reader, set()).add(body["replaces"])
    for reader, notices in sent.items():
        seen = history.handed.get(reader, [])
        known = {*seen, *replaced[reader]}
        missing = [n for n in notices if n not in known]
        if missing:
            yield Violation("notice:delivered", f"{reader} never saw {', '.join(missing)}")
        order = {notice: number for number, notice in enumerate(notices) if notice not in replaced[reader]}
        places = [order[n] for n in seen if n in order]
        if places != sorted(places):
            yield Violation("notice:delivered", f"{reader} saw its notices out of order")


def authentic(history: History, read: Read) -> Iterator[Violation]:
    """Only the newest incarnation of an agent is heard."""
    joined: dict[str, list[int]] = {}
    for line, body in read.of("agent-joined"):
        joined.setdefault(body["agent"], []).append(line.seq)
    for agent, incarnation, head in history.heard:
        newest = bisect_right(joined.get(agent, ()), head)
        if incarnation < newest:
            yield Violation("door:authentic", f"incarnation {incarnation} of {agent} was heard at event {head}")


def green(_history: History, read: Read) -> Iterator[Violation]:
    """Nothing began to land with an edit held, or without a passing verdict for exactly its tree."""
    verdicts: dict[str, bool] = {}
    held: set[str] = set()
    for line, body in read.of("verdict-given", "edit-held", "held-settled", "file-accepted", "action-started"):
        if line.kind == "verdict-given":
            verdicts[body["tree"]] = body["passed"]
        elif line.kind == "edit-held":
            held.add(body["held"])
        elif line.kind == "held-settled":
            held.discard(body["held"])
        elif line.kind == "file-accepted":
            held.discard(cast("dict[str, str]", body).get("settles", ""))
        elif line.kind == "action-started" and body["tool"] == "land":
            tree = cast("dict[str, str]", body)["arguments"].split("\n")[2]
            if held or not verdicts.get(tree):
                yield Violation("main:green", f"event {line.seq} lands {tree} with {sorted(held) or 'no verdict'}")


Checker = Callable[[History, Read], Iterator[Violation]]
CHECKERS: tuple[Checker, ...] = (
    numbered,
    answered,
    repeated,
    exclusive,
    fenced,
    released,
    acted,
    held_by_one,
    nothing_lost,
    converged,
    delivered,
    authentic,
    green,
)
