"""The room's files: the accepted version of each, its bytes, and the mirrors that hold it."""

from collections import OrderedDict
from threading import Lock

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.claim import Mode, blockers_of
from coroom.core.event import Event, FileAccepted, FilesSeeded, HeldSettled
from coroom.core.file import SHARED_LINE, FileKind, FileVersion, HeldEdit
from coroom.core.notice import NoticeKind
from coroom.core.policies import POLICIES
from coroom.core.resource import file
from coroom.host.edits.content import ABSENT, Content, of_bytes, of_version
from coroom.host.edits.mirror import Mirror
from coroom.host.host import Host

CACHE_BYTES = 8 << 20
"""Sixteen mirrors get the same texts within a moment; the log need not be asked, nor the hash be made, each time."""

CACHED_BYTES_MAX = 1 << 20


class Blobs:
    """Contents by hash, the latest used kept in memory. May be asked from any thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lock = Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, blob: str) -> bytes | None:
        """The content, or None when the room never stored it."""
        with self._lock:
            data = self._kept.get(blob)
            if data is not None:
                self._kept.move_to_end(blob)
                return data
        data = self._host.blob(blob)
        if data is not None and len(data) <= CACHED_BYTES_MAX:
            self._keep(blob, data)
        return data

    def _keep(self, blob: str, data: bytes) -> None:
        with self._lock:
            if blob not in self._kept:
                self._kept[blob] = data
                self._bytes += len(data)
            while self._bytes > CACHE_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])


class Files:
    """The accepted text of every file, and the mirrors that hold it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.blobs = Blobs(host)
        self._mirrors: dict[str, Mirror] = {}
        self._where = {v.file_id: p for p, v in host.state.files().items() if v.kind is not FileKind.ABSENT}
        self._stop_listening = host.listen(self._heard)

    def mirror_of(self, agent: str) -> Mirror | None:
        """The directory that the agent works in: its own, or the shared one."""
        return self._mirrors.get(agent) or self._mirrors.get(SHARED_LINE)

    def mirrors(self) -> tuple[Mirror, ...]:
        """Every mirror."""
        return tuple(self._mirrors.values())

    def attach(self, mirror: Mirror) -> None:
        """Serve this mirror from now on."""
        self._mirrors[SHARED_LINE if mirror.shared else mirror.agent] = mirror

    def detach(self, mirror: Mirror) -> None:
        """Serve it no more."""
        self._mirrors.pop(SHARED_LINE if mirror.shared else mirror.agent, None)

    def close(self) -> None:
        """Hear no more of the room."""
        self._stop_listening()

    def _heard(self, event: Event) -> None:
        match event.body:
            case FileAccepted(file=version, line=line):
                if line == SHARED_LINE:
                    self._moved_in(version)
                self._accepted(version, line)
            case FilesSeeded(files=versions):
                for version in versions:
                    self._moved_in(version)
            case HeldSettled(held=held):
                edit = self._host.state.held.get(held)
                mirror = self.mirror_of(edit.agent) if edit else None
                if edit and mirror:
                    mirror.put_soon(edit.path)
                    mirror.wake.set()

    def _moved_in(self, version: FileVersion) -> None:
        if version.kind is not FileKind.ABSENT:
            self._where[version.file_id] = version.path
        elif self._where.get(version.file_id) == version.path:
            del self._where[version.file_id]

    def _accepted(self, version: FileVersion, line: str) -> None:
        quiet = self.in_batch(version.by)
        for mirror in self._mirrors.values():
            if line in {SHARED_LINE, mirror.agent}:
                mirror.put_soon(version.path)
                if not quiet:
                    mirror.wake.set()

    def in_batch(self, agent: str) -> bool:
        """Whether many changes of this agent are being taken in, of which nobody should see a part."""
        mirror = self._mirrors.get(agent)
        return mirror is not None and mirror.batch

    def any_batch(self) -> bool:
        """Whether many changes of some agent are being taken in."""
        return any(mirror.batch for mirror in self._mirrors.values())

    def batch_ended(self) -> None:
        """What waited for a batch may be put now."""
        for mirror in self._mirrors.values():
            mirror.wake.set()

    def line_of(self, agent: str) -> str:
        """The line that the agent writes to."""
        return POLICIES[self._host.state.policy].line(agent) if agent in self._host.state.agents else SHARED_LINE

    def head(self, path: str, line: str) -> FileVersion | None:
        """The version that an agent on `line` builds on: its line's, else the shared one."""
        return self._host.state.head(path, line) or self._host.state.head(path)

    def seen_by(self, mirror: Mirror, path: str) -> FileVersion | None:
        """The version that belongs on a mirror's disk."""
        return self.head(path, SHARED_LINE if mirror.shared else self.line_of(mirror.agent))

    def content(self, version: FileVersion | None) -> Content:
        """An accepted version with its bytes."""
        return of_version(version, self.blobs.get(version.blob) if version else None)

    def with_data(self, content: Content) -> Content:
        """The content with its bytes."""
        if content.data is not None or content.kind is FileKind.ABSENT:
            return content
        return Content(content.kind, content.blob, content.executable, self.blobs.get(content.blob))

    def of_blob(self, blob: str) -> Content:
        """Some stored bytes as a file; absent where there are none."""
        data = self.blobs.get(blob) if blob else None
        return ABSENT if data is None else of_bytes(data, blob=blob)

    def open_held(self, agent: str, path: str) -> HeldEdit | None:
        """The agent's held edit of that path, if one is open."""
        return next(iter(self._host.state.open_held(agent, path)), None) if self._host.state.held else None

    def moved_to(self, path: str, line: str) -> str | None:
        """Where an absent file lives now, when it was renamed."""
        gone = self._host.state.head(path, line)
        if gone is None or gone.kind is not FileKind.ABSENT:
            return None
        if line == SHARED_LINE:
            return self._where.get(gone.file_id)
        for version in self._host.state.files(line).values():
            if version.file_id == gone.file_id and version.path != path and version.kind is not FileKind.ABSENT:
                return version.path
        return None

    def author(self, mirror: Mirror, path: str) -> str:
        """Who wrote here: a mirror's own agent; in the shared directory the tool that runs, then the claim, tells."""
        if not mirror.shared:
            return mirror.agent
        naming, running = mirror.in_window(path), mirror.in_window()
        if len(naming) == 1 or len(running) == 1:
            return (naming or running)[0]
        target = file(path)
        claims = self._host.state.claims_near((target,))
        holders = {b.holder for b in blockers_of((target,), Mode.EXCLUSIVE, "", claims, self._host.clock.now_ms())}
        among = holders & set(running) if running else holders
        return among.pop() if len(among) == 1 else OPERATOR

    async def tell_once(self, mirror: Mirror, path: str, text: str) -> None:
        """Tell the mirror's agent something about a path, once until it changes."""
        if mirror.told.get(path) == text:
            return
        mirror.told[path] = text
        to = mirror.agent if mirror.agent in self._host.state.agents else OPERATOR
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=to))
