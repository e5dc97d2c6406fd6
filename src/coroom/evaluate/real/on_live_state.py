"""A trial with real agents on live state: each job a task of the board, its calls ordered by the room's policy."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from coroom.core.codec import Json
from coroom.core.event import Event, TaskDone
from coroom.core.task import TaskState
from coroom.evaluate.grading import GradingError
from coroom.evaluate.live.judge import judge
from coroom.evaluate.live.played import order_costs
from coroom.evaluate.live.served import Served, served
from coroom.evaluate.live.task import JOBS_MIN, Job, LiveTask
from coroom.evaluate.live.trial import coupling, units_of
from coroom.evaluate.real.assignment import Verdict
from coroom.evaluate.real.harvest import Harvest
from coroom.evaluate.suite import Tree

FOLDER = "live"
"""What holds the live state, below the trial's folder."""

_README = "README.md"
_ABOUT = """# {title}

The work is done on live state, by the tools behind the room's tool `call`: `list` shows them. There is nothing to
change in this directory.
"""


@dataclass(slots=True)
class OnLiveState:
    """A task of rows or objects, judged by its invariants and by whether some order of the jobs gives this end."""

    task: LiveTask
    agents: int
    database: str = ""
    """A PostgreSQL for rows; empty for SQLite."""
    _served: list[Served] = field(default_factory=list)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """A lone agent does those of two."""
        return self.task.jobs(max(self.agents, JOBS_MIN))

    @property
    def start(self) -> Tree:
        """See `Assignment.start`."""
        return {_README: _ABOUT.format(title=self.task.title).encode()}

    @property
    def listed(self) -> Sequence[Mapping[str, Json]]:
        """See `Assignment.listed`."""
        return [{"id": job.id, "title": f"{job.id}: {self.task.title}", "description": job.words} for job in self.jobs]

    def ready(self) -> None:
        """See `Assignment.ready`: the judge shares nothing with what could be missing."""

    @contextmanager
    def under_way(self, folder: Path) -> Iterator[Sequence[str]]:
        """See `Assignment.under_way`: the rows or the objects, and the tools on them."""
        with served(self.task.world, self.task.start(len(self.jobs)), folder / FOLDER, self.database) as live:
            self._served[:] = [live]
            yield ("--tools", str(live.tools))

    def judged(self, found: Harvest) -> Verdict:
        """See `Assignment.judged`: agents may do several jobs, each of which is one of the order."""
        shares = [(job,) for job in self.jobs]
        try:
            end = self._served[0].state()
        except (OSError, sqlite3.Error) as problem:
            message = f"the end cannot be read: {problem}"
            raise GradingError(message) from problem
        verdict = judge(self.task, shares, end, [_as_done(found.events, self.jobs)])
        left = any(task.state is not TaskState.DONE for task in found.state.tasks.values())
        whole = verdict.right and not left
        restarts = sum(standing.restarts for standing in found.state.order.standings.values())
        return Verdict(
            score=float(whole),
            whole=whole,
            units=units_of(self.task, verdict),
            missing=left,
            metrics={**order_costs(found.events, restarts), "coupling": coupling(self.task, len(self.jobs))},
        )


def _as_done(events: Sequence[Event], jobs: Sequence[Job]) -> tuple[int, ...]:
    """The order in which the jobs were done, which is a likely one."""
    number = {job.id: at for at, job in enumerate(jobs)}
    done = [number[event.body.task] for event in events if isinstance(event.body, TaskDone)]
    return tuple(dict.fromkeys(done))
