"""Every kind of event: one tagged union. The log of these is the truth; all else is folded from it."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from coroom.core.action import Effect
from coroom.core.agent import Rank, Role
from coroom.core.claim import Ending, Mode
from coroom.core.file import ConflictPart, FileKind, FileVersion
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.resource import Footprint, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpened:
    """The first event of every room."""

    kind: ClassVar[str] = "room-opened"
    room: str
    policy: str
    limits: Limits
    repository: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClosed:
    """No command but reading is taken any more."""

    kind: ClassVar[str] = "room-closed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomReopened:
    """A closed room takes commands again (`coroom run --resume`)."""

    kind: ClassVar[str] = "room-reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentJoined:
    """An agent came, or came back with a new secret."""

    kind: ClassVar[str] = "agent-joined"
    agent: str
    role: Role
    rank: Rank
    parent: str | None
    secret_hash: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeft:
    """An agent went; its secret is void from here on."""

    kind: ClassVar[str] = "agent-left"
    agent: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPaused:
    """The operator stopped an agent; what it does is refused until it is resumed."""

    kind: ClassVar[str] = "agent-paused"
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentResumed:
    """The operator let a paused agent go on."""

    kind: ClassVar[str] = "agent-resumed"
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimGranted:
    """All the resources, or none: this says all."""

    kind: ClassVar[str] = "claim-granted"
    claim: str
    agent: str
    resources: tuple[Resource, ...]
    mode: Mode
    purpose: str
    fence: int
    ttl_ms: int
    deadline_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRefused:
    """Somebody wanted what another holds; they are told when it is free."""

    kind: ClassVar[str] = "claim-refused"
    agent: str
    resources: tuple[Resource, ...]
    mode: Mode
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRenewed:
    """A sign of life moved the deadlines of an agent's claims."""

    kind: ClassVar[str] = "claims-renewed"
    agent: str
    claims: tuple[str, ...]
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimEnded:
    """A claim is no longer held, wholly or in part (`resources` says which)."""

    kind: ClassVar[str] = "claim-ended"
    claim: str
    agent: str
    resources: tuple[Resource, ...]
    ending: Ending
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPosted:
    """A task is on the board."""

    kind: ClassVar[str] = "task-posted"
    task: str
    title: str
    description: str
    touches: tuple[Resource, ...]
    after: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTaken:
    """An agent holds the task, by the claim named."""

    kind: ClassVar[str] = "task-taken"
    task: str
    agent: str
    claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReturned:
    """The holder gave the task back, left, or let its claim run out."""

    kind: ClassVar[str] = "task-returned"
    task: str
    agent: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDone:
    """The holder says the task is done."""

    kind: ClassVar[str] = "task-done"
    task: str
    agent: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReopened:
    """A task that was done is open again, with the reason."""

    kind: ClassVar[str] = "task-reopened"
    task: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCancelled:
    """The task will not be done."""

    kind: ClassVar[str] = "task-cancelled"
    task: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent:
    """A notice entered the inboxes of its readers."""

    kind: ClassVar[str] = "notice-sent"
    notice: str
    about_kind: NoticeKind
    sender: str
    to: str
    readers: tuple[str, ...]
    text: str
    resources: tuple[Resource, ...] = ()
    about: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesRead:
    """The reader's cursor moved: it has seen these."""

    kind: ClassVar[str] = "notices-read"
    agent: str
    notices: tuple[str, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRaised:
    """A check doubts the program."""

    kind: ClassVar[str] = "finding-raised"
    finding: str
    check: str
    path: str
    at_line: int
    symbol: str
    message: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingClosed:
    """The check that raised it passes now."""

    kind: ClassVar[str] = "finding-closed"
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGiven:
    """Checks ran on exactly this tree."""

    kind: ClassVar[str] = "verdict-given"
    tree: str
    check: str
    passed: bool
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStarted:
    """Stored before the action acts, with what undoing it needs."""

    kind: ClassVar[str] = "action-started"
    action: str
    agent: str
    tool: str
    footprint: Footprint
    effect: Effect
    fence: int
    arguments: str
    undo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFinished:
    """The action acted, with this result."""

    kind: ClassVar[str] = "action-finished"
    action: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFailed:
    """The action acted on nothing."""

    kind: ClassVar[str] = "action-failed"
    action: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionUndone:
    """What the action did is taken back."""

    kind: ClassVar[str] = "action-undone"
    action: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Work reached a ref: `commit` stands there, made of these tasks, with the room at `version`."""

    kind: ClassVar[str] = "landed"
    ref: str
    commit: str
    tree: str
    tasks: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A changing call with an operation id got this reply; the same id gets it again, for the same call. `asked`
    tells calls apart; it is empty in logs of versions that did not look.
    """

    kind: ClassVar[str] = "answered"
    agent: str
    operation: str
    reply: str
    asked: str = ""


Body = (
    RoomOpened
    | RoomClosed
    | RoomReopened
    | AgentJoined
    | AgentLeft
    | AgentPaused
    | AgentResumed
    | ClaimGranted
    | ClaimRefused
    | ClaimsRenewed
    | ClaimEnded
    | TaskPosted
    | TaskTaken
    | TaskReturned
    | TaskDone
    | TaskReopened
    | TaskCancelled
    | NoticeSent
    | NoticesRead
    | FilesRead
    | FilesSeeded
    | FileAccepted
    | EditHeld
    | HeldSettled
    | FindingRaised
    | FindingClosed
    | VerdictGiven
    | ActionStarted
    | ActionFinished
    | ActionFailed
    | ActionUndone
    | Landed
    | Answered
)


class Event(NamedTuple):
    """One line of the log: the `seq`-th thing that happened, `at_ms`, caused `by` somebody."""

    seq: int
    at_ms: int
    by: str
    body: Body
