"""Claims: leases on resources with a mode, a purpose, a deadline and a fence."""

from collections.abc import Iterable
from enum import StrEnum

from coroom.core.errors import Refused
from coroom.core.quick import dataclass
from coroom.core.resource import Resource, overlaps


class Mode(StrEnum):
    """How much a claim keeps others out: `announced` tells, `shared` keeps out exclusives, `exclusive` all."""

    ANNOUNCED = "announced"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"


COMPATIBLE: frozenset[tuple[Mode, Mode]] = frozenset(
    {
        (Mode.ANNOUNCED, Mode.ANNOUNCED),
        (Mode.ANNOUNCED, Mode.SHARED),
        (Mode.SHARED, Mode.ANNOUNCED),
        (Mode.ANNOUNCED, Mode.EXCLUSIVE),
        (Mode.EXCLUSIVE, Mode.ANNOUNCED),
        (Mode.SHARED, Mode.SHARED),
    }
)
"""The pairs of modes that two agents may hold on overlapping resources."""

_KEPT_OUT_BY = {mode: frozenset({held for held in Mode if (mode, held) not in COMPATIBLE}) for mode in Mode}
"""The modes of others' claims that keep a claim of this mode out."""


class Ending(StrEnum):
    """Why a claim is no longer held; every held claim ends in exactly one of these."""

    RELEASED = "released"
    EXPIRED = "expired"
    TAKEN_OVER = "taken-over"
    HOLDER_LEFT = "holder-left"
    DONE = "done"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A live claim. `fence` only grows over the whole room: of two claims the later has the larger one."""

    id: str
    holder: str
    resources: tuple[Resource, ...]
    mode: Mode
    purpose: str
    fence: int
    ttl_ms: int
    deadline_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One reason why a claim was refused: who holds what, why and until when."""

    wanted: Resource
    held: Resource
    holder: str
    mode: Mode
    purpose: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Claimed(Refused):
    """A claim or an edit met others' claims. `free` are the wanted resources that nobody holds."""

    blockers: tuple[Blocker, ...]
    free: tuple[Resource, ...]


def blockers_of(
    wanted: Iterable[Resource], mode: Mode, agent: str, claims: Iterable[Claim], now_ms: int
) -> tuple[Blocker, ...]:
    """What keeps `agent` from holding `wanted` in `mode` at `now_ms`; nothing when the way is free.

    An agent's own claims and claims past their deadline do not count.
    """
    wanted, keeps_out = tuple(wanted), _KEPT_OUT_BY[mode]
    return tuple(
        [
            Blocker(
                wanted=want,
                held=held,
                holder=claim.holder,
                mode=claim.mode,
                purpose=claim.purpose,
                until_ms=claim.deadline_ms,
            )
            for claim in claims
            if claim.mode in keeps_out and claim.holder != agent and claim.deadline_ms > now_ms
            for want in wanted
            for held in claim.resources
            if overlaps(want, held)
        ]
    )
