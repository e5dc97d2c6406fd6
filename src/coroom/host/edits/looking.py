"""What a mirror's disk holds is looked at and taken in: paths that are due, renames, displaced files, everything."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from coroom.core.agent import HOST, OPERATOR
from coroom.core.command import Say
from coroom.core.errors import Fault
from coroom.core.notice import NoticeKind
from coroom.host.edits.content import ABSENT, MIRROR_BYTES_MAX, of_state
from coroom.host.edits.intake import REFUSED_S, SETTLE_S, Look
from coroom.host.edits.mirror import Mirror
from coroom.host.edits.surroundings import Surroundings
from coroom.workspace.keeper import Recovered
from coroom.workspace.names import Refusal
from coroom.workspace.scan import ScanResult, pair_renames, scan
from coroom.workspace.states import FileState, Kind

CHUNK = 128
"""Files taken in side by side, so that their commits are grouped."""

AT_ONCE = 16
"""Of these, so many begin in one round of the loop, which has others to serve."""

NAMED_MAX = 5
"""Paths that one notice names."""


class Looking:
    """Looks at one mirror's disk and takes in what it finds there."""

    def __init__(self, around: Surroundings, mirror: Mirror) -> None:
        self._around = around
        self._host = around.host
        self._files = around.files
        self._mirror = mirror

    async def recover(self) -> None:
        """Take in what was written to files that a room before this one replaced, and did not come to see."""
        for found in await self._around.on_disk(self._mirror.exchange.recover, time.monotonic()):
            await self._take_displaced(found)

    async def collect(self, now: float) -> None:
        """Take in what was written, until `now`, to files that the room had just replaced."""
        for found in await self._around.on_disk(self._mirror.exchange.collect, now):
            await self._take_displaced(found)

    async def _take_displaced(self, found: Recovered) -> None:
        mirror = self._mirror
        if await self._around.intake.take_displaced(mirror, found.path, found.state, found.before or ""):
            mirror.exchange.taken(found.ticket)

    async def first_look(self) -> None:
        """A fresh clone holds what the room seeded: that is its shadow, unread by anybody yet.

        What else stands there is taken in, as it is where the shadow was lost or the directory is the user's own.
        """
        mirror, seq = self._mirror, self._host.state.seq
        found = await self.scanned()
        for path, state in found.changed.items():
            content, head = of_state(state), self._host.state.head(path)
            if content is None:
                continue
            same = head is not None and head.blob == content.blob
            if not same and (head is None or mirror.shared or mirror.shadow.lost):
                mirror.look_at(path)
                continue
            signature = found.known[path].signature if path in found.known else None
            mirror.shadow.has(path, content, head.version if head and same else 0, signature, seq)

    async def take_in(self, *, final: bool, begun: Callable[[], bool]) -> None:
        """Take in what is due to be looked at.

        Args:
            final: all of it is due, since the agent's tool has ended.
            begun: whether git has begun meanwhile to change the tree; what was looked at since then waits for its end.
        """
        mirror = self._mirror
        moved, mirror.moved = mirror.moved, []
        now = time.monotonic()
        due = [path for path, at in mirror.to_look.items() if final or at <= now]
        for path in due:
            del mirror.to_look[path]
        due = [path for path in due if path != "." and not mirror.ignore.ignores(path, False)]
        if not due and not moved:
            return
        if not self._is_mirror():
            await self._files.tell_once(
                mirror, "", f"{mirror.root.path} is no mirror any more; nothing is taken from it."
            )
            return
        mirror.batch = bool(moved) or len(due) > 1
        try:
            for old, new in moved:
                due += await self._moved(old, new)
            due = await self._pair(list(dict.fromkeys(due)), begun)
            for start in range(0, len(due), CHUNK):
                looks = await self._around.on_disk(self._look, due[start : start + CHUNK])
                if begun():
                    for path in due[start:]:
                        mirror.look_at(path, SETTLE_S)
                    break
                await self._take_looks(looks)
        finally:
            if mirror.batch:
                mirror.batch = False
                self._files.batch_ended()
        await self._tell_taken_back()

    async def _tell_taken_back(self) -> None:
        mirror = self._mirror
        paths, mirror.taken_back = sorted(mirror.taken_back), set()
        if not paths:
            return
        which = ", ".join(paths[:NAMED_MAX]) + (", …" if len(paths) > NAMED_MAX else "")
        lost = (
            f"The machine was started anew, and {len(paths)} file(s) on your disk had lost what the room has: {which}. "
            f"The room's texts are put back. What you took away on purpose just before, take away again."
        )
        text = (
            f"Older texts came back on your disk that others have changed since, or others' files went away, as git "
            f"stash, reset, clean and checkout do, in {len(paths)} file(s): {which}. The room's texts are put back. To "
            f"take others' changes back on purpose, write the file with your edit tool, or remove it without git."
        )
        to = mirror.agent if mirror.agent in self._host.state.agents else OPERATOR
        told = lost if mirror.after_reboot else text
        await self._host.submit(HOST, Say(kind=NoticeKind.NOTE, text=told, to=to))

    async def _take_looks(self, looks: Sequence[Look]) -> None:
        async with asyncio.TaskGroup() as taking:
            for number, look in enumerate(looks):
                taking.create_task(self._take_look(look))
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)

    async def _take_look(self, look: Look) -> None:
        try:
            await self._around.intake.take_look(self._mirror, look)
        except Fault as fault:
            if self._host.has_ended:
                raise
            # What the room has of this file is damaged: that must not keep the others from going in.
            self._mirror.look_at(look.path, REFUSED_S)
            await self.tell_both(look.path, f"{look.path} is not taken in: {fault}")

    def _look(self, paths: Sequence[str]) -> list[Look]:
        return [self._look_at(path) for path in paths]

    def _look_at(self, path: str) -> Look:
        at_ns = time.time_ns()
        found = self._mirror.read(path, MIRROR_BYTES_MAX)
        if isinstance(found, Refusal) or found.kind is not Kind.FILE:
            return Look(path, found, at_ns)
        changed = found.hash != self._mirror.shadow[path].content.blob
        return Look(path, found, at_ns, changed and self._mirror.being_written(path, found))

    async def _moved(self, old: str, new: str) -> list[str]:
        """A file or directory has a new name. Returns what has come along and was told of, or looked at, by its old
        name only.
        """
        known = self._mirror.shadow
        if known.holds(old):
            await self._around.intake.take_rename(self._mirror, old, new)
            return []
        inside = known.below(old)
        for start in range(0, len(inside), CHUNK):
            moves = [(path, new + path[len(old) :]) for path in inside[start : start + CHUNK]]
            await asyncio.gather(*(self._around.intake.take_rename(self._mirror, *move) for move in moves))
        if not inside:
            self._mirror.look_at(new)
        found = await self._around.on_disk(_paths_below, self._mirror, new)
        return [path for path in found if path not in self._mirror.to_look and not known.holds(path)]

    async def _pair(self, due: list[str], begun: Callable[[], bool]) -> list[str]:
        """Recognise renames that no event told: a path that is gone and a new one with the same inode or text."""
        known = [path for path in due if self._mirror.shadow.holds(path)]
        unknown = [path for path in due if not self._mirror.shadow.holds(path)]
        if not known or not unknown:
            return due
        pairs = await self._around.on_disk(self._pairs, known, unknown)
        if begun():
            return due
        for old, new in pairs:
            await self._around.intake.take_rename(self._mirror, old, new)
        done = {path for pair in pairs for path in pair}
        return [path for path in due if path not in done]

    def _pairs(self, known: Sequence[str], unknown: Sequence[str]) -> list[tuple[str, str]]:
        gone = []
        for path in known:
            here = self._mirror.root.lstat(path)
            if isinstance(here, FileState) and here.kind is Kind.MISSING:
                gone.append(path)
        if not gone:
            return []
        created: dict[str, FileState] = {}
        for path in unknown:
            found = self._mirror.read(path, MIRROR_BYTES_MAX)
            if isinstance(found, FileState) and of_state(found) not in {None, ABSENT}:
                created[path] = replace(found, data=found.data and b"something")
        return pair_renames(self._mirror.shadow.known(gone), created)

    async def tell_both(self, path: str, text: str) -> None:
        """The agent and the operator hear of it, once until it changes."""
        mirror = self._mirror
        known = mirror.told.get(path) == text
        await self._files.tell_once(mirror, path, text)
        if not known and mirror.agent in self._host.state.agents:
            about = f"On {mirror.agent}'s disk: {text}"
            await self._host.submit(HOST, Say(kind=NoticeKind.NOTE, text=about, to=OPERATOR))

    def _is_mirror(self) -> bool:
        """Whether the repository is still there: who removes a whole mirror has not deleted everybody's files."""
        return os.path.lexists(os.path.join(self._mirror.root.path, ".git"))

    async def scanned(self) -> ScanResult:
        """What a look at everything finds to be different from the shadow."""
        mirror = self._mirror
        look = partial(scan, now_ns=time.time_ns(), bytes_max=MIRROR_BYTES_MAX)
        return await self._around.on_disk(look, mirror.root, mirror.ignore, mirror.shadow.known())


def _paths_below(mirror: Mirror, directory: str) -> list[str]:
    return [entry.path for entry in mirror.root.walk(mirror.ignore.ignores, below=directory)]
