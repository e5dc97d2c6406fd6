"""Tasks as a plan takes them, from the same files that a run reads."""

import itertools
from collections.abc import Sequence

from coroom.core.command import PostTask
from coroom.plan.task import PlanTask
from coroom.run.board import BoardError, read_tasks


def plan_tasks_from(given: str) -> list[PlanTask]:
    """The tasks that `given` names, each with an id; those that say none get `t1`, `t2` and so on.

    Raises:
        BoardError: they cannot be read, two have one id, or one is after a task that is not there.
    """
    return named(given, read_tasks(given))


def named(source: str, tasks: Sequence[PostTask]) -> list[PlanTask]:
    """The same tasks for a plan.

    Raises:
        BoardError: two have one id, or one is after a task that is not there or after itself.
    """
    taken = [task.task for task in tasks if task.task]
    twice = next((name for name in taken if taken.count(name) > 1), None)
    if twice is not None:
        message = f"{source} has two tasks with the id '{twice}'; give each its own"
        raise BoardError(message)
    free = (name for number in itertools.count(1) if (name := f"t{number}") not in taken)
    found = [
        PlanTask(
            id=task.task or next(free),
            title=task.title,
            description=task.description,
            touches=task.touches,
            after=task.after,
        )
        for task in tasks
    ]
    known = {task.id for task in found}
    for task in found:
        missing = next((name for name in task.after if name not in known), None)
        if missing is not None:
            message = (
                f"{source}: task '{task.id}' is after '{missing}', which is no task of it; its ids are {_some(known)}"
            )
            raise BoardError(message)
    return found


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:8]) + (", …" if len(shown) > 8 else "")
