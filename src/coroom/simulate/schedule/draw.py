"""Programs drawn by chance: agents that read, guard, write several objects at once, add, send, start children, die."""

from dataclasses import dataclass
from random import Random

from coroom.core.codec import Json
from coroom.simulate.schedule.script import Schedule, schedule_of


@dataclass(frozen=True, slots=True)
class Shape:
    """What programs may have in them. Odds are of 100; `reads_first`: that an agent reads that has read nothing yet,
    `again`: that a write is on what the agent has written before.
    """

    agents_min: int = 2
    agents_max: int = 8
    objects: int = 3
    steps_min: int = 1
    steps_max: int = 5
    reads: int = 40
    reads_first: int = 40
    guards: int = 30
    several: int = 30
    again: int = 0
    classes: int = 40
    sends: int = 8
    spawns: int = 12
    arrivals: int = 15
    crashes: int = 5
    dies_anywhere: bool = False
    depth: int = 2


def drawn(seed: int, shape: Shape = Shape()) -> Schedule:
    """The schedule of a seed: the same on every machine."""
    return schedule_of(_Drawing(Random(seed), shape).schedule(seed))  # noqa: S311  not for secrets


class _Drawing:
    def __init__(self, chance: Random, shape: Shape) -> None:
        self._chance = chance
        self._shape = shape
        self._names: list[str] = []
        self._objects = [f"o{number}" for number in range(shape.objects)]

    def schedule(self, seed: int) -> dict[str, Json]:
        shape, chance = self._shape, self._chance
        count = chance.randint(shape.agents_min, shape.agents_max)
        agents: list[Json] = []
        ranks = list(range(1, count + 1))
        for rank in ranks:
            agent = self._agent(0)
            agent["rank"] = rank
            if rank > 1 and self._odds(shape.arrivals):
                agent["arrives"] = chance.randint(1, 8)
            agents.append(agent)
        chance.shuffle(agents)
        steps = sum(len(a["program"]) for a in agents if isinstance(a, dict) and isinstance(a["program"], list))
        order: list[Json] = [chance.choice(self._names) for _ in range(chance.randint(steps, 2 * steps + 2))]
        objects: dict[str, Json] = {name: chance.randint(0, 3) for name in self._objects}
        return {"id": f"random-{seed}", "objects": objects, "agents": agents, "order": order}

    def _odds(self, of_100: int) -> bool:
        return self._chance.randrange(100) < of_100

    def _agent(self, depth: int) -> dict[str, Json]:
        name = f"A{len(self._names)}"
        self._names.append(name)
        known: list[str] = []
        wrote: list[str] = []
        count = self._chance.randint(self._shape.steps_min, self._shape.steps_max)
        program: list[Json] = [self._step(known, wrote, depth) for _ in range(count)]
        if self._odds(self._shape.crashes):
            fatal = program[self._chance.randrange(count) if self._shape.dies_anywhere else -1]
            assert isinstance(fatal, dict)
            fatal["fault"] = "crash"
        return {"name": name, "program": program}

    def _step(self, known: list[str], wrote: list[str], depth: int) -> dict[str, Json]:
        chance, shape = self._chance, self._shape
        step: dict[str, Json] = {}
        if known and self._odds(shape.guards):
            step["when"] = f"{chance.choice(known)} {chance.choice(['>', '<', '==', '!='])} {chance.randint(0, 4)}"
        if depth < shape.depth and len(self._names) < 12 and self._odds(shape.spawns):
            step["spawn"] = self._agent(depth + 1)
            return step
        if self._odds(shape.reads if known else shape.reads_first):
            name = f"v{len(known)}"
            step |= {"read": chance.choice(self._objects), "as": name}
            known.append(name)
            return step
        kind = "send" if self._odds(shape.sends) else chance.choice(["write", "write", "add"])
        targets = chance.sample(self._objects, 2 if self._odds(shape.several) else 1)
        if shape.again and wrote and wrote[-1] not in targets and self._odds(shape.again):
            targets[0] = wrote[-1]
        wrote += targets if kind != "send" else ()
        step[kind] = {target: self._expression(known) for target in targets}
        if kind != "send" and self._odds(shape.classes):
            step["class"] = chance.choice(["blind", "replayable", "opaque"])
        return step

    def _expression(self, known: list[str]) -> str:
        chance = self._chance
        if not known or self._odds(30):
            return str(chance.randint(0, 9))
        if self._odds(50):
            return f"{chance.choice(known)} + {chance.randint(0, 5)}"
        return f"{chance.choice(known)} {chance.choice(['+', '-', '*', '//', '%'])} {chance.choice(known)}"
