"""Lists a directory that `beneath` has opened, or reads one entry of it or of the stage, while others may write there.

It gets a descriptor and a name, never a path; a link is read and not followed.
"""

import errno
import os
import stat

from coroom.workspace.names import is_git_directory
from coroom.workspace.states import FileState, Kind, Signature

# Non-blocking, so that a pipe swapped in for a file cannot hang the reader.
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_READ_ATTEMPTS = 3


def list_open(dir_fd: int) -> tuple[tuple[str, bool], ...]:
    """Return (name, is a directory) for each entry of an open directory but a git directory; see `Root.list`."""
    with os.scandir(dir_fd) as entries:
        return tuple(
            (entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if not is_git_directory(entry.name)
        )


def read_at(dir_fd: int, leaf: str, bytes_max: int) -> FileState:
    """Read one entry of an open directory: a file's bytes, a link's text, or what else stands there.

    A file that changes while it is read is read again, three times at most; `settled` says how that ended.

    Raises:
        OSError: the entry cannot be opened or read.
    """
    state = FileState(kind=Kind.MISSING, settled=False)
    for _ in range(_READ_ATTEMPTS):
        try:
            found = os.stat(leaf, dir_fd=dir_fd, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                state = _read_file(dir_fd, leaf, bytes_max)
            elif stat.S_ISLNK(found.st_mode):
                target = os.readlink(os.fsencode(leaf), dir_fd=dir_fd)
                return FileState.of(found, data=target)
            else:
                return FileState.of(found)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return FileState(kind=Kind.MISSING)
            # Another kind of thing took its place between the look and the opening.
            if error.errno not in (errno.ELOOP, errno.EINVAL, errno.ENXIO):
                raise
            continue
        if state.settled:
            break
    return state


def open_file(dir_fd: int, leaf: str) -> int:
    """Open one entry of an open directory for reading; the caller closes it.

    Raises:
        OSError: ELOOP where a symbolic link stands there, ENXIO at a socket.
    """
    return os.open(leaf, _OPEN_FILE, dir_fd=dir_fd)


def _read_file(dir_fd: int, leaf: str, bytes_max: int) -> FileState:
    fd = open_file(dir_fd, leaf)
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            return FileState.of(before, settled=False)
        if before.st_size > bytes_max:
            return FileState.of(before, oversize=True)
        data = _read_all(fd, before.st_size)
        after = os.fstat(fd)
        if after.st_size > bytes_max:
            return FileState.of(after, oversize=True)
        settled = Signature.of(before) == Signature.of(after) and len(data) == after.st_size
        return FileState.of(after, data=data, settled=settled)
    finally:
        os.close(fd)


def _read_all(fd: int, size: int) -> bytes:
    data = b""
    # One byte more than there should be, so that growth shows; a file that grows for ever must not hold the
    # reader.
    while len(data) <= size:
        more = os.read(fd, size + 1 - len(data))
        if not more:
            break
        data += more
    return data
