"""A task on live state: how it stands at first, a job for each agent, and what must hold in the end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]
"""Live state as plain JSON: what the worlds and the judge's model are compared by."""

Known = Mapping[str, Any]
"""What an agent has read so far in this job, by the name of the step."""

Due = tuple[str, Mapping[str, Any]] | None
"""A call that is due: the tool's verb and its arguments; None when the step has nothing to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job: its name, and what it calls, given what is known."""

    name: str
    due: Callable[[Known], Due]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one agent is to do: in words, and as a program that does it without fault when nobody else is there."""

    id: str
    words: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """What must hold of every right end, whatever order the jobs ran in; `holds` gets the start, the end, the jobs."""

    name: str
    holds: Callable[[State, State, Sequence[Job]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongEnd:
    """A right end spoilt so that the judge has to decline it."""

    why: str
    spoil: Callable[[State], State]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTask:
    """One task of a suite on live state. `world` is `office` or `cluster`; `jobs` gives the jobs of so many agents."""

    id: str
    title: str
    anomaly: str
    world: str
    start: Callable[[int], State]
    jobs: Callable[[int], tuple[Job, ...]]
    invariants: tuple[Invariant, ...]
    wrong: tuple[WrongEnd, ...]


def numbered(number: int, words: str, *steps: Step) -> Job:
    """The job of that number."""
    return Job(id=f"job-{number:02d}", words=words, steps=steps)


def listed(known: Known, name: str) -> list[dict[str, Any]]:
    """What a step found, where it is a list; nothing where it has not looked yet, or in vain."""
    found = known.get(name)
    return found if isinstance(found, list) else []


JOBS_MIN = 2
"""A lone agent does the jobs of two, so that it can be compared with them."""


def shares(task: LiveTask, agents: int) -> list[tuple[Job, ...]]:
    """The jobs by agent: one each; a lone agent has two, one after the other."""
    jobs = task.jobs(max(agents, JOBS_MIN))
    return [jobs[at::agents] for at in range(agents)]
