"""`coroom bench policies`: workloads in virtual time under every policy, and what the middleware costs a call."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from random import Random
from statistics import mean, median

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.codec import Json
from coroom.core.resource import Footprint
from coroom.core.tool import ToolCall
from coroom.host.calls.calls import RoomCalls
from coroom.host.calls.carry import Called
from coroom.host.clock import SystemClock
from coroom.host.host import Host
from coroom.log.sqlite import SqliteLog
from coroom.simulate.schedule.clock import Run, TimedPlayer
from coroom.simulate.schedule.draw import Shape, drawn
from coroom.simulate.schedule.objects import Objects, canonical, tools_on
from coroom.simulate.schedule.play import POLICIES_PLAYED
from coroom.simulate.schedule.room import ScheduleRoom
from coroom.simulate.schedule.script import Schedule
from coroom.simulate.schedule.workloads import CONTENDED, WORKLOADS, low_contention, workload

COST_CALLS = 300
ROUND = 12
"""After so many calls all agents are done, and what they did is final."""

MISJUDGED = (0.0, 0.02, 0.05, 0.1, 0.2)
LOW = "low contention"
MIX = "contended mix"


@dataclass(frozen=True, slots=True)
class Line:
    """One policy on one workload with so many agents: means over the seeds."""

    policy: str
    workload: str
    agents: int
    correct: float
    speedup: float
    work: float
    notices: float
    undone: float
    waited: float
    deadlocks: float
    aborted: float


@dataclass(frozen=True, slots=True)
class Misjudging:
    """How many runs end wrong when agents take a notice for nothing with this probability."""

    agents: int
    probability: float
    wrong: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call took, in milliseconds."""

    min: float
    median: float
    p95: float
    max: float
    count: int

    @classmethod
    def of(cls, samples: list[float]) -> "Cost":
        """Of at least one sample."""
        ordered = sorted(samples)
        p95 = ordered[ceil(len(ordered) * 0.95) - 1]
        return cls(ordered[0], median(ordered), p95, ordered[-1], len(ordered))


@dataclass(frozen=True, slots=True)
class PoliciesReport:
    """All figures."""

    lines: tuple[Line, ...]
    misjudging: tuple[Misjudging, ...]
    hot: float
    cost: dict[str, Cost]

    def document(self) -> dict[str, Json]:
        """As one JSON document."""
        found: dict[str, Json] = {
            "lines": [dict(asdict(line)) for line in self.lines],
            "misjudging": [dict(asdict(one)) for one in self.misjudging],
            "notices_12_agents_4_objects": self.hot,
            "cost_ms": {name: dict(asdict(one)) for name, one in self.cost.items()},
        }
        return found


def measure_policies(
    agents: tuple[int, ...], seeds: int, policies: tuple[str, ...], progress: Callable[[str], None]
) -> PoliciesReport:
    """Play every workload under every policy, then measure real calls.

    Args:
        agents: numbers of agents.
        seeds: how often each is played.
        policies: their names.
        progress: called with a sentence now and then.
    """
    lines: list[Line] = []
    for count in agents:
        progress(f"{count} agents")
        for policy in policies or POLICIES_PLAYED:
            runs = {name: list(_runs(policy, count, seeds, name)) for name in WORKLOADS}
            lines += [_line(policy, name, count, found) for name, found in runs.items()]
            lines.append(_line(policy, MIX, count, [run for name in CONTENDED for run in runs[name]]))
            low = [TimedPlayer(low_contention(count, seed), policy).timed() for seed in range(seeds)]
            lines.append(_line(policy, LOW, count, low))
    progress("misjudged notices")
    misjudging = tuple(
        Misjudging(count, probability, _wrong(count, probability, seeds))
        for count in agents
        for probability in MISJUDGED
    )
    progress("hot objects")
    hot = mean(len(TimedPlayer(_hot(seed), "preorder").play().tally.notices) for seed in range(seeds * 4))
    progress("real calls")
    cost = {
        "in memory": _in_memory(time.perf_counter),
        "in memory, processor": _in_memory(time.process_time),
        "of it the tools' own work, processor": _tools_alone(time.process_time),
        "in memory and nothing final, processor": _in_memory(time.process_time, final=False),
        "durable": asyncio.run(_durable(time.perf_counter)),
        "durable, processor": asyncio.run(_durable(time.process_time)),
    }
    return PoliciesReport(tuple(lines), misjudging, hot, cost)


def _runs(policy: str, count: int, seeds: int, name: str) -> Iterator[Run]:
    for seed in range(seeds):
        yield TimedPlayer(workload(name, count, seed), policy).timed()


def _line(policy: str, name: str, count: int, runs: list[Run]) -> Line:
    return Line(
        policy=policy,
        workload=name,
        agents=count,
        correct=mean(run.right for run in runs),
        speedup=mean(run.alone / run.makespan for run in runs),
        work=mean(run.inferences / run.alone for run in runs),
        notices=mean(run.notices for run in runs),
        undone=mean(run.undone for run in runs),
        waited=mean(run.waited for run in runs),
        deadlocks=mean(run.deadlocks for run in runs),
        aborted=mean(run.aborted for run in runs),
    )


def _wrong(count: int, probability: float, seeds: int) -> float:
    wrong = []
    for seed in range(seeds * 2):
        chance = Random(f"misjudge {count} {probability} {seed}")  # noqa: S311  not for secrets
        schedule = workload(CONTENDED[seed % len(CONTENDED)], count, seed)
        player = TimedPlayer(schedule, "preorder", lambda chance=chance: chance.random() < probability)  # type: ignore[misc]
        wrong.append(not player.timed().right)
    return mean(wrong)


def _hot(seed: int) -> Schedule:
    shape = Shape(
        agents_min=12, agents_max=12, objects=4, steps_max=5, sends=0, spawns=0, arrivals=0, crashes=0, classes=0
    )
    return drawn(seed, shape)


def _calls() -> Iterator[tuple[str, str, str]]:
    """Each agent looks at an object of its own and writes it: what a call costs when it meets nobody."""
    for number in range(COST_CALLS):
        agent = number % 4
        if number % 12 < 4:
            yield f"a{agent}", "read", canonical({"object": f"o{agent}"})
        else:
            yield f"a{agent}", "write", canonical({f"o{agent}": number})


def _rounds() -> Iterator[list[tuple[str, str, str]]]:
    every = list(_calls())
    yield from (every[at : at + ROUND] for at in range(0, len(every), ROUND))


def _in_memory(clock: Callable[[], float], *, final: bool = True) -> Cost:
    """Per call, the mean of each round by this clock, in seconds; to read it costs too much to do it for each call.
    Unless what is done becomes `final` after each round, the order only grows.
    """
    room = ScheduleRoom("preorder", tools_on(Objects({f"o{number}": 0 for number in range(4)})))
    for number in range(4):
        room.join(f"a{number}", (), None)
    times = []
    for calls in _rounds():
        begun = clock()
        for agent, tool, arguments in calls:
            outcome = room.run(lambda a=agent, t=tool, g=arguments: room.carrier.call(a, t, g))  # type: ignore[misc]
            assert isinstance(outcome, Called), outcome
        times.append((clock() - begun) * 1000 / len(calls))
        for number in range(4) if final else ():
            room.run(lambda name=f"a{number}": room.carrier.conclude(name))  # type: ignore[misc]
    return Cost.of(times)


def _tools_alone(clock: Callable[[], float]) -> Cost:
    """What the tools themselves take of a call in memory: all that the room asks of them, without the room."""
    tools = tools_on(Objects({f"o{number}": 0 for number in range(4)}))
    times = []
    for number, calls in enumerate(_rounds()):
        begun = clock()
        for place, (_, name, arguments) in enumerate(calls):
            tool, asked = tools[name], ToolCall(f"c{number}.{place}", name, arguments)
            footprint = tool.footprint(arguments)
            assert isinstance(footprint, Footprint)
            prepared = tool.prepare(asked) if footprint.writes else ""
            tool.perform(asked, prepared)
            for resource in footprint.writes:
                tool.value(resource)
        times.append((clock() - begun) * 1000 / len(calls))
    return Cost.of(times)


async def _durable(clock: Callable[[], float]) -> Cost:
    """As in memory, but through the host, every event on disk before the call is answered."""
    with tempfile.TemporaryDirectory() as scratch:
        host = await Host.open(SqliteLog(Path(scratch) / "room.sqlite3"), SystemClock())
        await host.submit(OPERATOR, c.OpenRoom(room="bench", policy="preorder"))
        for number in range(4):
            await host.submit(HOST, c.Join(agent=f"a{number}", secret_hash=f"a{number}"))
        calls = RoomCalls(host, tools_on(Objects({f"o{number}": 0 for number in range(4)})))
        times = []
        for some in _rounds():
            begun = clock()
            for agent, tool, arguments in some:
                outcome = await calls.call(agent, tool, arguments)
                assert isinstance(outcome, Called), outcome
            times.append((clock() - begun) * 1000 / len(some))
            for number in range(4):
                await calls.conclude(f"a{number}", "")
        await host.close()
    return Cost.of(times)


_COLOURS = {"open": "#999", "preorder": "#176", "locking": "#a50", "optimistic": "#63a", "serial": "#333"}
_WIDE, _HIGH, _EDGE = 560, 320, 46


def plot(report: PoliciesReport) -> str:
    """The speedup over serial on the contended mix and on low contention (dashed), by agents, as an SVG picture."""
    drawn_lines = [line for line in report.lines if line.workload in {MIX, LOW}]
    most = max(line.speedup for line in drawn_lines)
    counts = sorted({line.agents for line in drawn_lines})

    def place(line: Line) -> str:
        x = _EDGE + (_WIDE - 2 * _EDGE) * counts.index(line.agents) / max(len(counts) - 1, 1)
        return f"{x:.0f},{_HIGH - _EDGE - (_HIGH - 2 * _EDGE) * line.speedup / most:.0f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" font-family="sans-serif">']
    parts.append(f'<rect width="{_WIDE}" height="{_HIGH}" fill="#fff"/>')
    names = dict.fromkeys(line.policy for line in drawn_lines)
    for row, policy in enumerate(names):
        for name, dash in ((MIX, ""), (LOW, ' stroke-dasharray="5 4"')):
            points = " ".join(place(line) for line in drawn_lines if (line.policy, line.workload) == (policy, name))
            colour = _COLOURS[policy]
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dash} points="{points}"/>')
        parts.append(
            f'<text x="{_EDGE + 6}" y="{20 + 15 * row}" fill="{_COLOURS[policy]}" font-size="12">{policy}</text>'
        )
    for count in counts:
        x = _EDGE + (_WIDE - 2 * _EDGE) * counts.index(count) / max(len(counts) - 1, 1)
        parts.append(f'<text x="{x:.0f}" y="{_HIGH - 22}" text-anchor="middle" font-size="12">{count}</text>')
    for mark in (most, most / 2, 1.0):
        y = _HIGH - _EDGE - (_HIGH - 2 * _EDGE) * mark / most
        parts.append(f'<text x="{_EDGE - 8}" y="{y:.0f}" text-anchor="end" font-size="12">{mark:.1f}</text>')
    told = "speedup over serial by agents; contended mix, dashed: low contention"
    parts.append(f'<text x="{_WIDE // 2}" y="{_HIGH - 6}" text-anchor="middle" font-size="12">{told}</text></svg>')
    return "\n".join(parts) + "\n"
