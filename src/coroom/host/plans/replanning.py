"""Planning again while agents are at work: tasks that were posted since, and code that has moved."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.event import Event, TaskDone, TaskPosted
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind
from coroom.core.resource import Resource
from coroom.core.state import RoomState
from coroom.core.task import Task, TaskState
from coroom.host.host import Host
from coroom.host.plans.planning import Ground, is_there, plan_for
from coroom.host.plans.resolving import Resolver, Source
from coroom.host.plans.symbols import RoomSymbols
from coroom.plan.coupling import Pair
from coroom.plan.history import CoChange
from coroom.plan.route import CycleError
from coroom.plan.task import PlanTask

TASKS_MAX = 60
"""Of a longer board only what was planned before the run is in order: every two tasks are compared."""

Edge = tuple[str, str]
"""A task, and one that it comes after."""


@dataclass(frozen=True, slots=True)
class Replanned:
    """What planning again gave: what each open task comes after now, why for each new edge, and what is gone."""

    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    added: frozenset[Edge] = frozenset()
    reasons: Mapping[Edge, str] = field(default_factory=dict)
    gone: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)


class Replanning:
    """Watches one room. When a task is posted or done, the tasks that are open are planned again over the files as they
    are now: coupled ones wait for one another, and what a plan had put in order and is no longer coupled does not. What
    people said with `after` stays as it is.
    """

    def __init__(
        self,
        host: Host,
        history: CoChange,
        planned: frozenset[Edge] = frozenset(),
        resolver: Resolver | None = None,
        home: Path | None = None,
    ) -> None:
        """`planned` are the edges that the plan before the run has put in, beside those that were given. `resolver`
        asks what names leave open, with the programs of the checkout `home`.
        """
        self._host = host
        self._history = history
        self._planned = planned
        self._resolver = resolver
        self._home = home
        self._symbols = RoomSymbols(host)
        self._there: dict[str, frozenset[Resource]] = {}
        self._due = False
        self._looking: asyncio.Task[None] | None = None
        self._stop_listening = host.listen(self._heard)

    def _heard(self, event: Event) -> None:
        if isinstance(event.body, TaskPosted | TaskDone):
            self._due = True
            if self._looking is None or self._looking.done():
                self._looking = asyncio.get_running_loop().create_task(self._look())

    async def rest(self) -> None:
        """Wait until what happened before has been planned for."""
        while self._looking is not None and not self._looking.done():
            await asyncio.shield(self._looking)

    async def _look(self) -> None:
        while self._due:
            self._due = False
            state = self._host.state
            if not self._is_worth_it(state):
                continue
            found = await asyncio.to_thread(self._replanned, state)
            self._planned = found.added
            for name, after in found.after.items():
                await self._order(name, after, found)
            for name, gone in found.gone.items():
                said = f"Task {name} touches what is no longer there: {', '.join(map(str, gone))}."
                await self._tell(f"{said} Split it anew, or say in the task what took its place.")

    def _is_worth_it(self, state: RoomState) -> bool:
        live = _live(state)
        return 1 < len(live) <= TASKS_MAX and any(task.state is TaskState.OPEN for task in live)

    async def _order(self, name: str, after: tuple[str, ...], found: Replanned) -> None:
        before = self._host.state.tasks[name].after
        reply = await self._host.submit(HOST, c.OrderTask(name, after))
        if isinstance(reply, c.Ok):
            for one in (each for each in after if each not in before):
                await self._tell(f"Task {name} waits for {one} now: {found.reasons.get((name, one), 'coupled')}.")
            for one in (each for each in before if each not in after):
                await self._tell(f"Task {name} waits for {one} no longer: they are not coupled any more.")

    async def _tell(self, text: str) -> None:
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=OPERATOR))

    def _replanned(self, state: RoomState) -> Replanned:
        """The open tasks planned anew; what people put in order is kept."""
        paths = frozenset(head.path for head in state.files().values() if head.blob)
        source = Source(paths, self._texts, self._home)
        ground = Ground(self._symbols.index, paths, self._history, (), source=source)
        live = _live(state)
        names = {task.id for task in live}
        given = {task.id: tuple(one for one in task.after if (task.id, one) not in self._planned) for task in live}
        tasks = [
            PlanTask(
                id=task.id,
                title=task.title,
                description=task.description,
                touches=task.touches,
                after=tuple(one for one in given[task.id] if one in names),
            )
            for task in live
        ]
        try:
            made = plan_for(ground, tasks, resolver=self._resolver)
        except CycleError:
            return Replanned(added=self._planned)
        taken = {task.id for task in live if task.state is TaskState.TAKEN}
        added = frozenset(_edges(made.route.groups, taken, given))
        after = {
            task.id: (*given[task.id], *(one for name, one in sorted(added) if name == task.id))
            for task in live
            if task.state is TaskState.OPEN
        }
        changed = {name: each for name, each in after.items() if set(each) != set(state.tasks[name].after)}
        return Replanned(changed, added, _reasons(made.pairs, added), self._gone(live, ground))

    def _texts(self, paths: Collection[str]) -> dict[str, bytes]:
        """What is in these files of the room now."""
        heads = ((path, self._host.state.head(path)) for path in paths)
        texts = ((path, self._host.blob(head.blob)) for path, head in heads if head and head.kind is FileKind.TEXT)
        return {path: text for path, text in texts if text is not None}

    def _gone(self, live: list[Task], ground: Ground) -> dict[str, tuple[Resource, ...]]:
        """What a task touches that was there at the last look and is not any more."""
        now = {task.id: frozenset(one for one in task.touches if is_there(one, ground)) for task in live}
        lost = {
            task.id: tuple(one for one in task.touches if one in self._there.get(task.id, frozenset()) - now[task.id])
            for task in live
            if task.state is TaskState.OPEN
        }
        self._there = now
        return {name: gone for name, gone in lost.items() if gone}

    async def close(self) -> None:
        """Hear no more of the room."""
        self._stop_listening()
        self._symbols.close()
        self._due = False
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)


def _live(state: RoomState) -> list[Task]:
    """The tasks that somebody does or will do, in the order in which they were posted."""
    states = {TaskState.OPEN, TaskState.TAKEN}
    return sorted((task for task in state.tasks.values() if task.state in states), key=lambda task: task.posted_seq)


def _edges(
    groups: tuple[tuple[str, ...], ...], taken: set[str], given: Mapping[str, tuple[str, ...]]
) -> Iterator[Edge]:
    """Each task of a group after the one before it, those that are under way first; none that is given already."""
    for group in groups:
        for one, task in pairwise(sorted(group, key=lambda name: name not in taken)):
            if task not in taken and one not in given[task]:
                yield task, one


def _reasons(pairs: tuple[Pair, ...], added: frozenset[Edge]) -> dict[Edge, str]:
    known = {frozenset((pair.a, pair.b)): pair for pair in pairs}
    return {edge: known[frozenset(edge)].reasons[0] for edge in added if frozenset(edge) in known}
