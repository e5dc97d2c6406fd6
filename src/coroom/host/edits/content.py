"""What stands at one path, as the room compares it: kind, bytes by hash, and the executable bit."""

from dataclasses import dataclass, field

from coroom.core.file import FileKind, FileVersion
from coroom.workspace.states import FileState, Kind, content_hash
from coroom.workspace.text import Sort, sort_of

MIRROR_BYTES_MAX = 16 << 20
"""Larger files stay where they are written: listed, not mirrored."""


@dataclass(frozen=True, slots=True)
class Content:
    """Equal contents need no put and no merge. `data` is None only for what is absent or not mirrored."""

    kind: FileKind
    blob: str = ""
    executable: bool = False
    data: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data or b"")

    @property
    def text(self) -> str:
        """The text of a text file, else nothing."""
        return self.data.decode() if self.kind is FileKind.TEXT and self.data is not None else ""


ABSENT = Content(FileKind.ABSENT)


def of_bytes(data: bytes, *, executable: bool = False, blob: str = "") -> Content:
    """A file with these bytes: text when it is UTF-8 without NUL and small enough to merge.

    `blob` is their hash, if it is known.
    """
    kind = FileKind.TEXT if sort_of(data) is Sort.TEXT else FileKind.BINARY
    return Content(kind, blob or content_hash(data), executable, data)


def of_state(state: FileState) -> Content | None:
    """What a look at the disk found; None for what the room does not carry (directories, devices, huge files)."""
    if state.kind is Kind.MISSING:
        return ABSENT
    if state.oversize or state.data is None or state.hash is None:
        return None
    if state.kind is Kind.SYMLINK:
        return Content(FileKind.SYMLINK, state.hash, data=state.data)
    if state.kind is not Kind.FILE:
        return None
    return of_bytes(state.data, executable=state.executable, blob=state.hash)


def of_version(version: FileVersion | None, data: bytes | None = None) -> Content:
    """An accepted version as content."""
    if version is None or version.kind is FileKind.ABSENT:
        return ABSENT
    return Content(version.kind, version.blob, version.executable, data)
