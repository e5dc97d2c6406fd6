"""What can go wrong, in two kinds: a refusal is a value for the caller, a fault ends the host."""

import re
from enum import StrEnum

from coroom.core.quick import dataclass

# Not what quotes or paths hold: '..', ../x, 1..3, an ellipsis.
_TWO_STOPS = re.compile(r"(?<=[\w)\]}'\"`%])\.\s?\.(?=\s|$)")


def with_one_stop(text: str) -> str:
    """Sentences in which another's words were put, each with one full stop, though those brought their own."""
    return _TWO_STOPS.sub(".", text)


class Code(StrEnum):
    """Why a command was refused; stable, so that programs may branch on it."""

    BAD_INPUT = "bad-input"
    CLAIMED = "claimed"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    FENCED = "fenced"
    FORBIDDEN = "forbidden"
    HELD_OPEN = "held-open"
    JUDGE = "judge"
    LIMIT = "limit"
    NOT_FOUND = "not-found"
    NOT_YOURS = "not-yours"
    PAUSED = "paused"
    RED = "red"
    RESTARTED = "restarted"
    ROOM_CLOSED = "room-closed"
    STALE = "stale"
    UNKNOWN_AGENT = "unknown-agent"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Refused:
    """The command changed nothing. `why` says what stood in the way, `next_step` one thing to do now."""

    code: Code
    why: str
    next_step: str

    def __str__(self) -> str:
        """Both sentences, as a person or a model reads them."""
        return with_one_stop(f"{self.why} {self.next_step}".strip())


class Fault(Exception):
    """Something of ours broke; the host stops rather than guess."""


def unread(problem: OSError | UnicodeError) -> str:
    """Why a file that shall hold text cannot be read, as the end of a sentence."""
    return problem.strerror or str(problem) if isinstance(problem, OSError) else "it is no UTF-8 text"


def cause_of(problem: BaseException) -> BaseException:
    """What went wrong first, without the groups that tasks wrap around it and that say nothing themselves."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


def said_by(problem: BaseException) -> str:
    """What its cause says; the cause's kind where that says nothing."""
    cause = cause_of(problem)
    return str(cause) or type(cause).__name__
