"""The main job: a room, a board, agents at work on it at once, and what came of it as one landed branch."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Protocol

from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.command import Leave, NoteSpent, PostTask
from coroom.core.decide.tasks import ready
from coroom.core.errors import Code, Refused, cause_of
from coroom.core.event import Event
from coroom.core.task import TaskState
from coroom.git.repository import Repository
from coroom.host.plans.planning import history_of
from coroom.host.plans.replanning import Edge, Replanning
from coroom.host.plans.resolving import Resolver
from coroom.host.rooms import Room, RoomPlan
from coroom.host.served import Serving
from coroom.run.daemon.app import address, build_app, loopback_socket, serve
from coroom.run.daemon.guard import ServedRoom
from coroom.run.outcome import Outcome, not_done
from coroom.run.run_limit import RunLimit
from coroom.run.worker import Cause, Desk, Work, Worker

RESOLVED_WITHIN_S = 5.0
"""A board that is planned again waits no longer for a language server: somebody may want the next task."""

LOOK_AGAIN_S = 5.0
"""An agent that waits for work looks at the board this often, since a lease may run out without an event of its own."""


class Screen(Protocol):
    """Where a person sees the run."""

    def say(self, text: str) -> None:
        """One line about the run as a whole."""
        ...

    def show(self, agent: str, text: str) -> None:
        """What an agent is doing now."""
        ...

    def ready(self, room: Room, url: str) -> None:
        """The room is open and served at `url`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run is made of.

    `tasks` are posted, beside those that the board has already. `before` are the agents of an earlier run over the same
    room: those that do not work in this one have gone, and what they held is free. `port` 0 takes a free one.
    `in_turn` has one agent work after the other. Without a `board` agents end when they think that they are done.
    At `limit` everybody is stopped. A run that was planned is planned again when tasks are posted or done;
    `planned` are the waits that its plan added to the tasks, and `resolver` asks for it what names leave open. `roles`
    are those of workers that do not implement.
    """

    repository: Repository
    room: RoomPlan
    tasks: Sequence[PostTask]
    workers: Sequence[Worker]
    before: Sequence[str] = ()
    port: int = 0
    land: bool = True
    in_turn: bool = False
    board: bool = True
    limit: RunLimit = RunLimit()
    planned: frozenset[Edge] | None = None
    resolver: Resolver | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)


class Run:
    """One run over one room. Use `perform` once; the room stays open for `finish` to look at."""

    def __init__(self, plan: RunPlan, screen: Screen) -> None:
        self._plan = plan
        self._screen = screen
        self._spent: dict[str, Work] = {}
        self._reckoned: dict[str, float] = {}
        self._over = asyncio.Event()
        self.outcome = Outcome()

    async def perform(
        self,
        finish: Callable[[Room, Outcome], None] = lambda _room, _outcome: None,
        begin: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Do all of it. Cancelled at any point, everything is as resumable as after a crash, only tidier.

        Args:
            finish: called with the room still open, once all is over: for a summary, or a copy of the page.
            begin: called once the room is this run's alone, before anything happens in it.

        Raises:
            Fault: the log cannot be opened or written, because another host has it or its disk is full; what was
                stored until then is kept.
            OSError: the room's directory cannot be written.
        """
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            try:
                listening = loopback_socket(self._plan.port)
            except (OSError, OverflowError) as problem:
                why = f"Port {self._plan.port} cannot be served: {problem}."
                self.outcome.refused = Refused(Code.BAD_INPUT, why, "Choose another with --port.")
                return self.outcome
            stack.callback(listening.close)
            room = await Room.open(self._plan.repository, self._plan.room)
            if isinstance(room, Refused):
                self.outcome.refused = room
                return self.outcome
            stack.push_async_callback(room.close)
            begin()
            self.outcome.url = address(listening)
            await self._serve(room, stack, listening)
            self.outcome.refused = await self._post(room)
            if self._plan.planned is not None:
                history = await asyncio.to_thread(history_of, self._plan.repository)
                resolver = replace(self._plan.resolver, within_s=RESOLVED_WITHIN_S) if self._plan.resolver else None
                home = self._plan.repository.toplevel
                replanning = Replanning(room.host, history, self._plan.planned, resolver, home)
                stack.push_async_callback(replanning.close)
            if self.outcome.refused is None:
                await unless_the_log_fails(room, self._work(room))
                await unless_the_log_fails(room, self._end(room))
            self.outcome.seconds = time.monotonic() - began
            finish(room, self.outcome)
        return self.outcome

    async def _post(self, room: Room) -> Refused | None:
        for task in self._plan.tasks if self._plan.board else ():
            known = room.host.state.tasks.values()
            if task.task in room.host.state.tasks or (not task.task and any(t.title == task.title for t in known)):
                continue
            reply = await room.host.submit(OPERATOR, task)
            if isinstance(reply, Refused):
                return reply
        return None

    async def _work(self, room: Room) -> None:
        """Seat the agents and let each work; one that fails gives back what it holds, and the others go on."""
        names = {worker.name for worker in self._plan.workers}
        for gone in sorted(set(self._plan.before) - names):
            if gone in room.host.state.agents:
                await room.host.submit(HOST, Leave(gone, "it was not started again"))
        desks = {worker.name: await self._seat(room, worker) for worker in self._plan.workers}
        seated = [(worker, desk) for worker in self._plan.workers if (desk := desks[worker.name])]
        seconds = self._plan.limit.seconds
        bell = seconds and asyncio.get_running_loop().call_later(seconds, self._stop, f"{seconds:g} seconds")
        try:
            if self._plan.in_turn:
                for worker, desk in seated:
                    await self._one(room, worker, desk)
            else:
                async with asyncio.TaskGroup() as group:
                    for worker, desk in seated:
                        group.create_task(self._one(room, worker, desk))
        finally:
            if bell:
                bell.cancel()
        if not self._plan.board:
            await self._part(room, [worker.name for worker, _ in seated])

    async def _part(self, room: Room, names: Sequence[str]) -> None:
        """Lines of their own meet when all are done, as those do that finish their tasks; nothing lands without one."""
        for name in names:
            joined = await room.workspace.join(name) if self._plan.land else []
            if isinstance(joined, Refused):
                self.outcome.refused = self.outcome.refused or joined
            await self._leave(room, name)

    def _stop(self, bound: str) -> None:
        self.outcome.limit = self.outcome.limit or bound
        self._over.set()

    async def _seat(self, room: Room, worker: Worker) -> Desk | None:
        self._screen.show(worker.name, "gets a mirror")
        seat = await room.admit(worker.name, self._plan.roles.get(worker.name, Role.IMPLEMENTER), worker.client)
        if isinstance(seat, Refused):
            self.outcome.works[worker.name] = Work(error=str(seat), cause=Cause.INFRASTRUCTURE)
            return None
        before, heard = _done(room, worker.name), [0]

        def hear(event: Event) -> None:
            heard[0] += event.by == worker.name

        room.host.listen(hear)

        async def spend(input_tokens: int, output_tokens: int, usd: float, reckoned_usd: float) -> None:
            await self._spend(room, worker.name, (input_tokens, output_tokens, usd), reckoned_usd)

        return Desk(
            seat=seat,
            url=self.outcome.url,
            show=lambda text: self._screen.show(worker.name, text),
            more=lambda: _more(room, worker.name),
            done=lambda: _done(room, worker.name) - before,
            spend=spend,
            heard=lambda: heard[0],
            left_usd=self._left_usd,
        )

    def _left_usd(self) -> float | None:
        bound = self._plan.limit.usd
        used = sum(one.cost_usd for one in self._spent.values()) + sum(self._reckoned.values())
        return None if bound is None else max(0.0, bound - used)

    async def _spend(self, room: Room, agent: str, used: tuple[int, int, float], reckoned_usd: float) -> None:
        """Count what an agent has used, stop everybody when it was the last of what there is, and write down what is
        known for certain.
        """
        input_tokens, output_tokens, usd = used
        self._reckoned[agent] = reckoned_usd
        known = self._spent.get(agent, Work())
        self._spent[agent] = replace(
            known,
            input_tokens=known.input_tokens + input_tokens,
            output_tokens=known.output_tokens + output_tokens,
            cost_usd=known.cost_usd + usd,
        )
        every = self._spent.values()
        tokens = sum(one.input_tokens + one.output_tokens for one in every)
        cost = sum(one.cost_usd for one in every) + sum(self._reckoned.values())
        if bound := self._plan.limit.reached(tokens, cost):
            self._stop(bound)
        noted = NoteSpent(
            agent=agent,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_micro_usd=round(usd * 1_000_000),
        )
        await room.host.submit(HOST, noted)

    async def _one(self, room: Room, worker: Worker, desk: Desk) -> None:
        began = time.monotonic()
        self._screen.show(worker.name, "starts")
        try:
            work = await self._until_over(worker, desk)
        except Exception as fault:  # noqa: BLE001 - whatever one agent dies of must not end the others
            work = Work(error=_in_words(fault), cause=Cause.INFRASTRUCTURE)
        if reckoned := self._reckoned.get(worker.name):
            # A session that was cut off tells no cost any more: what was reckoned is all that is known of it.
            await self._spend(room, worker.name, (0, 0, reckoned), 0.0)
            work = replace(work, cost_usd=work.cost_usd + reckoned)
        await room.workspace.settle(worker.name)
        self.outcome.works[worker.name] = replace(work, seconds=work.seconds or time.monotonic() - began)
        self._screen.show(worker.name, f"failed: {work.error}" if work.error else "is done")
        if self._plan.board:
            await self._leave(room, worker.name)

    async def _leave(self, room: Room, name: str) -> None:
        work = self.outcome.works[name]
        if not work.error and room.door.calls:
            # Who leaves without a word is taken back; this one has come to its end.
            await room.door.calls.conclude(name, "its work is done")
        await room.host.submit(HOST, Leave(name, work.error or "its work is done"))

    async def _until_over(self, worker: Worker, desk: Desk) -> Work:
        """Its work to the end, or to the limit of the run."""
        working = asyncio.ensure_future(worker.work(desk))
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({working, over}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
        finally:
            for task in (working, over):
                task.cancel()
            ended = await asyncio.gather(working, over, return_exceptions=True)
        if isinstance(ended[0], Work):
            return ended[0]
        spent = self._spent.get(worker.name, Work())
        return replace(spent, cause=Cause.LIMIT, error=f"stopped at the limit of {self.outcome.limit}")

    async def _end(self, room: Room) -> None:
        left = [t for t in room.host.state.tasks.values() if t.state in {TaskState.OPEN, TaskState.TAKEN}]
        self.outcome.left = tuple(task.id for task in left)
        if left:
            names = [f"{task.id} ({task.title})" for task in left]
            self.outcome.refused = not_done(self.outcome, room.name, names, len(self._plan.workers))
        elif self.outcome.limit and not self._plan.board:
            why = f"Everybody was stopped at the limit of {self.outcome.limit}."
            self.outcome.refused = Refused(Code.WAIT, why, f"Go on with: coroom run --resume --room {room.name}")
        elif self._plan.land and not self.outcome.refused:
            self._screen.say("all tasks are done: running the repository's own tests on the merged tree")
            self.outcome.landing = await room.landing.land(OPERATOR, self._heartbeat)

    async def _heartbeat(self, text: str) -> None:
        self._screen.say(text)

    async def _serve(self, room: Room, stack: AsyncExitStack, listening: socket.socket) -> None:
        stop, ready_now = asyncio.Event(), asyncio.Event()
        app = build_app({room.name: _served(room)}, seats={room.name: room.admit})
        serving = asyncio.create_task(serve(app, listening, stop, ready_now.set))

        async def end() -> None:
            stop.set()
            await serving

        stack.push_async_callback(end)
        waiting = asyncio.create_task(ready_now.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            await serving
        Serving(os.getpid(), self.outcome.url).write(room.directory)
        self._screen.ready(room, self.outcome.url)


async def unless_the_log_fails(room: Room, work: Coroutine[None, None, None]) -> None:
    """Do `work`, and end it at once when the room's log can no longer be written.

    Raises:
        Fault: the log cannot be written.
    """
    working, failing = asyncio.ensure_future(work), asyncio.ensure_future(room.host.failed())
    try:
        await asyncio.wait({working, failing}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            raise failing.result()
        await working
    finally:
        for task in (working, failing):
            task.cancel()
        await asyncio.gather(working, failing, return_exceptions=True)


def finished(room: Room) -> bool:
    """Whether nothing on the board is left to do."""
    return all(t.state in {TaskState.DONE, TaskState.CANCELLED} for t in room.host.state.tasks.values())


async def _more(room: Room, agent: str) -> bool:
    """Wait until there is something for the agent to do: its own task, one that is ready, or a notice of the order of
    calls that it has to judge. False: all is done.

    An evaluator waits for findings, to the last agent's end and through a last look of the checks.
    """
    judges = room.host.state.agents[agent].role is Role.EVALUATOR
    while True:
        state = room.host.state
        if room.door.calls and room.door.calls.finality(agent).judge:
            return True
        ours = (task for task in state.tasks.values() if task.finding or not judges)
        if state.agents[agent].task or any(ready(state, task) for task in ours):
            return True
        # What somebody before it in order can still change is told once that is over; so long it stays.
        awaits_news = any(notice.agent == agent for notice in state.order.notices.values())
        if finished(room) and not judges and not awaits_news:
            return False
        if all(each.role is Role.EVALUATOR for each in state.present()):
            await room.workspace.quiet()
            state = room.host.state
            return any(ready(state, task) for task in state.tasks.values() if task.finding)
        await room.host.changed(state.seq, LOOK_AGAIN_S)


def _done(room: Room, agent: str) -> int:
    return sum(t.state is TaskState.DONE and t.holder == agent for t in room.host.state.tasks.values())


def _served(room: Room) -> ServedRoom:
    return ServedRoom(name=room.name, door=room.door, operator_hash=room.operator_hash)


def _in_words(fault: BaseException) -> str:
    cause = cause_of(fault)
    return f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
