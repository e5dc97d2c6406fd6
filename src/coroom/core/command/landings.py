"""Keep landings back, and let them go again."""

from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True)
class HoldLandings:
    """Let no landing begin until `ReleaseLandings`; who asks for one is told the reason."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseLandings:
    """Let landings begin again."""
