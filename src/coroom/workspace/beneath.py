"""The only file that opens workspace paths: everything by descriptor, nothing through a symbolic link.

Agents own their mirrors and may swap a directory for a link at any moment, so a path is never checked first
and opened later. One `openat2` call resolves and opens under the kernel's own rule; where that call is
missing, the path is walked component by component with O_NOFOLLOW, which holds as well and costs more
calls.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, Self

from coroom.workspace import syscalls
from coroom.workspace.names import Refusal, RefusalReason, check_name, is_git_directory, parent_of
from coroom.workspace.reading import list_open, read_at
from coroom.workspace.states import Entry, FileState, Kind, Signature, kind_of

__all__ = ["KernelResolver", "Refusal", "Resolver", "Root", "WalkingResolver", "check_name"]

_O_PATH = getattr(os, "O_PATH", os.O_RDONLY)
_OPEN_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ABSENT = (errno.ENOENT, errno.ENOTDIR)
_LEAVES = (errno.ELOOP, errno.EXDEV, errno.ENOTDIR)


class Resolver(Protocol):
    """Opens a checked relative path below a directory without following any symbolic link."""

    def open(self, root_fd: int, path: str, flags: int) -> int:
        """Return a descriptor of what stands at `path`, `"."` being the root itself.

        Raises:
            OSError: ELOOP or ENOTDIR where a component is a symbolic link, EXDEV where the path would leave
                the root.
        """
        ...


class KernelResolver:
    """`openat2` with RESOLVE_BENEATH: one call, and no race to lose."""

    _RULES = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS

    def open(self, root_fd: int, path: str, flags: int) -> int:
        """See `Resolver.open`."""
        return syscalls.openat2(root_fd, path, flags | os.O_NOFOLLOW, resolve=self._RULES)

    @classmethod
    def works(cls, root_fd: int) -> bool:
        """Say whether this kernel, and the sandbox we run in, lets us call it."""
        try:
            os.close(cls().open(root_fd, ".", _O_PATH | os.O_DIRECTORY))
        except OSError:
            return False
        return True


class WalkingResolver:
    """One `openat` with O_NOFOLLOW for each component: the portable substitute."""

    def open(self, root_fd: int, path: str, flags: int) -> int:
        """See `Resolver.open`."""
        *directories, leaf = path.split("/")
        current = root_fd
        try:
            for name in directories:
                below = os.open(name, _O_PATH | _OPEN_DIRECTORY, dir_fd=current)
                if current != root_fd:
                    os.close(current)
                current = below
            return os.open(leaf, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=current)
        finally:
            if current != root_fd:
                os.close(current)


class Root:
    """A workspace directory, held open; every look at a path inside it goes through here.

    Paths are relative, `/`-separated and checked by `check_name` on every call. A path that meets a
    symbolic link on its way is a `Refusal`, never an answer about the link's target. Safe to use from
    several threads.
    """

    def __init__(self, path: str, *, resolver: Resolver | None = None) -> None:
        """Open the directory at `path` (trusted, from the operator).

        Raises:
            OSError: there is no such directory, or it may not be opened.
        """
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._resolver = resolver or (KernelResolver() if KernelResolver.works(self.fd) else WalkingResolver())

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, path: str, bytes_max: int, *, allow_git: bool = False) -> FileState | Refusal:
        """Read what stands at `path`.

        Args:
            path: relative path.
            bytes_max: a larger file is not read and comes back as `oversize`.
            allow_git: for the runtime's own look into `.git`.

        Returns:
            The state, MISSING where nothing stands there; a refusal for a bad or unreadable path.
        """
        name = check_name(path, allow_git=allow_git)
        if isinstance(name, Refusal):
            return name
        try:
            with self.parent(name) as (parent_fd, leaf):
                return read_at(parent_fd, leaf, bytes_max)
        except OSError as error:
            return self._absent_or_refused(name, error)

    def lstat(self, path: str) -> FileState | Refusal:
        """Look at `path` without reading it: kind, mode, links and signature, no data and no hash."""
        name = check_name(path)
        if isinstance(name, Refusal):
            return name
        try:
            with self.parent(name) as (parent_fd, leaf):
                return FileState.of(os.stat(leaf, dir_fd=parent_fd, follow_symlinks=False))
        except OSError as error:
            return self._absent_or_refused(name, error)

    def readlink(self, path: str) -> bytes | Refusal | None:
        """Return the text of the symbolic link at `path`, None where no link stands there."""
        state = self.read(path, 0)
        if isinstance(state, Refusal):
            return state
        return state.data if state.kind is Kind.SYMLINK else None

    def list(self, directory: str) -> tuple[tuple[str, bool], ...] | Refusal:
        """Return (name, is a directory) for each entry of a directory, `""` for the root.

        A link is not a directory. Git directories and names that no workspace path may have are left out.
        Nothing there: an empty tuple.
        """
        if directory:
            name = check_name(directory)
            if isinstance(name, Refusal):
                return name
        try:
            fd = self.open_directory(directory)
        except OSError as error:
            refused = self._absent_or_refused(directory, error)
            return refused if isinstance(refused, Refusal) else ()
        try:
            return list_open(fd)
        finally:
            os.close(fd)

    def walk(
        self, skip: Callable[[str, bool], bool], unreadable: Callable[[str], None] | None = None, below: str = ""
    ) -> Iterator[Entry]:
        """Yield every file and symbolic link, not read, in no promised order.

        Args:
            skip: told (path, is a directory); True leaves it out, a directory with all below it. `.git` is
                always out.
            unreadable: told each directory that could not be listed: about what lies there, nothing is
                known.
            below: the *checked* directory to begin at; nothing is yielded where none stands there.

        Devices, sockets and pipes are left out, links are never followed, what vanishes meanwhile is not
        yielded.
        """
        waiting = [below]
        while waiting:
            directory = waiting.pop()
            try:
                fd = self.open_directory(directory)
            except OSError as error:
                if unreadable is not None and error.errno not in _ABSENT:
                    unreadable(directory)
                continue
            try:
                yield from _list_files(fd, directory, skip, waiting)
            finally:
                os.close(fd)

    @contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """Hold the directory of a *checked* path open: (descriptor for `*at` calls, last component).

        Raises:
            OSError: as `Resolver.open`; `explain` turns it into words.
        """
        directory, _, leaf = path.rpartition("/")
        if not directory:
            yield self.fd, leaf
            return
        fd = self._resolver.open(self.fd, directory, _O_PATH | os.O_DIRECTORY)
        try:
            yield fd, leaf
        finally:
            os.close(fd)

    def open_directory(self, directory: str) -> int:
        """Open a checked directory for listing, `""` for the root; the caller closes it.

        Raises:
            OSError: as `Resolver.open`.
        """
        return self._resolver.open(self.fd, directory or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def make_directory(self, directory: str) -> None:
        """Make a *checked* directory and those above it, as far as they are missing.

        Raises:
            OSError: EEXIST or ENOTDIR where a file or link is in the way, else as mkdir(2).
        """
        current = os.dup(self.fd)
        try:
            for name in directory.split("/") if directory else ():
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=current)
                below = os.open(name, _O_PATH | _OPEN_DIRECTORY, dir_fd=current)
                os.close(current)
                current = below
        finally:
            os.close(current)

    def make_parents(self, path: str) -> Refusal | None:
        """Make the directories above `path`; refuses where a link or a file is in the way.

        Raises:
            OSError: disk full, read-only and the like.
        """
        name = check_name(path)
        if isinstance(name, Refusal):
            return name
        try:
            self.make_directory(parent_of(name))
        except (NotADirectoryError, FileExistsError) as error:
            return Refusal(RefusalReason.NOT_BENEATH, path, self.explain(path, error))
        return None

    def remove_empty_parents(self, path: str) -> None:
        """Remove the directories above a checked path from below, up to the first that is not empty."""
        directory = parent_of(path)
        while directory:
            try:
                with self.parent(directory) as (parent_fd, leaf):
                    os.rmdir(leaf, dir_fd=parent_fd)
            except OSError:
                return
            directory = parent_of(directory)

    def explain(self, path: str, error: OSError) -> str:
        """Say in words why a checked path could not be opened, naming the link or file in the way."""
        obstacle = self.obstacle(path)
        if obstacle is not None:
            return f"{obstacle[0]!r} is a {obstacle[1]}, not a directory"
        return os.strerror(error.errno or errno.EIO)

    def obstacle(self, path: str) -> tuple[str, Kind] | None:
        """Return the nearest directory above a checked path that is none, and what it is instead."""
        directory = parent_of(path)
        while directory:
            with suppress(OSError), self.parent(directory) as (parent_fd, leaf):
                kind = kind_of(os.stat(leaf, dir_fd=parent_fd, follow_symlinks=False).st_mode)
                if kind is not Kind.DIRECTORY:
                    return directory, kind
            directory = parent_of(directory)
        return None

    def _absent_or_refused(self, path: str, error: OSError) -> FileState | Refusal:
        if error.errno == errno.ENOENT:
            return FileState(kind=Kind.MISSING)
        obstacle = self.obstacle(path + "/")
        if error.errno == errno.ENOTDIR and obstacle is not None and obstacle[1] is not Kind.SYMLINK:
            return FileState(kind=Kind.MISSING)
        reason = RefusalReason.UNREADABLE if error.errno not in _LEAVES else RefusalReason.NOT_BENEATH
        return Refusal(reason, path, self.explain(path, error))


def _list_files(fd: int, directory: str, skip: Callable[[str, bool], bool], waiting: list[str]) -> Iterator[Entry]:
    prefix = directory + "/" if directory else ""
    with os.scandir(fd) as entries:
        for entry in entries:
            if is_git_directory(entry.name):
                continue
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not skip(path, True):
                    waiting.append(path)
                continue
            if skip(path, False):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            kind = kind_of(found.st_mode)
            if kind in (Kind.FILE, Kind.SYMLINK):
                yield Entry(path, kind, stat.S_IMODE(found.st_mode), Signature.of(found))
