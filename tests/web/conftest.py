"""Rooms to look at, a page over them, and a browser."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.agent import EVERYONE, OPERATOR, Role
from coroom.core.codec import encode_state
from coroom.core.decide.actions import LAND
from coroom.core.notice import NoticeKind
from coroom.core.resource import Footprint, Resource, Scheme
from coroom.host.host import Host
from coroom.log.memory import MemoryLog
from coroom.testing.browser import Chromium, Tab
from coroom.testing.sample_room import SampleRoom, TellingClock, WhenTold, sample_room
from coroom.web.app import ByOperatorSecret, routes

KEY = "a-secret-of-the-operator"
ROOT = Path(__file__).parents[2]
PageOf = Callable[[SampleRoom], Starlette]


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
def attacks() -> list[str]:
    return (Path(__file__).parent / "xss_corpus.txt").read_text().splitlines()


@dataclass(frozen=True)
class _Made:
    """The sample as it was made, to be opened again."""

    log: MemoryLog
    view: bytes
    ms: int
    texts: dict[str, str]
    chance: tuple[Any, ...]

    @classmethod
    def of(cls, room: SampleRoom) -> "_Made":
        log, state = room.host._log, room.host.state
        assert isinstance(log, MemoryLog)
        return cls(log, encode_state(state), room.clock.ms, dict(room.texts), room.chance.getstate())

    async def opened(self) -> SampleRoom:
        log, clock, actions = MemoryLog(), TellingClock(self.ms), WhenTold()
        log.append(0, self.log.read(0, self.log.head()), self.log._blobs)
        log.save_view(log.head(), self.view)
        host = await Host.open(log, clock, {"shell": actions, LAND: actions})
        room = SampleRoom(host, clock, actions, dict(self.texts))
        room.chance.setstate(self.chance)
        return room


_made: list[_Made] = []


@pytest_asyncio.fixture
async def sample() -> AsyncIterator[SampleRoom]:
    """Made once by each of pytest's processes; each test opens it from its log."""
    if not _made:
        first = await sample_room()
        await first.host.close()
        _made.append(_Made.of(first))
    room = await _made[0].opened()
    yield room
    await room.host.close()


@pytest_asyncio.fixture
async def hostile(attacks: list[str]) -> AsyncIterator[SampleRoom]:
    """A room whose every field of free text is an attack on the page."""
    clock, actions = TellingClock(), WhenTold()
    room = SampleRoom(await Host.open(MemoryLog(), clock, {"shell": actions}), clock, actions)
    await room.do(OPERATOR, c.OpenRoom(room="hostile", policy="open", repository=attacks[0]))
    for name in ("mal", "eve", "gone"):
        role = Role.EVALUATOR if name == "eve" else Role.IMPLEMENTER
        await room.do(OPERATOR, c.Join(agent=name, secret_hash=name, role=role, client=attacks[3]))
    for number, attack in enumerate(attacks):
        await _attack(room, number, attack)
    await room.do("mal", c.TakeTask(), 10)
    await room.do("gone", c.Leave("gone", attacks[1]), 10)
    yield room
    await room.host.close()


async def _attack(room: SampleRoom, number: int, attack: str) -> None:
    path = f"{attack.replace('/', '|')}.py"
    await room.write("mal", path, f"{attack}\n")
    await room.do("mal", c.PostTask(title=f"{number} {attack}", description=attack, despite_duplicate=True), 5)
    for to in (EVERYONE, OPERATOR):
        await room.do("mal", c.Say(kind=NoticeKind.QUESTION, text=attack, to=to), 5)
    key = Resource(Scheme.KEY, attack)
    await room.do("mal", c.ClaimResources(resources=(key,), purpose=attack), 5)
    start = c.StartAction(tool="shell", footprint=Footprint(), effect=Effect.OPAQUE, arguments=attack)
    await room.do("mal", start, 5)
    await room.hold("gone", path, f"{attack} mine\n", f"{attack} theirs\n", attack)
    finding = c.RaiseFinding(
        check=attack, path=path, at_line=1, symbol=f"{number}{attack}", message=attack, agents=("mal",)
    )
    await room.do("eve", finding, 5)
    await room.do("eve", c.GiveVerdict(tree=f"{number}{attack}", check=attack, passed=False, summary=attack), 5)


@pytest.fixture
def page_of() -> PageOf:
    def make(room: SampleRoom) -> Starlette:
        return Starlette(routes=routes(ByOperatorSecret(room.host, room.host.state.room, KEY)))

    return make


@pytest_asyncio.fixture
async def client(sample: SampleRoom, page_of: PageOf) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who has the operator's key."""
    transport = httpx2.ASGITransport(app=page_of(sample))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:7000", headers={"X-Coroom-Operator": KEY}
    ) as one:
        yield one


@pytest.fixture(scope="session")
def chromium_program() -> str:
    """A Chromium, installed if need be. Where it cannot be, that is a failure under CI and a skip elsewhere."""
    found = subprocess.run([ROOT / "scripts" / "chromium.sh"], capture_output=True, text=True, check=False)
    if found.returncode and not os.environ.get("CI") and os.geteuid() != 0:
        pytest.skip(found.stderr.strip())
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@pytest_asyncio.fixture
async def browser(chromium_program: str) -> AsyncIterator[Chromium]:
    one = await Chromium.start(chromium_program)
    yield one
    await one.close()


@pytest_asyncio.fixture
async def tab(browser: Chromium) -> AsyncIterator[Tab]:
    """A tab whose page must not have complained of anything at the end."""
    one = await browser.tab(1280, 900)
    yield one
    assert one.complaints == []
