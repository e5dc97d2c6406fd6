"""How long a room takes to be there: a daemon from nothing to its first claim, and a log of a million events."""

import asyncio
import time
from collections.abc import Iterator
from compileall import compile_dir
from dataclasses import replace
from pathlib import Path

import coroom
from coroom.agents.room_client import RoomClient
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.codec import encode_body, encode_state
from coroom.core.errors import Fault, Refused
from coroom.core.event import Event
from coroom.core.evolve import evolve
from coroom.core.file import FileKind
from coroom.core.resource import file
from coroom.core.room import decide, number
from coroom.core.state import RoomState
from coroom.host.clock import SystemClock
from coroom.host.host import VIEW_EVERY_EVENTS, Host
from coroom.host.rooms import SEED_FILES
from coroom.log.sqlite import SqliteLog
from coroom.ports import HeadMoved, Stored
from coroom.run.bench.figures import Row, Spread
from coroom.run.bench.scratch_room import Daemon, made, path_of, scratch_repository

FILES = 50
"""In the repository of a cold start."""

REOPENED = 5
"""Times the long log is opened."""

_AGENTS = 16
_LONG_FILES = 5_000
_EDITS = 2_000
_APPENDED = 20_000
_BEGAN_MS = 1_700_000_000_000


async def cold(directory: Path, times: int) -> list[Row]:
    """Start the daemon and claim, in a room that was never there and in one that was. The package is compiled first, as
    it is where it was installed: a checkout may have newer sources, which Python would compile at every start where it
    may write nothing (PYTHONDONTWRITEBYTECODE).

    Raises:
        Fault: the claim was not granted.
    """
    await asyncio.to_thread(compile_dir, Path(coroom.__file__).parent, quiet=2)
    fresh_ms, known_ms = [], []
    for turn in range(times):
        here = made(directory / f"cold{turn}")
        repository = await asyncio.to_thread(scratch_repository, made(here / "repository"), FILES)
        began = time.perf_counter()
        async with Daemon(repository, here / "mirrors") as daemon:
            seat = await daemon.admit("first")
            await first_claim(daemon.url, seat.token)
            fresh_ms.append((time.perf_counter() - began) * 1_000)
        began = time.perf_counter()
        async with Daemon(repository, here / "mirrors") as daemon:
            await first_claim(daemon.url, seat.token)
            known_ms.append((time.perf_counter() - began) * 1_000)
    note = "process start to claim granted"
    return [
        Row(part="start", what="new room, new agent", spread=Spread.of(fresh_ms), note=f"{note}, mirror made"),
        Row(part="start", what="known room and agent", spread=Spread.of(known_ms), note=note),
    ]


async def first_claim(url: str, token: str) -> None:
    """Come in as an agent does, with a client of its own, and claim.

    Raises:
        Fault: the claim was not granted.
    """
    async with RoomClient(url, token) as client:
        told = await client.call("claim", {"resources": ["file:src/first.py"]})
    if told.refused:
        raise Fault(f"the first claim was refused: {told.text}")


async def reopen(directory: Path, events: int) -> list[Row]:
    """Open a room with that many events, its last snapshot as old as one can be."""
    path = made(directory) / "room.sqlite3"
    size_mb = await asyncio.to_thread(write_long_log, path, events)
    opened_ms = []
    for _ in range(REOPENED):
        began = time.perf_counter()
        host = await Host.open(SqliteLog(path), SystemClock())
        opened_ms.append((time.perf_counter() - began) * 1_000)
        assert host.state.seq >= events
        await host.close()
    note = f"{size_mb:.0f} MB, {_LONG_FILES:,} files, {_AGENTS} agents"
    return [Row(part="reopen", what=f"room of {events:,} events", spread=Spread.of(opened_ms), note=note)]


def write_long_log(path: Path, events: int) -> float:
    """A log of exactly that many events: a real history of claims and edits, then its edits over and over.

    Returns its size in megabytes (10^6 bytes).
    """
    state, begun, working = _history(min(_EDITS, events // 8))
    log = SqliteLog(path)
    log.append(0, begun)
    bodies = len(working)
    snapshot = events - max(VIEW_EVERY_EVENTS, _LONG_FILES) + 1
    for mark in (snapshot, events):
        while log.head() < mark:
            first = log.head() + 1
            more = range(first, min(first + _APPENDED, mark + 1))
            appended = log.append(log.head(), [replace(working[seq % bodies], seq=seq, at_ms=_at(seq)) for seq in more])
            assert not isinstance(appended, HeadMoved)
        if mark == snapshot:
            log.save_view(mark, encode_state(replace(state, seq=mark, now_ms=_at(mark))))
    log.close()
    return path.stat().st_size / 1e6


def _history(edits: int) -> tuple[RoomState, list[Stored], list[Stored]]:
    """A room whose agents claim, edit and release by turns: its state, how it began, and what they did."""
    state, begun, working = RoomState(), list[Stored](), list[Stored]()
    for by, command in _beginning():
        state, made_events = _after(state, by, command)
        begun += map(_stored, made_events)
    for turn in range(edits):
        agent, path = f"a{turn % _AGENTS:02}", path_of(turn % _LONG_FILES)
        head = state.head(path)
        blob = f"{turn:064x}"
        accept = c.AcceptEdit(
            path=path,
            kind=FileKind.TEXT,
            blob=blob,
            written=blob,
            expected=head.version if head else 0,
            touched=(file(path),),
            size=400,
        )
        for command in (c.ClaimResources(resources=(file(path),)), accept, c.Release()):
            state, made_events = _after(state, agent, command, f"{type(command).__name__}{turn}")
            working += map(_stored, made_events)
    return state, begun, working


def _beginning() -> Iterator[tuple[str, c.Command]]:
    yield OPERATOR, c.OpenRoom(room="main", policy="open")
    files = [(path_of(one), FileKind.TEXT, f"{one:064x}", False, 400) for one in range(_LONG_FILES)]
    for first in range(0, _LONG_FILES, SEED_FILES):
        yield HOST, c.SeedFiles(tuple(files[first : first + SEED_FILES]))
    for agent in range(_AGENTS):
        yield HOST, c.Join(agent=f"a{agent:02}", secret_hash=f"{agent:064x}")


def _after(state: RoomState, by: str, command: c.Command, operation: str = "") -> tuple[RoomState, tuple[Event, ...]]:
    now_ms = _at(state.seq)
    decision = decide(state, c.Submission(by, command, operation), now_ms)
    assert not isinstance(decision.reply, Refused), decision.reply
    happened = number(state, decision.events, now_ms, by)
    for event in happened:
        state = evolve(state, event)
    return state, happened


def _stored(event: Event) -> Stored:
    return Stored(event.seq, event.at_ms, event.by, event.body.kind, encode_body(event.body))


def _at(seq: int) -> int:
    return _BEGAN_MS + seq
