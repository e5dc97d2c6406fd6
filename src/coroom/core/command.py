"""Everything the room can be asked to do. Who asks is not in here: the host proves it and says it in `Call`."""

from dataclasses import dataclass
from typing import NamedTuple

from coroom.core.action import Effect
from coroom.core.agent import EVERYONE, Rank, Role
from coroom.core.claim import Mode
from coroom.core.file import SHARED_LINE, ConflictPart, FileKind
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.resource import Footprint, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRoom:
    """Begin a room on an empty log; on a closed room, open it again."""

    room: str
    policy: str
    limits: Limits = Limits()
    repository: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class CloseRoom:
    """Take no further commands. Nothing is lost; `OpenRoom` opens it again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Come in under a name, with the hash of a fresh secret. A name that left comes back with its old rank."""

    agent: str
    secret_hash: str
    role: Role = Role.IMPLEMENTER
    parent: str | None = None
    client: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """Go: claims are released, a held task is given back."""

    agent: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop an agent."""

    agent: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a paused agent go on."""

    agent: str


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: renews the caller's claims when half their time is gone."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Let time pass: ends claims past their deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResources:
    """Hold all of `resources` for `ttl_ms` (0: the room's default), or none."""

    resources: tuple[Resource, ...]
    mode: Mode = Mode.EXCLUSIVE
    purpose: str = ""
    ttl_ms: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """Give up what covers these resources; nothing named gives up everything but the held task."""

    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeOver:
    """End another's claim (operator, or anybody once its holder has left)."""

    claim: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostTask:
    """Put a task on the board. `task` is its id; empty: the room numbers it."""

    title: str
    description: str = ""
    touches: tuple[Resource, ...] = ()
    after: tuple[str, ...] = ()
    task: str = ""
    despite_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class TakeTask:
    """Hold this task; with no id, the first open one whose dependencies are done and whose files are free."""

    task: str = ""


@dataclass(frozen=True, slots=True)
class FinishTask:
    """The held task is done. With `task` given, only if that is the one held: a late message ends no other."""

    summary: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class ReturnTask:
    """Give the held task back, with what the next holder should know. `task` as in `FinishTask`."""

    note: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class ReopenTask:
    """A done task is not done after all."""

    task: str
    note: str


@dataclass(frozen=True, slots=True)
class CancelTask:
    """A task shall not be done."""

    task: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Tell one agent or all. `about` names what it is about: a task, a held edit, a question."""

    kind: NoticeKind
    text: str
    to: str = EVERYONE
    resources: tuple[Resource, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class MarkRead:
    """Move the caller's cursor past these notices."""

    notices: tuple[str, ...]


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
    symbols where the syntax is known, else the file. `written` is the blob that the author wrote.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseFinding:
    """A check doubts the program; both authors are told."""

    check: str
    path: str
    at_line: int
    symbol: str
    message: str
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseFinding:
    """The check passes now."""

    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveVerdict:
    """Checks ran on exactly this tree; everyone named is told."""

    tree: str
    check: str
    passed: bool
    summary: str
    to: str = EVERYONE


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAction:
    """Store that a call is about to act outside the room."""

    tool: str
    footprint: Footprint
    effect: Effect
    arguments: str = ""
    undo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLanding:
    """Store that `ref` is about to move to `commit`. Needs a passing verdict for `tree` and nothing held."""

    ref: str
    commit: str
    tree: str
    tasks: tuple[str, ...]
    version: int
    undo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishAction:
    """Store how a started action ended: `finished`, `failed` or `undone`."""

    action: str
    ending: str
    result: str = ""


Command = (
    OpenRoom
    | CloseRoom
    | Join
    | Leave
    | Pause
    | Resume
    | Beat
    | Tick
    | ClaimResources
    | Release
    | TakeOver
    | PostTask
    | TakeTask
    | FinishTask
    | ReturnTask
    | ReopenTask
    | CancelTask
    | Say
    | MarkRead
    | NoteReads
    | SeedFiles
    | AcceptEdit
    | HoldEdit
    | DropHeld
    | RaiseFinding
    | CloseFinding
    | GiveVerdict
    | StartAction
    | StartLanding
    | FinishAction
)


class Call(NamedTuple):
    """A command and who asks for it. `operation` makes it safe to repeat: the same id gets the same reply."""

    by: str
    command: Command
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """The reply to `Join`."""

    agent: str
    rank: Rank


@dataclass(frozen=True, slots=True)
class Granted:
    """The reply to a claim that was granted (or was held already)."""

    claim: str
    fence: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Posted:
    """The reply to `PostTask`."""

    task: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The reply to `TakeTask`: the task is the caller's, under this claim."""

    task: str
    claim: str
    fence: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The reply to `AcceptEdit`."""

    path: str
    version: int


@dataclass(frozen=True, slots=True)
class Held:
    """The reply to `HoldEdit`."""

    held: str


@dataclass(frozen=True, slots=True)
class Started:
    """The reply to `StartAction` and `StartLanding`."""

    action: str
    fence: int


@dataclass(frozen=True, slots=True)
class Ok:
    """Done; `id` names what came of it, when something did."""

    id: str = ""


Good = Joined | Granted | Posted | Taken | Accepted | Held | Started | Ok
