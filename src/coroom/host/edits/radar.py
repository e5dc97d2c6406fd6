"""The conflict radar of `isolated`: who writes where another's line has something that will not merge hears it now.

Nothing of the other's text is shown: that they meet, where, and who. It is told to the later one, once for each state
of both, so that whoever has less to change can still choose.
"""

import asyncio

from coroom.core import command as c
from coroom.core.agent import HOST, Presence
from coroom.core.event import Event, FileAccepted
from coroom.core.file import SHARED_LINE
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.host.edits.content import ABSENT, Content, of_bytes
from coroom.host.edits.files import Files
from coroom.host.edits.joining import JOINED, UnjoinedLines
from coroom.host.edits.judge import Conflict, judge
from coroom.host.host import Host

WAITING_MAX = 1_000
"""Writes that wait to be looked at; a burst beyond is not looked at, since landing finds everything out anyway."""

TOLD_MAX = 10_000
"""Beyond that somebody may be told the same again."""


class Radar:
    """Probes each write on an agent's own line against the other lines with something of the same path."""

    def __init__(self, host: Host, files: Files) -> None:
        self._host = host
        self._files = files
        self._lines = UnjoinedLines(host)
        self._waiting: dict[tuple[str, str], None] = {}
        self._told: set[tuple[str, ...]] = set()
        self._task: asyncio.Task[None] | None = None
        self._stop_listening = host.listen(self._heard)

    def _heard(self, event: Event) -> None:
        body = event.body
        if not isinstance(body, FileAccepted) or body.line == SHARED_LINE or body.layer == JOINED:
            return
        if len(self._waiting) < WAITING_MAX:
            self._waiting[body.line, body.file.path] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while self._waiting:
            agent, path = next(iter(self._waiting))
            del self._waiting[agent, path]
            for other in self._others(agent, path):
                conflict = await asyncio.to_thread(self._meets, agent, other, path)
                if conflict:
                    await self._tell(agent, other, path, conflict)

    def _others(self, agent: str, path: str) -> list[str]:
        state = self._host.state
        lines = (line for line in state.lines if line not in {SHARED_LINE, agent} and state.head(path, line))
        return sorted(line for line in lines if line in state.agents)

    def _meets(self, agent: str, other: str, path: str) -> Conflict | None:
        """What stands between two lines at a path; None when they will merge, or one of them has joined."""
        mine, theirs = self._lines.of(agent).bases, self._lines.of(other).bases
        if path not in mine or path not in theirs:
            return None
        base = self._content(theirs[path])
        heads = [self._files.content(self._host.state.head(path, line)) for line in (other, agent)]
        verdict = judge(base, heads[0], heads[1], path)
        return verdict if isinstance(verdict, Conflict) else None

    def _content(self, blob: str) -> Content:
        data = self._host.blob(blob) if blob else None
        return ABSENT if data is None else of_bytes(data)

    async def _tell(self, agent: str, other: str, path: str, conflict: Conflict) -> None:
        state = self._host.state
        blobs = (head.blob if head else "" for head in (state.head(path, agent), state.head(path, other)))
        key = (agent, other, path, *blobs)
        known = state.agents.get(agent)
        if key in self._told or known is None or known.presence is Presence.LEFT:
            return
        if len(self._told) >= TOLD_MAX:
            self._told.clear()
        self._told.add(key)
        reason = conflict.reason.replace("the room", other).replace("your edit", "yours")
        meeting = f"What you wrote to {path} will not merge with what {other} has there and has not landed: {reason}."
        text = f"{meeting} Agree with {other}, or land first."
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=agent, resources=(file(path),)))

    async def close(self) -> None:
        """Hear no more of the room; nothing is being looked at any more."""
        self._stop_listening()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
