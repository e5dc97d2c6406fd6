"""Runs in this process: a real room over a real repository, and workers that a test makes up."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.git.repositories import new_repository

from coroom.agents.room_client import RoomClient
from coroom.core.command import PostTask
from coroom.git.repository import Repository, inspect
from coroom.host.rooms import Room, RoomPlan
from coroom.run.outcome import Outcome
from coroom.run.session import Run, RunPlan
from coroom.run.summary import Summary, summarise
from coroom.run.worker import Desk, Work, Worker


@dataclass
class Quiet:
    """A stage that keeps what was said."""

    said: list[str] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)
    room: Room | None = None

    def say(self, text: str) -> None:
        self.said.append(text)

    def show(self, agent: str, text: str) -> None:
        self.shown.append((agent, text))

    def ready(self, room: Room, url: str) -> None:
        self.room = room


@dataclass
class Does:
    """A worker that does what the test says, with a client of its own."""

    name: str
    act: Callable[[Desk, RoomClient], Awaitable[None]]
    client: str = "test"

    async def work(self, desk: Desk) -> Work:
        async with RoomClient(desk.url, desk.seat.token) as client:
            await self.act(desk, client)
        return Work()


async def does_all(desk: Desk, client: RoomClient) -> None:
    """Take every task there is, write a file named after it, and finish it."""
    while await desk.more():
        taken = await client.call("task", {"do": "next"})
        if taken.refused:
            continue
        task = taken.data["task"]
        await writes(desk, client, f"{task}.txt", f"{task} by {desk.seat.agent}\n")
        assert not (await client.call("task", {"do": "done", "summary": "did it"})).refused


async def writes(desk: Desk, client: RoomClient, path: str, text: str | bytes) -> None:
    given, cwd = {"file_path": path}, str(desk.seat.directory)
    assert await client.before("write", given, cwd) is None
    (desk.seat.directory / path).write_bytes(text.encode() if isinstance(text, str) else text)
    await client.after("write", given, cwd)


def tasks(*titles: str) -> list[PostTask]:
    return [PostTask(title=title, task=f"t{number}") for number, title in enumerate(titles, start=1)]


@dataclass
class Ground:
    """Where the runs of one test happen."""

    root: Path
    repository: Repository

    @classmethod
    def at(cls, root: Path, files: dict[str, bytes] | None = None) -> "Ground":
        found = inspect(new_repository(root / "repository", files))
        assert isinstance(found, Repository)
        return cls(root, found)

    def plan(
        self,
        workers: Sequence[Worker],
        board: Sequence[PostTask] = (),
        *,
        test: str = "true",
        room: str = "run",
        before: Sequence[str] = (),
    ) -> RunPlan:
        mirrors = self.root / "mirrors" / room
        where = RoomPlan(name=room, mirrors=mirrors, test=test)
        return RunPlan(repository=self.repository, room=where, tasks=board, workers=workers, before=before)

    def landed(self, path: str, room: str = "run") -> str:
        return self.repository.git.run("show", f"coroom/{room}:{path}").out.decode()


@dataclass
class Ended:
    outcome: Outcome
    summary: Summary
    stage: Quiet


async def perform(plan: RunPlan, look: Callable[[Room], None] = lambda _room: None) -> Ended:
    stage, kept = Quiet(), list[Summary]()

    def finish(room: Room, outcome: Outcome) -> None:
        look(room)
        kept.append(summarise(room, outcome))

    outcome = await Run(plan, stage).perform(finish)
    return Ended(outcome, kept[0], stage)


@contextlib.asynccontextmanager
async def opened(plan: RunPlan) -> AsyncIterator[Room]:
    """The room as it was left, to be looked at."""
    room = await Room.open(plan.repository, plan.room)
    assert isinstance(room, Room)
    try:
        yield room
    finally:
        await room.close()
