"""Claimants of both kinds, over the real thing: refs in a bare repository, and a room behind its daemon."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.doorway import Daemon, FilesInMemory, Lands, Room, token
from tests.git.repositories import template

from coroom.agents.room_claims import RoomClaims
from coroom.agents.room_client import RoomClient
from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.errors import Refused
from coroom.git.claims import RefClaims
from coroom.git.command import Git
from coroom.git.workplace import make_workplace
from coroom.host.door.door import Door
from coroom.host.host import Host
from coroom.log.memory import MemoryLog
from coroom.ports import Claims
from coroom.run.bench.claims import scratch_remote

AGENTS = ("ann", "bob", "cyd")
START_MS = 1_700_000_000_000


@dataclass
class HandClock:
    """Time that goes on only when the test says so."""

    ms: int = START_MS

    def now_ms(self) -> int:
        return self.ms


@dataclass
class Scene:
    """Three claimants and their clock; `passes` lets everybody notice that time has passed."""

    clock: HandClock
    claims: dict[str, Claims]
    watch: Callable[[], Awaitable[None]]
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def passes(self, ms: int) -> None:
        await self.watch()
        self.clock.ms += ms

    def __getitem__(self, agent: str) -> Claims:
        return self.claims[agent]


_made: list[Path] = []


def prepared(root: Path) -> Path:
    """A remote, and beside it a workplace for each agent; made once for a test process and copied from then on."""
    if not _made:
        place = template()
        shared = scratch_remote(place)
        for agent in AGENTS:
            make_workplace(str(shared), place / agent, agent)
        _made.append(place)
    shutil.copytree(_made[0], root, symlinks=True, dirs_exist_ok=True)
    for agent in AGENTS:
        config = root / agent / ".git" / "config"
        config.write_text(config.read_text().replace(str(_made[0]), str(root)))
    return root / "shared.git"


@asynccontextmanager
async def by_refs(root: Path) -> AsyncIterator[Scene]:
    prepared(root)
    clock = HandClock()
    claims = {
        agent: RefClaims(
            Git(root / agent),
            agent,
            now_ms=clock.now_ms,
            wall_ms=clock.now_ms,
            pause=lambda _s: None,
        )
        for agent in AGENTS
    }

    async def watch() -> None:
        for one in claims.values():
            await one.live()

    yield Scene(clock, dict(claims), watch)


@asynccontextmanager
async def by_room(_root: Path) -> AsyncIterator[Scene]:
    clock = HandClock()
    host = await Host.open(MemoryLog(), clock)
    assert not isinstance(await host.submit(OPERATOR, c.OpenRoom(room="demo", policy="open")), Refused)
    files, lands = FilesInMemory(host), Lands()
    room = Room(host, files, lands, Door(host, files, lands), "demo")
    await room.join(*AGENTS)
    daemon = Daemon({"demo": room.served})
    await daemon.start()

    async def watch() -> None:
        return

    try:
        async with AsyncExitStack() as stack:
            claims: dict[str, Claims] = {}
            for agent in AGENTS:
                client = await stack.enter_async_context(RoomClient(daemon.url, token(agent)))
                claims[agent] = RoomClaims(client)
            yield Scene(clock, claims, watch)
    finally:
        await daemon.stop()
        await host.close()
