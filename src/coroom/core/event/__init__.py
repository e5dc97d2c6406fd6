"""Every kind of event: one tagged union. The log of these is the truth; all else is folded from it.

A kind is written beside those of its subject and joins `Body` here, nowhere else: `rooms`, `agents`, `claims`, `tasks`,
`notices`, `edits`, `checks`, `actions`, `landings`, `tools`, and `calls` on live state. A log may be years old: kinds
and fields stay, and a new field has a default.
"""

from typing import NamedTuple

from coroom.core.event.actions import ActionFailed, ActionFinished, ActionStarted, ActionUndone, Landed
from coroom.core.event.agents import AgentJoined, AgentLeft, AgentPaused, AgentResumed, AgentSpent, Answered
from coroom.core.event.calls import (
    AgentAbandoned,
    AgentConcluded,
    AgentRanked,
    AgentRestarted,
    CallBody,
    CallFailed,
    CallFenced,
    CallFinished,
    CallPlaced,
    CallRead,
    CallStarted,
    CallUndone,
    CallWaits,
    FenceLifted,
    LookTaken,
    OrderCommitted,
    OrderNoticed,
    OrderNoticesHanded,
    OrderNoticesJudged,
    OrderNoticesWithdrawn,
    RepairBegun,
    started,
)
from coroom.core.event.checks import FindingClosed, FindingRaised, VerdictGiven
from coroom.core.event.claims import ClaimEnded, ClaimGranted, ClaimRefused, ClaimsRenewed
from coroom.core.event.edits import EditHeld, FileAccepted, FilesRead, FilesSeeded, HeldSettled
from coroom.core.event.landings import LandingsHeld, LandingsReleased
from coroom.core.event.notices import NoticeSent, NoticesRead
from coroom.core.event.rooms import RoomClosed, RoomOpened, RoomReopened
from coroom.core.event.tasks import (
    TaskCancelled,
    TaskDone,
    TaskOrdered,
    TaskPosted,
    TaskReopened,
    TaskReturned,
    TaskTaken,
)
from coroom.core.event.tools import FootprintStrayed, ToolAdded

__all__ = [
    "ActionFailed",
    "ActionFinished",
    "ActionStarted",
    "ActionUndone",
    "AgentAbandoned",
    "AgentConcluded",
    "AgentJoined",
    "AgentLeft",
    "AgentPaused",
    "AgentRanked",
    "AgentRestarted",
    "AgentResumed",
    "AgentSpent",
    "Answered",
    "Body",
    "CallFailed",
    "CallFenced",
    "CallFinished",
    "CallPlaced",
    "CallRead",
    "CallStarted",
    "CallUndone",
    "CallWaits",
    "ClaimEnded",
    "ClaimGranted",
    "ClaimRefused",
    "ClaimsRenewed",
    "EditHeld",
    "Event",
    "FenceLifted",
    "FileAccepted",
    "FilesRead",
    "FilesSeeded",
    "FindingClosed",
    "FindingRaised",
    "FootprintStrayed",
    "HeldSettled",
    "Landed",
    "LandingsHeld",
    "LandingsReleased",
    "LookTaken",
    "NoticeSent",
    "NoticesRead",
    "OrderCommitted",
    "OrderNoticed",
    "OrderNoticesHanded",
    "OrderNoticesJudged",
    "OrderNoticesWithdrawn",
    "RepairBegun",
    "RoomClosed",
    "RoomOpened",
    "RoomReopened",
    "TaskCancelled",
    "TaskDone",
    "TaskOrdered",
    "TaskPosted",
    "TaskReopened",
    "TaskReturned",
    "TaskTaken",
    "ToolAdded",
    "VerdictGiven",
    "started",
]

Body = (
    RoomOpened
    | RoomClosed
    | RoomReopened
    | AgentJoined
    | AgentLeft
    | AgentPaused
    | AgentResumed
    | AgentSpent
    | ClaimGranted
    | ClaimRefused
    | ClaimsRenewed
    | ClaimEnded
    | TaskPosted
    | TaskTaken
    | TaskReturned
    | TaskDone
    | TaskOrdered
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
    | LandingsHeld
    | LandingsReleased
    | CallBody
    | Answered
    | ToolAdded
    | FootprintStrayed
)


class Event(NamedTuple):
    """One line of the log: the `seq`-th thing that happened, `at_ms`, caused `by` somebody."""

    seq: int
    at_ms: int
    by: str
    body: Body
