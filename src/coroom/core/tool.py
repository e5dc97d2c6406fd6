"""What the room knows of a tool, and what a tool can answer: values only; `ports.Tool` is what acts."""

import json

from coroom.core.action import Effect
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint, Resource, Scheme

LIBRARY = Resource(Scheme.KEY, "coroom/library")
"""The tools that are made in the room. A task that touches it asks for one: whoever may make tools can hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as agents and policies see it.

    `schema` is the JSON Schema of its arguments, as canonical JSON text. `undoable` says that its undo was tried and
    holds; what is not undoable is gated like `irreversible`. `commutes_with` names the tools whose calls may be
    swapped with this one's without a difference, whatever the arguments; undoing such a call takes back its own part
    only and leaves the others'. `reads_value` says that the result of a call is exactly what `Tool.value` says of the
    one resource that it reads, so that a recorded version answers it.
    """

    name: str
    description: str
    effect: Effect
    schema: str
    undoable: bool = False
    commutes_with: tuple[str, ...] = ()
    reads_value: bool = False

    @property
    def gated(self) -> bool:
        """Whether a call must wait until nobody of lower rank can touch its footprint any more."""
        return self.effect is Effect.IRREVERSIBLE or not self.undoable


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call: `id` is the idempotency key, the same at every try; `arguments` is canonical JSON."""

    id: str
    tool: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Performed:
    """The probe found that the call acted, with this result."""

    result: str


@dataclass(frozen=True, slots=True)
class NotPerformed:
    """The probe found that the call did not act, or that what it did is undone."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The probe cannot tell; nothing may be guessed from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTool:
    """A tool of the library: made in this room, tried before anyone could call it, and made again from `definition`."""

    name: str
    by: str
    request: str
    description: str
    effect: Effect
    definition: str
    trial: str
    seq: int


@dataclass(frozen=True, slots=True)
class Stray:
    """A call that touched more than it declared."""

    tool: str
    call: str
    agent: str
    observed: Footprint
    why: str
    seq: int


Probed = Performed | NotPerformed | Unknown
"""What became of a call whose outcome was lost."""


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces. Raises ValueError or TypeError when it has none."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
