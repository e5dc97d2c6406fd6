"""One attempt at a trial: `coroom run` as a process of its own, watched, ended when it must be, and judged."""

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coroom.evaluate.campaign import Budget
from coroom.evaluate.conditions import CONDITIONS
from coroom.evaluate.grading import GradingError
from coroom.evaluate.metrics import Used, fold
from coroom.evaluate.real.arrange import Crew, Place, argv, make_ready
from coroom.evaluate.real.assignment import Assignment
from coroom.evaluate.real.harvest import LOG, Harvest, harvest
from coroom.evaluate.real.untouched import Untouched
from coroom.evaluate.results import packed
from coroom.evaluate.trial import TrialKey, TrialResult
from coroom.git.command import GitFailed
from coroom.ports import LogCorrupt
from coroom.processes.groups import kill_group

GRACE_S = 120.0
"""What `coroom run` gets beyond the time of the agents: to begin, to take in what was written, to end."""

STOP_WITHIN_S = 20.0
SAID_CHARS = 300

Finished = tuple[TrialResult, bytes]


class StoppedError(Exception):
    """The evaluation is being stopped: this attempt counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all trials of an evaluation have in common.

    Args:
        crew: who works.
        budget: what a trial may use.
        watched: folders that no trial may change.
        keep: whether repositories and mirrors stay after a trial.
        stopped: whether everything shall stop now.
    """

    crew: Crew
    budget: Budget
    watched: tuple[Path, ...] = ()
    keep: bool = False
    stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the process ended: its exit code, what it printed as its result, and why that is no result."""

    document: Mapping[str, Any]
    why: str = ""


def attempt(key: TrialKey, assignment: Assignment, setting: Setting, place: Place) -> Finished:
    """Carry out a trial in an empty folder, and judge it.

    Whatever kept it from being carried out as asked makes it an infrastructure failure, which has no score.

    Raises:
        StoppedError: the evaluation was stopped meanwhile.
    """
    began = time.monotonic()
    try:
        assignment.ready()
        commit = make_ready(place, assignment)
        with assignment.under_way(place.root) as more:
            untouched = Untouched.around(place, commit, assignment.start, setting.watched)
            finished = _carried_out(key, assignment, setting, place, (untouched, more))
    except GradingError as problem:
        return TrialResult(key=key, infrastructure=str(problem)), packed(())
    except (OSError, GitFailed, sqlite3.Error, RuntimeError) as problem:
        return TrialResult(key=key, infrastructure=f"the trial cannot be made ready: {problem}"), packed(())
    return _with_harness(finished[0], time.monotonic() - began), finished[1]


def _carried_out(
    key: TrialKey, assignment: Assignment, setting: Setting, place: Place, ready: tuple[Untouched, Sequence[str]]
) -> Finished:
    untouched, more = ready
    condition = CONDITIONS[key.condition]
    ended = _run([*argv(place, condition, key.agents, setting.crew, setting.budget), *more], place, setting)
    try:
        found = harvest(place.room, united=not condition.shared) if (place.room / LOG).exists() else None
    except LogCorrupt as damaged:
        ended, found = replace(ended, why=str(damaged)), None
    why = ended.why or who_failed(ended.document) or untouched.broken()
    used = found.used if found else Used()
    if why or found is None:
        metrics = {"tokens": float(used.input_tokens + used.output_tokens), "usd": used.usd}
        failed = TrialResult(key=key, infrastructure=why or "the room has left no log", metrics=metrics)
        return failed, packed(found.events if found else ())
    return _judged(key, assignment, ended.document, found), packed(found.events)


def _judged(key: TrialKey, assignment: Assignment, document: Mapping[str, Any], found: Harvest) -> TrialResult:
    try:
        verdict = assignment.judged(found)
    except GradingError as problem:
        return TrialResult(key=key, infrastructure=str(problem))
    stopped = bool(document["limit"]) or any(agent["cause"] == "limit" for agent in document["agents"])
    seconds = float(document["agents_together_seconds" if key.condition == "pipeline" else "longest_agent_seconds"])
    return TrialResult(
        key=key,
        score=verdict.score,
        whole=verdict.whole,
        units=verdict.units,
        abandoned=verdict.missing and not stopped,
        seconds=seconds,
        metrics={
            **fold(found.events, found.used),
            **verdict.metrics,
            "stopped_at_limit": float(stopped),
            "input_tokens": float(found.used.input_tokens),
            "output_tokens": float(found.used.output_tokens),
        },
    )


def _with_harness(result: TrialResult, wall_s: float) -> TrialResult:
    """The result with what the harness itself took: everything that was not the agents' time. A failure has none."""
    if result.infrastructure:
        return result
    harness_s = max(0.0, wall_s - result.seconds)
    share = harness_s / wall_s if wall_s else 0.0
    return replace(result, metrics={**result.metrics, "harness_s": harness_s, "harness_share": share})


def who_failed(document: Mapping[str, Any]) -> str:
    """The first agent that failed for reasons that are not its own, and why; empty when none did. `document` is what
    `coroom run --json` prints.
    """
    for agent in document.get("agents", ()):
        if agent["cause"] == "infrastructure":
            # Some clients tell it in several lines.
            return f"{agent['agent']}: {' '.join(str(agent['error']).split())[:SAID_CHARS]}"
    if not document.get("agents"):
        return str(document.get("refused") or "no agent has begun to work")
    return ""


def _run(words: Sequence[str], place: Place, setting: Setting) -> _Ended:
    within = setting.budget.wall_s + GRACE_S
    with place.printed.open("wb") as said:
        # Its input stays open as long as this process lives; when that ends, so does the run.
        process = subprocess.Popen(
            words,
            cwd=place.root,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )
        try:
            printed = _awaited(process, within, setting)
        finally:
            _end(process)
    if printed is None:
        return _Ended({}, f"coroom run had not ended {GRACE_S:g} s after the agents' time was over")
    return _read(process.returncode, printed, place)


def _awaited(process: "subprocess.Popen[bytes]", within_s: float, setting: Setting) -> bytes | None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if setting.stopped():
            raise StoppedError
        with suppress(subprocess.TimeoutExpired):
            assert process.stdout
            process.wait(0.2)
            return process.stdout.read()
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let go of the leash, wait for a tidy end, then end the group."""
    assert process.stdin
    assert process.stdout
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()
    process.stdout.close()


def _read(code: int, printed: bytes, place: Place) -> _Ended:
    try:
        document = json.loads(printed)
    except ValueError:
        document = None
    if isinstance(document, dict):
        return _Ended(document)
    lines = place.printed.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = lines[-1].removeprefix("Error: ") if lines else f"coroom run ended with exit code {code} and said nothing"
    return _Ended({}, said[:SAID_CHARS])


def tidy(place: Place, *, keep: bool) -> None:
    """Keep what the room kept, and remove the repository and the agents' directories, unless they shall stay."""
    if place.room.is_dir():
        shutil.copytree(place.room, place.root / "room", dirs_exist_ok=True)
    if not keep:
        for folder in (place.repository, place.mirrors):
            shutil.rmtree(folder, ignore_errors=True)
