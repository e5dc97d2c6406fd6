"""The library of tools that was made in the room, and tools that were caught."""

from typing import ClassVar

from coroom.core.action import Effect
from coroom.core.ordering.call import Values
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAdded:
    """A tool joined the library: it passed its trial. `definition` is all that it takes to make it again."""

    kind: ClassVar[str] = "tool-added"
    tool: str
    by: str
    request: str
    description: str
    effect: Effect
    definition: str
    trial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FootprintStrayed:
    """A call touched more than it declared: `observed` is what it touched beside that (in older logs all that it
    touched), `values` what of it held right after. It belongs to the call in the order, and its tool is gated.
    """

    kind: ClassVar[str] = "footprint-strayed"
    tool: str
    call: str
    agent: str
    observed: Footprint
    why: str
    values: Values = ()
