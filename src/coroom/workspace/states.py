"""What was found at a path: values only, no disk."""

import hashlib
import os
import stat
from enum import StrEnum
from typing import NamedTuple

from coroom.core.quick import dataclass

# Kernels without fine-grained times stamp files with a tick of up to 10 ms; two ticks are safe.
RACY_WINDOW_NS = 20_000_000


class Kind(StrEnum):
    """What stands at a path. OTHER is a device, socket or pipe, which no mirror carries."""

    FILE = "file"
    SYMLINK = "symlink"
    DIRECTORY = "directory"
    OTHER = "other"
    MISSING = "missing"


class Signature(NamedTuple):
    """What the file system says of an inode unread; two equal ones mean equal content, ticks aside."""

    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Signature":
        """Take the signature out of a stat result."""
        return cls(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Entry(NamedTuple):
    """One file or link seen by a walk, not read."""

    path: str
    kind: Kind
    mode: int
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """One look at a path.

    `data` is a file's bytes or a link's text and `hash` its content hash; both are None where nothing was
    read (missing, directory, other, oversize). A link's hash may equal a file's, so compare `kind` too.
    `mode` holds permission bits (0o7777), `links` the number of hard links. `settled` is False when the
    file changed while it was read three times over: look again later.
    """

    kind: Kind
    data: bytes | None = None
    hash: str | None = None
    mode: int = 0
    links: int = 0
    signature: Signature | None = None
    oversize: bool = False
    settled: bool = True

    @classmethod
    def of(
        cls, found: os.stat_result, *, data: bytes | None = None, oversize: bool = False, settled: bool = True
    ) -> "FileState":
        """Put together what a stat result says and what was read."""
        return cls(
            kind=kind_of(found.st_mode),
            data=data,
            hash=None if data is None else content_hash(data),
            mode=stat.S_IMODE(found.st_mode),
            links=found.st_nlink,
            signature=Signature.of(found),
            oversize=oversize,
            settled=settled,
        )

    @property
    def executable(self) -> bool:
        """Whether the owner may run it: the one mode bit that git and the room carry."""
        return bool(self.mode & stat.S_IXUSR)


def content_hash(data: bytes) -> str:
    """Return the SHA-256, in hex, of a file's bytes or of a link's text."""
    return hashlib.sha256(data).hexdigest()


def kind_of(mode: int) -> Kind:
    """Map `st_mode` to a kind."""
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISLNK(mode):
        return Kind.SYMLINK
    return Kind.DIRECTORY if stat.S_ISDIR(mode) else Kind.OTHER


def trusted(signature: Signature | None, looked_at_ns: int) -> Signature | None:
    """Return the signature if it will betray any later change, None if it may not (hash again next time).

    Args:
        signature: as found.
        looked_at_ns: wall-clock nanoseconds taken *before* the content was read or put.

    A file changed within a clock tick of the look can change once more and keep its times; ctime is the one
    of the two that no program can set back.
    """
    if signature is None or signature.ctime_ns > looked_at_ns - RACY_WINDOW_NS:
        return None
    return signature
