"""What is known of the calls in order: their life, what they rest on, what their agents were told."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from operator import attrgetter

from coroom.core.action import Effect
from coroom.core.ordering.position import Position
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint, Resource, overlaps
from coroom.core.table import Table

Values = tuple[tuple[Resource, str], ...]
"""What resources held at some moment, as JSON text."""


class CallPhase(StrEnum):
    """Where a call in the order is in its life."""

    PLACED = "placed"
    GATED = "gated"
    STARTED = "started"
    FINISHED = "finished"
    UNDONE = "undone"
    CANCELLED = "cancelled"
    RETRACTED = "retracted"
    FAILED = "failed"
    FENCED = "fenced"


P = CallPhase
CALL_PHASE_AFTER: dict[tuple[CallPhase, str], CallPhase] = {
    (P.PLACED, "started"): P.STARTED,
    (P.PLACED, "failed"): P.FAILED,
    (P.GATED, "opened"): P.PLACED,
    (P.GATED, "retracted"): P.RETRACTED,
    (P.STARTED, "finished"): P.FINISHED,
    (P.STARTED, "failed"): P.FAILED,
    (P.STARTED, "fenced"): P.FENCED,
    (P.FINISHED, "undone"): P.UNDONE,
    (P.FINISHED, "cancelled"): P.CANCELLED,
    (P.FINISHED, "retracted"): P.RETRACTED,
    (P.FINISHED, "fenced"): P.FENCED,
    (P.UNDONE, "started"): P.STARTED,
    (P.UNDONE, "failed"): P.CANCELLED,
    (P.CANCELLED, "retracted"): P.RETRACTED,
}
"""Every transition of a call in order, by what happened to it; what is not here does not happen. *Prepared* is what is
stored with *started*, *performed* is what lies between *started* and *finished*, and *replayed* is a second *started*.
"""

ENDED = frozenset({P.RETRACTED, P.FAILED})
"""The phases in which a call counts for nothing any more."""


class StepKind(StrEnum):
    """What one step of a repair does with its call."""

    UNDO = "undo"
    CANCEL = "cancel"
    RETRACT = "retract"
    READ = "read"
    PERFORM = "perform"
    REDO = "redo"


TAKES_BACK = frozenset({StepKind.UNDO, StepKind.CANCEL, StepKind.RETRACT})
"""The steps that undo their call; what becomes of it then is in the name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a repair; stored before it acts, so that a crash anywhere is finished from the log."""

    kind: StepKind
    call: str


@dataclass(frozen=True, kw_only=True)
class OrderedCall:
    """One call at its position. `told` is the result that its agent knows, `values` what was seen right after it."""

    id: str
    agent: str
    position: Position
    tool: str
    arguments: str
    footprint: Footprint
    effect: Effect
    commutes: tuple[str, ...] = ()
    phase: CallPhase = CallPhase.PLACED
    attempt: int = 0
    prepared: str = ""
    result: str = ""
    told: str = ""
    values: Values = ()
    seq: int = 0
    irrevocable: bool = False
    notice: str = ""


@dataclass(frozen=True, kw_only=True)
class Premise:
    """That a call read `resource`, and what its agent holds for its content; `notice` says that it is not so."""

    call: str
    agent: str
    position: Position
    resource: Resource
    held: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A resource that calls in the order touch: the tool that can look at it, and its content before all of them."""

    resource: Resource
    tool: str
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Steps under way on `touched`; nothing else that overlaps these may act until they are done."""

    id: str
    agent: str
    position: Position
    todo: tuple[Step, ...]
    touched: tuple[Resource, ...]


class NoticeCause(StrEnum):
    """Why an agent has to judge again."""

    CHANGED = "changed"
    UNDONE = "undone"
    RESULT = "result"
    RESTARTED = "restarted"


@dataclass(frozen=True, kw_only=True)
class OrderNotice:
    """That something an agent relies on is another than it was told, and what it is now. Open until judged."""

    id: str
    agent: str
    call: str
    resource: Resource | None
    cause: NoticeCause
    held: str
    value: str
    handed: bool = False
    handed_seq: int = 0


class Judgement(StrEnum):
    """What an agent makes of a notice; to say nothing is not consent."""

    NO_EFFECT = "no_effect"
    REPAIRED = "repaired"
    RETRACTED = "retracted"
    CANNOT = "cannot"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an agent is in the order: the last step it used, whether it is done, how often it began again. `acted_seq`
    is the last event by which it called, took back, edited, or gave up whom it had started.
    """

    step: int = 0
    concluded: bool = False
    report: str = ""
    restarts: int = 0
    abandoned: bool = False
    acted_seq: int = 0
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fence:
    """Resources that nobody touches until a person has looked: an undo failed, or somebody outside changed them."""

    call: str
    resources: tuple[Resource, ...]
    why: str


NOT_YET_STANDING = Standing()


@dataclass(frozen=True, kw_only=True)
class Order:
    """All that is not yet committed, and the mark below which everything is."""

    calls: Table[OrderedCall] = Table()
    premises: Table[Premise] = Table()
    tracked: Table[Tracked] = Table()
    repairs: Table[Repair] = Table()
    notices: Table[OrderNotice] = Table()
    standings: Table[Standing] = Table()
    fences: Table[Fence] = Table()
    watermark: int = 0
    committed: tuple[str, ...] = ()

    def standing(self, agent: str) -> Standing:
        """Where the agent is; one that never called is at step 0."""
        return self.standings.get(agent, NOT_YET_STANDING)


_POSITION: Callable[[OrderedCall], Position] = attrgetter("position")


def is_applied(call: OrderedCall) -> bool:
    """Whether the call's effect is there now."""
    return call.phase is P.FINISHED and bool(call.footprint.writes)


def in_order(calls: Iterable[OrderedCall]) -> tuple[OrderedCall, ...]:
    """The calls, lowest position first."""
    return tuple(sorted(calls, key=_POSITION))


def any_overlap(some: tuple[Resource, ...], others: tuple[Resource, ...]) -> bool:
    """Whether a resource of the one may meet a resource of the other."""
    for a in some:
        for b in others:
            if overlaps(a, b):
                return True
    return False
