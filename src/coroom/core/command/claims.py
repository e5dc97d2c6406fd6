"""Hold resources, give them up, end another's claim."""

from coroom.core.claim import Mode
from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResources:
    """Hold all of `resources` for `ttl_ms` (0: the room's default), or none."""

    resources: tuple[Resource, ...]
    mode: Mode = Mode.EXCLUSIVE
    purpose: str = ""
    ttl_ms: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """Give up what covers these resources; nothing named gives up everything but the held task."""

    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeOver:
    """End another's claim (operator, or anybody once its holder has left)."""

    claim: str
    reason: str = ""
