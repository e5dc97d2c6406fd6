"""Everything the room can be asked to do. Who asks is not in here: the host proves it and says it in `Call`.

A command is written beside those of its subject and joins `Command` here, nowhere else.
"""

from typing import NamedTuple, get_args

from coroom.core.command.actions import FinishAction, StartAction, StartLanding
from coroom.core.command.agents import Beat, Join, Leave, NoteSpent, Pause, Resume
from coroom.core.command.checks import CloseFinding, GiveVerdict, RaiseFinding
from coroom.core.command.claims import ClaimResources, Release, TakeOver
from coroom.core.command.edits import AcceptEdit, DropHeld, HoldEdit, NoteReads, SeedFiles
from coroom.core.command.landings import HoldLandings, ReleaseLandings
from coroom.core.command.notices import MarkRead, Say
from coroom.core.command.replies import Accepted, Good, Granted, Held, Joined, Ok, Posted, Started, Taken
from coroom.core.command.rooms import CloseRoom, OpenRoom, Tick
from coroom.core.command.tasks import CancelTask, FinishTask, PostTask, ReopenTask, ReturnTask, TakeTask
from coroom.core.quick import quick

__all__ = [
    "AcceptEdit",
    "Accepted",
    "Beat",
    "Call",
    "CancelTask",
    "ClaimResources",
    "CloseFinding",
    "CloseRoom",
    "Command",
    "DropHeld",
    "FinishAction",
    "FinishTask",
    "GiveVerdict",
    "Good",
    "Granted",
    "Held",
    "HoldEdit",
    "HoldLandings",
    "Join",
    "Joined",
    "Leave",
    "MarkRead",
    "NoteReads",
    "NoteSpent",
    "Ok",
    "OpenRoom",
    "Pause",
    "PostTask",
    "Posted",
    "RaiseFinding",
    "Release",
    "ReleaseLandings",
    "ReopenTask",
    "Resume",
    "ReturnTask",
    "Say",
    "SeedFiles",
    "StartAction",
    "StartLanding",
    "Started",
    "TakeOver",
    "TakeTask",
    "Taken",
    "Tick",
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
)

for _kind in (*get_args(Command), *get_args(Good)):
    quick(_kind)


class Call(NamedTuple):
    """A command and who asks for it. `operation` makes it safe to repeat: the same id gets the same reply."""

    by: str
    command: Command
    operation: str = ""
