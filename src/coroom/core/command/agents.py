"""Come, go, pause, resume, give a sign of life."""

from dataclasses import dataclass

from coroom.core.agent import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Come in under a name, with the hash of a fresh secret. A name that left comes back with its old rank."""

    agent: str
    secret_hash: str
    role: Role = Role.IMPLEMENTER
    parent: str | None = None
    client: str = ""


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
