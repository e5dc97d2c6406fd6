"""Post, take, finish, give back, reopen and cancel tasks."""

from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class PostTask:
    """Put a task on the board. `task` is its id; empty: the room numbers it. `finding` is what it is to settle: such a
    task is done when that is closed, and by nobody's word.
    """

    title: str
    description: str = ""
    touches: tuple[Resource, ...] = ()
    after: tuple[str, ...] = ()
    task: str = ""
    despite_duplicate: bool = False
    finding: str = ""


@dataclass(frozen=True, slots=True)
class TakeTask:
    """Hold this task; with no id, the first open one whose dependencies are done and whose files are free."""

    task: str = ""


@dataclass(frozen=True, slots=True)
class FinishTask:
    """The held task is done. With `task` given, only if that is the one held: a late message ends no other."""

    summary: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class ReturnTask:
    """Give the held task back, with what the next holder should know. `task` as in `FinishTask`."""

    note: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class ReopenTask:
    """A done task is not done after all."""

    task: str
    note: str


@dataclass(frozen=True, slots=True)
class CancelTask:
    """A task shall not be done."""

    task: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderTask:
    """An open task comes after exactly these, whatever it came after before."""

    task: str
    after: tuple[str, ...]
