"""What a schedule says: objects, agents with programs, the physical order of their steps; all of it checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from coroom.core.codec import Json
from coroom.core.decide.agents import is_name
from coroom.simulate.schedule.expression import BadExpressionError, Expression, parsed

KINDS = ("read", "write", "add", "send", "spawn")
CLASSES = ("blind", "replayable", "opaque")
FAULTS = ("crash", "undo-fails", "outside-change")
AGENTS_MAX = 64
STEPS_MAX = 1_000


class BadScheduleError(ValueError):
    """The schedule is wrong; the sentence says where and what."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program. `kind` is read, write, add, send or spawn; a step without `kind` only has a fault."""

    kind: str
    object: str = ""
    name: str = ""
    values: tuple[tuple[str, Expression], ...] = ()
    when: Expression | None = None
    effect: str = ""
    fault: str = ""
    child: "Program | None" = None


@dataclass(frozen=True, slots=True)
class Program:
    """One agent: its steps, its top-level rank (0: last on arrival), and after how many physical steps it comes."""

    name: str
    steps: tuple[Step, ...]
    rank: int = 0
    arrives: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """A whole schedule."""

    id: str
    objects: Mapping[str, int]
    agents: tuple[Program, ...]
    order: tuple[str, ...] = ()
    every: Mapping[str, Program] = field(default_factory=dict)


def read_schedule(text: str, number: int = 1) -> Schedule:
    """The schedule that one JSON text holds.

    Raises:
        BadScheduleError: it holds none.
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise BadScheduleError(f"it is no JSON: {wrong}") from None
    return schedule_of(_object(given, "the schedule"), number)


def schedule_of(given: Mapping[str, Json], number: int = 1) -> Schedule:
    """The schedule in plain data."""
    objects = {
        name: _integer(value, f"object {name}") for name, value in _object(given.get("objects"), "objects").items()
    }
    listed = given.get("agents")
    if not isinstance(listed, list) or not listed:
        raise BadScheduleError("it has no agents; give a list of {name, rank, program}")
    every: dict[str, Program] = {}
    agents = tuple(_program(_object(one, "an agent"), objects, every, top=True) for one in listed)
    _check_ranks(agents)
    order = given.get("order", [])
    if not isinstance(order, list) or not all(isinstance(name, str) for name in order):
        raise BadScheduleError("order is a list of names of agents")
    unknown = [name for name in order if name not in every]
    if unknown:
        raise BadScheduleError(f"order names {unknown[0]!r}, who is no agent of it")
    name = given.get("id", f"#{number}")
    if not isinstance(name, str | int):
        raise BadScheduleError("id is a text")
    return Schedule(str(name), objects, agents, tuple(cast("list[str]", order)), every)


def _check_ranks(agents: tuple[Program, ...]) -> None:
    ranks = [agent.rank for agent in agents if agent.rank]
    twice = next((rank for rank in ranks if ranks.count(rank) > 1), None)
    if twice is not None:
        raise BadScheduleError(f"two agents have the rank {twice}")


def _program(given: Mapping[str, Json], objects: Mapping[str, int], every: dict[str, Program], *, top: bool) -> Program:
    name = given.get("name")
    if not isinstance(name, str) or not is_name(name, 64):
        raise BadScheduleError(f"{name!r} is no name of an agent")
    if name in every:
        raise BadScheduleError(f"two agents are called {name}")
    if len(every) >= AGENTS_MAX:
        raise BadScheduleError(f"it has more than {AGENTS_MAX} agents")
    every[name] = Program(name, ())
    listed = given.get("program")
    if not isinstance(listed, list) or len(listed) > STEPS_MAX:
        raise BadScheduleError(f"{name} has no program; give a list of at most {STEPS_MAX} steps")
    names: set[str] = set()
    steps = []
    for number, one in enumerate(listed, start=1):
        place = f"step {number} of {name}"
        steps.append(_step(_object(one, place), objects, names, every, place))
    rank = _integer(given.get("rank", 0), f"the rank of {name}") if top else 0
    arrives = _integer(given.get("arrives", 0), f"arrives of {name}")
    if rank < 0 or arrives < 0 or (top and "rank" in given and rank == 0):
        raise BadScheduleError(f"rank and arrives of {name} are numbers from 1")
    every[name] = Program(name, tuple(steps), rank, arrives)
    return every[name]


def _step(
    given: Mapping[str, Json], objects: Mapping[str, int], names: set[str], every: dict[str, Program], place: str
) -> Step:
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) != 1:
        raise BadScheduleError(f"{place} is to be one of {', '.join(KINDS)}")
    kind = kinds[0]
    _known_keys(given, {kind, "when", "fault", "class", *(("as",) if kind == "read" else ())}, place)
    when = _expression(given["when"], names, place) if "when" in given else None
    fault = _choice(given, "fault", FAULTS, place)
    effect = _choice(given, "class", CLASSES, place)
    if kind == "spawn":
        child = _program(_object(given["spawn"], place), objects, every, top=False)
        return Step(kind, when=when, fault=fault, child=child)
    if kind == "read":
        name = given.get("as", given["read"])
        target = given["read"]
        if not isinstance(target, str) or target not in objects:
            raise BadScheduleError(f"{place} reads {target!r}, which is no object of it")
        if not isinstance(name, str) or not name.isidentifier():
            raise BadScheduleError(f"{place}: {name!r} is no name for what it reads")
        names.add(name)
        return Step(kind, object=target, name=name, when=when, fault=fault)
    values = []
    for target, text in _object(given[kind], place).items():
        if target not in objects and kind != "send":
            raise BadScheduleError(f"{place} touches {target!r}, which is no object of it")
        values.append((target, _expression(text, names, place)))
    if not values:
        raise BadScheduleError(f"{place} touches no object")
    return Step(kind, values=tuple(values), when=when, effect=effect, fault=fault)


def _known_keys(given: Mapping[str, Json], known: set[str], place: str) -> None:
    strange = [key for key in given if key not in known]
    if strange:
        raise BadScheduleError(f"{place} has {strange[0]!r}, which means nothing there")


def _choice(given: Mapping[str, Json], key: str, choices: tuple[str, ...], place: str) -> str:
    value = given.get(key, "")
    if value and value not in choices:
        raise BadScheduleError(f"{key} of {place} is one of {', '.join(choices)}")
    return str(value)


def _expression(given: Json, names: set[str], place: str) -> Expression:
    if not isinstance(given, str | int):
        raise BadScheduleError(f"{place}: {given!r} is no expression")
    try:
        found = parsed(str(given))
    except BadExpressionError as wrong:
        raise BadScheduleError(f"{place}: {wrong}") from None
    unknown = sorted(found.names - names)
    if unknown:
        raise BadScheduleError(f"{place} uses {unknown[0]!r}, which its agent has not read before")
    return found


def _object(given: Json, place: str) -> Mapping[str, Json]:
    if not isinstance(given, Mapping):
        raise BadScheduleError(f"{place} is no object of names and values")
    return given


def _integer(given: Json, place: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise BadScheduleError(f"{place} is no integer")
    return given
