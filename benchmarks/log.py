"""How fast the SQLite log appends, and how fast a room of a million events opens.

    python benchmarks/log.py [--directory DIR] [--seconds N] [--events N]

The directory decides what is measured: its file system is the one that is synced.
"""

import argparse
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from coroom.log.sqlite import SqliteLog
from coroom.ports import Stored

BODY = '{"agent":"ada","path":"src/parser.py","text":"' + "x" * 120 + '"}'
VIEW = bytes(200_000)
TAIL_EVENTS = 1_000


def events(first: int, number: int) -> list[Stored]:
    return [Stored(seq, 1_700_000_000_000 + seq, "ada", "edited", BODY) for seq in range(first, first + number)]


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def row(name: str, samples_ms: list[float], note: str = "") -> None:
    ordered = sorted(samples_ms)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    figures = " | ".join(f"{value:.2f}" for value in (ordered[0], statistics.median(ordered), p95, ordered[-1]))
    print(f"| {name} | {figures} | {note} |", flush=True)


def append(directory: Path, group: int, seconds: float) -> None:
    log = SqliteLog(directory / f"append-{group}.db")
    samples = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        batch = events(log.head() + 1, group)
        start = time.perf_counter()
        log.append(log.head(), batch)
        samples.append((time.perf_counter() - start) * 1_000)
    rate = log.head() / (sum(samples) / 1_000)
    log.close()
    row(f"append {group} at once, ms", samples, f"{rate:,.0f} events/s")


def reopen(directory: Path, number: int) -> None:
    path = directory / "million.db"
    log = SqliteLog(path)
    for head in range(0, number - TAIL_EVENTS, 10_000):
        log.append(head, events(head + 1, min(10_000, number - TAIL_EVENTS - head)))
    log.save_view(log.head(), VIEW)
    log.append(log.head(), events(log.head() + 1, TAIL_EVENTS))
    log.close()
    size_mb = path.stat().st_size / 1e6
    samples: list[float] = []
    for _ in range(20):
        start = time.perf_counter()
        log = SqliteLog(path)
        loaded = log.load_view()
        assert loaded is not None
        tail = log.read(loaded[0], number)
        samples.append((time.perf_counter() - start) * 1_000)
        assert len(tail) == TAIL_EVENTS
        log.close()
    row(f"reopen {number:,} events (snapshot and {TAIL_EVENTS:,} events), ms", samples, f"{size_mb:.0f} MB")
    log = SqliteLog(path)
    start = time.perf_counter()
    log.verify()
    row("verify all of them, ms", [(time.perf_counter() - start) * 1_000])
    start = time.perf_counter()
    compacted = log.compact(number)
    took = (time.perf_counter() - start) * 1_000
    log.close()
    row("compact all of them, ms", [took], f"{compacted.bytes_after / 1e6:.0f} MB after")
    start = time.perf_counter()
    log = SqliteLog(path)
    loaded = log.load_view()
    assert loaded is not None
    log.read(loaded[0], number)
    row("reopen after compaction, ms", [(time.perf_counter() - start) * 1_000])
    log.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", help="where to write; default: the system's temporary directory")
    parser.add_argument("--seconds", type=float, default=3.0, help="per append measurement")
    parser.add_argument("--events", type=int, default=1_000_000)
    arguments = parser.parse_args()
    print(machine())
    print("| | min | median | p95 | max | |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        for group in (1, 8, 32, 128):
            append(Path(name), group, arguments.seconds)
        reopen(Path(name), arguments.events)
    return 0


if __name__ == "__main__":
    sys.exit(main())
