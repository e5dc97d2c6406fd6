"""The board: tasks with dependencies and a declared touch-set, each held by at most one agent."""

import re
from enum import StrEnum
from functools import lru_cache

from coroom.core.quick import dataclass
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
    """One piece of work. `holder` is set exactly while the state is TAKEN or DONE. `finding` is what it settles."""

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
    finding: str = ""

    @property
    def words(self) -> str:
        """The title as it stands beside the id: without that at its beginning."""
        return self.title.removeprefix(f"{self.id}: ")


_WORD = re.compile(r"[^\W_]+")
_ARTICLES = frozenset({"a", "an", "the"})

_TYPO_CHARS_MIN = 5
"""Shorter words are too often one letter from another that means something else."""


@lru_cache(maxsize=4_096)
def words_of(title: str) -> tuple[str, ...]:
    """The words of a title as they are compared: in small letters, sorted, without articles."""
    return tuple(sorted([word for word in _WORD.findall(title.lower()) if word not in _ARTICLES]))


def alike(a: str, b: str) -> bool:
    """Whether two titles probably mean the same work: the same words, be they moved round, but for one that is
    written with a letter more, or with two letters swapped. Titles that differ in a word say different things.
    """
    words_a, words_b = words_of(a), words_of(b)
    if not words_a or not words_b:
        return a == b
    if words_a == words_b:
        return True
    if len(words_a) != len(words_b) or len(frozenset(words_a) ^ frozenset(words_b)) > 2:
        return False
    only_a, only_b = list(words_a), list(words_b)
    for word in words_a:
        if word in only_b:
            only_a.remove(word)
            only_b.remove(word)
    return len(only_a) == 1 and _same_word(only_a[0], only_b[0])


def _same_word(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    if not (short.isalpha() and long.isalpha()):
        return False
    if len(long) == len(short) + 1:
        return long == short + "s" or (
            len(short) >= _TYPO_CHARS_MIN and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
        )
    apart = [i for i in range(len(long)) if long[i] != short[i : i + 1]]
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1 and sorted(a) == sorted(b)
    return len(long) == len(short) >= _TYPO_CHARS_MIN and swapped
