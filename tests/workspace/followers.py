"""Whoever believes a watcher's hints."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from coroom.workspace.beneath import Root
from coroom.workspace.hints import Changed, Gone, Hint, Moved
from coroom.workspace.ignore import Ignore
from coroom.workspace.inotify import InotifyWatcher
from coroom.workspace.names import Refusal, is_under
from coroom.workspace.states import FileState
from coroom.workspace.watch import ScanningWatcher, Watcher

LIMIT = 1 << 20


Make = Callable[[Root, Ignore], Watcher]


class SteppedRoot(Root):
    """Calls `meanwhile` before and after every opening of a directory and every reading of a file."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def open_directory(self, directory: str) -> int:
        self.meanwhile()
        fd = super().open_directory(directory)
        self.meanwhile()
        return fd

    def read(self, path: str, bytes_max: int, *, allow_git: bool = False) -> FileState | Refusal:
        self.meanwhile()
        state = super().read(path, bytes_max, allow_git=allow_git)
        self.meanwhile()
        return state


class Follower:
    """Believes only hints: what it holds afterwards must be what is on the disk."""

    def __init__(self, directory: Path, make: Make) -> None:
        directory.mkdir(exist_ok=True)
        self.path = directory
        self.root = SteppedRoot(str(directory))
        self.ignore = Ignore.load(self.root)
        self.make = make
        self.hints: list[Hint] = []
        self.begin()

    def begin(self) -> None:
        self.watcher = self.make(self.root, self.ignore)
        self.files: dict[str, bytes | None] = {}
        self._looked_at: set[str] = set()
        self.rescan()

    def drain(self) -> list[Hint]:
        """Drain until nothing more is told, and follow."""
        told: list[Hint] = []
        while hints := self.watcher.drain():
            self.follow(hints)
            told += hints
        self._looked_at.clear()
        self.hints += told
        return told

    def follow(self, hints: list[Hint]) -> None:
        for hint in hints:
            self._follow(hint)

    def rescan(self) -> None:
        self.files = {}
        for entry in self.root.walk(self.ignore.ignores):
            self._read(entry.path)

    def truth(self) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for entry in self.root.walk(self.ignore.ignores):
            path = self.path / entry.path
            found[entry.path] = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
        return found

    def _follow(self, hint: Hint) -> None:
        if isinstance(hint, Changed):
            self._read(hint.path)
        elif isinstance(hint, Gone):
            for path in [path for path in self.files if is_under(path, hint.path)]:
                del self.files[path]
            self._looked_at = {path for path in self._looked_at if not is_under(path, hint.path)}
        elif isinstance(hint, Moved):
            for path in [path for path in self.files if is_under(path, hint.old)]:
                self.files[hint.new + path[len(hint.old) :]] = self.files.pop(path)
            for path in [path for path in self._looked_at if is_under(path, hint.old)]:
                self._read(hint.new + path[len(hint.old) :])
        else:
            self.rescan()

    def _read(self, path: str) -> None:
        self._looked_at.add(path)
        self.files.pop(path, None)
        state = self.root.read(path, LIMIT)
        if getattr(state, "data", None) is not None:
            self.files[path] = state.data  # type: ignore[union-attr]

    def close(self) -> None:
        self.watcher.close()
        self.root.close()


MAKERS: list[Make] = [ScanningWatcher]


if sys.platform.startswith("linux"):
    MAKERS.append(InotifyWatcher)
