"""Begin and end what acts outside the room; landing is one of these."""

from coroom.core.action import Effect
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAction:
    """Store that a call is about to act outside the room."""

    tool: str
    footprint: Footprint
    effect: Effect
    arguments: str = ""
    undo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLanding:
    """Store that `ref` is about to move to `commit`. Needs a passing verdict for `tree` and nothing held."""

    ref: str
    commit: str
    tree: str
    tasks: tuple[str, ...]
    version: int
    undo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishAction:
    """Store how a started action ended: `finished`, `failed` or `undone`."""

    action: str
    ending: str
    result: str = ""
