"""What a put may be asked and may answer: values, and the judgements that need no staging."""

import errno
import os
import stat
from enum import StrEnum

from coroom.core.quick import dataclass
from coroom.workspace.names import Refusal, RefusalReason
from coroom.workspace.states import FileState, Kind, Signature

_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Link:
    """The text of a symbolic link, put as a link."""

    target: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What the room believes to be on the disk: by hash and kind."""

    hash: str
    kind: Kind = Kind.FILE

    def is_met_by(self, state: FileState) -> bool:
        """Whether that is what was found."""
        return state.kind is self.kind and state.hash == self.hash


class PutReason(StrEnum):
    """Why nothing was put."""

    BAD_NAME = "bad name"
    NOT_BENEATH = "not beneath the root"
    CHANGED = "something else is on the disk"
    NAME_CLASH = "another kind of thing has that name"
    READ_ONLY = "read-only"
    DISK_FULL = "disk full"
    OTHER_FILE_SYSTEM = "on another file system"
    FAILED = "the file system failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Displaced:
    """A write that landed at the same moment: the caller takes `state` in, stores it, and says `taken(ticket)`."""

    ticket: str
    path: str
    state: FileState


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDone:
    """The disk has what was put.

    `signature` is None when the file was touched again at once (look before you believe); pass it through
    `states.trusted` before storing it. `displaced` holds a write that landed at the same moment. `pending`:
    a program was in the middle of writing to the replaced file; `collect` will hand its text over.
    `broke_link`: the old file had other names, which keep the old text.
    """

    signature: Signature | None
    displaced: Displaced | None = None
    pending: bool = False
    broke_link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRefused:
    """The disk is as it was. `found` is what stands there when that was the reason."""

    reason: PutReason
    detail: str
    found: FileState | None = None
    displaced: Displaced | None = None


_REASONS = {
    errno.ENOSPC: PutReason.DISK_FULL,
    errno.EDQUOT: PutReason.DISK_FULL,
    errno.EACCES: PutReason.READ_ONLY,
    errno.EPERM: PutReason.READ_ONLY,
    errno.EROFS: PutReason.READ_ONLY,
    errno.EXDEV: PutReason.OTHER_FILE_SYSTEM,
    errno.EEXIST: PutReason.NAME_CLASH,
    errno.EISDIR: PutReason.NAME_CLASH,
    errno.ENOENT: PutReason.CHANGED,
    errno.ELOOP: PutReason.NOT_BENEATH,
    errno.ENAMETOOLONG: PutReason.BAD_NAME,
}


def reason_of(error: OSError) -> PutReason:
    """Name the reason behind an error of the file system; FAILED for one that says nothing to the caller."""
    return _REASONS.get(error.errno or 0, PutReason.FAILED)


def bad_name(refusal: Refusal) -> PutRefused:
    """Pass on that a path was refused before the disk was asked."""
    outside = refusal.reason is RefusalReason.NOT_BENEATH
    reason = PutReason.NOT_BENEATH if outside else PutReason.BAD_NAME
    return PutRefused(reason=reason, detail=refusal.detail)


def is_read_only(directory_fd: int) -> bool:
    """Whether nobody may write in a directory: asked of the mode bits, since root's calls would go through."""
    return not os.fstat(directory_fd).st_mode & _WRITE_BITS


def objection(parent_fd: int, found: FileState, expected: Expected) -> PutRefused | None:
    """Say why what was found must not be replaced or removed, None if it may be."""
    if found.kind in (Kind.DIRECTORY, Kind.OTHER):
        return PutRefused(reason=PutReason.NAME_CLASH, detail=f"a {found.kind} stands there", found=found)
    if not (expected.is_met_by(found) and found.settled):
        return PutRefused(reason=PutReason.CHANGED, detail="the disk does not hold what was expected", found=found)
    if is_read_only(parent_fd):
        return PutRefused(reason=PutReason.READ_ONLY, detail="the directory is read-only", found=found)
    if found.kind is Kind.FILE and not found.mode & _WRITE_BITS:
        return PutRefused(reason=PutReason.READ_ONLY, detail="the file is read-only", found=found)
    return None
