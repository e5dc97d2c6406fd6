"""Files are read, taken in, changed; edits are held and settled."""

from typing import ClassVar

from coroom.core.file import ConflictPart, FileKind, FileVersion
from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRead:
    """An agent read these versions: what *observed* notices are made from."""

    kind: ClassVar[str] = "files-read"
    agent: str
    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSeeded:
    """The room took these files from the repository as their first versions."""

    kind: ClassVar[str] = "files-seeded"
    files: tuple[FileVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccepted:
    """A file has a new accepted version: an action that commutes."""

    kind: ClassVar[str] = "file-accepted"
    line: str
    file: FileVersion
    before: str
    layer: str
    written: str
    settles: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditHeld:
    """An edit was stored and not accepted."""

    kind: ClassVar[str] = "edit-held"
    held: str
    path: str
    agent: str
    base: str
    theirs: str
    mine: str
    mine_kind: FileKind
    mine_executable: bool
    reason: str
    parts: tuple[ConflictPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSettled:
    """A held edit is closed: `resolved` by an accepted edit, or `dropped` by somebody's word."""

    kind: ClassVar[str] = "held-settled"
    held: str
    by: str
    dropped: bool
    note: str
