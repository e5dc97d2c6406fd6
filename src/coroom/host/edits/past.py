"""Which texts a path has had in the room: by it a text that git brings back is told from one that somebody wrote."""

import asyncio

from coroom.core.event import Event, FileAccepted, FilesSeeded
from coroom.core.file import SHARED_LINE, FileVersion
from coroom.host.host import Host


class Past:
    """The versions of every path, read from the log when first asked for, and from where that ended afterwards."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._seq = 0
        self._reading = asyncio.Lock()
        self._texts: dict[str, dict[str, int]] = {}
        self._made: dict[str, list[tuple[int, str]]] = {}

    async def others_since(self, path: str, blob: str, author: str, seen: int) -> bool:
        """Whether `blob` was a text of `path`, and others than `author` made newer versions of it up to `seen`."""
        async with self._reading:
            for event in await asyncio.to_thread(self._host.events, self._seq):
                self._note(event)
                self._seq = event.seq
        had = self._texts.get(path, {}).get(blob)
        if had is None:
            return False
        return any(had < version <= seen and by != author for version, by in self._made[path])

    def _note(self, event: Event) -> None:
        match event.body:
            case FilesSeeded(files=files):
                for version in files:
                    self._note_version(version)
            case FileAccepted(file=version, line=line) if line == SHARED_LINE:
                self._note_version(version)

    def _note_version(self, version: FileVersion) -> None:
        if version.blob:
            self._texts.setdefault(version.path, {})[version.blob] = version.version
        self._made.setdefault(version.path, []).append((version.version, version.by))
