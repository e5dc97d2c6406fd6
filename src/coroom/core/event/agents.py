"""Agents come, go, are paused, and get their answers."""

from typing import ClassVar

from coroom.core.agent import Rank, Role
from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentJoined:
    """An agent came, or came back with a new secret."""

    kind: ClassVar[str] = "agent-joined"
    agent: str
    role: Role
    rank: Rank
    parent: str | None
    secret_hash: str
    client: str
    scope: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeft:
    """An agent went; its secret is void from here on."""

    kind: ClassVar[str] = "agent-left"
    agent: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPaused:
    """The operator stopped an agent; what it does is refused until it is resumed."""

    kind: ClassVar[str] = "agent-paused"
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentResumed:
    """The operator let a paused agent go on."""

    kind: ClassVar[str] = "agent-resumed"
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A changing call with an operation id got this reply; the same id gets it again, for the same call. `asked`
    tells calls apart; it is empty in logs of versions that did not look.
    """

    kind: ClassVar[str] = "answered"
    agent: str
    operation: str
    reply: str
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpent:
    """What an agent's client says it has used since it last said so; money in millionths of a US dollar."""

    kind: ClassVar[str] = "agent-spent"
    agent: str
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
