"""How fast the bridge is, and what it loses: real mirrors, real disks, a real log.

    python benchmarks/bridge.py [--only latency|burst|memory|idle|hooks|bare] [--rounds N] [--edits N] [--json FILE]

Prints a table with minimum, median, 95th percentile and maximum, and the machine and versions it ran on.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Self

from coroom.git.repository import Repository, inspect
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat

EIGHT = list("abcdefgh")
SIXTEEN = [f"a{n:02}" for n in range(16)]
IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")


class Bench:
    def __init__(self, files: dict[str, str], agents: list[str]) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="coroom-bench-"))
        repository = self.directory / "repository"
        for path, text in files.items():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(text)
        for command in (("init", "-q", "-b", "main"), ("add", "-A"), (*IDENTITY, "commit", "-q", "-m", "first")):
            subprocess.run(("git", *command), cwd=repository, check=True)
        self.repository = repository
        self.agents = agents

    async def __aenter__(self) -> Self:
        found = inspect(self.repository)
        assert isinstance(found, Repository)
        room = await Room.open(found, RoomPlan(mirrors=self.directory / "mirrors", test="true"))
        assert isinstance(room, Room)
        self.room = room
        self.at: dict[str, Path] = {}
        for agent in self.agents:
            seat = await room.admit(agent)
            assert isinstance(seat, Seat)
            self.at[agent] = seat.directory
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.room.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def in_room(self, path: str) -> str:
        head = self.room.host.state.head(path)
        return (self.room.host.blob(head.blob) or b"").decode() if head else ""

    async def rest(self) -> None:
        while True:
            seq = self.room.host.state.seq
            await self.room.workspace.quiet()
            mirrors = self.room.workspace.files.mirrors()
            if seq == self.room.host.state.seq and not any(m.to_look or m.to_put for m in mirrors):
                return
            await asyncio.sleep(0.01)


async def until(true: Callable[[], bool], every_s: float = 0.001) -> None:
    while not await asyncio.to_thread(true):  # noqa: ASYNC110  what is waited for is on a disk
        await asyncio.sleep(every_s)


class Stalls:
    """Runs beside the work and notes how late its own beats are, and how long the loop's own thread computed meanwhile,
    which other load on the machine does not change.
    """

    def __init__(self) -> None:
        self.late: list[float] = []
        self.computed: list[float] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _beat(self) -> None:
        last, last_cpu = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(0.005)
            now, cpu = time.perf_counter(), time.thread_time()
            self.late.append((now - last - 0.005) * 1e3)
            self.computed.append((cpu - last_cpu) * 1e3)
            last, last_cpu = now, cpu


def source(number: int) -> str:
    return "".join(f"def f{number}_{n}(x: int) -> int:\n    return x + {n}\n\n\n" for n in range(20))


def tree(files: int) -> dict[str, str]:
    return {f"pkg{n % 50}/m{n}.py": source(n) for n in range(files)}


def shown(directories: list[Path], path: str, text: str) -> bool:
    return all((directory / path).read_text() == text for directory in directories)


def holds(top: Path, files: int) -> bool:
    return sum(len(names) for _, _, names in os.walk(top)) == files


async def latency(rounds: int) -> dict[str, list[float]]:
    """One agent edits, fifteen others' disks show it; a tree of 500 files, all agents idle."""
    seen: list[float] = []
    async with Bench(tree(500), SIXTEEN) as bench:
        for number in range(rounds):
            path = f"pkg7/m{7 + 50 * (number % 10)}.py"
            writer = SIXTEEN[number % 16]
            text = (bench.at[writer] / path).read_text() + f"\n\nround_{number} = {number}\n"
            began = time.perf_counter()
            (bench.at[writer] / path).write_text(text)
            await until(partial(shown, list(bench.at.values()), path, text))
            seen.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(0.02)
    return {"edit on all of 15 other disks, ms": seen}


PROGRAM = """
import os, sys
top, files, fresh = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "fresh"
for n in range(files):
    directory = f"{top}/p{n % 500}/q{n // 500}/r" if fresh else top
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/{n}.txt", "w") as file:
        file.write(f"text of {n}\\n" * 20)
"""


async def burst(rounds: int, others: int = 1) -> dict[str, list[float]]:
    """5,000 files written at once in one mirror, into one directory or into fresh nested ones."""
    found: dict[str, list[float]] = {}
    for kind in ("one", "fresh"):
        for _ in range(rounds):
            async with Bench({"f.txt": "one\n"}, SIXTEEN[: 1 + others]) as bench, Stalls() as stalls:
                began, cpu = time.perf_counter(), time.process_time()
                top = bench.at["a00"] / "burst"
                command = (sys.executable, "-c", PROGRAM, str(top), "5000", kind)
                writer = subprocess.Popen(command)  # noqa: ASYNC220  it runs beside the room
                await until(lambda: len(bench.room.host.state.files()) == 5_001, 0.05)
                found.setdefault(f"burst, {kind} directory: in the room, s", []).append(time.perf_counter() - began)
                writer.wait()
                last = bench.at[SIXTEEN[others]] / "burst"
                await until(partial(holds, last, 5_000), 0.5)
                found.setdefault(f"burst, {kind} directory: on another disk, s", []).append(time.perf_counter() - began)
            found.setdefault(f"burst, {kind} directory: longest stall of the loop, ms", []).append(max(stalls.late))
            longest = f"burst, {kind} directory: longest stall, processor time, ms"
            found.setdefault(longest, []).append(max(stalls.computed))
            spent = f"burst, {kind} directory: processor time of the host, s"
            found.setdefault(spent, []).append(time.process_time() - cpu)
    return found


def rss_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def memory(_rounds: int) -> dict[str, list[float]]:
    """Sixteen agents over 5,000 files of 1 KB, after each has edited."""
    before = rss_mb()
    async with Bench(tree(5_000), SIXTEEN) as bench:
        for agent in SIXTEEN:
            path = bench.at[agent] / f"pkg1/m{1 + 50 * SIXTEEN.index(agent)}.py"
            path.write_text(path.read_text() + "\nX = 1\n")
        await bench.rest()
        own = rss_mb()
        # Displaced files are watched for half a minute after a put.
        await asyncio.sleep(35)
        cpu, seconds = time.process_time(), 40.0
        await asyncio.sleep(seconds)
        idle = 100 * (time.process_time() - cpu) / seconds
    return {
        "memory before a room, MB": [before],
        "memory, 16 agents and 5,000 files, MB": [own],
        "idle, % of a core": [idle],
    }


def part(agent: str) -> str:
    return f"def part_{agent}():\n    total = 0\n    return total\n\n\n"


def with_line(text: str, agent: str, number: int) -> str:
    start = text.index(f"def part_{agent}():\n")
    at = text.index("    return total\n", start)
    return text[:at] + f"    total += {number}  # {agent}\n" + text[at:]


async def contention(edits: int, *, hooks: bool) -> dict[str, list[float]]:
    """Eight agents edit one file by native writes: read, think up to 5 ms, write."""
    async with Bench({"f.py": "".join(map(part, EIGHT))}, EIGHT) as bench:
        use = ToolUse(touch=Touch.EDIT, paths=("f.py",))

        async def agent(name: str) -> None:
            chance = random.Random(name)
            for number in range(edits // 8):
                if hooks:
                    await bench.room.door.before_tool(name, use)
                text = (bench.at[name] / "f.py").read_text()
                await asyncio.sleep(chance.random() * 0.005)
                (bench.at[name] / "f.py").write_text(with_line(text, name, number))
                if hooks:
                    await bench.room.door.after_tool(name, use)
                else:
                    await asyncio.sleep(chance.random() * 0.03)

        began = time.perf_counter()
        await asyncio.gather(*map(agent, EIGHT))
        await bench.rest()
        took = time.perf_counter() - began
        text = bench.in_room("f.py")
        held = [(bench.room.host.blob(h.mine) or b"").decode() for h in bench.room.host.state.held.values()]
        lines = [f"    total += {n}  # {name}\n" for name in EIGHT for n in range(edits // 8)]
        lost = sum(line not in text and not any(line in mine for mine in held) for line in lines)
        doubled = sum(text.count(line) > 1 for line in lines)
        waiting = sum(line not in text for line in lines) - lost
    name = "with hooks" if hooks else "without hooks (design E)"
    return {
        f"8 agents, one file, {name}: lost of {edits}": [lost],
        f"8 agents, one file, {name}: doubled": [doubled],
        f"8 agents, one file, {name}: held and not yet in": [waiting],
        f"8 agents, one file, {name}: edits/s": [edits / took],
    }


def machine() -> dict[str, str]:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    return {
        "machine": f"{os.cpu_count()} cores, {model or platform.machine()}, Linux {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "git": subprocess.run(("git", "version"), capture_output=True, text=True, check=True).stdout.split()[-1],
        "coroom": version("coroom"),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def row(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    numbers = (ordered[0], statistics.median(ordered), p95, ordered[-1])
    return f"| {name} | {len(ordered)} | " + " | ".join(f"{n:.2f}" if n < 10 else f"{n:.0f}" for n in numbers) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--edits", type=int, default=2_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    suites: dict[str, Callable[[], Coroutine[None, None, dict[str, list[float]]]]] = {
        "memory": lambda: memory(asked.rounds),
        "latency": lambda: latency(max(100, asked.rounds)),
        "burst": lambda: burst(asked.rounds),
        "hooks": lambda: contention(asked.edits, hooks=True),
        "bare": lambda: contention(asked.edits, hooks=False),
    }
    print("; ".join(f"{name} {value}" for name, value in machine().items()))
    print("| | n | min | median | p95 | max |\n|---|---|---|---|---|---|")
    everything: dict[str, list[float]] = {}
    for name, suite in suites.items():
        if not asked.only or name in asked.only:
            found = asyncio.run(suite())
            everything |= found
            for each, values in found.items():
                print(row(each, values), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine(), "results": everything}, indent=1))


if __name__ == "__main__":
    main()
