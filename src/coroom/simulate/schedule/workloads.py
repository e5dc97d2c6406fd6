"""Contended workloads for any number of agents: the anomalies of the textbooks inside work of each agent's own."""

from collections.abc import Callable
from random import Random

from coroom.core.codec import Json
from coroom.simulate.schedule.script import Schedule, schedule_of

OWN_STEPS = 6
"""What an agent does by itself before and after the contended part."""

Steps = list[Json]


def _lost_update(_agent: int, _count: int) -> Steps:
    return [{"read": "x", "as": "v"}, {"write": {"x": "v + 1"}}]


def _write_skew(agent: int, count: int) -> Steps:
    other = f"d{(agent + 1) % count}"
    return [{"read": other, "as": "v"}, {"write": {f"d{agent}": "0"}, "when": "v == 1"}]


def _phantom(agent: int, _count: int) -> Steps:
    return [{"read": "rows", "as": "n"}, {"write": {f"d{agent}": "n"}}, {"add": {"rows": "1"}}]


def _dirty_read(agent: int, _count: int) -> Steps:
    return [{"write": {"x": f"{agent + 100}"}}, {"read": "x", "as": "v"}, {"write": {f"d{agent}": "v", "x": "v // 2"}}]


def _read_skew(agent: int, _count: int) -> Steps:
    if agent % 2:
        return [{"read": "x", "as": "a"}, {"read": "y", "as": "b"}, {"write": {f"d{agent}": "a + b"}}]
    return [{"read": "x", "as": "a"}, {"write": {"x": "a - 1"}}, {"add": {"y": "1"}}]


def _cascade(agent: int, _count: int) -> Steps:
    return [{"read": f"d{agent}", "as": "v"}, {"write": {f"d{agent + 1}": "v + 1"}}]


def _booking(agent: int, _count: int) -> Steps:
    slots = ["s1", "s2", "s3", "s4"]
    taken = ""
    steps: Steps = [{"read": slot, "as": slot} for slot in slots]
    for slot in slots:
        steps.append({"write": {slot: f"{agent + 1}"}, "when": f"{taken}{slot} == 0"})
        taken += f"{slot} != 0 and "
    return steps


def _disjoint(agent: int, _count: int) -> Steps:
    return [{"read": f"d{agent}", "as": "v"}, {"write": {f"d{agent}": "v + 1"}}]


WORKLOADS: dict[str, Callable[[int, int], Steps]] = {
    "lost update": _lost_update,
    "write skew": _write_skew,
    "phantom": _phantom,
    "dirty read": _dirty_read,
    "read skew": _read_skew,
    "cascade": _cascade,
    "booking": _booking,
    "disjoint": _disjoint,
}
CONTENDED = ("lost update", "write skew", "phantom", "dirty read", "read skew", "cascade")


def workload(name: str, agents: int, seed: int) -> Schedule:
    """The workload for so many agents. The seed shares each agent's own steps out before and after the contended
    part, so that they meet in other ways each time.
    """
    chance = Random(f"{name} {agents} {seed}")  # noqa: S311  not for secrets
    listed: list[Json] = []
    for agent in range(agents):
        own: Steps = [{"add": {f"own{agent}": "1"}} for _ in range(OWN_STEPS)]
        before = chance.randint(0, OWN_STEPS)
        program = [*own[:before], *WORKLOADS[name](agent, agents), *own[before:]]
        listed.append({"name": f"A{agent}", "rank": agent + 1, "program": program})
    objects: dict[str, Json] = dict.fromkeys(["x", "y", "s1", "s2", "s3", "s4", "rows"], 0)
    objects |= {"x": 10, "rows": 3}
    objects |= {f"d{agent}": 1 for agent in range(agents + 1)} | {f"own{agent}": 0 for agent in range(agents)}
    return schedule_of({"id": f"{name} {agents} {seed}", "objects": objects, "agents": listed})


def low_contention(agents: int, seed: int) -> Schedule:
    """Mostly work of each agent's own: one agent in four meets another, in one of the contended ways."""
    chance = Random(f"low {agents} {seed}")  # noqa: S311  not for secrets
    listed: list[Json] = []
    name = chance.choice(CONTENDED)
    for agent in range(agents):
        own: Steps = [{"add": {f"own{agent}": "1"}} for _ in range(OWN_STEPS + 2)]
        before = chance.randint(0, OWN_STEPS)
        meets = agent % 4 == 0
        program = [*own[:before], *(WORKLOADS[name](agent, agents) if meets else ()), *own[before:]]
        listed.append({"name": f"A{agent}", "rank": agent + 1, "program": program})
    objects: dict[str, Json] = {"x": 10, "y": 0, "rows": 3}
    objects |= {f"d{agent}": 1 for agent in range(agents + 1)} | {f"own{agent}": 0 for agent in range(agents)}
    return schedule_of({"id": f"low {agents} {seed}", "objects": objects, "agents": listed})
