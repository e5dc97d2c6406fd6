"""What the room knows of files: the accepted version of each, what was read, and edits that are held."""

from enum import StrEnum

from coroom.core.quick import dataclass


class FileKind(StrEnum):
    """How a file is treated: text is merged, all else is compared and swapped whole."""

    TEXT = "text"
    BINARY = "binary"
    SYMLINK = "symlink"
    ABSENT = "absent"


SHARED_LINE = ""
"""The line of versions that everybody sees. Under the policy `isolated` each agent has a line of its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """One accepted state of one path. `blob` is the sha256 of the bytes (of the link text for a symlink).

    `version` counts accepted states of the whole room, so that a later version of any file is the larger
    number. `file_id` stays the same over renames, so that history follows.
    """

    path: str
    file_id: str
    version: int
    kind: FileKind
    blob: str
    executable: bool = False
    size: int = 0
    by: str
    task: str | None = None
    renamed_from: str = ""


@dataclass(frozen=True, slots=True)
class ConflictPart:
    """One region that no layer of the merge could settle."""

    start: int
    end: int
    reason: str


class HeldState(StrEnum):
    """Where a held edit is in its life."""

    OPEN = "open"
    RESOLVED = "resolved"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class HeldEdit:
    """An edit that was stored but not accepted: a conflict as a value. `base`, `theirs` and `mine` are blobs.

    `mine` is what the author wrote, `theirs` what the room had accepted meanwhile, `base` what both began with.
    """

    id: str
    path: str
    agent: str
    base: str
    theirs: str
    mine: str
    mine_kind: FileKind
    mine_executable: bool
    reason: str
    parts: tuple[ConflictPart, ...]
    state: HeldState = HeldState.OPEN
    opened_seq: int = 0
    settled_by: str = ""
