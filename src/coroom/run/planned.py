"""Tasks as a plan takes them, from the same files that a run reads."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coroom.core.command import PostTask
from coroom.core.errors import Refused
from coroom.core.policies import policy_named
from coroom.host.plans.planning import Plan, ground_of, plan_for
from coroom.host.plans.replanning import Edge
from coroom.host.plans.resolving import Resolver
from coroom.plan.task import PlanTask
from coroom.run.board import BoardError, read_tasks, seconds_in

TASKS_MAX = 500
"""What is planned at once: ten times as many would take an hour."""


def plan_tasks_from(given: str) -> list[PlanTask]:
    """The tasks that `given` names, each with an id; those that say none get `t1`, `t2` and so on. JSON and YAML may
    say with `seconds` how long one takes.

    Raises:
        BoardError: they cannot be read, two have one id, or one is after a task that is not there.
    """
    lengths = seconds_in(given)
    tasks = named(given, read_tasks(given))
    return [replace(task, seconds=length) for task, length in itertools.zip_longest(tasks, lengths[: len(tasks)])]


def named(source: str, tasks: Sequence[PostTask]) -> list[PlanTask]:
    """The same tasks for a plan.

    Raises:
        BoardError: they are too many, two have one id, or one is after a task that is not there.
    """
    if len(tasks) > TASKS_MAX:
        many = f"{source} holds {len(tasks):,} tasks; a plan compares each with each, at most {TASKS_MAX}"
        message = f"{many}. Plan a part of them; coroom run takes all with --no-plan"
        raise BoardError(message)
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


AGENTS_UNASKED_MAX = 4
"""A run starts no more agents than this by itself: each costs money."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A run as its plan has it: the tasks in the order to take them, with what each waits for; how many agents; under
    which policy; and why, a sentence a line. `added` are the waits that the plan added to those that were given.
    """

    tasks: tuple[PostTask, ...]
    agents: int
    policy: str
    lines: tuple[str, ...]
    added: frozenset[Edge] = frozenset()


def planned(
    repository: Path,
    tasks: Sequence[PostTask],
    agents: int | None,
    policy: str | None,
    resolver: Resolver | None = None,
) -> Planned:
    """Plan a run of these tasks, each of which has an id.

    Coupled tasks are made to wait for one another on the board, so that whoever is free takes what fits beside what the
    others do.

    Args:
        repository: where its files are.
        tasks: as they were given.
        agents: at most so many; None for as many as the work has room for, within AGENTS_UNASKED_MAX.
        policy: the one asked for, None for the plan's own.
        resolver: who asks what names leave open.

    Raises:
        BoardError: two tasks have one id, or one is after a task that is not there.
        CycleError: tasks wait for one another in a circle.
        OSError: the repository cannot be read.
    """
    made = plan_for(ground_of(repository), named("the list", tasks), agents or AGENTS_UNASKED_MAX, resolver)
    chosen, lines = _policy(made, policy)
    placed = tuple(_in_order(made, tasks))
    given = {task.task: task.after for task in tasks}
    added = frozenset((task.task, one) for task in placed for one in task.after if one not in given[task.task])
    return Planned(placed, made.route.agents, chosen, lines, added)


def _policy(made: Plan, asked: str | None) -> tuple[str, tuple[str, ...]]:
    lines = (*made.route.reasons, *(f"Note: {note}." for note in made.notes))
    if asked is not None:
        return asked, (*lines, f"Policy {asked}, as asked.")
    # A room of one agent needs no policy, and more may join it.
    wanted = "open" if made.route.policy == "serial" else made.route.policy
    if isinstance(policy_named(wanted), Refused):
        return "open", (*lines, f"This version has no policy {wanted}; open comes nearest.")
    return wanted, lines


def _in_order(made: Plan, tasks: Sequence[PostTask]) -> list[PostTask]:
    """The first of every lane, then the second of every lane, and so on; each after the coupled one before it."""
    by_name = {task.task: task for task in tasks}
    before = {task: one for group in made.route.groups for one, task in itertools.pairwise(group)}
    order = [name for rank in itertools.zip_longest(*made.route.lanes) for name in rank if name is not None]
    placed: list[PostTask] = []
    while order:
        done = {task.task for task in placed}
        name = next(name for name in order if _after(by_name[name], before) <= done)
        order.remove(name)
        task = by_name[name]
        more = tuple(one for one in _after(task, before) if one not in task.after)
        placed.append(replace(task, after=(*task.after, *more)))
    return placed


def _after(task: PostTask, before: dict[str, str]) -> set[str]:
    return {*task.after, *([before[task.task]] if task.task in before else [])}
