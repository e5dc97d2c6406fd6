"""The board: tasks with dependencies and a declared touch-set, each held by at most one agent."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from coroom.core.resource import Resource


class TaskState(StrEnum):
    """Where a task is in its life."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"
    CANCELLED = "cancelled"


TASK_AFTER: dict[tuple[TaskState, str], TaskState] = {
    (TaskState.OPEN, "task-taken"): TaskState.TAKEN,
    (TaskState.OPEN, "task-cancelled"): TaskState.CANCELLED,
    (TaskState.TAKEN, "task-returned"): TaskState.OPEN,
    (TaskState.TAKEN, "task-done"): TaskState.DONE,
    (TaskState.TAKEN, "task-cancelled"): TaskState.CANCELLED,
    (TaskState.DONE, "task-reopened"): TaskState.OPEN,
}
"""Every transition of a task by the kind of the event; what is not here does not happen."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an earlier holder of the task left behind for the next one."""

    agent: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """One piece of work. `holder` is set exactly while the state is TAKEN or DONE."""

    id: str
    title: str
    description: str
    touches: tuple[Resource, ...]
    after: tuple[str, ...]
    posted_by: str
    posted_seq: int
    state: TaskState
    holder: str | None = None
    claim: str | None = None
    summary: str = ""
    attempts: tuple[Attempt, ...] = ()
    done_seq: int = 0


def words_of(title: str) -> frozenset[str]:
    """The words of a title as they are compared."""
    return frozenset("".join(c.lower() if c.isalnum() else " " for c in title).split())


def alike(a: str, b: str) -> bool:
    """Whether two titles probably mean the same work: nearly the same letters, or the same words moved round."""
    words_a, words_b = words_of(a), words_of(b)
    if not words_a or not words_b:
        return a == b
    if len(words_a & words_b) / len(words_a | words_b) >= 0.75:
        return True
    if not words_a & words_b:
        return False
    matcher = SequenceMatcher(None, a.lower(), b.lower(), autojunk=False)
    return matcher.real_quick_ratio() >= 0.88 and matcher.quick_ratio() >= 0.88 and matcher.ratio() >= 0.88
