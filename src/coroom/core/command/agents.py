"""Come, go, pause, resume, give a sign of life."""

from coroom.core.agent import Rank, Role
from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Come in under a name, with the hash of a fresh secret. A name that left comes back with its old rank.

    `rank` asks for a place in the order, which must be free and above what is final; without it one comes last, or
    inside one's parent. `scope` is all that the agent will ever touch by calls; without it, it may touch anything.
    """

    agent: str
    secret_hash: str
    role: Role = Role.IMPLEMENTER
    parent: str | None = None
    client: str = ""
    rank: Rank = ()
    scope: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """Go: claims are released, a held task is given back."""

    agent: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop an agent."""

    agent: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a paused agent go on."""

    agent: str


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: renews the caller's claims when half their time is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSpent:
    """What an agent's client says that it has used since the last time. Only the host hears clients say it."""

    agent: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro_usd: int = 0
