"""What the programs give when they run alone, one after another. Shares no code with the core: it is the judge."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from coroom.simulate.schedule.expression import NoValueError
from coroom.simulate.schedule.script import Program, Step


@dataclass(slots=True)
class World:
    """Plain objects, and what was sent."""

    objects: dict[str, int]
    sent: list[tuple[str, str, int]] = field(default_factory=list)


def alone(objects: Mapping[str, int], agents: Iterable[Program], *, inline: bool = True) -> World:
    """The world after each agent ran from its first step to its last. An agent that dies on the way did nothing, nor
    did its children. With `inline` a child runs where it is started; else it is an agent of its own in `agents`.
    """
    world = World(dict(objects))
    for agent in agents:
        if not dies(agent):
            _run(world, agent, inline=inline)
    return world


def dies(agent: Program) -> bool:
    """Whether the agent's program ends in its death."""
    return any(step.fault == "crash" for step in agent.steps)


def _run(world: World, agent: Program, *, inline: bool) -> None:
    names: dict[str, int] = {}
    for step in agent.steps:
        if not _is_due(step, names):
            continue
        if step.kind == "read":
            names[step.name] = world.objects[step.object]
        elif step.child is not None:
            if inline and not dies(step.child):
                _run(world, step.child, inline=True)
        else:
            _apply(world, agent.name, step, names)


def _is_due(step: Step, names: Mapping[str, int]) -> bool:
    try:
        return step.when is None or bool(step.when.value(names))
    except NoValueError:
        return False


def _apply(world: World, agent: str, step: Step, names: Mapping[str, int]) -> None:
    try:
        values = [(target, expression.value(names)) for target, expression in step.values]
    except NoValueError:
        return
    for target, value in values:
        if step.kind == "write":
            world.objects[target] = value
        elif step.kind == "add":
            world.objects[target] += value
        else:
            world.sent.append((agent, target, value))


def family(agent: Program) -> Iterator[Program]:
    """The agent and all that it may start."""
    yield agent
    for step in agent.steps:
        if step.child is not None:
            yield from family(step.child)
