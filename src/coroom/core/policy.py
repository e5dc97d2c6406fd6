"""The four questions that a policy answers. All of them are pure."""

from typing import Protocol

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.file import SHARED_LINE
from coroom.core.ordering.call import OrderedCall, Step, StepKind
from coroom.core.ordering.position import Position
from coroom.core.ordering.repair_plan import saga
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint, Resource
from coroom.core.state import RoomState


@dataclass(frozen=True, slots=True)
class Go:
    """The action may act now."""


GO = Go()


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: somebody with precedence is not done. `on` names who."""

    on: tuple[str, ...]


Admission = Go | Wait | Refused


@dataclass(frozen=True, slots=True)
class Gate:
    """The call cannot be taken back: it has its place, and acts when nobody can make it stale any more."""


@dataclass(frozen=True, slots=True)
class Restart:
    """These agents' calls are taken back and they begin again, so that somebody can go on."""

    agents: tuple[str, ...]
    why: str


CallAdmission = Go | Wait | Gate | Restart | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call that somebody wants to make on live state."""

    agent: str
    position: Position
    footprint: Footprint
    effect: Effect
    irrevocable: bool = False


class Policy(Protocol):
    """Who waits, who sees what, who is told and what is undone: *admit*, *visible*, *affected*, *repair*.

    Edits of files are asked about by `admit`, `line`, `visible` and `affected`, calls on live state by `admit_call`,
    `screened` and `repair`; whom a call affects follows from values (`ordering.premises`), whatever the policy.
    """

    name: str

    def admit(self, state: RoomState, agent: str, footprint: Footprint) -> Admission:
        """Whether `agent` may act on `footprint` now. Claims are checked apart from this, under every policy."""
        ...

    def line(self, agent: str) -> str:
        """The line of versions that the agent's accepted edits go to."""
        ...

    def visible(self, state: RoomState, reader: str, writer: str) -> bool:
        """Whether `reader` sees what `writer` does before it has landed."""
        ...

    def affected(self, state: RoomState, writer: str, path: str) -> tuple[str, ...]:
        """Who read `path` and must be told that `writer` changed it."""
        ...

    @property
    def ordered(self) -> bool:
        """Whether calls on live state have their agents' ranks for an order, so that what is read, told and undone
        follows from positions (`core/ordering`). Otherwise they act as they come.
        """
        ...

    @property
    def by_rank(self) -> bool:
        """Whether the serial order is that of the ranks; else it is the order in which agents are done."""
        ...

    def admit_call(self, state: RoomState, asked: Asked) -> CallAdmission:
        """Whether a call on live state may act now, and what has to happen first."""
        ...

    def screened(self, state: RoomState, position: Position, reads: tuple[Resource, ...]) -> tuple[OrderedCall, ...]:
        """The applied calls that a reader at the position does not see."""
        ...

    def repair(self, state: RoomState, insert: OrderedCall | None, drop: tuple[OrderedCall, ...]) -> tuple[Step, ...]:
        """What puts one call in and takes others out: the undoing, the acting, the putting back."""
        ...


class OneLine:
    """The answers of policies under which edits of files have one line of versions: they commute or are held, and all
    see what is accepted.
    """

    def admit(self, _state: RoomState, _agent: str, _footprint: Footprint) -> Admission:
        """Nobody waits."""
        return GO

    def line(self, _agent: str) -> str:
        """One line for all."""
        return SHARED_LINE

    def visible(self, _state: RoomState, _reader: str, _writer: str) -> bool:
        """Everybody sees everything."""
        return True

    def affected(self, state: RoomState, writer: str, path: str) -> tuple[str, ...]:
        """Every reader of the path."""
        return readers_of(state, writer, path)


class ActsAsItComes:
    """The answers of policies without an order of positions: a call acts where it comes, and what is taken back is
    taken back latest first.
    """

    ordered = False
    by_rank = False

    def screened(self, _state: RoomState, _position: Position, _reads: tuple[Resource, ...]) -> tuple[OrderedCall, ...]:
        """Everybody sees what is there."""
        return ()

    def repair(self, _state: RoomState, insert: OrderedCall | None, drop: tuple[OrderedCall, ...]) -> tuple[Step, ...]:
        """Nothing is put back."""
        return (*saga(drop), *((Step(StepKind.PERFORM, insert.id),) if insert else ()))


def readers_of(state: RoomState, writer: str, path: str) -> tuple[str, ...]:
    """The present agents, other than `writer`, that have read `path`, in rank order."""
    read = {agent for agent, versions in state.reads.ordered() if path in versions and agent != writer}
    return tuple([agent.name for agent in state.present() if agent.name in read]) if read else ()


def in_the_way(admission: Admission) -> Refused | None:
    """What a policy's answer means for the caller; None when it may go."""
    if isinstance(admission, Wait):
        return not_yet(admission)
    return admission if isinstance(admission, Refused) else None


def not_yet(wait: Wait) -> Refused:
    """A wait, said to an agent: the room never blocks a call, so that waiting is the caller's to do."""
    names = ", ".join(wait.on)
    return Refused(
        Code.WAIT,
        f"It is not your turn: {names} goes first under this room's policy.",
        "Call sync with wait_s to be told when it is.",
    )
