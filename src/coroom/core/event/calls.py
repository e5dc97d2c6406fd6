"""The events of calls in order."""

from typing import ClassVar

from coroom.core.action import Effect
from coroom.core.agent import Rank
from coroom.core.ordering.call import Judgement, NoticeCause, Step, Values
from coroom.core.ordering.position import Position
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRead:
    """A call that only reads has looked, and its agent holds `values` from here on."""

    kind: ClassVar[str] = "call-read"
    call: str
    agent: str
    position: Position
    tool: str
    arguments: str
    footprint: Footprint
    result: str
    values: Values
    replaces: str = ""
    repair: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlaced:
    """A call has its position, and these steps will put it there; a gated one waits with none. Where nothing has to be
    undone first it starts at once: then `attempt` is 1, and the rest is as in `CallStarted`.
    """

    kind: ClassVar[str] = "call-placed"
    call: str
    agent: str
    position: Position
    tool: str
    arguments: str
    footprint: Footprint
    effect: Effect
    irrevocable: bool
    commutes: tuple[str, ...]
    gated: bool
    steps: tuple[Step, ...]
    touched: tuple[Resource, ...]
    replaces: str = ""
    attempt: int = 0
    prepared: str = ""
    before: Values = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairBegun:
    """These steps will be taken, though no call is put in: a retraction, a look at the past, a gate that opened."""

    kind: ClassVar[str] = "repair-begun"
    repair: str
    agent: str
    position: Position
    steps: tuple[Step, ...]
    touched: tuple[Resource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """Stored before the call acts, with what its undo needs, and what there was before it."""

    kind: ClassVar[str] = "call-started"
    call: str
    attempt: int
    prepared: str
    before: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinished:
    """The call acted; `values` is what its resources held right after."""

    kind: ClassVar[str] = "call-finished"
    call: str
    result: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """The call acted on nothing."""

    kind: ClassVar[str] = "call-failed"
    call: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUndone:
    """What the call did is taken back; `fate`: undone (to be put back), cancelled (its agent is asked), retracted."""

    kind: ClassVar[str] = "call-undone"
    call: str
    fate: str
    values: Values = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTaken:
    """A read between undone and put back calls has been taken, or its agent is gone."""

    kind: ClassVar[str] = "look-taken"
    repair: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFenced:
    """The call could be neither undone nor vouched for: nobody touches its resources until a person has looked.

    `also` are calls that stood on it and cannot be put back; `steps` is what is left of the repair.
    """

    kind: ClassVar[str] = "call-fenced"
    call: str
    resources: tuple[Resource, ...]
    why: str
    also: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceLifted:
    """Whoever looked says that the resources are as they should be."""

    kind: ClassVar[str] = "fence-lifted"
    call: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoticed:
    """An agent must judge again: what it relies on is not what it was told. `renews` is the unheard one it replaces."""

    kind: ClassVar[str] = "order-noticed"
    notice: str
    agent: str
    call: str
    resource: Resource | None
    cause: NoticeCause
    held: str
    value: str
    text: str
    renews: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoticesWithdrawn:
    """The values returned to what the agents hold before they heard."""

    kind: ClassVar[str] = "order-notices-withdrawn"
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoticesHanded:
    """The agent has them in front of it; it holds their values from here on."""

    kind: ClassVar[str] = "order-notices-handed"
    agent: str
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoticesJudged:
    """What the agent made of them."""

    kind: ClassVar[str] = "order-notices-judged"
    agent: str
    notices: tuple[str, ...]
    verdict: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWaits:
    """The agent would act on what others hold; whom it waits for. Empty: no longer."""

    kind: ClassVar[str] = "call-waits"
    agent: str
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConcluded:
    """The agent has nothing more to do; a notice reopens it, and then its report is due again."""

    kind: ClassVar[str] = "agent-concluded"
    agent: str
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRestarted:
    """All that the agent did is taken back, and it begins again."""

    kind: ClassVar[str] = "agent-restarted"
    agent: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAbandoned:
    """All that the agent did is taken back, for good."""

    kind: ClassVar[str] = "agent-abandoned"
    agent: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRanked:
    """All that the agent did before is committed; what it does from here on comes after everybody's."""

    kind: ClassVar[str] = "agent-ranked"
    agent: str
    rank: Rank


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCommitted:
    """Final: under an order fixed beforehand all up to the top-level rank `through`; else what `agents` did."""

    kind: ClassVar[str] = "order-committed"
    through: int
    agents: tuple[str, ...]


CallBody = (
    CallRead
    | CallPlaced
    | RepairBegun
    | CallStarted
    | CallFinished
    | CallFailed
    | CallUndone
    | LookTaken
    | CallFenced
    | FenceLifted
    | OrderNoticed
    | OrderNoticesWithdrawn
    | OrderNoticesHanded
    | OrderNoticesJudged
    | CallWaits
    | AgentConcluded
    | AgentRestarted
    | AgentAbandoned
    | AgentRanked
    | OrderCommitted
)


def started(body: object) -> str:
    """The call that starts to act by this event; empty when none does."""
    if isinstance(body, CallStarted):
        return body.call
    return body.call if isinstance(body, CallPlaced) and body.attempt else ""
