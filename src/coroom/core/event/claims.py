"""Claims are granted, refused, renewed and ended."""

from typing import ClassVar

from coroom.core.claim import Ending, Mode
from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimGranted:
    """All the resources, or none: this says all."""

    kind: ClassVar[str] = "claim-granted"
    claim: str
    agent: str
    resources: tuple[Resource, ...]
    mode: Mode
    purpose: str
    fence: int
    ttl_ms: int
    deadline_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRefused:
    """Somebody wanted what another holds; they are told when it is free."""

    kind: ClassVar[str] = "claim-refused"
    agent: str
    resources: tuple[Resource, ...]
    mode: Mode
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRenewed:
    """A sign of life moved the deadlines of an agent's claims."""

    kind: ClassVar[str] = "claims-renewed"
    agent: str
    claims: tuple[str, ...]
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimEnded:
    """A claim is no longer held, wholly or in part (`resources` says which)."""

    kind: ClassVar[str] = "claim-ended"
    claim: str
    agent: str
    resources: tuple[Resource, ...]
    ending: Ending
    by: str
