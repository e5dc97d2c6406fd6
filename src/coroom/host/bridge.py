"""The worker of one mirror: hints in, looks and takes in, then puts; never a put under a running tool (crdt §4.5)."""

import asyncio
import os
import time

from coroom.core.agent import HOST, OPERATOR
from coroom.core.command import Say
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind
from coroom.host.content import ABSENT, MIRROR_BYTES_MAX, of_state
from coroom.host.files import Files
from coroom.host.host import Host
from coroom.host.mirror import Mirror
from coroom.workspace.hints import Changed, Gone, Moved, Rescan, RescanReason
from coroom.workspace.names import Refusal, is_under
from coroom.workspace.scan import pair_renames, scan
from coroom.workspace.states import FileState
from coroom.workspace.watch import ScanningWatcher

SETTLE_S = 0.02
"""A file seen half-made is looked at again after this long."""

GONE_S = 0.03
"""Tools that replace a file delete it first; the room waits this long before it believes a deletion."""

GIT_BUSY_S_MAX = 10.0
"""While git holds its index the tree is between two states; a lock left behind holds nobody up longer."""

NET_S = 30.0
"""Hints are not the truth: a hashed scan this often catches what no event told (mmap, lost watches)."""

POLL_S = 0.2
"""Where no descriptor tells of changes, the tree is looked at this often."""

CHUNK = 128
"""Files taken in side by side, so that their commits are grouped."""


class Bridge:
    """Runs one mirror until it is stopped."""

    def __init__(self, host: Host, files: Files, mirror: Mirror) -> None:
        self._host = host
        self._files = files
        self.mirror = mirror
        self._task: asyncio.Task[None] | None = None
        self._next_scan = time.monotonic() + NET_S
        self._busy_since = 0.0

    async def start(self) -> None:
        """Take in what changed while nobody watched, then keep watching."""
        for found in self.mirror.exchange.recover(time.monotonic()):
            await self._files.take_displaced(self.mirror, found.path, found.state, found.before or "")
            self.mirror.exchange.taken(found.ticket)
        self._files.attach(self.mirror)
        if len(self.mirror.shadow):
            self.mirror.rescan = "the room was away"
        else:
            self._first_look()
        for path, version in self._host.state.files().items():
            if version.blob != self.mirror.shadow[path].content.blob:
                self.mirror.put_soon(path)
        await self.cycle()
        self._listen()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Take in what is there, then let go."""
        if self._task:
            self._deafen()
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._files.detach(self.mirror)
        self.mirror.close()

    def _listen(self) -> None:
        descriptor = self.mirror.watcher.fileno()
        if descriptor is not None:
            asyncio.get_running_loop().add_reader(descriptor, self.mirror.wake.set)

    def _deafen(self) -> None:
        descriptor = self.mirror.watcher.fileno()
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)

    def _first_look(self) -> None:
        """A fresh clone holds what the room seeded: that is its shadow, unread by anybody yet."""
        found = scan(self.mirror.root, self.mirror.ignore, {}, now_ns=time.time_ns(), bytes_max=MIRROR_BYTES_MAX)
        entries = []
        for path, state in found.changed.items():
            content, head = of_state(state), self._host.state.head(path)
            if content is None:
                continue
            if self.mirror.shared and (head is None or head.blob != content.blob):
                self.mirror.look_at(path)
                continue
            version = head.version if head and head.blob == content.blob else 0
            entries.append((path, content, version, found.known[path].signature if path in found.known else None))
        self.mirror.shadow.has_all(entries)

    async def _run(self) -> None:
        while True:
            timeout = self._wait_s()
            try:
                async with asyncio.timeout(timeout):
                    await self.mirror.wake.wait()
            except TimeoutError:
                pass
            if time.monotonic() >= self._next_scan:
                self.mirror.rescan = self.mirror.rescan or "it is time"
            await self.cycle()

    def _wait_s(self) -> float:
        now = time.monotonic()
        waits = [self._next_scan - now, *(at - now for at in self.mirror.to_look.values())]
        if self.mirror.exchange.watched or self.mirror.told:
            waits.append(0.5)
        if self.mirror.to_put and not self.mirror.in_window():
            waits.append(0.05)
        if self.mirror.watcher.fileno() is None:
            waits.append(POLL_S)
        return max(0.001, min(waits))

    async def cycle(self, *, final: bool = False) -> None:
        """One round: everything the disk holds goes in, then everything that waits is put.

        Args:
            final: the agent's tool has ended, so that what is on the disk is whole; nothing is waited for.
        """
        async with self.mirror.turn:
            self.mirror.wake.clear()
            self._hear()
            if self._git_is_busy() and not final:
                self.mirror.look_at(".", SETTLE_S)
                return
            await self._take_in(final=final)
            await self._collect()
            if not self.mirror.in_window():
                await self._put()

    def _hear(self) -> None:
        for hint in self.mirror.watcher.drain():
            match hint:
                case Changed(path=path, complete=complete):
                    self._changed(path, 0.0 if complete else SETTLE_S)
                case Gone(path=path):
                    self._changed(path, GONE_S)
                    for inside in [p for p in self.mirror.shadow.present() if is_under(p, path)]:
                        self.mirror.look_at(inside, GONE_S)
                case Moved(old=old, new=new):
                    self.mirror.moved.append((old, new))
                case Rescan(reason=reason):
                    self.mirror.rescan = reason.value

    def _changed(self, path: str, after_s: float) -> None:
        if self.mirror.ignore.is_rules(path):
            self.mirror.ignore.reload()
            self.mirror.watcher.refresh()
            self.mirror.rescan = f"{path} changed"
        self.mirror.look_at(path, after_s)

    def _git_is_busy(self) -> bool:
        busy = os.path.exists(os.path.join(self.mirror.root.path, ".git", "index.lock"))
        now = time.monotonic()
        self._busy_since = (self._busy_since or now) if busy else 0.0
        return busy and now - self._busy_since < GIT_BUSY_S_MAX

    async def _take_in(self, *, final: bool) -> None:
        if self.mirror.rescan:
            await self._scan()
        moved, self.mirror.moved = self.mirror.moved, []
        now = time.monotonic()
        due = [path for path, at in self.mirror.to_look.items() if final or at <= now]
        for path in due:
            del self.mirror.to_look[path]
        due = [path for path in due if path != "." and not self.mirror.ignore.ignores(path, False)]
        self.mirror.batch = len(due) + len(moved) > 1
        try:
            for old, new in moved:
                await self._moved(old, new)
            due = await self._pair(due)
            for start in range(0, len(due), CHUNK):
                await asyncio.gather(*(self._files.take_look(self.mirror, path) for path in due[start : start + CHUNK]))
        finally:
            if self.mirror.batch:
                self.mirror.batch = False
                for other in self._files.mirrors():
                    other.wake.set()

    async def _moved(self, old: str, new: str) -> None:
        known = self.mirror.shadow
        if known[old].content.kind is not FileKind.ABSENT:
            await self._files.take_rename(self.mirror, old, new)
            return
        inside = [path for path in known.present() if path.startswith(old + "/")]
        for path in inside:
            await self._files.take_rename(self.mirror, path, new + path[len(old) :])
        if not inside:
            self.mirror.look_at(new)

    async def _pair(self, due: list[str]) -> list[str]:
        """Recognise renames that no event told: a path that is gone and a new one with the same inode or text."""
        gone = {}
        created: dict[str, FileState] = {}
        known = self.mirror.known()
        for path in due:
            here = self.mirror.root.read(path, MIRROR_BYTES_MAX)
            if isinstance(here, Refusal):
                continue
            if path in known and of_state(here) == ABSENT:
                gone[path] = known[path]
            elif path not in known and of_state(here) not in {None, ABSENT}:
                created[path] = here
        if not gone or not created:
            return due
        pairs = pair_renames(gone, created)
        for old, new in pairs:
            await self._files.take_rename(self.mirror, old, new)
        done = {path for pair in pairs for path in pair}
        return [path for path in due if path not in done]

    async def _scan(self) -> None:
        reason, self.mirror.rescan = self.mirror.rescan, ""
        self._next_scan = time.monotonic() + NET_S
        found = await asyncio.to_thread(
            scan,
            self.mirror.root,
            self.mirror.ignore,
            self.mirror.known(),
            now_ns=time.time_ns(),
            bytes_max=MIRROR_BYTES_MAX,
        )
        for path, known in found.known.items():
            if path not in found.changed:
                self.mirror.shadow.looks(path, known.signature)
        for path in (*found.changed, *found.gone, *found.oversize):
            self.mirror.look_at(path)
        for path in found.unsettled:
            self.mirror.look_at(path, SETTLE_S)
        if reason == RescanReason.WATCH_LIMIT:
            await self._fall_back(reason)

    async def _fall_back(self, reason: str) -> None:
        """The kernel gives no more watches: look at everything now and then instead, and say so."""
        if isinstance(self.mirror.watcher, ScanningWatcher):
            return
        self._deafen()
        self.mirror.watcher.close()
        self.mirror.watcher = ScanningWatcher(self.mirror.root, self.mirror.ignore)
        text = (
            f"Watching {self.mirror.agent}'s files by scanning from now on ({reason}); changes are seen a little later."
        )
        await self._host.submit(HOST, Say(kind=NoticeKind.NOTE, text=text, to=OPERATOR))

    async def _collect(self) -> None:
        for found in self.mirror.exchange.collect(time.monotonic()):
            await self._files.take_displaced(self.mirror, found.path, found.state, found.before or "")
            self.mirror.exchange.taken(found.ticket)

    async def _put(self) -> None:
        waiting, self.mirror.to_put = self.mirror.to_put, set()
        for number, path in enumerate(sorted(waiting)):
            if self.mirror.in_window():
                self.mirror.to_put.update(sorted(waiting)[number:])
                return
            if not await self._files.put_one(self.mirror, path):
                self.mirror.put_soon(path)
            if number % 16 == 15:
                await asyncio.sleep(0)
