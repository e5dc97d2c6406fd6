"""Who notices that a workspace changed: the kernel where it can, else repeated looking."""

import sys
from collections.abc import Callable, Iterator
from typing import Protocol

from coroom.workspace.beneath import Root
from coroom.workspace.hints import Batch, Hint
from coroom.workspace.ignore import Ignore
from coroom.workspace.names import is_under, parent_of
from coroom.workspace.states import Entry


class Watcher(Protocol):
    """Tells what may have changed since the watcher was made; scan once right after making it. Not thread-safe."""

    def drain(self) -> list[Hint]:
        """Return the hints since the last call, oldest first, without waiting."""
        ...

    def waiting(self) -> int:
        """Return how many events `drain` would look at, as far as that is known; many take their time."""
        ...

    def listen(self, ring: Callable[[], None]) -> bool:
        """Have `ring` called, from any thread, when `drain` begins to have something to tell, until `close`.

        It is not called again before all of that has been drained. False: it never is; call `drain` now and then.
        """
        ...

    def refresh(self) -> None:
        """Follow a change of the ignore rules; what comes into view by it is for a scan to find."""
        ...

    def close(self) -> None:
        """Stop watching; a second call does nothing."""
        ...


class ScanningWatcher:
    """Finds changes by comparing signatures of the whole tree: works everywhere, costs some 5 µs a file each time.

    A file is `complete` when it looked the same in two calls.
    """

    def __init__(self, root: Root, ignore: Ignore) -> None:
        """Take the present state of `root` as the one that is known."""
        self._root = root
        self._ignore = ignore
        self._unreadable: set[str] = set()
        self._unsettled: set[str] = set()
        self._seen = self._look()

    def drain(self) -> list[Hint]:
        """See `Watcher.drain`; walks the whole tree."""
        before, now = self._seen, self._look()
        self._seen = now
        batch = Batch()
        gone = [path for path in before if path not in now]
        arrived = {now[path].signature.ino: path for path in now if path not in before}
        # A name that is a directory's now must be told as gone before anything is told of what lies below it.
        directories = {above for path in now for above in _parents(path)} if gone else set()
        for path in sorted(gone, key=lambda path: path not in directories):
            if any(is_under(path, directory) for directory in self._unreadable):
                now[path] = before[path]
                continue
            if path in directories:
                batch.gone(path)
                continue
            new = arrived.get(before[path].signature.ino)
            if new is not None and now[new].kind is before[path].kind:
                batch.moved_file(path, new)
            else:
                batch.gone(path)
        unsettled = set()
        for path, entry in now.items():
            if path not in before or (before[path].signature, before[path].mode) != (entry.signature, entry.mode):
                batch.changed(path, complete=False)
                unsettled.add(path)
            elif path in self._unsettled:
                batch.changed(path, complete=True)
        self._unsettled = unsettled
        return batch.hints()

    def waiting(self) -> int:
        """See `Watcher.waiting`: all files are looked at each time."""
        return len(self._seen)

    def listen(self, ring: Callable[[], None]) -> bool:  # noqa: ARG002  nothing ever rings
        """See `Watcher.listen`: False."""
        return False

    def refresh(self) -> None:
        """See `Watcher.refresh`: the rules are asked on every walk; paths that are now ignored are just forgotten."""
        self._seen = {path: entry for path, entry in self._seen.items() if not self._ignore.ignores(path, is_dir=False)}

    def close(self) -> None:
        """See `Watcher.close`."""
        self._seen = {}

    def _look(self) -> dict[str, Entry]:
        self._unreadable = set()
        return {entry.path: entry for entry in self._root.walk(self._ignore.ignores, self._unreadable.add)}


def _parents(path: str) -> Iterator[str]:
    while path := parent_of(path):
        yield path


def open_watcher(root: Root, ignore: Ignore) -> Watcher:
    """Return the best watcher this system has for a workspace."""
    if sys.platform.startswith("linux"):
        from coroom.workspace.inotify import InotifyWatcher  # noqa: PLC0415  exists on Linux only

        try:
            return InotifyWatcher(root, ignore)
        except OSError:
            # No inotify instance left for this user, or a sandbox without it.
            return ScanningWatcher(root, ignore)
    return ScanningWatcher(root, ignore)
