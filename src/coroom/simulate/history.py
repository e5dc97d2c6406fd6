"""What a simulated run leaves behind for the checkers: the raw log and what the outside world saw of it."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Line(NamedTuple):
    """One stored event as text; `body` is JSON."""

    seq: int
    at_ms: int
    by: str
    kind: str
    body: str


class Ack(NamedTuple):
    """A reply that reached its agent: which operation, what it said, and the log's head when it was sent."""

    agent: str
    incarnation: int
    operation: str
    reply: object
    refused: bool
    head: int
    line: str


class Intent(NamedTuple):
    """What an agent meant to do to a file: the lines it added and the lines it took out."""

    agent: str
    path: str
    adds: frozenset[str]
    removes: frozenset[str]


class Performed(NamedTuple):
    """An effect outside the room: its action, its resource and fence, and how much of the log was durable then."""

    action: str
    resource: str
    fence: int
    head: int


class Recovery(NamedTuple):
    """A crash: the durable log before and after, and whether the state rebuilt from it is the one that was."""

    head_before: int
    head_after: int
    same_lines: bool
    same_state: bool


@dataclass(slots=True)
class History:
    """Everything the checkers may look at."""

    lines: list[Line] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    accepted: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    heard: list[tuple[str, int, int]] = field(default_factory=list)
    handed: dict[str, list[str]] = field(default_factory=dict)
    performed: list[Performed] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    mirrors: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: list[tuple[int, str]] = field(default_factory=list)
    settled: bool = True
