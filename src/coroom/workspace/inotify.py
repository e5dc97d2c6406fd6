"""The Linux watcher: one inotify watch for each directory that is not ignored.

A new directory is watched first and listed then, so no file made in between is missed. The kernel says when its queue
overflowed and when it has no watch to spare; both are told as `Rescan`. Changes through a shared mapping make no event.

Source: inotify(7).
"""

import errno
import os
from collections.abc import Callable
from enum import Enum

from inotify_simple import Event, flags

from coroom.workspace.beneath import Root
from coroom.workspace.hints import Batch, Hint, RescanReason
from coroom.workspace.ignore import RULES_NAME, Ignore
from coroom.workspace.inotify_instance import Ear, shared_ear
from coroom.workspace.names import Refusal, check_name, is_git_directory, is_under
from coroom.workspace.reading import list_open

_WATCH = (
    flags.CLOSE_WRITE
    | flags.CREATE
    | flags.DELETE
    | flags.MOVED_FROM
    | flags.MOVED_TO
    | flags.ATTRIB
    | flags.DELETE_SELF
    | flags.MOVE_SELF
    | flags.ONLYDIR
    | flags.EXCL_UNLINK
)
_ROOT_LOST = flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT
# The two halves of a rename are queued one after the other; the second is never further away than this.
_RENAME_HALVES_MS = 2


class Tell(Enum):
    """Which of the files that are there already when a directory is taken in hand are told as changed."""

    NOTHING = 0
    FRESH = 1
    ALL = 2


class InotifyWatcher:
    """See `watch.Watcher`."""

    def __init__(self, root: Root, ignore: Ignore, ear: Ear | None = None) -> None:
        """Watch all of `root`.

        Args:
            root: the workspace.
            ignore: directories for which no watch is spent, and paths that are not told.
            ear: the kernel's side; by default a part of the one instance that all watchers of this process share.

        Raises:
            OSError: the system has no inotify instance left. Running out of *watches* is a hint instead.
        """
        self._root = root
        self._ignore = ignore
        self._ear = ear if ear is not None else shared_ear()
        self._paths: dict[int, str] = {}
        self._watches: dict[str, int] = {}
        self._half_moves: dict[int, tuple[str, bool]] = {}
        self._batch = Batch()
        # Files may have been seen whose own events still wait: those listed here, or any by a scan that was due.
        self._listed: set[str] = set()
        self._scan_due = True
        self._adopt("", tell=Tell.NOTHING)

    def drain(self) -> list[Hint]:
        """See `Watcher.drain`; takes what waits in portions."""
        overflowed = False
        while events := self._ear.take():
            overflowed |= self._take_all(events)
            if overflowed or not self._batch.is_empty:
                break
        else:
            self._listed.clear()
            self._scan_due = False
        if self._half_moves:
            overflowed |= self._take_all(self._ear.take(_RENAME_HALVES_MS))
        self._settle_half_moves(None)
        if overflowed:
            self.refresh()
            self._batch.rescan(RescanReason.OVERFLOW)
        told, self._batch = self._batch.hints(), Batch()
        return told

    def waiting(self) -> int:
        """See `Watcher.waiting`."""
        return self._ear.waiting()

    def listen(self, ring: Callable[[], None]) -> bool:
        """See `Watcher.listen`."""
        self._ear.listen(ring)
        return True

    def refresh(self) -> None:
        """See `Watcher.refresh`: directories now ignored lose their watch, others get one."""
        before = set(self._paths)
        self._paths.clear()
        self._watches.clear()
        self._scan_due = True
        self._adopt("", tell=Tell.NOTHING)
        for watch in before - set(self._paths):
            self._ear.remove_watch(watch)

    def close(self) -> None:
        """See `Watcher.close`."""
        self._ear.close()

    @property
    def watches(self) -> int:
        """How many directories are watched."""
        return len(self._watches)

    def _take_all(self, events: list[Event]) -> bool:
        overflowed = False
        for event in events:
            if event.mask & flags.Q_OVERFLOW:
                overflowed = True
            elif event.mask & flags.IGNORED:
                self._unmap(event.wd)
            else:
                self._take(event)
        return overflowed

    def _take(self, event: Event) -> None:
        directory = self._paths.get(event.wd)
        if directory is None:
            return
        if not event.name:
            if not directory and event.mask & _ROOT_LOST:
                self._batch.rescan(RescanReason.ROOT_LOST)
            return
        path = f"{directory}/{event.name}" if directory else str(event.name)
        is_dir = bool(event.mask & flags.ISDIR)
        if is_git_directory(event.name) or self._ignore.ignores(path, is_dir=is_dir):
            return
        if isinstance(check_name(path), Refusal):
            return
        if event.mask & flags.MOVED_FROM:
            self._half_moves[event.cookie] = (path, is_dir)
            return
        half = self._half_moves.pop(event.cookie, None) if event.mask & flags.MOVED_TO else None
        # What left and never arrived must be told before its name, or that of a directory above it, changes hands.
        self._settle_half_moves(None if is_dir else path)
        if event.mask & flags.DELETE:
            self._batch.gone(path, is_dir=is_dir)
            self._unmap_below(path)
        elif is_dir:
            self._take_directory(event, path, half)
        else:
            self._take_file(event, path, half)

    def _take_file(self, event: Event, path: str, half: tuple[str, bool] | None) -> None:
        if event.mask & flags.CREATE and not (self._scan_due or path in self._listed):
            self._batch.created(path)
        elif half is not None:
            self._batch.moved_file(half[0], path)
        else:
            complete = bool(event.mask & (flags.CLOSE_WRITE | flags.MOVED_TO))
            self._batch.changed(path, complete=complete or None)

    def _take_directory(self, event: Event, path: str, half: tuple[str, bool] | None) -> None:
        if half is not None:
            self._batch.moved_directory(half[0], path)
            self._rename(half[0], path)
            # Directories made in it just before the rename could not be opened by their old name.
            self._adopt(path, tell=Tell.FRESH)
        elif event.mask & (flags.CREATE | flags.MOVED_TO) or path not in self._watches:
            self._adopt(path, tell=Tell.ALL)

    def _settle_half_moves(self, path: str | None) -> None:
        for cookie, (old, is_dir) in list(self._half_moves.items()):
            if path is None or old == path:
                del self._half_moves[cookie]
                if is_dir:
                    self._forget(old)
                self._batch.gone(old, is_dir=is_dir)

    def _adopt(self, top: str, *, tell: Tell) -> None:
        waiting = [top]
        while waiting:
            directory = waiting.pop()
            try:
                fd = self._root.open_directory(directory)
            except OSError:
                continue
            try:
                # What is listed is what is watched, whatever has its name by now.
                fresh = self._add_watch(fd, directory)
                listed = list_open(fd)
            finally:
                os.close(fd)
            if all(name != RULES_NAME for name, _ in listed):
                self._ignore.has_no_rules(directory)
            for name, is_dir in listed:
                path = f"{directory}/{name}" if directory else name
                if isinstance(check_name(path), Refusal) or self._ignore.ignores(path, is_dir=is_dir):
                    continue
                if is_dir:
                    waiting.append(path)
                elif tell is Tell.ALL or (fresh and tell is Tell.FRESH):
                    self._listed.add(path)
                    self._batch.changed(path, complete=None)

    def _add_watch(self, fd: int, directory: str) -> bool:
        try:
            # By descriptor, so that a link swapped in meanwhile is not followed out of the workspace.
            watch = self._ear.add_watch(f"/proc/self/fd/{fd}", _WATCH)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self._batch.rescan(RescanReason.WATCH_LIMIT)
                return True
            if error.errno in (errno.ENOENT, errno.EACCES):
                return False
            raise
        known_as = self._paths.get(watch)
        if known_as == directory:
            return False
        if known_as is not None:
            self._watches.pop(known_as, None)
        replaced = self._watches.get(directory)
        if replaced is not None:
            self._paths.pop(replaced, None)
        self._paths[watch] = directory
        self._watches[directory] = watch
        return True

    def _unmap_below(self, directory: str) -> None:
        # What is watched by this name may be a later directory, found there before its own event was read; unmapped, it
        # counts as fresh when that event comes.
        for path in [path for path in self._watches if is_under(path, directory)]:
            self._paths.pop(self._watches.pop(path), None)

    def _rename(self, old: str, new: str) -> None:
        self._unmap_below(new)
        for path in [path for path in self._watches if is_under(path, old)]:
            watch = self._watches.pop(path)
            renamed = new + path[len(old) :]
            self._watches[renamed] = watch
            self._paths[watch] = renamed
        self._listed |= {new + path[len(old) :] for path in self._listed if is_under(path, old)}

    def _forget(self, directory: str) -> None:
        for path in [path for path in self._watches if is_under(path, directory)]:
            watch = self._watches.pop(path)
            self._paths.pop(watch, None)
            self._ear.remove_watch(watch)

    def _unmap(self, watch: int) -> None:
        path = self._paths.pop(watch, None)
        if path is not None and self._watches.get(path) == watch:
            del self._watches[path]
