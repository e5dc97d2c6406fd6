"""How well plans hold: pairs of real commits of which it is known which need each other, and simulated work."""

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from coroom.core.codec import Json
from coroom.git.command import Git, GitFailed
from coroom.git.repository import tree_files
from coroom.host.plans.planning import Ground, plan_for
from coroom.host.plans.resolving import NONE, Resolver, Source
from coroom.launch.isolation import Isolation
from coroom.plan.coupling import Pair
from coroom.plan.durations import Durations
from coroom.plan.history import CoChange
from coroom.plan.index import SymbolIndex
from coroom.plan.kept import inventories
from coroom.plan.route import route
from coroom.plan.task import PlanTask, TaskFootprint
from coroom.run.bench.commits import contents_of, lines_of, names_said, programs_of, subject_of, touches_of
from coroom.run.bench.pairs import KnownPair, known_pairs
from coroom.run.bench.taken_out import taken_out
from coroom.run.bench.verdicts import Judged, TextAlone, accuracy_of, interval_of, text_alone_of

SETS = 400
"""Lists of independent tasks that are routed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFigures:
    """How long the index takes for files that it has never seen, and, in processor time, for one that has changed."""

    files: int
    megabytes: float
    seconds: float
    processor_seconds: float
    again_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFigures:
    """What language servers were asked: the uses that were open and those that they knew; in how many pairs that
    changed the verdict, and in how many whether one uses what the other changes or who goes first; and for each pair
    with any how long they took, and the processor time of its plan with theirs.
    """

    uses: int
    settled: int
    verdicts: int
    orders: int
    seconds: tuple[float, ...]
    processor_seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """What was measured. Slowdowns are shares of the serial time, above 0 when slower."""

    judged: tuple[Judged, ...]
    missing: tuple[str, ...]
    accuracy: float
    interval: tuple[float, float]
    sensitivity: float
    specificity: float
    text_alone: TextAlone | None
    slowdown_worst: float
    slowdown_worst_untold: float
    gain_mean: float
    bound_share_least: float
    resolved: ResolvedFigures
    index: IndexFigures | None

    def document(self) -> dict[str, Json]:
        """For `--json`."""
        return {
            "pairs": len(self.judged),
            "missing": list(self.missing),
            "balanced_accuracy": round(self.accuracy, 4),
            "interval_95": [round(one, 4) for one in self.interval],
            "before_the_first": sum(not one.is_without for one in self.judged),
            "sensitivity": round(self.sensitivity, 4),
            "specificity": round(self.specificity, 4),
            "text_alone": None
            if self.text_alone is None
            else {
                "balanced_accuracy": round(self.text_alone.accuracy, 4),
                "beyond": self.text_alone.beyond,
                "beyond_found": self.text_alone.beyond_found,
            },
            "slowdown_worst": round(self.slowdown_worst, 4),
            "slowdown_worst_untold": round(self.slowdown_worst_untold, 4),
            "gain_mean": round(self.gain_mean, 4),
            "bound_share_least": round(self.bound_share_least, 4),
            "resolved": {
                "uses": self.resolved.uses,
                "settled": self.resolved.settled,
                "verdicts_changed": self.resolved.verdicts,
                "orders_changed": self.resolved.orders,
                "seconds": [round(one, 3) for one in self.resolved.seconds],
                "processor_seconds": [round(one, 3) for one in self.resolved.processor_seconds],
            },
            "index": None
            if self.index is None
            else {
                "files": self.index.files,
                "megabytes": round(self.index.megabytes, 1),
                "seconds": round(self.index.seconds, 2),
                "processor_seconds": round(self.index.processor_seconds, 2),
                "again_ms": round(self.index.again_ms, 2),
            },
            "wrong": [
                {"repo": one.repo, "a": one.a, "b": one.b, "coupled": one.coupled, "score": one.verdict.score}
                for one in self.judged
                if one.verdict.coupled != one.coupled
            ],
        }


def measure_plans(
    data: Path,
    repositories: Mapping[str, Path],
    files: int,
    progress: Callable[[str], None],
    *,
    lines: bool = False,
    uses: bool = False,
    resolve: str = NONE,
) -> PlanReport:
    """Judge every pair of the data, and route simulated work.

    Args:
        data: pairs, one JSON object a line: `repo`, the commits `A` and `B`, `label` (coupled or independent).
        repositories: by the name that the pairs know them by.
        files: so many files are made of those of the repositories for the speed of the index; 0 leaves it out.
        progress: told what goes on.
        lines: the plan is told which lines each commit changed, and not only which definitions.
        uses: it is told the names that each commit's new lines say, in the description.
        resolve: the language server that is asked, see Resolver.

    Raises:
        ValueError: the data holds no pairs, or none of these repositories.
        OSError: it cannot be read.
    """
    known = known_pairs(data.read_text(encoding="utf-8"))
    missing = sorted({each.repo for each in known} - repositories.keys())
    asked = [each for each in known if each.repo in repositories]
    if not asked:
        message = f"its pairs are of {', '.join(missing)}, and none of these is given"
        raise ValueError(message)
    judged: list[Judged] = []
    for number, each in enumerate(asked, start=1):
        progress(f"{number} of {len(asked)}: {each.repo} {each.a[:9]} {each.b[:9]}")
        # What runs in bubblewrap is not among the processes that this one has waited for, and so not counted.
        resolver = Resolver(wanted=resolve, isolation=Isolation.PLAIN)
        judged.append(_judged(Git(repositories[each.repo]), each, resolver, Told(lines, uses)))
    told, untold, gain = _simulated(judged)
    accuracy, sensitivity, specificity = accuracy_of(judged)
    return PlanReport(
        judged=tuple(judged),
        missing=tuple(missing),
        accuracy=accuracy,
        interval=interval_of(judged),
        sensitivity=sensitivity,
        specificity=specificity,
        text_alone=text_alone_of(judged),
        slowdown_worst=told,
        slowdown_worst_untold=untold,
        gain_mean=gain,
        bound_share_least=_bound_share(judged),
        resolved=_resolved(judged),
        index=_indexed([*repositories.values()], files) if files else None,
    )


class Told(NamedTuple):
    """What a plan is told of a commit beside its subject and the definitions that it touched: see measure_plans."""

    lines: bool
    uses: bool


def _judged(git: Git, known: KnownPair, resolver: Resolver, told: Told) -> Judged:
    """The verdict over what `b` was made on without `a`, from what either commit touched and its subject."""
    with taken_out(git, known.a, known.b) as (aside, tree, is_without):
        return replace(_judged_on(aside, tree, known, resolver, told), is_without=is_without)


def _judged_on(git: Git, tree: str, known: KnownPair, resolver: Resolver, told: Told) -> Judged:
    a, b = known.a, known.b
    texts = programs_of(git, tree)
    index = SymbolIndex()
    for path, found in inventories(texts):
        index.put_inventory(path, found)
    paths = frozenset(file.path for file in tree_files(git, tree))
    ground = Ground(index, paths, CoChange(), (), source=Source(paths, partial(contents_of, git, tree)))
    touched = (lines_of(git, name, tree, index) if told.lines else touches_of(git, name) for name in (a, b))
    tasks = [
        PlanTask(
            id=name,
            title=subject_of(git, name),
            description=" ".join(sorted(names_said(git, name))) if told.uses else "",
            touches=tuple(each),
        )
        for name, each in zip((a, b), touched, strict=True)
    ]
    guessed = plan_for(ground, tasks).pairs[0]
    before = _processor_s()
    made = plan_for(ground, tasks, resolver=resolver)
    spent = _processor_s() - before
    first, second = (ground.durations(each) for each in made.footprints)
    return Judged(
        repo=known.repo,
        a=a,
        b=b,
        coupled=known.label == "coupled",
        verdict=made.pairs[0],
        seconds=(first, second),
        resolved=made.resolved,
        planning_s=spent,
        guessed=guessed,
        why=known.why,
    )


def _resolved(judged: Sequence[Judged]) -> ResolvedFigures:
    asked = [one for one in judged if one.resolved.open]
    return ResolvedFigures(
        uses=sum(one.resolved.open for one in asked),
        settled=sum(one.resolved.settled for one in asked),
        verdicts=sum(one.verdict.coupled != one.guessed.coupled for one in asked),
        orders=sum((one.verdict.uses, one.verdict.first) != (one.guessed.uses, one.guessed.first) for one in asked),
        seconds=tuple(sorted(one.resolved.seconds for one in asked)),
        processor_seconds=tuple(sorted(one.planning_s for one in asked)),
    )


def _simulated(judged: Sequence[Judged]) -> tuple[float, float, float]:
    """The worst slowdown against serial when the room tells at once, and when nobody is told until the end, and the
    mean gain. A coupled pair that is run side by side costs the later one its work from where it is told.
    """
    told, untold, gains = [], [], []
    for one in judged:
        longer, shorter = max(one.seconds), min(one.seconds)
        serial = longer + shorter
        beside = (serial, 2 * longer) if one.coupled else (longer, longer)
        times = (serial, serial) if one.verdict.coupled else beside
        told.append(times[0] / serial - 1)
        untold.append(times[1] / serial - 1)
        gains.append(1 - times[0] / serial)
    return max(told, default=0.0), max(untold, default=0.0), sum(gains) / max(1, len(gains))


def _bound_share(judged: Sequence[Judged]) -> float:
    """Over lists of independent tasks as long as those of the pairs: the least share of the critical path that is
    reached, with as many agents as the route takes.
    """
    chance = random.Random(2)  # noqa: S311 - a simulation
    lengths = [seconds for one in judged for seconds in one.seconds] or [60.0]
    least = 1.0
    for _ in range(SETS):
        count = chance.randint(2, 24)
        tasks = [PlanTask(id=f"t{n}", title="w", seconds=chance.choice(lengths)) for n in range(count)]
        footprints = [TaskFootprint(task=task, touches=frozenset()) for task in tasks]
        pairs = [Pair(a=a.id, b=b.id, score=0.0, coupled=False, reasons=()) for a, b in combinations(tasks, 2)]
        made = route(footprints, pairs, Durations())
        least = min(least, made.bound_seconds / made.seconds)
    return least


def _indexed(repositories: Sequence[Path], files: int) -> IndexFigures:
    """How fast that many different files are indexed, made of those of the repositories."""
    found: dict[str, bytes] = {}
    for copy in range(files):
        for number, repository in enumerate(repositories):
            for path, text in programs_of(Git(repository), "HEAD").items():
                found[f"{copy}/{number}/{path}"] = text + b"\n" * (copy + 1)
                if len(found) >= files:
                    return _timed(found)
    return _timed(found)


def _timed(texts: Mapping[str, bytes]) -> IndexFigures:
    began, spent, index = time.perf_counter(), _processor_s(), SymbolIndex()
    for path, inventory in inventories(texts):
        index.put_inventory(path, inventory)
    first, first_processor = time.perf_counter() - began, _processor_s() - spent
    again = []
    for path in sorted(index.paths)[:: max(1, len(texts) // 50)]:
        began = time.process_time()
        index.put(path, texts[path] + b"\n\n")
        again.append(1_000 * (time.process_time() - began))
    size = sum(map(len, texts.values()))
    return IndexFigures(
        files=len(texts),
        megabytes=size / 1e6,
        seconds=first,
        processor_seconds=first_processor,
        again_ms=sorted(again)[len(again) // 2],
    )


def _processor_s() -> float:
    """Of this process and of those it has waited for."""
    return sum(os.times()[:4])


__all__ = ["GitFailed", "Judged", "PlanReport", "measure_plans"]
