"""Take in files and edits, hold them, drop them; note what was read."""

from coroom.core.file import SHARED_LINE, ConflictPart, FileKind
from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True)
class NoteReads:
    """The caller has read these paths at these versions; when one is behind, it is told at once."""

    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SeedFiles:
    """The repository's files as the room finds them: (path, kind, blob, executable, size). Only the host seeds, and
    only paths the room has never seen, so that two bridges on one repository never double a text.
    """

    files: tuple[tuple[str, FileKind, str, bool, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptEdit:
    """The merge of the caller's edit is clean: make it the accepted version.

    `expected` is the version the merge was made against (0: the path was absent); when the head has moved the
    command is refused as stale and the host merges again. `touched` says how fine the write was known:
    symbols where the syntax is known, else the file. `written` is the blob that the author wrote. `asked` is what tells
    the call behind this from others (`fingerprint_of_edit`), where it has an operation id.
    """

    path: str
    kind: FileKind
    blob: str
    written: str
    expected: int
    touched: tuple[Resource, ...]
    executable: bool = False
    size: int = 0
    layer: str = "identical"
    line: str = SHARED_LINE
    renamed_from: str = ""
    settles: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEdit:
    """The merge of the caller's edit is not clean, or it was not allowed: store it as held."""

    path: str
    base: str
    theirs: str
    mine: str
    mine_kind: FileKind
    reason: str
    parts: tuple[ConflictPart, ...] = ()
    mine_executable: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DropHeld:
    """Close a held edit without taking it in."""

    held: str
    note: str = ""
