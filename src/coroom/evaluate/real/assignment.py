"""What a trial with real agents is about: what they begin with, what they are asked, and how the end is judged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from coroom.core.codec import Json
from coroom.evaluate.campaign import coupling
from coroom.evaluate.grading import Grader
from coroom.evaluate.real.harvest import Harvest
from coroom.evaluate.suite import EvalTask, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an end is worth. `missing`: something that was asked for is not there."""

    score: float
    whole: bool
    units: Mapping[str, tuple[int, int]]
    missing: bool
    metrics: Mapping[str, float]


class Assignment(Protocol):
    """One trial's task."""

    @property
    def start(self) -> Tree:
        """The files of the repository that agents begin with."""
        ...

    @property
    def listed(self) -> Sequence[Mapping[str, Json]]:
        """The tasks as `coroom run` reads them."""
        ...

    def ready(self) -> None:
        """See that what will be left can be judged.

        Raises:
            GradingError: it cannot.
        """
        ...

    @contextmanager
    def under_way(self, folder: Path) -> Iterator[Sequence[str]]:
        """What has to be there while agents work, kept below `folder`; gives further words for `coroom run`."""
        ...

    def judged(self, found: Harvest) -> Verdict:
        """Judge what they left; still under way.

        Raises:
            GradingError: that cannot be found out.
        """
        ...


@dataclass(frozen=True, slots=True)
class Files:
    """A task of files, judged by its hidden tests."""

    task: EvalTask
    grader: Grader

    @property
    def start(self) -> Tree:
        """See `Assignment.start`."""
        return self.task.start

    @property
    def listed(self) -> Sequence[Mapping[str, Json]]:
        """See `Assignment.listed`."""
        return [
            {
                "id": unit.id,
                "title": f"{unit.id}: {unit.title}",
                "description": unit.contract[:2_000],
                "touches": [f"file:{path}" for path in unit.files],
                "after": list(unit.after),
            }
            for unit in self.task.units
        ]

    def ready(self) -> None:
        """See `Assignment.ready`."""
        self.grader.ready(self.task)

    @contextmanager
    def under_way(self, folder: Path) -> Iterator[Sequence[str]]:
        """See `Assignment.under_way`: the repository is all there is."""
        del folder
        yield ()

    def judged(self, found: Harvest) -> Verdict:
        """See `Assignment.judged`."""
        grade = self.grader.grade(self.task, found.tree)
        start: Mapping[str, Any] = self.task.start
        missing = any(found.tree.get(path) == start.get(path) for unit in self.task.units for path in unit.files)
        return Verdict(
            score=grade.score,
            whole=grade.whole,
            units=grade.units,
            missing=missing,
            metrics={"coupling": coupling(self.task)},
        )
