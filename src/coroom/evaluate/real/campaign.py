"""Real trials one after another or some at once, each kept as soon as it has ended, until the money is gone."""

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from coroom.evaluate.campaign import Evaluation, EvaluationError, keys_of
from coroom.evaluate.conditions import CONDITIONS, LADDER
from coroom.evaluate.grading import Grader
from coroom.evaluate.real.arrange import Crew, Place
from coroom.evaluate.real.assignment import Assignment, Files
from coroom.evaluate.real.attempt import Finished, Setting, StoppedError, attempt, tidy
from coroom.evaluate.real.on_live_state import OnLiveState
from coroom.evaluate.results import Results
from coroom.evaluate.suite import ON_LIVE_STATE, SHIPPED, Suite, load
from coroom.evaluate.trial import TrialKey, TrialResult

FAILURES_IN_A_ROW = 3
"""So many infrastructure failures one after the other are no chance: what is wrong would be paid for again."""

VERSION_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What all trials of the folder together may use; None: no bound. Reached, no further trial begins."""

    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None

    def reached(self, results: Sequence[TrialResult]) -> str:
        """Which is reached, in words; empty when none is."""
        tokens = sum(r.metrics.get("tokens", 0.0) for r in results)
        usd = sum(r.metrics.get("usd", 0.0) for r in results)
        seconds = sum(r.seconds for r in results)
        if self.tokens is not None and tokens >= self.tokens:
            return f"{tokens:,.0f} of {self.tokens:,} tokens are used"
        if self.usd is not None and usd >= self.usd:
            return f"{usd:.2f} of {self.usd:g} US dollars are spent"
        if self.seconds is not None and seconds >= self.seconds:
            return f"the agents have worked for {seconds:,.0f} of {self.seconds:,.0f} seconds"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How the person who watches is told: of the count after each trial, and of each trial in a line."""

    progress: Callable[[int, int], None] = lambda _done, _of: None
    say: Callable[[str], None] = lambda _line: None


def enough(results: Sequence[TrialResult], caps: Caps, fresh: int | None = None) -> str:
    """Why no further trial shall begin, in words; empty when one may. Of the results, in the order in which they ended,
    the last `fresh` are those of this call; None: all of them.
    """
    last = results[-FAILURES_IN_A_ROW:] if fresh is None or fresh >= FAILURES_IN_A_ROW else ()
    if len(last) == FAILURES_IN_A_ROW and all(one.infrastructure for one in last):
        why = last[-1].infrastructure
        return f"{FAILURES_IN_A_ROW} trials in a row failed for reasons of infrastructure, the last: {why}"
    return caps.reached(results)


def keys_for(evaluation: Evaluation, suites: Sequence[Suite], crew: Crew) -> list[TrialKey]:
    """Every trial. Tapes are as many agents as there are of them.

    Raises:
        EvaluationError: it cannot be done as asked.
    """
    if not crew.tapes:
        return keys_of(evaluation, suites)
    named = evaluation.conditions or LADDER
    if crew.tapes > 1 and any(CONDITIONS[name].alone for name in named if name in CONDITIONS):
        message = f"{crew.tapes} tapes are {crew.tapes} agents, and solo has one: name one tape, or leave solo out"
        raise EvaluationError(message)
    return keys_of(replace(evaluation, agents=(crew.tapes,)), suites)


def evaluate_real(
    evaluation: Evaluation,
    setting: Setting,
    results: Results,
    folder: Path,
    *,
    caps: Caps,
    jobs: int = 1,
    told: Told,
) -> str:
    """Carry out every trial that is not there yet, `jobs` at once. Returns why it ended early, empty when it did not.

    A trial that was cut off, also by a kill, counts for nothing and is done again in a fresh folder.

    Raises:
        EvaluationError: it cannot be done as asked.
        SuiteError: a suite cannot be used.
    """
    suites = [load(name) for name in evaluation.suites]
    keys = keys_for(evaluation, suites, setting.crew)
    files = {(suite.name, task.id): task for suite in suites for task in suite.tasks}
    live = {(suite.name, task.id): task for suite in suites for task in suite.live}
    known = results.known()
    missing = [key for key in keys if str(key) not in known]
    seen, before = list(results.all()), len(keys) - len(missing)
    ended: list[TrialResult] = []
    stop = threading.Event()
    common = replace(setting, stopped=stop.is_set, watched=(*setting.watched, *_folders(evaluation.suites)))
    told.progress(before, len(keys))

    def on_live_state(key: TrialKey) -> OnLiveState:
        return OnLiveState(live[key.suite, key.task], key.agents, evaluation.database)

    def one(key: TrialKey) -> Finished:
        place = Place(_fresh(folder / "trials" / _named(key)))
        which = (key.suite, key.task)
        with Grader(folder / "grades") as grader:
            assignment: Assignment = Files(files[which], grader) if which in files else on_live_state(key)
            finished = attempt(key, assignment, common, place)
        tidy(place, keep=setting.keep)
        return finished

    def why() -> str:
        return enough([*seen, *ended], caps, len(ended))

    for result, log in some_at_once(missing, one, jobs, why, stop):
        results.add([(result, log)])
        ended.append(result)
        told.say(_line(result))
        told.progress(before + len(ended), len(keys))
    return why() if len(ended) < len(missing) else ""


def some_at_once(
    keys: Sequence[TrialKey],
    one: Callable[[TrialKey], Finished],
    jobs: int,
    enough: Callable[[], str],
    stop: threading.Event,
) -> Iterator[Finished]:
    """What comes of each, as it ends. `enough` says why no further one shall begin; left early, `stop` is set and what
    still runs is waited for.
    """
    waiting = iter(keys)
    running: set[Future[Finished]] = set()
    with ThreadPoolExecutor(jobs, thread_name_prefix="trial") as pool:
        try:
            while True:
                while len(running) < jobs and not enough() and (key := next(waiting, None)):
                    running.add(pool.submit(one, key))
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        finally:
            # Whatever still runs is told to end; what it has done counts for nothing.
            stop.set()
            for future in running:
                with suppress(StoppedError):
                    future.result()


def _fresh(folder: Path) -> Path:
    """A folder for the next attempt; those of attempts that were cut off stay, without their repositories."""
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.iterdir():
        tidy(Place(earlier), keep=False)
    place = folder / f"attempt-{len(list(folder.iterdir())) + 1}"
    place.mkdir()
    return place.absolute()


def _named(key: TrialKey) -> str:
    return re.sub(r"[^\w.+/-]", "_", str(key))


def _folders(suites: Sequence[str]) -> list[Path]:
    """The folders of suites of one's own: they hold the hidden tests."""
    ours = {*SHIPPED, *ON_LIVE_STATE}
    named = (name.removeprefix("cooperbench:").partition("#")[0] for name in suites)
    named = (name for name in named if name.partition("/")[0] not in ours)
    return [Path(name).absolute() for name in named]


def _line(result: TrialResult) -> str:
    if result.infrastructure:
        return f"{result.key}: failed, and is no score: {result.infrastructure}"
    used = f"{result.metrics['tokens']:,.0f} tokens, {result.metrics['usd']:.2f} USD"
    given_up = ", abandoned" if result.abandoned else ""
    return f"{result.key}: {_scored(result)} in {result.seconds:.0f} s, {used}{given_up}"


def _scored(result: TrialResult) -> str:
    if "a serial order" in result.units:
        return "right" if result.whole else "wrong"
    return f"{result.score:.0%} of the hidden tests"


def versions(crew: Crew) -> str:
    """What each kind of agent says of its version; empty for those that say nothing."""
    said = []
    for kind in dict.fromkeys(kind.partition(":")[0] for kind in crew.kinds):
        binary = shutil.which(kind) if kind not in {"tape", "command", "builtin"} else None
        if binary is None:
            continue
        try:
            told = subprocess.run(
                [binary, "--version"], capture_output=True, text=True, timeout=VERSION_WITHIN_S, check=False
            ).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            told = ""
        said.append(f"{kind} {told.splitlines()[0]}" if told else kind)
    return ", ".join(said)
