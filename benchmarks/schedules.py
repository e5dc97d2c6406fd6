"""How many schedules a second the simulation plays, and what a decision takes where much is held: this tree and another
one by turns, on a machine whose speed changes by the hour.

    python benchmarks/schedules.py OTHER_TREE [--seeds N] [--turns N]

OTHER_TREE is a checkout of an earlier commit (`git worktree add ../before COMMIT`); both run on this Python. Each seed
and each decision is timed several times, in processor time, and the least counts. Prints both, how many times as fast
the newer is, and in how many seeds both wrote the same log.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from other_tree import checkout

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.evolve import evolve
from coroom.core.limits import Limits
from coroom.core.resource import file
from coroom.core.room import decide, number
from coroom.core.state import RoomState
from coroom.simulate.run import simulate, simulate_all

HERE = Path(__file__).resolve().parents[1]
SEEDS_A_TURN = 10
HELD = (10, 100, 1_000)
CLAIMS_AN_AGENT = 10
DECISIONS = 50


def submit(state: RoomState, by: str, command: c.Command, now_ms: int) -> RoomState:
    decision = decide(state, c.Submission(by, command), now_ms)
    for event in number(state, decision.events, now_ms, by):
        state = evolve(state, event)
    return state


def room(held: int) -> RoomState:
    """A room in which so many claims are held, on a file each."""
    state = submit(RoomState(), OPERATOR, c.OpenRoom(room="r", policy="open", limits=Limits()), 1)
    for agent in range(held // CLAIMS_AN_AGENT + 1):
        state = submit(state, HOST, c.Join(agent=f"a{agent}", secret_hash=f"{agent}"), 1)
    for claim in range(held):
        by = f"a{claim // CLAIMS_AN_AGENT}"
        state = submit(state, by, c.ClaimResources(resources=(file(f"src/{claim}.py"),)), 1)
    assert len(state.claims) == held
    return state


def least_us(work: Callable[[], object]) -> float:
    times = []
    for _ in range(DECISIONS):
        began = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - began)
    return min(times) / 1_000


def claim_and_release(state: RoomState) -> Callable[[], object]:
    """One claim of somebody who holds nothing, and its end."""
    newest = f"a{len(state.agents) - 1}"
    command = c.ClaimResources(resources=(file("docs/new.md"),))
    return lambda: submit(submit(state, newest, command, 2), newest, c.Release(), 3)


def each_ns(seeds: range) -> Iterator[int]:
    """What each of these seeds takes, played as the command plays many."""
    began = time.process_time_ns()
    for _ in simulate_all(seeds, jobs=1):
        yield time.process_time_ns() - began
        began = time.process_time_ns()


def serve() -> None:
    """Play what is asked for, a line each: seeds to play, or how many claims are held."""
    rooms = {held: room(held) for held in HELD}
    for seed in range(1_000, 1_010):
        simulate(seed, hashed=False)
    for line in sys.stdin:
        kind, first, last = line.split()
        if kind == "held":
            told: list[object] = [least_us(claim_and_release(rooms[int(first)]))]
        elif kind == "hashes":
            told = [simulate(seed).log_hash for seed in range(int(first), int(last))]
        else:
            told = [*each_ns(range(int(first), int(last)))]
        print(json.dumps(told), flush=True)


class Player:
    """A process that plays with the code of one tree."""

    def __init__(self, tree: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--serve"],
            env={**os.environ, "PYTHONPATH": str(tree / "src")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, kind: str, first: int, last: int = 0) -> list[Any]:
        """The line that `serve` prints: nanoseconds of seeds, their logs' hashes, or the microseconds of a decision."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(kind, first, last, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            message = f"the one that plays ended with exit code {self._process.wait()}"
            raise SystemExit(message)
        told: list[Any] = json.loads(line)
        return told

    def end(self) -> None:
        self._process.communicate()


def compare(older: Player, newer: Player, seeds: int, turns: int) -> None:
    players = (older, newer)
    hashes = [player.ask("hashes", 0, seeds) for player in players]
    best = [[10.0**12] * seeds for _ in players]
    held = [dict.fromkeys(HELD, 10.0**12) for _ in players]
    for _ in range(turns):
        for first in range(0, seeds, SEEDS_A_TURN):
            last = min(seeds, first + SEEDS_A_TURN)
            for player, least in zip(players, best, strict=True):
                least[first:last] = map(min, least[first:last], player.ask("seeds", first, last))
        for claims in HELD:
            for player, least_of in zip(players, held, strict=True):
                least_of[claims] = min(least_of[claims], player.ask("held", claims)[0])
    before, after = (sum(least) / seeds / 1_000_000 for least in best)
    print(f"a schedule: {before:.2f} ms and {after:.2f} ms, {before / after:.3f} times as fast, {1_000 / after:.0f}/s")
    same = sum(one == other for one, other in zip(*hashes, strict=True))
    print(f"the same log: {same} of {seeds}")
    for claims in HELD:
        slow, fast = (least_of[claims] for least_of in held)
        print(f"a claim and its release, {claims} claims held: {slow:.0f} and {fast:.0f} us, {slow / fast:.1f} times")


def main() -> None:
    if sys.argv[1:] == ["--serve"]:
        serve()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=checkout)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--turns", type=int, default=6)
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    older, newer = Player(given.other), Player(HERE)
    try:
        compare(older, newer, given.seeds, given.turns)
    finally:
        older.end()
        newer.end()


if __name__ == "__main__":
    main()
