"""Grow the library of tools, and say which tool was caught."""

from coroom.core.action import Effect
from coroom.core.ordering.call import Values
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTool:
    """Take a tool into the library. Only whoever may make tools, and only after its trial."""

    tool: str
    request: str
    description: str
    effect: Effect
    definition: str
    trial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteStray:
    """The probe saw that a call touched more than it declared; `values` is what that held right after."""

    tool: str
    call: str
    agent: str
    observed: Footprint
    why: str
    values: Values = ()
