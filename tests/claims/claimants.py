"""Claimants of both kinds, over the real thing: refs in a bare repository, and a room behind its daemon."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.doorway import Daemon, FilesInMemory, Lands, Room, token

from coroom.agents.room_claims import RoomClaims
from coroom.agents.room_client import RoomClient
from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.errors import Refused
from coroom.git.claims import RefClaims
from coroom.git.workplace import make_workplace
from coroom.host.door import Door
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


@asynccontextmanager
async def by_refs(root: Path) -> AsyncIterator[Scene]:
    shared, clock = scratch_remote(root), HandClock()
    claims = {
        agent: RefClaims(
            make_workplace(str(shared), root / agent, agent),
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
