"""What a carrier asks of its runner, and what comes of a call: values only."""

from collections.abc import Callable, Generator
from typing import TypeVar

from coroom.core import command as c
from coroom.core.errors import Refused
from coroom.core.ordering.call import OrderedCall
from coroom.core.ordering.position import Position
from coroom.core.quick import dataclass
from coroom.core.tool import ToolCall

_LOOK = "look"


@dataclass(frozen=True, slots=True)
class Store:
    """Have this decided and made durable; the runner sends the reply back."""

    by: str
    command: c.Command
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """Let a tool act; the runner sends back what it returned, or throws what it raised. `what` is for people."""

    what: str
    work: Callable[[], object]


Request = Store | Act
R = TypeVar("R")
Steps = Generator[Request, object, R]


@dataclass(frozen=True, slots=True)
class Called:
    """The call acted, at this place in the order."""

    call: str
    position: Position
    result: str


@dataclass(frozen=True, slots=True)
class Gated:
    """The call has its place and acts when nobody can make it stale any more."""

    call: str
    position: Position


@dataclass(frozen=True, slots=True)
class Waits:
    """The call was not made: its agent waits for these."""

    on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The call was made and acted on nothing."""

    why: str


Outcome = Called | Gated | Waits | Failed | Refused


def attempt_id(call: OrderedCall, attempt: int) -> str:
    """The idempotency key: putting a call back after an undo is another deed than making it."""
    return call.id if attempt <= 1 else f"{call.id}.{attempt}"


def is_look(call: ToolCall) -> bool:
    """Whether a tool was asked to read, before the read had its place in the order."""
    return call.id.startswith(_LOOK)


def call_of(attempt: ToolCall) -> str:
    """The call in the order that a tool was asked to carry out, whichever try it was."""
    return attempt.id.partition(".")[0]


def look_with(tool: str, seq: int, arguments: str) -> ToolCall:
    """What a tool is asked when it looks: a read has no place in the order before it has looked."""
    return ToolCall(f"{_LOOK}{seq}", tool, arguments)
