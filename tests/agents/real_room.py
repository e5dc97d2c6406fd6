"""A whole room for real agents: repository, log on disk, mirrors, daemon; it can be closed and opened again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.agents.stage import Running, Stage
from tests.doorway import Daemon
from tests.git.repositories import new_repository

from coroom.agents.adapter import AgentAdapter, ModelApi, Session
from coroom.agents.scripted import read_tape
from coroom.core.errors import Refused
from coroom.git.repository import Repository, inspect
from coroom.host.rooms import TAPES, Room, RoomPlan
from coroom.run.daemon.guard import ServedRoom
from coroom.testing import ModelServer, Script, Turn

WITHIN_S = 80.0
LINE_CHARS = 600


@dataclass
class RealRoom:
    """One open room with its daemon. `printed` is what every agent has said, for messages of failed tests."""

    root: Path
    stage: Stage
    model: ModelServer
    repository: Repository
    room: Room
    daemon: Daemon
    agents: dict[str, Running] = field(default_factory=dict)

    @classmethod
    async def open(cls, root: Path, clients_path: str, model: ModelServer, files: dict[str, str]) -> "RealRoom":
        directory = new_repository(root / "repository", {name: text.encode() for name, text in files.items()})
        repository = inspect(directory)
        assert isinstance(repository, Repository), repository
        room = await _opened(repository, root)
        daemon = Daemon({room.name: _served(room)})
        await daemon.start()
        return cls(root, Stage(root, clients_path, daemon.url, model.url), model, repository, room, daemon)

    async def close(self) -> None:
        await self.daemon.stop()
        await self.room.close()

    async def restart(self) -> None:
        """Close the host and its daemon, and open both again: the same port, the same log, another object."""
        await self.close()
        self.room = await _opened(self.repository, self.root)
        self.daemon.rooms = {self.room.name: _served(self.room)}
        await self.daemon.start()

    async def start(self, agent: str, adapter: AgentAdapter, model: str, *turns: Turn) -> None:
        """Give the agent a seat and start it with these turns as its model."""
        seat = await self.room.admit(agent, client=adapter.name)
        assert not isinstance(seat, Refused), seat
        self.model.add(agent, Script(turns, {"cwd": str(seat.directory)}))
        session = Session(
            agent=agent,
            mirror=seat.directory,
            room_url=self.daemon.url,
            token=seat.token,
            prompt="Play your part.",
            home=self.root / agent / "home",
            model=model,
            api=ModelApi(self.model.url, agent),
            search_path=self.stage.path,
        )
        self.agents[agent] = await asyncio.to_thread(self.stage.start, adapter, session)

    def mirror(self, agent: str) -> Path:
        return self.room.mirror_directory(agent)

    def text(self, path: str) -> str:
        """What the room has accepted."""
        return self.room.workspace.files.content(self.room.host.state.head(path)).text

    def tape(self, agent: str) -> list[str]:
        """The tools on the tape that the room has made of the agent's session so far."""
        path = self.room.directory / TAPES / f"{agent}.jsonl"
        return [step.tool for step in read_tape(path)] if path.exists() else []

    async def asked(self, agent: str, turn: int) -> None:
        """Until the agent's model is asked for that turn."""
        came = await asyncio.to_thread(self.model.wait_until_asked, agent, turn, within_s=WITHIN_S)
        assert came, f"{agent} never came to turn {turn}:\n{self.printed}"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Until it holds."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, self.printed
            await asyncio.sleep(0.02)

    async def ended(self) -> None:
        """Until every agent has ended, each with exit status 0 and its script played as written."""
        statuses = [await asyncio.to_thread(agent.end) for agent in self.agents.values()]
        assert not self.model.failures(), "\n".join((*self.model.failures(), self.printed))
        assert statuses == [0] * len(statuses), self.printed

    @property
    def printed(self) -> str:
        lines = ((f"--- {name}", *agent.printed) for name, agent in self.agents.items())
        return "\n".join(line[:LINE_CHARS].rstrip() for agent in lines for line in agent)


@asynccontextmanager
async def real_room(
    root: Path, clients_path: str, model: ModelServer, files: dict[str, str]
) -> AsyncIterator[RealRoom]:
    async with AsyncExitStack() as stack:
        real = await RealRoom.open(root, clients_path, model, files)
        stack.push_async_callback(real.close)
        try:
            yield real
        finally:
            for agent in real.agents.values():
                await asyncio.to_thread(agent.__exit__)


async def _opened(repository: Repository, root: Path) -> Room:
    room = await Room.open(repository, RoomPlan(mirrors=root / "mirrors"))
    assert isinstance(room, Room), room
    return room


def _served(room: Room) -> ServedRoom:
    return ServedRoom(name=room.name, door=room.door, operator_hash=room.operator_hash)
