"""The parts of the benchmark, one after the other, and how long each may take."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coroom.core.errors import Fault
from coroom.run.bench import calls, edits, opening
from coroom.run.bench.figures import Report, Row, Spread
from coroom.run.bench.scratch_room import room

FILES = 100
"""In the repository of the parts that are not about its size."""

MEMORY_AGENTS, MEMORY_FILES = 16, 5_000
"""What the target for the daemon's memory is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure. `seconds`: for each level of clients, and twice that for edits; `scratch`: on which disk."""

    clients: tuple[int, ...] = (1, 4, 16)
    seconds: float = 2.0
    parts: frozenset[str] = frozenset()
    contention_rounds: int = 200
    cold_starts: int = 3
    events: int = 1_000_000
    memory_files: int = MEMORY_FILES
    scratch: Path | None = None


Say = Callable[[str], None]
Part = Callable[[Path, Plan, Report, Say], Awaitable[None]]


async def measure_room(plan: Plan, say: Say, into: Report | None = None) -> Report:
    """Measure the parts of the plan to the end; all of them when it names none. What went wrong is in the report.

    Args:
        plan: what, how long and how often.
        say: told what is being done.
        into: gets each figure as soon as it is known, also where the measurement is stopped before its end.
    """
    report, began = Report() if into is None else into, time.monotonic()
    parts = {name: part for name, part in PARTS.items() if not plan.parts or name in plan.parts}
    for number, (name, part) in enumerate(parts.items(), 1):
        say(f"{name} (part {number} of {len(parts)}, after {time.monotonic() - began:.0f} s)")
        with TemporaryDirectory(prefix="coroom-bench-", dir=plan.scratch) as directory:
            try:
                await part(Path(directory), plan, report, say)
            except (Fault, OSError) as problem:
                report.errors.append(f"{name}: {problem}")
        report.seconds = time.monotonic() - began
    return report


async def _calls(directory: Path, plan: Plan, report: Report, say: Say) -> None:
    async with room(directory, files=FILES, agents=max(plan.clients)) as (daemon, seats):
        for kind in (calls.WHOLE, calls.LEAN, calls.OLDER):
            for clients in plan.clients if kind != calls.OLDER else (max(plan.clients),):
                say(f"  claim, release and sync: {clients} of {kind}")
                async with calls.connected(kind, daemon.url, seats[:clients]) as asks:
                    daemon_s, own_s = daemon.cpu_s(), time.process_time()
                    measured = await calls.measure(asks, plan.seconds)
                    daemon_s, own_s = daemon.cpu_s() - daemon_s, time.process_time() - own_s
                report.rows += measured.rows(kind, clients)
                report.errors += measured.errors[:3]
                for what, used_s in (("the daemon's CPU a call", daemon_s), ("the clients' CPU a call", own_s)):
                    each = Spread.of([used_s * 1_000 / measured.count])
                    report.rows.append(Row(part="calls", what=what, spread=each, clients=clients, note=kind))


async def _contention(directory: Path, plan: Plan, report: Report, say: Say) -> None:
    clients = max(plan.clients)
    say(f"  {clients} clients, one resource, {plan.contention_rounds} rounds")
    async with room(directory, files=FILES, agents=clients) as (daemon, seats), AsyncExitStack() as stack:
        half = clients // 2
        newer = await stack.enter_async_context(calls.connected(calls.LEAN, daemon.url, seats[half:]))
        older = await stack.enter_async_context(calls.connected(calls.OLDER, daemon.url, seats[:half]))
        report.contention.append(await calls.contend([*newer, *older], plan.contention_rounds))


async def _edits(directory: Path, plan: Plan, report: Report, say: Say) -> None:
    agents = max(*plan.clients, 2)
    say(f"  {agents} mirrors")
    async with room(directory, files=FILES, agents=agents) as (_, seats):
        report.rows += await edits.measure(seats, FILES, plan.seconds * 2)


async def _memory(directory: Path, plan: Plan, report: Report, say: Say) -> None:
    say(f"  {MEMORY_AGENTS} mirrors of {plan.memory_files:,} files")
    async with room(directory, files=plan.memory_files, agents=MEMORY_AGENTS) as (daemon, seats):
        async with calls.connected(calls.LEAN, daemon.url, seats) as asks:
            measured = await calls.measure(asks, plan.seconds / 2)
        report.errors += measured.errors[:3]
        rows = await edits.measure(seats, plan.memory_files, plan.seconds / 2)
        now, highest = daemon.memory_mb()
    note = f"{plan.memory_files:,} files; after calls and {rows[1].spread.count} edits"
    for what, size in (("the daemon", now), ("the daemon at its highest", highest)):
        spread = Spread.of([size])
        report.rows.append(
            Row(part="memory", what=what, spread=spread, unit="MB", clients=MEMORY_AGENTS, note=f"resident; {note}")
        )


async def _start(directory: Path, plan: Plan, report: Report, say: Say) -> None:
    say(f"  {plan.cold_starts} times")
    report.rows += await opening.cold(directory, plan.cold_starts)


async def _reopen(directory: Path, plan: Plan, report: Report, say: Say) -> None:
    say(f"  writes a log of {plan.events:,} events first")
    report.rows += await opening.reopen(directory, plan.events)


PARTS: dict[str, Part] = {
    "calls": _calls,
    "contention": _contention,
    "edits": _edits,
    "start": _start,
    "reopen": _reopen,
    "memory": _memory,
}
"""By the name that `--only` takes, in the order in which they are measured."""

__all__: Sequence[str] = ("PARTS", "Plan", "measure_room")
