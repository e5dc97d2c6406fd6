"""How long after a write in one mirror the others have it, while their agents are idle."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from coroom.core.errors import Fault
from coroom.host.seat import Seat
from coroom.run.bench.figures import Row, Spread
from coroom.run.bench.scratch_room import LOOK_S, path_of

SEEN_WITHIN_S = 20.0
"""A hundred times what it should take; then it was lost."""


async def measure(seats: Sequence[Seat], files: int, seconds: float) -> list[Row]:
    """Native writes to one mirror after another, each awaited in all others.

    Raises:
        Fault: a write did not arrive everywhere.
    """
    each_ms: list[float] = []
    last_ms: list[float] = []
    until, number = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        writer, path = seats[number % len(seats)], path_of(number % files)
        others = [seat.directory / path for seat in seats if seat is not writer]
        delays = await arrivals(writer.directory / path, others, f"# edit {number} {time.monotonic_ns()}\n")
        each_ms += delays
        last_ms.append(max(delays))
        number += 1
    note = f"native writes, polled every {LOOK_S * 1_000:g} ms"
    return [
        Row(part="edits", what="edit seen in another mirror", spread=Spread.of(each_ms), clients=len(seats), note=note),
        Row(part="edits", what="edit seen in all others", spread=Spread.of(last_ms), clients=len(seats), note=note),
    ]


async def arrivals(written: Path, others: Sequence[Path], line: str) -> list[float]:
    """Append `line` to a file, and wait until the others end with it: how long each took, in ms.

    Raises:
        Fault: one did not within `SEEN_WITHIN_S`.
    """
    with written.open("a", encoding="utf-8") as file:
        file.write(line)
    began = time.perf_counter()
    delays: dict[Path, float] = {}
    while True:
        for other in others:
            if other not in delays and other.read_bytes().endswith(line.encode()):
                delays[other] = (time.perf_counter() - began) * 1_000
        missing = [str(other) for other in others if other not in delays]
        if not missing:
            return list(delays.values())
        if time.perf_counter() - began > SEEN_WITHIN_S:
            raise Fault(f"a write to {written} was not seen at {missing[0]} within {SEEN_WITHIN_S:g} s")
        await asyncio.sleep(LOOK_S)
