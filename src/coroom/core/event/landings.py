"""The operator keeps landings back, and lets them go again."""

from typing import ClassVar

from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingsHeld:
    """Somebody wants to look first: no landing begins until they are let go again."""

    kind: ClassVar[str] = "landings-held"
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingsReleased:
    """Landings may begin again."""

    kind: ClassVar[str] = "landings-released"
    by: str
