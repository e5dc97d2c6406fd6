"""What a turn of a loop costs beside the agent and the tests: an agent and a test that do next to nothing."""

import asyncio
import os
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from coroom.agents.command_line import CommandLine
from coroom.agents.role_files import roles
from coroom.core.command import PostTask
from coroom.core.errors import Fault
from coroom.launch.choose import launcher
from coroom.launch.isolation import Isolation, Unavailable
from coroom.run.bench.claims import scratch_remote
from coroom.run.bench.figures import Spread, machine, versions
from coroom.run.isolating import Isolating
from coroom.run.loop.agent import AgentLoop
from coroom.run.loop.bounds import Bounds, Spent
from coroom.run.loop.place import Place
from coroom.run.loop.sessions import Sessions
from coroom.run.loop.turn import LANDED, Manner

AGENT = ("sh", "-c", "echo done > ${COROOM_TASK#task:}.txt")

TARGET_S = 1.0
"""What a turn may take beside the agent and the tests."""

STATE = "XDG_STATE_HOME"
"""The variable that says where the gate is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCost:
    """Of so many turns in one isolation, in seconds: the harness's own, the landing with a test that passes at once,
    and both; and the processor time of a turn, of this process and all that it started.
    """

    isolation: str
    landed: int
    harness_s: Spread
    landing_s: Spread
    whole_s: Spread
    processor_s: float


async def measure_turns(turns: int, isolations: Sequence[Isolation], say: Callable[[str], None]) -> list[TurnCost]:
    """Let one agent land so many tasks, one a turn, in each of the isolations.

    Raises:
        Fault: an isolation is not to be had here, or nothing lands.
    """
    found = []
    for isolation in isolations:
        say(f"{turns} turns, {isolation.value}")
        with tempfile.TemporaryDirectory(prefix="coroom-bench-") as place, _state(Path(place) / "state"):
            found.append(await _measured(Path(place), turns, isolation, say))
    return found


@contextmanager
def _state(place: Path) -> Iterator[None]:
    """Keep the gate in `place` meanwhile, and not among the user's own."""
    before = os.environ.get(STATE)
    os.environ[STATE] = str(place)
    try:
        yield
    finally:
        os.environ.pop(STATE)
        if before is not None:
            os.environ[STATE] = before


async def _measured(place: Path, turns: int, isolation: Isolation, say: Callable[[str], None]) -> TurnCost:
    ready = await asyncio.to_thread(launcher, isolation)
    if isinstance(ready, Unavailable):
        raise Fault(str(ready))
    shared = await asyncio.to_thread(scratch_remote, place)
    root = place / "agent"
    isolating = Isolating(launcher=ready, readable=(root / "hub.git",))
    sessions = Sessions(agent="agent", adapter=CommandLine(AGENT), isolating=isolating, home=root / "home")
    manner = Manner(
        role=roles(place)["core-developer"],
        test="true",
        tasks=[PostTask(title=f"task {number}", task=f"t{number}") for number in range(turns)],
        until_done=True,
        shared=place / "shared",
    )
    own = Place(agent="agent", root=root, remote=str(shared), branch="main")
    loop = AgentLoop(own, sessions, manner, Bounds(), Spent(), lambda _text: None)
    before = _processor_s()
    await loop.run()
    spent = _processor_s() - before
    done = [turn for turn in loop.turns if turn.outcome == LANDED]
    for turn in loop.turns:
        if turn.outcome != LANDED:
            say(f"{turn.key}: {turn.outcome}: {turn.why}")
    if not done:
        raise Fault(f"nothing has landed: {loop.ended}")
    return TurnCost(
        isolation=isolation.value,
        landed=len(done),
        harness_s=Spread.of([turn.harness_s for turn in done]),
        landing_s=Spread.of([turn.landing_s for turn in done]),
        whole_s=Spread.of([turn.harness_s + turn.landing_s for turn in done]),
        processor_s=round(spent / len(loop.turns), 3),
    )


def _processor_s() -> float:
    """Of this process, and of all that it has started and waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, kinds))


def document(costs: Sequence[TurnCost]) -> dict[str, object]:
    """All of it as plain data for JSON."""
    facts = {"benchmark": "loop", "machine": machine(), "versions": versions(), "load": os.getloadavg()[0]}
    return {**facts, "ok": ok(costs), "turns": [asdict(one) for one in costs]}


def ok(costs: Sequence[TurnCost]) -> bool:
    """Whether a turn takes, in the median, no more than it may."""
    return all(one.whole_s.median <= TARGET_S for one in costs)
