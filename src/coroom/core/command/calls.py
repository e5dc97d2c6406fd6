"""What agents and the host can ask about calls in order."""

from coroom.core.action import Effect
from coroom.core.ordering.call import Judgement, Values
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCall:
    """Put a call that writes at the caller's next step, or at `step` in place of what stands there.

    `prepared` and `before` come with the id that the call was prepared under, when nothing has to be undone first; they
    count only if the call gets that id, so that nothing else was put in order since. Then placing and starting are one.
    """

    tool: str
    arguments: str
    footprint: Footprint
    effect: Effect
    irrevocable: bool = False
    commutes: tuple[str, ...] = ()
    step: int = 0
    call: str = ""
    prepared: str = ""
    before: Values = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRead:
    """A call that only reads has looked: this was its result, and what it read."""

    tool: str
    arguments: str
    footprint: Footprint
    result: str
    values: Values
    step: int = 0
    repair: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """Undo what a read at this step must not see, let it look, and put it back."""

    tool: str
    arguments: str
    footprint: Footprint
    step: int = 0


@dataclass(frozen=True, slots=True)
class Retract:
    """Take calls of the caller's own out of the order."""

    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteStarted:
    """The host is about to let the call act."""

    call: str
    prepared: str
    before: Values = ()


@dataclass(frozen=True, slots=True)
class NoteFinished:
    """The call acted."""

    call: str
    result: str
    values: Values = ()


@dataclass(frozen=True, slots=True)
class NoteFailed:
    """The call acted on nothing."""

    call: str
    why: str


@dataclass(frozen=True, slots=True)
class NoteUndone:
    """What the call did is taken back."""

    call: str
    values: Values = ()


@dataclass(frozen=True, slots=True)
class NoteLook:
    """The look of this repair is over."""

    repair: str


@dataclass(frozen=True, slots=True)
class NoteFenced:
    """The call could not be undone, or what it left is not there any more, or how it ended cannot be found out."""

    call: str
    why: str


@dataclass(frozen=True, slots=True)
class LiftFence:
    """The operator has looked at what a fenced call touched, and it is as it should be."""

    call: str


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Let a gated call act, since nobody can make it stale any more."""

    call: str


@dataclass(frozen=True, slots=True)
class HandNotices:
    """The caller has these notices of the order in front of it; none named: all."""

    agent: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgeNotices:
    """What the caller makes of notices that it has seen."""

    notices: tuple[str, ...]
    verdict: Judgement


@dataclass(frozen=True, slots=True)
class Conclude:
    """The caller has nothing more to do."""

    report: str = ""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Take back all that an agent did: it died, or gave up."""

    agent: str
    why: str = ""


CallCommand = (
    PlaceCall
    | NoteRead
    | LookBack
    | Retract
    | NoteStarted
    | NoteFinished
    | NoteFailed
    | NoteUndone
    | NoteLook
    | NoteFenced
    | LiftFence
    | OpenGate
    | HandNotices
    | JudgeNotices
    | Conclude
    | Abandon
)
