"""What a change does to the room, on a machine whose speed changes by the hour: this tree and another one by turns.

    python benchmarks/turns.py OTHER_TREE [--turns N] [--only calls|start|edits]

OTHER_TREE is a checkout of an earlier commit (`git worktree add ../before COMMIT`); both run on this Python and its
packages. Both daemons are up all the time and are asked in turn, half a second or more each, by the clients of this
tree. Prints the middle of each, of all turns, and how much less the newer takes in the middle of the turns.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from compileall import compile_dir
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from other_tree import checkout

from coroom.host.seat import Seat
from coroom.run.bench import calls, edits
from coroom.run.bench.figures import machine, versions
from coroom.run.bench.opening import first_claim
from coroom.run.bench.scratch_room import Daemon, made, room, scratch_repository

HERE = Path(__file__).resolve().parents[1]
AGENTS = 16
FILES = 100
SECONDS = 0.5
Figures = dict[str, dict[str, list[float]]]


@contextmanager
def tree(path: Path) -> Iterator[None]:
    """Processes that begin in here run the code of that tree."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(path / "src")
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


async def ask(daemon: Daemon, seats: list[Seat], into: dict[str, list[float]]) -> None:
    for kind, clients in ((calls.LEAN, 1), (calls.LEAN, AGENTS), (calls.OLDER, AGENTS)):
        async with calls.connected(kind, daemon.url, seats[:clients]) as asks:
            before = daemon.cpu_s()
            measured = await calls.measure(asks, SECONDS)
            used = daemon.cpu_s() - before
        assert not measured.errors, measured.errors
        name = f"{clients} of {kind}"
        claims = measured.tools["claim"]
        into[f"{name}: CPU a call, ms"].append(used * 1_000 / measured.count)
        into[f"{name}: claim, ms"].append(statistics.median(claims.each_ms))
        into[f"{name}: s for 1,000 claims"].append(1_000 * claims.wall_s / len(claims.each_ms))


async def edit(daemon: Daemon, seats: list[Seat], into: dict[str, list[float]]) -> None:
    before = daemon.cpu_s()
    _, in_all = await edits.measure(seats, FILES, 4 * SECONDS)
    used, seen = daemon.cpu_s() - before, in_all.spread
    into["edit seen in all others, ms"].append(seen.median)
    into["  p95 of a turn, ms"].append(seen.p95)
    into["  the slowest of a turn, ms"].append(seen.max)
    into["CPU an edit, ms"].append(used * 1_000 / seen.count)


async def by_turns(only: str, trees: dict[str, Path], turns: int, figures: Figures) -> None:
    async with AsyncExitStack() as stack:
        served = {}
        for name, path in trees.items():
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coroom-turns-")))
            with tree(path):
                served[name] = await stack.enter_async_context(room(directory, files=FILES, agents=AGENTS))
        for turn in range(turns):
            for name in list(trees) if turn % 2 else list(trees)[::-1]:
                await (ask if only == "calls" else edit)(*served[name], figures[name])


async def start(trees: dict[str, Path], turns: int, figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="coroom-turns-") as directory:
        for turn in range(turns):
            for name, path in list(trees.items())[:: 1 if turn % 2 else -1]:
                here = made(Path(directory) / f"{name}{turn}")
                repository = scratch_repository(made(here / "repository"), 50)
                with tree(path):
                    began = time.perf_counter()
                    async with Daemon(repository, here / "mirrors") as daemon:
                        up = time.perf_counter()
                        seat = await daemon.admit("first")
                        seated = time.perf_counter()
                        await first_claim(daemon.url, seat.token)
                        now = time.perf_counter()
                        figures[name]["start to first claim, ms"].append((now - began) * 1_000)
                        figures[name]["  until served, ms"].append((up - began) * 1_000)
                        figures[name]["  the seat, ms"].append((seated - up) * 1_000)
                        figures[name]["  the first claim, ms"].append((now - seated) * 1_000)
                        figures[name]["  the daemon's CPU, ms"].append(daemon.cpu_s() * 1_000)
                        figures[name]["  its memory, MB"].append(daemon.memory_mb()[0])
                    figures[name]["CPU to import coroom.cli.up, ms"].append(imported_ms())


def imported_ms() -> float:
    told = "import time; import coroom.cli.up; print(time.process_time())"
    return 1_000 * float(subprocess.run([sys.executable, "-c", told], capture_output=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=checkout)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--only", choices=("calls", "start", "edits"), default="calls")
    given = parser.parse_args()
    trees = {"other": given.other, "this": HERE}
    for path in trees.values():
        # Else the one that was not run before is compiled at every start, where Python may write nothing.
        compile_dir(path / "src", quiet=2)
    figures: Figures = {name: defaultdict(list) for name in trees}
    here = machine()
    print(f"{here['cpu']}, {here['cores']} cores, {here['system']}; load {here['load']}")
    print(", ".join(f"{name} {one}" for name, one in versions().items()))
    work = start(trees, given.turns, figures) if given.only == "start" else None
    asyncio.run(work or by_turns(given.only, trees, given.turns, figures))
    for what in figures["this"]:
        before, after = (figures[name][what] for name in trees)
        less = statistics.median(1 - new / old for new, old in zip(after, before, strict=True))
        low, high = min(after), max(after)
        print(
            f"{what}: {statistics.median(before):.4g} to {statistics.median(after):.4g} "
            f"({low:.4g} to {high:.4g}), {less:.1%} less"
        )


if __name__ == "__main__":
    main()
