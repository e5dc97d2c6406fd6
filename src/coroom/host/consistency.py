"""The checks in a room: after each accepted edit, what one agent wrote against what the others wrote since the landing.

What is sure enough becomes a finding: an event that names both agents, holds landings back, and is closed only when the
checks no longer have it. Its authors are told at once; when they have left, or at a landing, it is a task for somebody.
What is less sure is told to its author once.
"""

import asyncio
import re
from collections.abc import Mapping
from difflib import unified_diff

from coroom.checks.engine import judge
from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Overlaid
from coroom.core import command as c
from coroom.core.agent import HOST, Presence
from coroom.core.event import Event, FileAccepted, Landed, NoticeSent
from coroom.core.file import SHARED_LINE, FileKind
from coroom.core.notice import NoticeKind
from coroom.core.resource import Resource, file
from coroom.core.task import TaskState
from coroom.host.checking import everyday_checks
from coroom.host.files import Files
from coroom.host.host import Host
from coroom.syntax import grammar_of, module_of
from coroom.workspace.merge import merge

KEPT_BYTES_MAX = 16 << 20
"""Of a repository whose sources are larger, only what changed is looked at."""

FILE_BYTES_MAX = 1 << 18
"""A larger file is not looked at."""

REMEMBERED_MAX = 5_000
"""Events that are read again when a room is opened; what was written before them counts as landed."""

DIFF_CHARS_MAX = 1_200
"""Of each side's diff, in a task to reconcile them."""

_Texts = dict[str, bytes | None]
_Key = tuple[str, str, str]
_SIGNATURE = re.compile(r"(?:async\s+)?(?:def|function)\s+(\w+)\s*(\([^()]*(?:\([^()]*\)[^()]*)*\))")


class Consistency:
    """Watches one room. Edits are looked at one after the other; of a burst by one agent, once."""

    def __init__(self, host: Host, files: Files) -> None:
        self._host = host
        self._files = files
        self._base: _Texts = {}
        self._own: dict[str, _Texts] = {}
        self._rest: dict[str, _Texts] = {}
        self._sources: dict[str, bytes] | None = None
        self._found: dict[str, dict[_Key, Finding]] = {}
        self._open: dict[_Key, str] = {}
        self._tasks: dict[_Key, str] = {}
        self._told: set[_Key] = set()
        self._evidence: dict[_Key, str] = {}
        self._touched: dict[_Key, tuple[Resource, ...]] = {}
        self._contracts: dict[str, tuple[str, str]] = {}
        self._waiting: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._remember()
        self._stop_listening = host.listen(self._heard)

    def _remember(self) -> None:
        """Take up where an earlier host left: the edits since the last landing, and the findings that are open."""
        state = self._host.state
        landed = max((each.seq for each in state.landings), default=0)
        for event in self._host.events(max(landed, state.seq - REMEMBERED_MAX)):
            self._note(event)
        for finding in self._host.state.findings.values():
            if finding.open:
                self._open[finding.kind, finding.path, finding.symbol] = finding.id
        for agent in self._own if self._open else ():
            self._waiting[agent] = None

    def _heard(self, event: Event) -> None:
        if not self._note(event):
            return
        if len(self._own) < 2 and not self._contracts and not self._open:
            return
        self._waiting[event.by] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())

    def _note(self, event: Event) -> bool:
        """Keep what an event changed; whether there is something to look at."""
        body = event.body
        if isinstance(body, Landed):
            for kept in (self._base, self._own, self._rest):
                kept.clear()
            return False
        if isinstance(body, NoticeSent) and body.about_kind is NoticeKind.CONTRACT:
            for name, given in _SIGNATURE.findall(body.text):
                self._contracts[name] = (given, body.sender)
            return False
        if not isinstance(body, FileAccepted) or body.line != SHARED_LINE:
            return False
        path = body.file.path
        if grammar_of(path) is None or body.file.size > FILE_BYTES_MAX or body.file.kind not in _READ:
            return False
        gone = body.file.kind is FileKind.ABSENT
        self._write(event.by, path, self._host.blob(body.before) if body.before else None,
                    None if gone else self._host.blob(body.file.blob))  # fmt: skip
        return True

    def _write(self, author: str, path: str, before: bytes | None, after: bytes | None) -> None:
        self._base.setdefault(path, before)
        if self._sources is not None and after is not None:
            self._sources[path] = after
        own = self._own.setdefault(author, {})
        own[path] = _moved(before, own.get(path, self._base[path]), after, path)
        for agent in self._own:
            if agent != author:
                rest = self._rest.setdefault(agent, {})
                rest[path] = _moved(before, rest.get(path, self._base[path]), after, path)
        if author not in self._rest:
            mine = [other for other in self._own if other != author]
            self._rest[author] = {place: text for other in mine for place, text in self._own[other].items()}

    async def _look(self) -> None:
        while self._waiting:
            agent = next(iter(self._waiting))
            del self._waiting[agent]
            affected = {agent, *(other for other, found in self._found.items() if found)} & self._own.keys()
            for each in sorted(affected):
                four = self._four(each)
                report = await asyncio.to_thread(judge, four, everyday_checks())
                self._found[each] = {(f.kind, f.path, f.symbol): f for f in report.findings}
            for gone in self._found.keys() - self._own.keys():
                self._found[gone] = {}
            await self._settle(agent)

    def _four(self, agent: str) -> Four:
        heads: _Texts = {}
        for path in self._base:
            head = self._files.content(self._files.head(path, SHARED_LINE))
            heads[path] = head.data if head.kind is FileKind.TEXT else None
        sources = self._all_sources()
        base = Overlaid(sources, self._base)
        own = {path: self._own[agent].get(path, text) for path, text in self._base.items()}
        rest = {path: self._rest.get(agent, {}).get(path, text) for path, text in self._base.items()}
        return Four(base, _on(base, rest), _on(base, own), _on(base, heads))

    def _all_sources(self) -> dict[str, bytes]:
        """The sources of the room, read once; only those that changed where there are too many."""
        if self._sources is None:
            self._sources = {}
            size = 0
            for path in self._host.state.files(SHARED_LINE):
                head = self._files.head(path, SHARED_LINE)
                if (
                    head is None
                    or head.kind is not FileKind.TEXT
                    or grammar_of(path) is None
                    or head.size > FILE_BYTES_MAX
                ):
                    continue
                size += head.size
                if size > KEPT_BYTES_MAX:
                    self._sources.clear()
                    break
                self._sources[path] = self._files.content(head).data or b""
        return self._sources

    async def _settle(self, agent: str) -> None:
        """Raise what is new and sure, tell what is new and less sure, close what is no longer so."""
        now = {key: found for each in self._found.values() for key, found in each.items()}
        now |= self._broken_contracts()
        for key, found in now.items():
            if not found.blocks:
                await self._tell(agent, key, found)
            elif key not in self._open:
                await self._raise(agent, key, found)
        for key in [each for each in self._open if each not in now]:
            await self._host.submit(HOST, c.CloseFinding(self._open.pop(key)))
            task = self._host.state.tasks.get(self._tasks.pop(key, ""))
            if task is not None and task.state is TaskState.OPEN:
                await self._host.submit(HOST, c.CancelTask(task.id, "The checks no longer find it."))

    async def _raise(self, agent: str, key: _Key, found: Finding) -> None:
        places = {place.rpartition(":")[0] for place in (*found.ours, *found.theirs)}
        others = sorted(name for name, own in self._own.items() if name != agent and places & own.keys())
        agents = tuple(name for name in (agent, *others) if self._is_here(name))
        message = f"{found.message} ({', '.join((*found.ours, *found.theirs))}; {found.confidence:.0%} sure)"
        raised = await self._host.submit(
            HOST,
            c.RaiseFinding(check=found.kind, path=found.path, at_line=found.line, symbol=found.symbol,
                           message=message, agents=agents),
        )  # fmt: skip
        if not isinstance(raised, c.Ok):
            return
        self._open[key] = raised.id
        self._evidence[key] = self._shown(found, agents)
        self._touched[key] = tuple(file(path) for path in sorted(places | {found.path}) if path)
        await self._hand_out(now=False)

    async def _hand_out(self, *, now: bool) -> None:
        """Post a task for each open finding whose authors have left, or at once; who is still here was told of it."""
        for key in [each for each in self._open if each not in self._tasks]:
            finding = self._host.state.findings.get(self._open[key])
            if finding is None or (not now and any(self._is_here(agent) for agent in finding.agents)):
                continue
            posted = await self._host.submit(
                HOST,
                c.PostTask(
                    title=f"Reconcile {finding.path}:{finding.line}: {finding.message}"[:180],
                    description=self._evidence.get(key, finding.message),
                    touches=self._touched.get(key, (file(finding.path),)),
                    despite_duplicate=True,
                ),
            )
            if isinstance(posted, c.Posted):
                self._tasks[key] = posted.task

    async def rest(self) -> None:
        """Wait until everything that was accepted has been looked at; what is still open then is handed out."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        await self._hand_out(now=True)

    def _shown(self, found: Finding, agents: tuple[str, ...]) -> str:
        """Both sides' diffs and the contracts that name what it is about."""
        parts = [
            f"{found.kind}: {found.message}. It is closed when the checks no longer find it, and by nobody's word."
        ]
        for name in agents:
            for path in sorted({found.path, *(place.rpartition(":")[0] for place in (*found.ours, *found.theirs))}):
                mine = self._own.get(name, {}).get(path)
                if mine is not None and mine != self._base.get(path):
                    parts.append(f"{name} in {path}:\n{_diff(self._base.get(path), mine)}")
        parts += [
            f"{by} said: {found.symbol}{given}" for name, (given, by) in self._contracts.items() if name == found.symbol
        ]
        return "\n\n".join(parts)

    async def _tell(self, agent: str, key: _Key, found: Finding) -> None:
        if key in self._told or not self._is_here(agent):
            return
        self._told.add(key)
        text = f"Worth a look, {found.path}:{found.line}: {found.message} ({found.confidence:.0%} sure)."
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=agent, resources=(file(found.path),)))

    def _is_here(self, agent: str) -> bool:
        known = self._host.state.agents.get(agent)
        return known is not None and known.presence is not Presence.LEFT

    def _broken_contracts(self) -> dict[_Key, Finding]:
        """Agreed signatures that a definition written since does not have."""
        found: dict[_Key, Finding] = {}
        for path in self._base if self._contracts else ():
            head = self._files.content(self._files.head(path, SHARED_LINE))
            module = module_of(head.data or b"", path) if head.kind is FileKind.TEXT else None
            for function in module.every_function() if module is not None else ():
                given, by = self._contracts.get(function.name, ("", ""))
                agreed = _parameters(function.name, given, path) if given else None
                is_so = [(each.text, "required" in each.flags) for each in function.parameters]
                if agreed is not None and agreed != is_so and agreed[1:] != is_so:
                    shown = ", ".join(name for name, _ in is_so)
                    said = f"{function.qualname}({shown}) is not {function.name}{given} as {by} said"
                    found["contract-broken", path, function.qualname] = Finding(
                        kind="contract-broken", path=path, line=function.line, symbol=function.qualname, message=said,
                        ours=(f"{path}:{function.line}",), confidence=0.9,
                    )  # fmt: skip
        return found

    async def close(self) -> None:
        """Hear no more of the room; nothing is being looked at any more."""
        self._stop_listening()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


_READ = frozenset({FileKind.TEXT, FileKind.ABSENT})


def _on(base: Overlaid, over: Mapping[str, bytes | None]) -> Overlaid:
    return Overlaid(base, {path: text for path, text in over.items() if base.get(path) != text})


def _moved(before: bytes | None, held: bytes | None, after: bytes | None, path: str) -> bytes | None:
    """A text that had a history of its own, with the same change made to it."""
    if held == before or held is None or after is None or before is None:
        return after
    merged = merge(before, held, after, path)
    return merged.text if merged.status == "clean" else after


def _diff(before: bytes | None, after: bytes) -> str:
    old, new = ((text or b"").decode(errors="replace").splitlines() for text in (before, after))
    shown = "\n".join(list(unified_diff(old, new, lineterm="", n=2))[2:])
    return shown if len(shown) <= DIFF_CHARS_MAX else f"{shown[:DIFF_CHARS_MAX]}…"


def _parameters(name: str, given: str, path: str) -> list[tuple[str, bool]] | None:
    """The parameters that a signature names; None when it cannot be read in the language of the file."""
    python = path.endswith((".py", ".pyi"))
    text = f"def {name}{given}: ...\n" if python else f"function {name}{given} {{}}\n"
    module = module_of(text.encode(), path)
    function = module.functions.get(name) if module is not None else None
    return None if function is None else [(each.text, "required" in each.flags) for each in function.parameters]
