"""The main job: a room, a board, agents at work on it at once, and what came of it as one landed branch."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.command import Leave, PostTask
from coroom.core.errors import Code, Refused
from coroom.core.task import TaskState
from coroom.git.repository import Repository
from coroom.host.answer import Answer
from coroom.host.rooms import Room, RoomPlan, Seat, Serving
from coroom.run.daemon import address, build_app, loopback_socket, serve
from coroom.run.guard import ServedRoom

HEARD_S = 0.2
"""How often the board is looked at while agents work."""


class Worker(Protocol):
    """An agent that a run starts. One worker is one agent, over as many sessions as it needs."""

    @property
    def name(self) -> str:
        """Its name in the room."""
        ...

    @property
    def client(self) -> str:
        """The word for what it is."""
        ...

    async def work(self, seat: Seat, url: str, show: Callable[[str], None]) -> "Work":
        """Work until there is nothing left to do. Cancelled: end what was started, and leave nothing running."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How a worker ended: `error` says what went wrong, empty when nothing did."""

    seconds: float = 0.0
    error: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class Stage(Protocol):
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
    """What a run is made of. `resume`: the board is as it was left, and nothing is posted again."""

    repository: Repository
    room: RoomPlan
    tasks: Sequence[PostTask]
    workers: Sequence[Worker]
    resume: bool = False
    port: int = 0
    land: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    url: str = ""
    works: dict[str, Work] = field(default_factory=dict)
    landing: Answer | None = None
    seconds: float = 0.0
    refused: Refused | None = None

    @property
    def ok(self) -> bool:
        """Whether everything is done and landed."""
        failed = any(work.error for work in self.works.values())
        return self.refused is None and not failed and (self.landing is None or self.landing.refused is None)


class Run:
    """One run over one room. Use `perform` once; the room stays open for `finish` to look at."""

    def __init__(self, plan: RunPlan, stage: Stage) -> None:
        self._plan = plan
        self._stage = stage
        self.room: Room | None = None
        self.outcome = Outcome()

    async def perform(self, finish: Callable[[Room, Outcome], None] = lambda _room, _outcome: None) -> Outcome:
        """Do all of it. Cancelled at any point, everything is as resumable as after a crash, only tidier.

        Args:
            finish: called with the room still open, once all is over: for a summary, or a copy of the page.
        """
        began = time.monotonic()
        opened = await Room.open(self._plan.repository, self._plan.room)
        if isinstance(opened, Refused):
            self.outcome.refused = opened
            return self.outcome
        self.room = opened
        async with AsyncExitStack() as stack:
            stack.push_async_callback(opened.close)
            self.outcome.url = await self._serve(opened, stack)
            self.outcome.refused = await self._post(opened)
            if self.outcome.refused is None:
                await self._work(opened)
                if self._plan.land:
                    await self._land(opened)
            self.outcome.seconds = time.monotonic() - began
            finish(opened, self.outcome)
        return self.outcome

    async def _serve(self, room: Room, stack: AsyncExitStack) -> str:
        listening = loopback_socket(self._plan.port)
        url = address(listening)
        stop, ready = asyncio.Event(), asyncio.Event()
        served = ServedRoom(name=room.name, door=room.door, operator_hash=room.operator_hash)
        app = build_app({room.name: served}, seats={room.name: room.admit})
        serving = asyncio.create_task(serve(app, listening, stop, ready.set))

        async def end() -> None:
            stop.set()
            await serving

        stack.push_async_callback(end)
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            await serving
        Serving(os.getpid(), url).write(room.directory)
        self._stage.ready(room, url)
        return url

    async def _post(self, room: Room) -> Refused | None:
        for task in self._plan.tasks if not self._plan.resume else ():
            reply = await room.host.submit(OPERATOR, task)
            if isinstance(reply, Refused) and not (reply.code is Code.DUPLICATE and task.task in room.host.state.tasks):
                return reply
        return None

    async def _work(self, room: Room) -> None:
        seats: dict[str, Seat] = {}
        for worker in self._plan.workers:
            self._stage.show(worker.name, "gets a mirror")
            seat = await room.admit(worker.name, Role.IMPLEMENTER, worker.client)
            if isinstance(seat, Refused):
                self.outcome.works[worker.name] = Work(error=str(seat))
                continue
            seats[worker.name] = seat
        async with asyncio.TaskGroup() as group:
            for worker in self._plan.workers:
                if worker.name in seats:
                    group.create_task(self._one(room, worker, seats[worker.name]))

    async def _one(self, room: Room, worker: Worker, seat: Seat) -> None:
        began = time.monotonic()
        self._stage.show(worker.name, "starts")
        work = await worker.work(seat, self.outcome.url, lambda text: self._stage.show(worker.name, text))
        await room.workspace.join(worker.name)
        seconds = work.seconds or time.monotonic() - began
        self.outcome.works[worker.name] = Work(
            seconds=seconds,
            error=work.error,
            input_tokens=work.input_tokens,
            output_tokens=work.output_tokens,
            cost_usd=work.cost_usd,
        )
        self._stage.show(worker.name, f"failed: {work.error}" if work.error else "is done")
        await room.host.submit(HOST, Leave(worker.name, work.error or "its work is done"))

    async def _land(self, room: Room) -> None:
        left = [t for t in room.host.state.tasks.values() if t.state in {TaskState.OPEN, TaskState.TAKEN}]
        if left:
            names = ", ".join(f"{t.id} ({t.title})" for t in left[:5])
            why = f"{len(left)} tasks are not done: {names}."
            self.outcome.landing = Answer(refused=Refused(Code.WAIT, why, "Go on with coroom run --resume."))
            return
        self._stage.say("all tasks are done: running the repository's own tests on the merged tree")

        async def heartbeat(text: str) -> None:
            self._stage.say(text)

        self.outcome.landing = await room.landing.land(OPERATOR, heartbeat)


def finished(room: Room) -> bool:
    """Whether nothing on the board is left to do."""
    return all(t.state in {TaskState.DONE, TaskState.CANCELLED} for t in room.host.state.tasks.values())


def agent_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment that agents get: ours, without what would lead git or Python astray."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "VIRTUAL_ENV", "PYTHONHOME"))}
    return {**kept, **extra}


def role_prompt(agent: str) -> str:
    """What an agent that a run starts is told first."""
    path = Path(__file__).parent.parent / "agents" / "roles" / "implementer.md"
    return path.read_text(encoding="utf-8").replace("{agent}", agent)
