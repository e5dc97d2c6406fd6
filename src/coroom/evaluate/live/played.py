"""What synthetic agents are in the middle of on live state, and how it ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from coroom.core.event import CallUndone, Event, OrderNoticed, started
from coroom.evaluate.live.task import Job, State, Step
from coroom.evaluate.synthetic.hand import Hand
from coroom.evaluate.synthetic.usage import Usage


@dataclass(slots=True)
class Worker:
    """One synthetic agent at its jobs: what it called at each place, and what it knows from that."""

    name: str
    hand: Hand
    jobs: list[Job]
    usage: Usage = field(default_factory=Usage)
    next: int = 0
    done: bool = False
    gone: bool = False
    restarts: int = 0
    made: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    known: dict[int, Any] = field(default_factory=dict)
    slipped: set[int] = field(default_factory=set)
    must_hear: bool = False
    """Its last call was declined since it has news to judge first."""
    begun: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    @property
    def program(self) -> list[tuple[int, Step]]:
        """Every step with the number of its job."""
        return [(number, step) for number, job in enumerate(self.jobs) for step in job.steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlayed:
    """How it ended. `workers` are in order of rank; `order` is that in which they became final, where there is one."""

    end: State
    events: list[Event]
    seconds: float
    out_of_time: bool
    workers: tuple[Worker, ...]
    order: tuple[int, ...]
    unfinished: bool
    given_up: int


def order_costs(events: Iterable[Event], restarts: int) -> dict[str, float]:
    """What the order of calls cost: calls undone, agents begun again, notices to judge."""
    bodies = [event.body for event in events]
    acted = {call for body in bodies if (call := started(body))}
    return {
        "calls": len(acted),
        "undone": sum(isinstance(body, CallUndone) and body.call in acted for body in bodies),
        "order_notices": sum(isinstance(body, OrderNoticed) for body in bodies),
        "restarts": restarts,
    }


def shares_played(played: LivePlayed) -> Sequence[tuple[Job, ...]]:
    """The jobs that each agent did, in order of rank, for the judge."""
    return [tuple(worker.jobs) for worker in played.workers]
