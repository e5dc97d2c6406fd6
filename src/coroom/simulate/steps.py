"""A schedule: what happens in which order, decided by a seed before anything runs, so that it can be cut down."""

from collections.abc import Mapping
from typing import NamedTuple

from coroom.core.quick import of_parts
from coroom.simulate.chance import Chance

WEIGHTS: dict[str, int] = {
    "call": 240,
    "send": 190,
    "deliver": 190,
    "flush": 110,
    "reply": 120,
    "feed": 50,
    "time": 40,
    "duplicate": 25,
    "lose": 15,
    "judge": 12,
    "stall": 10,
    "jump": 7,
    "rejoin": 5,
    "pause": 5,
    "snapshot": 5,
    "crash": 6,
}
"""How often each kind of step is drawn, in about a thousand.

`call` is a whole round trip without a fault; `send`, `deliver`, `flush` and `reply` are its parts, between which
anything may happen. The faults are rare enough for work to get done, and frequent enough to meet in most runs.
"""


def turns_of(weights: Mapping[str, int]) -> tuple[str, ...]:
    """Each kind as often as it weighs; one is drawn from these."""
    return tuple(kind for kind, weight in weights.items() for _ in range(weight))


_TURNS = turns_of(WEIGHTS)


class Step(NamedTuple):
    """One step: `salt` decides whatever else it needs, so that a step means the same in a shorter schedule."""

    kind: str
    agent: int
    salt: int

    def __str__(self) -> str:
        return f"{self.kind} {self.agent} {self.salt}"


_step = of_parts(Step)


def schedule(seed: int, steps: int, agents: int, kinds: tuple[str, ...] = _TURNS) -> tuple[Step, ...]:
    """The schedule of a seed; the same on every machine and every supported version of Python."""
    drawn, turns = Chance(seed).draws(3 * steps), len(kinds)
    named = [kinds[kind % turns] for kind in drawn[::3]]
    whose = [agent % agents for agent in drawn[1::3]]
    salts = [salt % (1 << 30) for salt in drawn[2::3]]
    return tuple(map(_step, zip(named, whose, salts, strict=True)))


def parse(text: str) -> tuple[Step, ...]:
    """The steps that were printed one a line. Raises ValueError for anything else."""
    steps = []
    for line in text.splitlines():
        kind, agent, salt = line.split()
        if kind not in WEIGHTS:
            message = f"no step is called {kind!r}"
            raise ValueError(message)
        steps.append(Step(kind, int(agent), int(salt)))
    return tuple(steps)
