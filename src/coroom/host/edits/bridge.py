"""The worker of one mirror: hints in, looks and takes in, then puts; never a put under a running tool."""

import asyncio
import os
import sqlite3
import time
from contextlib import suppress
from functools import partial

from coroom.core.agent import HOST, OPERATOR
from coroom.core.command import Say
from coroom.core.errors import Fault
from coroom.core.event import EditHeld, FileAccepted
from coroom.core.notice import NoticeKind
from coroom.host.edits.content import of_version
from coroom.host.edits.intake import SETTLE_S
from coroom.host.edits.looking import Looking
from coroom.host.edits.mirror import Mirror
from coroom.host.edits.surroundings import Surroundings
from coroom.workspace.hints import Changed, Gone, Moved, Rescan, RescanReason
from coroom.workspace.names import is_under
from coroom.workspace.watch import ScanningWatcher

NEW_S = 0.05
"""A name that is new may be a temporary one: many programs write beside a file and rename onto it."""

BESIDE_S = 0.5
"""The same for a name that begins with that of a file which is there, as temporary names mostly do: on a busy machine a
program may rest for longer than NEW_S between writing beside a file and renaming onto it."""

GONE_S = 0.03
"""Tools that replace a file delete it first; the room waits this long before it believes a deletion."""

GIT_BUSY_S_MAX = 10.0
"""While git holds its index, or is in the middle of a rebase, the tree is between two states; but a lock left behind
holds nobody up longer."""

GIT_BUSY = ("index.lock", "rebase-merge", "rebase-apply")

NET_S = 30.0
NET_S_MAX = 240.0
"""Hints are not the truth: a hashed scan catches what no event told (mmap, lost watches). NET_S after the last one,
then less and less often while nothing happens."""

POLL_S = 0.2
"""Where no descriptor tells of changes, the tree is looked at this often, or ten times as long as a look takes."""

COLLECT_S = 0.5
"""Displaced files are looked after this often."""

HINTS_MAX = 50_000
"""Hints heard before they are acted on; more would keep a busy writer's news back."""

INLINE_EVENTS = 12
"""A few events are heard at once; more of them may be of new directories, each of which must be listed."""

FAULT_S = 1.0
FAULT_S_MAX = 30.0
"""After a failure the next try is made after FAULT_S, then after twice as long each time, up to this."""


class Bridge:
    """Runs one mirror until it is stopped."""

    def __init__(self, around: Surroundings, mirror: Mirror) -> None:
        self._around = around
        self._host = around.host
        self._files = around.files
        self._looking = Looking(around, mirror)
        self.mirror = mirror
        self._task: asyncio.Task[None] | None = None
        self._net_s = NET_S
        self._poll_s = POLL_S
        self._next_scan = around.scan_at(mirror.agent, time.monotonic() + NET_S)
        self._next_collect = 0.0
        self._busy_since = 0.0
        self._index_taken = 0
        self._is_told = False

    async def start(self) -> None:
        """Take in what changed while nobody watched, then keep watching."""
        mirror = self.mirror
        mirror.after_reboot = mirror.shadow.rebooted
        if len(mirror.shadow):
            mirror.already = await self._taken_since(max(mirror.shadow[path].seq for path in mirror.shadow.paths()))
        await self._looking.recover()
        self._files.attach(mirror)
        if len(mirror.shadow):
            mirror.rescan = "the room was away"
        else:
            await self._looking.first_look()
            await self._flush()
        self._put_what_differs()
        await self.cycle(final=True)
        mirror.already.clear()
        mirror.after_reboot = False
        self._listen()
        self._task = asyncio.get_running_loop().create_task(self._run())
        if isinstance(mirror.watcher, ScanningWatcher):
            await self._tell_of_scanning("no inotify instance is to be had; `coroom doctor` says what to do")

    def _put_what_differs(self) -> None:
        mirror = self.mirror
        for path in self._host.state.files():
            if of_version(self._files.seen_by(mirror, path)) != mirror.shadow[path].content:
                mirror.put_soon(path)

    async def _taken_since(self, seq: int) -> dict[str, list[str]]:
        """What the room has from this mirror since its shadow was written: a host was killed in between."""
        found: dict[str, list[str]] = {}
        for event in await self._around.on_disk(self._host.events, seq):
            match event.body:
                case FileAccepted(file=version, written=blob) if version.by == self.mirror.agent or self.mirror.shared:
                    for path in {version.path, version.renamed_from or version.path}:
                        found.setdefault(path, []).append(blob)
                case EditHeld(path=path, mine=blob, agent=agent) if agent == self.mirror.agent or self.mirror.shared:
                    found.setdefault(path, []).append(blob)
        return found

    async def stop(self) -> None:
        """Let go, once no round is under way: a put that runs beside the loop needs the mirror until its end."""
        async with self.mirror.turn:
            if self._task:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
                self._task = None
            self._files.detach(self.mirror)
            self.mirror.close()

    def _listen(self) -> None:
        loop, wake = asyncio.get_running_loop(), self.mirror.wake

        def ring() -> None:
            # The loop may be gone before the watcher is.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(wake.set)

        self._is_told = self.mirror.watcher.listen(ring)

    async def _run(self) -> None:
        pause_s = FAULT_S
        while True:
            try:
                async with asyncio.timeout(self._wait_s()):
                    await self.mirror.wake.wait()
            except TimeoutError:
                pass
            if time.monotonic() >= self._next_scan:
                self.mirror.rescan = self.mirror.rescan or "it is time"
            try:
                await self.cycle()
                pause_s = FAULT_S
            except Exception as error:  # noqa: BLE001  a mirror must not die without a word, whatever it met
                if self._host.has_ended:
                    return
                await self._failed(error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, FAULT_S_MAX)
                # What woke the round that failed wakes nobody again.
                self.mirror.wake.set()

    async def _failed(self, error: Exception) -> None:
        # What was about to be looked at, or put, is no longer on any list.
        self.mirror.rescan = self.mirror.rescan or "a round of the bridge failed"
        self._put_what_differs()
        with suppress(Fault):
            await self._looking.tell_both("", f"A round of the bridge failed and is made again: {error or repr(error)}")

    def _wait_s(self) -> float:
        now, mirror = time.monotonic(), self.mirror
        waits = [self._next_scan - now, *(at - now for at in mirror.to_look.values())]
        if mirror.exchange.watched:
            waits.append(self._next_collect - now)
        if mirror.to_put and mirror.in_window():
            waits.append(mirror.window_ends() - now)
        elif mirror.to_put and not self._files.any_batch():
            # Those of a batch wait for its end, which wakes this mirror.
            waits += [max(at - now, 0.02) for at in mirror.to_put.values()]
        if not self._is_told:
            waits.append(self._poll_s)
        return max(0.001, min(waits))

    async def cycle(self, *, final: bool = False, rescan: bool = False) -> None:
        """One round: everything the disk holds goes in, then everything that waits is put.

        Args:
            final: the agent's tool has ended, so that what is on the disk is whole; nothing is waited for.
            rescan: look at everything, not only at what hints name.
        """
        async with self.mirror.turn:
            self.mirror.wake.clear()
            index = self._git_index()
            await self._hear()
            begun = partial(self._git_is_busy, index) if not final else _never
            if begun():
                self.mirror.look_at(".", SETTLE_S)
                return
            if rescan:
                self.mirror.rescan = self.mirror.rescan or "it was asked for"
            if self.mirror.rescan:
                await self._scan()
            # What git has changed is whole, and goes in together.
            whole, self._index_taken = final or index != self._index_taken, index
            await self._looking.take_in(final=whole, begun=begun)
            await self._collect()
            if not self.mirror.in_window():
                await self._around.placing.put_waiting(self.mirror)
            await self._flush()
        if self._task and asyncio.current_task() is not self._task:
            # What is left to be done later is for the bridge's own rounds, which sleep by what they knew before.
            self.mirror.wake.set()

    async def _flush(self) -> None:
        if self.mirror.shadow.is_written:
            return
        try:
            await self._around.on_disk(self.mirror.shadow.flush)
        except sqlite3.OperationalError as error:
            text = f"What stands on {self.mirror.agent}'s disk cannot be noted: {error}. Make room there."
            await self._files.tell_once(self.mirror, "", text)
            self._next_collect = time.monotonic() + FAULT_S

    async def _hear(self) -> None:
        heard = 0
        scanning = isinstance(self.mirror.watcher, ScanningWatcher)
        while heard < HINTS_MAX:
            began = time.monotonic()
            watcher = self.mirror.watcher
            much = watcher.waiting() > INLINE_EVENTS
            hints = await self._around.on_disk(watcher.drain) if much else watcher.drain()
            for hint in hints:
                self._note(hint)
            heard += len(hints)
            if scanning:
                self._poll_s = max(POLL_S, 10 * (time.monotonic() - began))
            if not hints or scanning:
                break
            await asyncio.sleep(0)
        else:
            # More waits, and nobody will ring for it.
            self.mirror.wake.set()
        if heard:
            self._net_s = NET_S

    def _note(self, hint: Changed | Gone | Moved | Rescan) -> None:
        mirror = self.mirror
        match hint:
            case Changed(path=path, complete=complete):
                known = mirror.shadow.holds(path)
                self._changed(path, (0.0 if complete else SETTLE_S) if known else self._new_s(path))
            case Gone(path=path):
                inside = [] if mirror.shadow.holds(path) else mirror.shadow.below(path)
                inside += [waiting for waiting in mirror.to_look if waiting != path and is_under(waiting, path)]
                for gone in (path, *inside):
                    self._changed(gone, GONE_S)
                if mirror.ignore.has_rules(path):
                    self._rules_changed(path)
            case Moved(old=old, new=new):
                self._moved(old, new)
            case Rescan(reason=reason):
                mirror.rescan = reason.value

    def _moved(self, old: str, new: str) -> None:
        mirror = self.mirror
        mirror.moved.append((old, new))
        is_file = mirror.shadow.holds(old)
        inside = [] if is_file else mirror.shadow.below(old)
        if mirror.ignore.has_rules(old) or any(mirror.ignore.is_rules(path) for path in (old, *inside)):
            self._rules_changed(old)
        if not is_file:
            for path in [path for path in mirror.to_look if is_under(path, old)]:
                mirror.to_look[new + path[len(old) :]] = mirror.to_look[path]

    def _new_s(self, path: str) -> float:
        folder, slash, name = path.rpartition("/")
        stem = name.lstrip(".")
        ends = (place for place, sign in enumerate(stem) if place and not sign.isalnum())
        beside = any(self.mirror.shadow.holds(f"{folder}{slash}{stem[:end]}") for end in ends)
        return BESIDE_S if beside else NEW_S

    def _changed(self, path: str, after_s: float) -> None:
        mirror = self.mirror
        if mirror.ignore.is_rules(path):
            self._rules_changed(path)
        mirror.look_at(path, after_s)
        if path in mirror.to_put:
            mirror.put_soon(path)

    def _rules_changed(self, path: str) -> None:
        mirror = self.mirror
        mirror.ignore.reload()
        mirror.watcher.refresh()
        mirror.rescan = f"{path} changed"

    def _git_index(self) -> int:
        """Which index git has: it is replaced when a change of the tree is complete."""
        with suppress(OSError):
            return os.stat(os.path.join(self.mirror.root.path, ".git", "index")).st_ino
        return 0

    def _git_is_busy(self, index: int) -> bool:
        """Whether git is changing the tree, or has done so since its index was `index`: not all of it may be heard."""
        own = os.path.join(self.mirror.root.path, ".git")
        busy = index != self._git_index() or any(os.path.exists(os.path.join(own, name)) for name in GIT_BUSY)
        now = time.monotonic()
        self._busy_since = (self._busy_since or now) if busy else 0.0
        return busy and now - self._busy_since < GIT_BUSY_S_MAX

    async def _scan(self) -> None:
        mirror = self.mirror
        reason, mirror.rescan = mirror.rescan, ""
        found = await self._looking.scanned()
        for path, known in found.known.items():
            if path not in found.changed:
                mirror.shadow.looks(path, known.signature)
        for path in (*found.changed, *found.gone, *found.oversize):
            mirror.look_at(path, 0.0 if mirror.shadow.holds(path) else self._new_s(path))
        for path in found.unsettled:
            mirror.look_at(path, SETTLE_S)
        quiet = not (found.changed or found.gone or found.unsettled)
        self._next_scan = self._around.scan_at(mirror.agent, time.monotonic() + self._net_s)
        self._net_s = min(2 * self._net_s, NET_S_MAX) if quiet else NET_S
        if reason == RescanReason.WATCH_LIMIT:
            await self._fall_back(reason)

    async def _fall_back(self, reason: str) -> None:
        """The kernel gives no more watches: look at everything now and then instead, and say so."""
        mirror = self.mirror
        if isinstance(mirror.watcher, ScanningWatcher):
            return
        mirror.watcher.close()
        mirror.watcher = await self._around.on_disk(ScanningWatcher, mirror.root, mirror.ignore)
        self._listen()
        # What changed between the scan before and the watcher's first look is known to neither.
        mirror.rescan = "the watcher is new"
        await self._tell_of_scanning(reason)

    async def _tell_of_scanning(self, why: str) -> None:
        text = f"Watching {self.mirror.agent}'s files by scanning from now on ({why}); changes are seen a little later."
        await self._host.submit(HOST, Say(kind=NoticeKind.NOTE, text=text, to=OPERATOR))

    async def _collect(self) -> None:
        mirror, now = self.mirror, time.monotonic()
        if not mirror.exchange.watched or now < self._next_collect:
            return
        self._next_collect = now + COLLECT_S
        await self._looking.collect(now)


def _never() -> bool:
    return False
