"""The findings of a room: raised and told to their authors, handed out as tasks when those have left, and closed."""

import asyncio
from difflib import unified_diff

from coroom.checks.finding import Finding
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Presence
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.core.task import TaskState
from coroom.host.checks.contracts import Contracts
from coroom.host.checks.disagreements import Key, key_of, places_of
from coroom.host.checks.written import Written
from coroom.host.host import Host

DIFF_CHARS_MAX = 1_200
"""Of each side's diff, in a task to reconcile them."""

TITLE_CHARS_MAX = 180

TOLD_MAX = 10_000
"""Beyond that somebody may be told the same again."""

Held = dict[Key, tuple[Finding, tuple[str, ...]]]
"""The findings that hold now, each with the agents that it concerns."""


class Findings:
    """Which findings are open in one room, and what was told of the others."""

    def __init__(self, host: Host, written: Written, contracts: Contracts) -> None:
        self._host = host
        self._written = written
        self._contracts = contracts
        self._open: dict[Key, str] = {}
        self._unseen: set[Key] = set()
        self._told: set[Key] = set()
        self._told_of: set[str] = set()
        for finding in host.state.findings.values():
            if finding.open:
                self._open[finding.kind, finding.path, finding.symbol] = finding.id

    def __bool__(self) -> bool:
        """Whether any is open."""
        return bool(self._open)

    def was_closed(self, finding: str) -> None:
        """Somebody who may judge said that it is none; that is not doubted again."""
        for key in [each for each, known in self._open.items() if known == finding]:
            del self._open[key]
            self._told.add(key)

    def lose_sight(self) -> None:
        """Those that are open now are no longer looked for, so that they cannot be closed for not being found."""
        self._unseen |= self._open.keys()

    async def settle(self, holds: Held, unfinished: tuple[str, ...]) -> None:
        """Raise what is new and sure, tell what is less sure, close what is no longer so when all came to an end."""
        for key, (found, authors) in holds.items():
            here = tuple(agent for agent in authors if self._is_here(agent))
            if key in self._open or key in self._told:
                continue
            if found.blocks and self._written.whole:
                await self._raise(found, here)
            else:
                await self._tell(found, here)
        closed = self._open.keys() - holds.keys() - self._unseen if not unfinished else ()
        for key in sorted(closed):
            await self._host.submit(HOST, c.CloseFinding(self._open.pop(key)))
        for why in unfinished:
            await self._tell_operator(why)
        await self.hand_out(holds, now=False)

    async def hand_out(self, holds: Held, *, now: bool) -> None:
        """Post a task for each open finding whose authors have left, or at once; who is still here was told of it."""
        state = self._host.state
        posted = {task.finding for task in state.tasks.values() if task.state in {TaskState.OPEN, TaskState.TAKEN}}
        for key, number in list(self._open.items()):
            finding = state.findings.get(number)
            if finding is None or number in posted or (not now and any(map(self._is_here, finding.agents))):
                continue
            title = f"Reconcile {finding.path}:{finding.line}: {finding.message}"[:TITLE_CHARS_MAX]
            known = holds.get(key)
            description = await asyncio.to_thread(self._shown, *known) if known else title
            places = tuple(file(path) for path in (places_of(known[0]) if known else [finding.path]))
            posting = c.PostTask(
                title=title, description=description, touches=places, despite_duplicate=True, finding=number
            )
            await self._host.submit(HOST, posting)

    async def _raise(self, found: Finding, agents: tuple[str, ...]) -> None:
        message = f"{found.message} ({', '.join((*found.ours, *found.theirs))}; {found.confidence:.0%} sure)"
        raised = await self._host.submit(
            HOST,
            c.RaiseFinding(check=found.kind, path=found.path, at_line=found.line, symbol=found.symbol,
                           message=message, agents=agents),
        )  # fmt: skip
        if isinstance(raised, c.Ok):
            self._open[key_of(found)] = raised.id

    async def _tell(self, found: Finding, agents: tuple[str, ...]) -> None:
        if len(self._told) >= TOLD_MAX:
            self._told.clear()
        self._told.add(key_of(found))
        text = f"Worth a look, {found.path}:{found.line}: {found.message} ({found.confidence:.0%} sure)."
        for agent in agents:
            said = c.Say(kind=NoticeKind.NOTE, text=text, to=agent, resources=(file(found.path),))
            await self._host.submit(HOST, said)

    async def _tell_operator(self, why: str) -> None:
        """That something could not be checked; the same is told once."""
        if why in self._told_of:
            return
        self._told_of.add(why)
        still = ", ".join(sorted(self._open.values()))
        text = f"Could not check what was written: {why}." + (f" These findings stay open: {still}." if still else "")
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=OPERATOR))

    def _shown(self, found: Finding, agents: tuple[str, ...]) -> str:
        """Both sides' diffs and the contract that names what it is about."""
        parts = [
            f"{found.kind}: {found.message}. It is closed when the checks no longer find it, and by nobody's word."
        ]
        for agent in agents:
            for path in places_of(found):
                before, after = self._written.sides(agent, path)
                if before != after:
                    parts.append(f"{agent} in {path}:\n{_diff(before, after)}")
        said = self._contracts.about(found.symbol)
        return "\n\n".join([*parts, f"{said.by} said: {said.name}{said.given}"] if said else parts)

    def _is_here(self, agent: str) -> bool:
        known = self._host.state.agents.get(agent)
        return known is not None and known.presence is not Presence.LEFT


def _diff(before: bytes | None, after: bytes | None) -> str:
    old, new = ((text or b"").decode(errors="replace").splitlines() for text in (before, after))
    shown = "\n".join(list(unified_diff(old, new, lineterm="", n=2))[2:])
    return shown if len(shown) <= DIFF_CHARS_MAX else f"{shown[:DIFF_CHARS_MAX]}…"
