"""The four questions that a policy answers. All of them are pure."""

from dataclasses import dataclass
from typing import Protocol

from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint
from coroom.core.state import RoomState


@dataclass(frozen=True, slots=True)
class Go:
    """The action may act now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: somebody with precedence is not done. `on` names who."""

    on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repair:
    """One step of mending the order: undo, replay or hand back the action named."""

    action: str
    step: str


Admission = Go | Wait | Refused


class Policy(Protocol):
    """Who waits, who sees what, who is told and what is undone (DESIGN §1)."""

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

    def repair(self, state: RoomState, writer: str, footprint: Footprint) -> tuple[Repair, ...]:
        """What a late write of `writer` on `footprint` puts out of order."""
        ...


def readers_of(state: RoomState, writer: str, path: str) -> tuple[str, ...]:
    """The present agents, other than `writer`, that have read `path`, in rank order."""
    return tuple(a.name for a in state.present() if a.name != writer and path in state.reads_of(a.name))


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
