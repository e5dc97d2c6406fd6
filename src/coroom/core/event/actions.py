"""Calls that act outside the room, and where work landed."""

from typing import ClassVar

from coroom.core.action import Effect
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint


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
