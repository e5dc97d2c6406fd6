"""An evaluation: which trials there are, carried out side by side, each kept as soon as it has ended."""

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from coroom.core.policies import POLICIES
from coroom.evaluate.conditions import CONDITIONS, LADDER, POLICIES_COMPARED
from coroom.evaluate.grading import Grader, GradingError
from coroom.evaluate.live.task import LiveTask
from coroom.evaluate.live.trial import play_live
from coroom.evaluate.metrics import fold
from coroom.evaluate.results import Results, packed
from coroom.evaluate.suite import EvalTask, Suite, Unit, load
from coroom.evaluate.synthetic.hand import MODELS
from coroom.evaluate.synthetic.play import WALL_S, Play, Played
from coroom.evaluate.synthetic.usage import USD_PER_MILLION, together
from coroom.evaluate.trial import TrialKey, TrialResult
from coroom.processes.pool import processes

CHUNK = 8
"""Trials handed to a worker at once: fewer spend their time on the way, more make a stop lose more."""


class EvaluationError(Exception):
    """The evaluation cannot be done as asked; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What each trial may use. `match` names which of the three is the same in every condition."""

    match: str = "wall"
    wall_s: float = WALL_S
    tokens: int | None = None
    usd: float | None = None

    def __str__(self) -> str:
        also = {"tokens": f", {self.tokens} tokens a trial", "usd": f", {self.usd} USD a trial"}.get(self.match, "")
        return f"{self.match}: {self.wall_s:g} seconds a trial at most{also}"

    def token_limit(self) -> int | None:
        """The tokens a synthetic trial stops at: money is tokens at one price, four of five of them input."""
        if self.match == "tokens":
            return self.tokens
        if self.match == "usd" and self.usd is not None:
            return int(self.usd * 1e6 / (0.9 * USD_PER_MILLION[0] + 0.1 * USD_PER_MILLION[1]))
        return None

    def limit(self) -> str:
        """The limit of a real trial, as `coroom run --limit` takes it: whatever is given is a bound, matched or not."""
        parts = [f"seconds={self.wall_s:g}"]
        parts += [f"tokens={self.tokens}"] if self.tokens is not None else []
        parts += [f"usd={self.usd:g}"] if self.usd is not None else []
        return ",".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is evaluated."""

    suites: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    """Empty: each suite's own, the published ladder, or the policies where the suite is on live state."""
    agents: tuple[int, ...]
    trials: int
    agent: str
    seed: int = 0
    budget: Budget = Budget()
    database: str = ""
    """A PostgreSQL for the rows of suites on live state; empty for SQLite."""

    def about(self) -> dict[str, str]:
        """What two runs that share a results file must agree on; how much of it is done may differ."""
        return {"agent": self.agent, "seed": str(self.seed), "budget": str(self.budget)}


def keys_of(evaluation: Evaluation, suites: Sequence[Suite]) -> list[TrialKey]:
    """Every trial, in an order that fills all cells evenly. `solo` has one agent, whatever numbers are asked for.

    Raises:
        EvaluationError: a condition is unknown, or its policy is not in this version.
    """
    for name in evaluation.conditions:
        if name not in CONDITIONS:
            message = f"there is no condition '{name}': there are {', '.join(CONDITIONS)}"
            raise EvaluationError(message)
        if CONDITIONS[name].policy not in POLICIES:
            message = f"condition '{name}' needs the policy {CONDITIONS[name].policy}, which this version does not have"
            raise EvaluationError(message)
    keys: list[TrialKey] = []
    for number, suite in itertools.product(range(evaluation.trials), suites):
        for condition, agents in itertools.product(_conditions(evaluation, suite), evaluation.agents):
            if CONDITIONS[condition].alone and agents != min(evaluation.agents):
                continue
            count = 1 if CONDITIONS[condition].alone else agents
            keys += [
                TrialKey(
                    suite=suite.name,
                    task=name,
                    condition=condition,
                    agents=count,
                    agent=evaluation.agent,
                    number=number,
                    seed=evaluation.seed,
                )
                for name in (*(task.id for task in suite.tasks), *(task.id for task in suite.live))
            ]
    return keys


def _conditions(evaluation: Evaluation, suite: Suite) -> tuple[str, ...]:
    """The conditions asked for, or the suite's own.

    Raises:
        EvaluationError: they cannot be had on this suite.
    """
    if not suite.live:
        bare = [task.id for task in suite.tasks if not task.reference]
        if bare and evaluation.agent in MODELS:
            message = (
                f"{bare[0]} has no reference, which is what synthetic agents write: name the folder of a solution as "
                "`reference` in its suite, or give --agent a real one"
            )
            raise EvaluationError(message)
        return evaluation.conditions or LADDER
    wrong = [name for name in evaluation.conditions if name not in POLICIES_COMPARED]
    if wrong:
        message = (
            f"{suite.name} changes live state through a room's tools, which condition '{wrong[0]}' has none of: "
            f"there are {', '.join(POLICIES_COMPARED)}"
        )
        raise EvaluationError(message)
    return evaluation.conditions or POLICIES_COMPARED


def evaluate_synthetic(
    evaluation: Evaluation,
    results: Results,
    cache: Path,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    jobs: int = 0,
) -> int:
    """Carry out every trial that is not there yet. Returns how many were carried out.

    Args:
        evaluation: what to do.
        results: where finished trials are and go.
        cache: grades of trees that were graded before.
        progress: told (done, all) after each chunk.
        jobs: processes at once; 0: one for each core.

    Raises:
        EvaluationError: it cannot be done as asked.
        SuiteError: a suite cannot be used.
    """
    suites = [load(name) for name in evaluation.suites]
    keys = keys_of(evaluation, suites)
    known = results.known()
    missing = [key for key in keys if str(key) not in known]
    chunks = [missing[at : at + CHUNK] for at in range(0, len(missing), CHUNK)]
    done = len(keys) - len(missing)
    progress(done, len(keys))
    for finished in _side_by_side(chunks, evaluation, cache, jobs or len(os.sched_getaffinity(0))):
        results.add(finished)
        done += len(finished)
        progress(done, len(keys))
    return len(missing)


_Finished = list[tuple[TrialResult, bytes]]


def _side_by_side(
    chunks: Iterable[list[TrialKey]], evaluation: Evaluation, cache: Path, jobs: int
) -> Iterator[_Finished]:
    waiting = iter(chunks)
    with processes(jobs, _begin, evaluation, cache) as pool:
        running: set[Future[_Finished]] = {pool.submit(_chunk, c) for c in itertools.islice(waiting, 2 * jobs)}
        try:
            while running:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
                running |= {pool.submit(_chunk, c) for c in itertools.islice(waiting, len(ended))}
        finally:
            pool.shutdown(cancel_futures=True)


class _Worker:
    """What a process of the pool keeps between chunks."""

    def __init__(self, evaluation: Evaluation, cache: Path) -> None:
        self.evaluation = evaluation
        self.grader = Grader(cache)
        suites = [load(name) for name in evaluation.suites]
        self.tasks = {(s.name, task.id): task for s in suites for task in s.tasks}
        self.live = {(s.name, task.id): task for s in suites for task in s.live}

    def trial(self, key: TrialKey) -> tuple[TrialResult, bytes]:
        """Carry one out."""
        budget = self.evaluation.budget
        live: LiveTask | None = self.live.get((key.suite, key.task))
        if live:
            return play_live(key, live, budget.wall_s, budget.token_limit(), self.evaluation.database)
        return play_trial(key, self.tasks[key.suite, key.task], budget, self.grader)


_worker: list[_Worker] = []


def _begin(evaluation: Evaluation, cache: Path) -> None:
    _worker[:] = [_Worker(evaluation, cache)]
    # A process of a pool ends without the usual farewells; what its grader has used would be nobody's.
    Finalize(None, _worker[0].grader.close, exitpriority=1)


def _chunk(keys: list[TrialKey]) -> _Finished:
    return [_worker[0].trial(key) for key in keys]


def play_trial(key: TrialKey, task: EvalTask, budget: Budget, grader: Grader) -> tuple[TrialResult, bytes]:
    """One trial with synthetic agents, and its log. The same key gives the same, whatever was played before."""
    play = Play(
        task,
        CONDITIONS[key.condition],
        key.agents,
        MODELS[key.agent],
        key.luck,
        wall_s=budget.wall_s,
        tokens=budget.token_limit(),
    )
    began, played = time.process_time(), play.run()
    log = packed(played.events)
    played_s, graded = time.process_time() - began, time.perf_counter()
    try:
        grade = grader.grade(task, played.tree)
    except GradingError as problem:
        return TrialResult(key=key, infrastructure=str(problem)), log
    result = TrialResult(
        key=key,
        score=grade.score,
        whole=grade.whole,
        units=grade.units,
        abandoned=_abandoned(task, played),
        seconds=played.seconds,
        metrics={
            **fold(played.events, together(player.usage for player in played.players)),
            "mistakes": sum(player.hand.mistakes for player in played.players),
            "coupling": coupling(task),
        },
        harness={"play_s": played_s, "grade_s": time.perf_counter() - graded},
    )
    return result, log


def coupling(task: EvalTask) -> float:
    """The share of a task's pairs of units where one builds on the other, straight or through others, or changes a file
    that the other goes by.
    """
    reach: dict[str, set[str]] = {}
    for unit in task.units:
        reach[unit.id] = set(unit.after).union(*(reach[name] for name in unit.after if name in reach))
    pairs = list(itertools.combinations(task.units, 2))
    coupled = [a.id in reach[b.id] or b.id in reach[a.id] or _share_files(a, b) for a, b in pairs]
    return sum(coupled) / len(pairs) if pairs else 0.0


def _share_files(a: Unit, b: Unit) -> bool:
    return bool({*a.files, *a.reads} & {*b.files} or {*a.files} & {*b.reads})


def _abandoned(task: EvalTask, played: Played) -> bool:
    """Everybody went by its own choice, time was left, and files of the contract are missing: apart from any score."""
    untouched = [[played.tree.get(path) == task.start.get(path) for path in unit.files] for unit in task.units]
    # Where units share files, one of which nothing was done has all of its own as they were.
    missing = any(all(unit) if task.is_shared else any(unit) for unit in untouched)
    return missing and not played.out_of_time
