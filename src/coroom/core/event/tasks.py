"""Tasks move over the board."""

from typing import ClassVar

from coroom.core.quick import dataclass
from coroom.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPosted:
    """A task is on the board."""

    kind: ClassVar[str] = "task-posted"
    task: str
    title: str
    description: str
    touches: tuple[Resource, ...]
    after: tuple[str, ...]
    by: str
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTaken:
    """An agent holds the task, by the claim named."""

    kind: ClassVar[str] = "task-taken"
    task: str
    agent: str
    claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReturned:
    """The holder gave the task back, left, or let its claim run out."""

    kind: ClassVar[str] = "task-returned"
    task: str
    agent: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDone:
    """The holder says the task is done; of one that settles a finding, the room does."""

    kind: ClassVar[str] = "task-done"
    task: str
    agent: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReopened:
    """A task that was done is open again, with the reason."""

    kind: ClassVar[str] = "task-reopened"
    task: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCancelled:
    """The task will not be done."""

    kind: ClassVar[str] = "task-cancelled"
    task: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOrdered:
    """The task comes after exactly these from now on."""

    kind: ClassVar[str] = "task-ordered"
    task: str
    after: tuple[str, ...]
