"""Claim, release and sync through the door: how long one call takes, how many a second there can be, and who wins
when all want one thing.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from coroom.agents.room_client import RoomClient
from coroom.core.errors import Fault
from coroom.host.seat import Seat
from coroom.run.bench.figures import Contention, Row, Spread
from coroom.run.bench.wire import Era, WireClient

BURST = 10
"""Claims that each client makes, then releases, then syncs: a task's touch-set is about as large."""

CALLS_MAX = 600
"""Of one client in one measurement: below what the daemon lets one agent ask in a burst."""

WHOLE = "the official SDK's client"
LEAN = "a lean client"
OLDER = "a lean client, older era"


Asks = Callable[[str, Mapping[str, Any]], Awaitable[bool]]
"""Calls a tool, and says whether the room refused; raises when there was no answer."""


@asynccontextmanager
async def connected(kind: str, url: str, seats: Sequence[Seat]) -> AsyncIterator[list[Asks]]:
    """One client of that kind for each seat, connected."""
    async with AsyncExitStack() as stack:
        if kind == WHOLE:
            whole = [await stack.enter_async_context(RoomClient(url, seat.token)) for seat in seats]
            yield [_asks_whole(client) for client in whole]
        else:
            era = Era.OLDER if kind == OLDER else Era.MODERN
            lean = [await stack.enter_async_context(WireClient(url, seat.token, era)) for seat in seats]
            yield [_asks_lean(client) for client in lean]


def _asks_whole(client: RoomClient) -> Asks:
    async def ask(tool: str, arguments: Mapping[str, Any]) -> bool:
        return (await client.call(tool, arguments)).refused

    return ask


def _asks_lean(client: WireClient) -> Asks:
    async def ask(tool: str, arguments: Mapping[str, Any]) -> bool:
        return (await client.call(tool, arguments)).refused

    return ask


@dataclass(slots=True)
class _Timed:
    """The calls of one tool: each one's milliseconds, and the seconds in which all were made."""

    each_ms: list[float] = field(default_factory=list)
    wall_s: float = 0.0


@dataclass(slots=True)
class Measured:
    """What one level of one kind of client came to."""

    tools: dict[str, _Timed] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many calls were made."""
        return sum(len(timed.each_ms) for timed in self.tools.values())

    def rows(self, kind: str, clients: int) -> list[Row]:
        """As lines of the result."""
        return [
            Row(
                part="calls",
                what=tool,
                spread=Spread.of(timed.each_ms),
                clients=clients,
                per_s=len(timed.each_ms) / timed.wall_s,
                note=kind,
            )
            for tool, timed in self.tools.items()
            if timed.each_ms
        ]


async def measure(asks: Sequence[Asks], seconds: float) -> Measured:
    """Bursts of claims, of releases and of syncs, all clients at once, for about that long.

    Each client claims files of its own, so nothing may be refused: a refusal is an error here.
    """
    measured = Measured({tool: _Timed() for tool in ("claim", "release", "sync")})
    until, rounds = time.perf_counter() + seconds, 0
    while time.perf_counter() < until and rounds * BURST * 3 < CALLS_MAX and not measured.errors:
        for tool, timed in measured.tools.items():
            began = time.perf_counter()
            await asyncio.gather(
                *(_burst(ask, tool, _arguments(tool, f"{rounds}-{n}"), timed, measured) for n, ask in enumerate(asks))
            )
            timed.wall_s += time.perf_counter() - began
        rounds += 1
    return measured


async def _burst(
    ask: Asks, tool: str, arguments: Callable[[int], dict[str, Any]], timed: _Timed, measured: Measured
) -> None:
    for number in range(BURST):
        began = time.perf_counter()
        wrong = await _wrong(ask(tool, arguments(number)))
        timed.each_ms.append((time.perf_counter() - began) * 1_000)
        if wrong:
            measured.errors.append(f"{tool}: {wrong}")
            return


async def _wrong(asking: Awaitable[bool]) -> str:
    try:
        return "refused" if await asking else ""
    except (Fault, OSError, EOFError) as problem:
        return f"{type(problem).__name__}: {problem}"


def _arguments(tool: str, mark: str) -> Callable[[int], dict[str, Any]]:
    who = mark.partition("-")[2]

    def made(number: int) -> dict[str, Any]:
        if tool == "sync":
            return {}
        given: dict[str, Any] = {
            "resources": [f"file:bench/{who}/{number}.py"],
            "operation": f"{tool}-{mark}-{number}-{time.monotonic_ns()}",
        }
        return {**given, "purpose": "a measurement"} if tool == "claim" else given

    return made


async def contend(asks: Sequence[Asks], rounds: int) -> Contention:
    """All clients ask for one resource at once, `rounds` times over; who got it gives it back."""
    winners: Counter[int] = Counter()
    errors = 0
    for number in range(rounds):
        wanted = {"resources": ["file:src/contended.py"], "purpose": f"round {number}"}
        answers = await asyncio.gather(*(ask("claim", wanted) for ask in asks), return_exceptions=True)
        won = [ask for ask, refused in zip(asks, answers, strict=True) if refused is False]
        winners[len(won)] += 1
        errors += sum(isinstance(answer, BaseException) for answer in answers)
        for ask in won:
            errors += bool(await _wrong(ask("release", {"resources": wanted["resources"]})))
    return Contention(clients=len(asks), rounds=rounds, winners=dict(winners), errors=errors)
