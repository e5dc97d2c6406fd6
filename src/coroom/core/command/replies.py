"""What a command is answered when it is not refused."""

from coroom.core.agent import Rank
from coroom.core.ordering.position import Position
from coroom.core.quick import dataclass


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
class Placed:
    """The reply to `PlaceCall`, `NoteRead` and `LookBack`: the call, and where it stands. `repair` is what the host
    carries out now; a gated call has none, and one that only `looked` changed nothing. Once the call is final, a repeat
    is told as well how it `ended`, which is the last phase of its life, and the `result` that its agent was told,
    unless that was too `long` to keep.
    """

    call: str
    position: Position
    repair: str = ""
    gated: bool = False
    looked: bool = False
    ended: str = ""
    result: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The reply to a call that may not act yet: for whom it waits; or who begins again to let it through, in which case
    it is made `again` once the repair, if there is one, is done.
    """

    on: tuple[str, ...]
    repair: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Ok:
    """Done; `id` names what came of it, when something did."""

    id: str = ""


Good = Joined | Granted | Posted | Taken | Accepted | Held | Started | Placed | Waiting | Ok
