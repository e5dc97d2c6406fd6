"""One trial on live state with synthetic agents: played, judged by invariants and serial orders, and measured."""

import time
from collections.abc import Mapping
from functools import lru_cache

from coroom.core.errors import Fault, Refused
from coroom.core.ordering.call import any_overlap
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import canonical
from coroom.evaluate.conditions import CONDITIONS
from coroom.evaluate.live.judge import Judged, judge
from coroom.evaluate.live.model import VERBS
from coroom.evaluate.live.play import LivePlay
from coroom.evaluate.live.played import LivePlayed, order_costs, shares_played
from coroom.evaluate.live.task import JOBS_MIN, Job, LiveTask, State
from coroom.evaluate.live.world import World, world_of
from coroom.evaluate.metrics import fold
from coroom.evaluate.results import packed
from coroom.evaluate.synthetic.hand import MODELS
from coroom.evaluate.synthetic.usage import together
from coroom.evaluate.trial import TrialKey, TrialResult


def play_live(
    key: TrialKey, task: LiveTask, wall_s: float, tokens: int | None = None, database: str = ""
) -> tuple[TrialResult, bytes]:
    """The trial and its log. The same key gives the same, whatever was played before.

    Args:
        key: which trial.
        task: what is asked.
        wall_s: seconds at most, of the virtual clock.
        tokens: what all agents together may use; None: as much as they like.
        database: a PostgreSQL for rows; empty for SQLite.
    """
    began = time.process_time()
    world = world_of(task, max(key.agents, JOBS_MIN), database)
    traits = MODELS[key.agent]
    policy = CONDITIONS[key.condition].policy
    try:
        play = LivePlay(task, policy, key.agents, traits, key.luck, world, wall_s, tokens)
        played = play.run()
    except Fault as fault:
        return TrialResult(key=key, infrastructure=str(fault)), packed([])
    played_s = time.process_time() - began
    hints = [played.order] if played.order else []
    verdict = judge(task, shares_played(played), played.end, hints)
    whole = verdict.right and not played.unfinished
    result = TrialResult(
        key=key,
        score=float(whole),
        whole=whole,
        units=units_of(task, verdict),
        abandoned=played.given_up > 0,
        seconds=played.seconds,
        metrics=_metrics(task, key, played),
        harness={"play_s": played_s, "judge_s": time.process_time() - began - played_s},
    )
    return result, packed(played.events)


def _metrics(task: LiveTask, key: TrialKey, played: LivePlayed) -> Mapping[str, float]:
    used = together(worker.usage for worker in played.workers)
    found = fold(played.events, used)
    costs = order_costs(played.events, sum(worker.restarts for worker in played.workers))
    return {
        **without_files(found),
        **costs,
        "mistakes": sum(worker.hand.mistakes for worker in played.workers),
        "coupling": coupling(task, max(key.agents, JOBS_MIN)),
    }


def without_files(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics without those that count bytes of files, which say nothing of rows and objects."""
    files = {"edits", "merged", "held", "duplicate_work", "unclaimed_edits"}
    return {name: value for name, value in metrics.items() if name not in files}


def units_of(task: LiveTask, verdict: Judged) -> dict[str, tuple[int, int]]:
    """What was judged, one by one: (right, of)."""
    checks = {one.name: (int(one.name not in verdict.broken), 1) for one in task.invariants}
    return {**checks, "a serial order": (int(verdict.order is not None), 1)}


@lru_cache(maxsize=256)
def coupling(task: LiveTask, jobs: int) -> float:
    """The share of a task's pairs of jobs where one writes what the other touches, each done alone on the start."""
    world = world_of(task, jobs)
    touched = [_footprint(world, task, task.start(jobs), job) for job in task.jobs(jobs)]
    pairs = [(a, b) for at, a in enumerate(touched) for b in touched[at + 1 :]]
    return sum(_meet(a, b) for a, b in pairs) / len(pairs) if pairs else 0.0


def _footprint(world: World, task: LiveTask, state: State, job: Job) -> Footprint:
    reads: list[Resource] = []
    writes: list[Resource] = []
    known: dict[str, object] = {}
    for step in job.steps:
        due = step.due(known)
        if due is None:
            continue
        touched = world.tools[due[0]].footprint(canonical(dict(due[1])))
        if not isinstance(touched, Refused):
            reads += touched.reads
            writes += touched.writes
        known[step.name] = VERBS[task.world][due[0]](state, due[1])
    return Footprint(tuple(reads), tuple(writes))


def _meet(a: Footprint, b: Footprint) -> bool:
    return any_overlap(a.writes, (*b.writes, *b.reads)) or any_overlap(b.writes, a.reads)
