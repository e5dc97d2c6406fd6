"""What the room has accepted goes onto the mirrors' disks, where and when nothing is lost by it (docs/bridge.md)."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import Executor

from coroom.core.errors import Fault
from coroom.core.file import SHARED_LINE, FileKind, FileVersion
from coroom.core.quick import dataclass
from coroom.host.edits.content import ABSENT, Content, of_version
from coroom.host.edits.files import Files
from coroom.host.edits.intake import Intake
from coroom.host.edits.mirror import Mirror
from coroom.host.host import Host
from coroom.workspace.puts import PutDone, PutReason, PutRefused

PUTS_AT_ONCE = 64
"""Puts made before it is asked again whether a tool wants to run: some 15 ms."""

PLANNED_AT_ONCE = 1_000
"""Paths that are only thought of in one round of the loop: some 5 ms."""

HOPELESS = frozenset({PutReason.BAD_NAME, PutReason.NOT_BENEATH})
"""Refusals that no waiting will change."""


@dataclass(frozen=True, slots=True)
class _Put:
    """One path to be brought to a version; `moved_from` is where its text stands on this disk now."""

    path: str
    version: FileVersion | None
    wanted: Content
    moved_from: str = ""


@dataclass(frozen=True, slots=True)
class _Done:
    put: _Put
    result: PutDone | PutRefused
    moved: bool = False


class Placing:
    """Puts onto all mirrors of a room. The caller holds the mirror's turn and has seen that no tool is running."""

    def __init__(self, host: Host, files: Files, intake: Intake, disks: Executor) -> None:
        self._host = host
        self._files = files
        self._intake = intake
        self._disks = disks

    async def put_waiting(self, mirror: Mirror) -> None:
        """Put what waits and is due, until there is no more or a tool wants to run."""
        now = time.monotonic()
        due = await self._in_order(mirror, sorted(path for path, at in mirror.to_put.items() if at <= now))
        for start in range(0, len(due), PUTS_AT_ONCE):
            if mirror.wanted or mirror.in_window():
                return
            some = (path for path in due[start : start + PUTS_AT_ONCE] if path in mirror.to_put)
            puts = [put for path in some if (put := self._plan(mirror, path))]
            if puts:
                loop = asyncio.get_running_loop()
                for done in await loop.run_in_executor(self._disks, self._carry_out, mirror, puts):
                    await self._note(mirror, done)
            else:
                await asyncio.sleep(0)

    async def _in_order(self, mirror: Mirror, due: list[str]) -> list[str]:
        """Renames first: the old name must still be there."""
        renamed: list[str] = []
        others: list[str] = []
        for number, path in enumerate(due, 1):
            (renamed if self._is_renamed(mirror, path) else others).append(path)
            if number % PLANNED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return renamed + others

    def _plan(self, mirror: Mirror, path: str) -> _Put | None:
        version = self._files.seen_by(mirror, path)
        if version and version.by != mirror.agent and self._files.in_batch(version.by):
            return None
        mirror.to_put.pop(path, None)
        if not mirror.shared and self._files.open_held(mirror.agent, path) and not self._is_on_its_line(mirror, path):
            return None
        was, wanted = mirror.shadow[path].content, of_version(version)
        if wanted == was or wanted.kind is was.kind is FileKind.ABSENT:
            return None
        old = self._moved_from(mirror, version, was)
        mirror.to_put.pop(old, None)
        return _Put(path, version, wanted, old)

    def _is_on_its_line(self, mirror: Mirror, path: str) -> bool:
        """Whether what stands there went in on the agent's own line, and only met what others have landed."""
        return self._files.line_of(mirror.agent) != SHARED_LINE and mirror.shadow[path].version > 0

    def _is_renamed(self, mirror: Mirror, path: str) -> bool:
        version = self._files.seen_by(mirror, path)
        return version is not None and bool(version.renamed_from)

    def _moved_from(self, mirror: Mirror, version: FileVersion | None, was: Content) -> str:
        """The old name of a renamed file, if it still stands there on this disk."""
        old = version.renamed_from if version else ""
        if not old or was.kind is not FileKind.ABSENT or not mirror.shadow.holds(old):
            return ""
        head = self._files.seen_by(mirror, old)
        gone = head is None or head.kind is FileKind.ABSENT
        held = not mirror.shared and self._files.open_held(mirror.agent, old)
        return old if gone and not held else ""

    def _carry_out(self, mirror: Mirror, puts: Sequence[_Put]) -> list[_Done]:
        """In a thread: announce the puts, then make them."""
        coming = [
            (put.path, mirror.shadow[put.moved_from].content.blob if put.moved_from else put.wanted.blob)
            for put in puts
            if put.wanted.kind is not FileKind.ABSENT
        ]
        try:
            mirror.shadow.announce(coming)
        except sqlite3.OperationalError as error:
            full = PutRefused(reason=PutReason.DISK_FULL, detail=str(error))
            return [_Done(put, full) for put in puts]
        return [self._carry_out_one(mirror, put) for put in puts]

    def _carry_out_one(self, mirror: Mirror, put: _Put) -> _Done:
        if put.moved_from:
            moved = mirror.exchange.move(put.moved_from, put.path)
            if isinstance(moved, PutDone):
                return _Done(put, moved, moved=True)
        try:
            content = self._files.content(put.version)
        except Fault as fault:
            return _Done(put, PutRefused(reason=PutReason.FAILED, detail=str(fault)))
        return _Done(put, mirror.put(put.path, content))

    async def _note(self, mirror: Mirror, done: _Done) -> None:
        put, result, path = done.put, done.result, done.put.path
        before = mirror.shadow[path].content.blob
        seq = self._host.state.seq
        if done.moved:
            was = mirror.shadow[put.moved_from]
            mirror.shadow.has(path, was.content, was.version, None, seq)
            mirror.shadow.has(put.moved_from, ABSENT, 0, None, seq)
            mirror.put_soon(path)
            return
        if put.moved_from:
            mirror.put_soon(put.moved_from)
        if isinstance(result, PutDone):
            mirror.shadow.has(path, put.wanted, put.version.version if put.version else 0, None, seq)
            mirror.put_here(path)
            mirror.told.pop(path, None)
            mirror.tries.pop(path, None)
            if result.broke_link:
                await self._files.tell_once(mirror, path, f"{path} had another hard link, which keeps the old text.")
        if result.displaced:
            displaced = result.displaced
            if await self._intake.take_displaced(mirror, path, displaced.state, before):
                mirror.exchange.taken(displaced.ticket)
        if isinstance(result, PutRefused):
            mirror.shadow.not_coming(path)
            await self._refused(mirror, path, result)

    async def _refused(self, mirror: Mirror, path: str, result: PutRefused) -> None:
        if result.reason is PutReason.CHANGED:
            mirror.look_at(path)
            mirror.put_later(path)
            return
        whose = "the checkout" if mirror.shared else f"{mirror.agent}'s disk"
        await self._files.tell_once(mirror, path, f"{path} cannot be put on {whose}: {result.detail or result.reason}.")
        if result.reason not in HOPELESS:
            mirror.put_later(path)
