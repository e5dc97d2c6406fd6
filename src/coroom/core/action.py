"""Actions: what acts outside the room, stored as started before it acts and as finished after.

The host performs those that it has a performer for, which is landing. Calls of tools on live state have a position as
well, and so a longer life: `ordering.call`.
"""

from enum import StrEnum

from coroom.core.quick import dataclass
from coroom.core.resource import Footprint


class Effect(StrEnum):
    """What may be done with an action or a call when the order that it should have had becomes known."""

    COMMUTING = "commuting"
    BLIND = "blind"
    REPLAYABLE = "replayable"
    OPAQUE = "opaque"
    IRREVERSIBLE = "irreversible"


class Phase(StrEnum):
    """Where an action is in its life."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    UNDONE = "undone"


PHASE_AFTER: dict[tuple[Phase, str], Phase] = {
    (Phase.STARTED, "action-finished"): Phase.FINISHED,
    (Phase.STARTED, "action-failed"): Phase.FAILED,
    (Phase.STARTED, "action-undone"): Phase.UNDONE,
    (Phase.FINISHED, "action-undone"): Phase.UNDONE,
}
"""Every transition of an action by the kind of the event. A STARTED one found after a crash is probed."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """One call: its tool, footprint and effect class, and in `undo` what undoing it will need."""

    id: str
    agent: str
    tool: str
    footprint: Footprint
    effect: Effect
    fence: int
    arguments: str
    undo: str
    phase: Phase = Phase.STARTED
    result: str = ""
    started_seq: int = 0
