"""Everything the room can be asked to do. Who asks is not in here: the host proves it and says it in `Submission`.

A command is written beside those of its subject and joins `Command` here, nowhere else: `rooms`, `agents`, `claims`,
`tasks`, `notices`, `edits`, `checks`, `actions`, `landings`, `tools`, and `calls` on live state. `replies` is what they
are answered when they are not refused.
"""

from typing import NamedTuple

from coroom.core.command.actions import FinishAction, StartAction, StartLanding
from coroom.core.command.agents import Beat, Join, Leave, NoteSpent, Pause, Resume
from coroom.core.command.calls import (
    Abandon,
    CallCommand,
    Conclude,
    HandNotices,
    JudgeNotices,
    LiftFence,
    LookBack,
    NoteFailed,
    NoteFenced,
    NoteFinished,
    NoteLook,
    NoteRead,
    NoteStarted,
    NoteUndone,
    OpenGate,
    PlaceCall,
    Retract,
)
from coroom.core.command.checks import CloseFinding, GiveVerdict, RaiseFinding
from coroom.core.command.claims import ClaimResources, Release, TakeOver
from coroom.core.command.edits import AcceptEdit, DropHeld, HoldEdit, NoteReads, SeedFiles
from coroom.core.command.landings import HoldLandings, ReleaseLandings
from coroom.core.command.notices import MarkRead, Say
from coroom.core.command.replies import (
    Accepted,
    Good,
    Granted,
    Held,
    Joined,
    Ok,
    Placed,
    Posted,
    Started,
    Taken,
    Waiting,
)
from coroom.core.command.rooms import CloseRoom, OpenRoom, Tick
from coroom.core.command.tasks import CancelTask, FinishTask, OrderTask, PostTask, ReopenTask, ReturnTask, TakeTask
from coroom.core.command.tools import AddTool, NoteStray

__all__ = [
    "Abandon",
    "AcceptEdit",
    "Accepted",
    "AddTool",
    "Beat",
    "CancelTask",
    "ClaimResources",
    "CloseFinding",
    "CloseRoom",
    "Command",
    "Conclude",
    "DropHeld",
    "FinishAction",
    "FinishTask",
    "GiveVerdict",
    "Good",
    "Granted",
    "HandNotices",
    "Held",
    "HoldEdit",
    "HoldLandings",
    "Join",
    "Joined",
    "JudgeNotices",
    "Leave",
    "LiftFence",
    "LookBack",
    "MarkRead",
    "NoteFailed",
    "NoteFenced",
    "NoteFinished",
    "NoteLook",
    "NoteRead",
    "NoteReads",
    "NoteSpent",
    "NoteStarted",
    "NoteStray",
    "NoteUndone",
    "Ok",
    "OpenGate",
    "OpenRoom",
    "OrderTask",
    "Pause",
    "PlaceCall",
    "Placed",
    "PostTask",
    "Posted",
    "RaiseFinding",
    "Release",
    "ReleaseLandings",
    "ReopenTask",
    "Resume",
    "Retract",
    "ReturnTask",
    "Say",
    "SeedFiles",
    "StartAction",
    "StartLanding",
    "Started",
    "Submission",
    "TakeOver",
    "TakeTask",
    "Taken",
    "Tick",
    "Waiting",
]

Command = (
    OpenRoom
    | CloseRoom
    | Join
    | Leave
    | Pause
    | Resume
    | NoteSpent
    | Beat
    | Tick
    | ClaimResources
    | Release
    | TakeOver
    | PostTask
    | TakeTask
    | FinishTask
    | ReturnTask
    | OrderTask
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
    | HoldLandings
    | ReleaseLandings
    | CallCommand
    | AddTool
    | NoteStray
)


class Submission(NamedTuple):
    """A command and who asks for it. `operation` makes it safe to repeat: the same id gets the same reply."""

    by: str
    command: Command
    operation: str = ""
