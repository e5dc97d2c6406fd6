"""Runs of a bisection: builds and tests in directories of their own, several at once, kept by subset, repeated."""

import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coroom.processes.groups import kill_group
from coroom.run.oracle.search import Batch, Found, Outcome, Subset, search

UNRESOLVED = 125
"""The exit code by which a test says that this subset cannot be judged, as for `git bisect run`."""

TIMEOUT_S = 600.0
KEY_CHARS_MAX = 56
"""Of a task's id in a room, without its scheme."""

STOP_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is bisected.

    `build` and `test` are lines for the shell, run in `directory`. They find in COROOM_CANDIDATE and COROOM_REFERENCE
    the names of files that list the units of each side, one a line, and in COROOM_OUT a directory for what they make.
    """

    units: tuple[str, ...]
    build: str
    test: str
    directory: Path
    runners: int = 1
    repeat: int = 1
    timeout_s: float = TIMEOUT_S

    @property
    def identity(self) -> str:
        """What outcomes depend on beside the subset."""
        text = json.dumps([self.build, self.test, str(self.directory.resolve()), sorted(self.units)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a bisection: `runs` were carried out, `known` were kept from before. `flaky`: subsets that had more
    than one outcome.
    """

    found: Found
    runs: int
    known: int
    rounds: int
    flaky: int


class Runs:
    """Carries out the runs of one job. What is known is kept in `directory`, so that it can be broken off any time."""

    def __init__(self, job: Job, kept: Path, told: Callable[[str], None] = lambda _text: None) -> None:
        self._job = job
        self._file = kept / f"{job.identity}.jsonl"
        self._told = told
        self._known = self._read()
        self.known, self.runs, self.flaky = 0, 0, 0
        self._fresh = set[str]()
        self._slots = asyncio.Semaphore(job.runners)

    async def batch(self, batch: Batch) -> Mapping[Subset, Outcome]:
        """The outcome of each subset, side by side as far as there are runners."""
        outcomes = await asyncio.gather(*(self._outcome(one) for one in batch))
        return dict(zip(batch, outcomes, strict=True))

    async def _outcome(self, subset: Subset) -> Outcome:
        key = self._key(subset)
        if key in self._known:
            self.known += key not in self._fresh
            return self._known[key]
        async with self._slots:
            outcome = await self._repeated(subset)
        self._known[key] = outcome
        self._fresh.add(key)
        self._keep(key, outcome, len(subset))
        self._told(
            f"run {self.runs}: {len(subset)} of {len(self._job.units)} units from the candidate: {outcome.value}"
        )
        return outcome

    async def _repeated(self, subset: Subset) -> Outcome:
        """The outcome that most of the repetitions have; a build that does not exist is not tried again."""
        counts = dict.fromkeys(Outcome, 0)
        for _ in range(self._job.repeat):
            self.runs += 1
            outcome = await self._run(subset)
            counts[outcome] += 1
            if outcome is Outcome.UNRESOLVED or max(counts.values()) > self._job.repeat // 2:
                break
        self.flaky += sum(count > 0 for count in counts.values()) > 1
        return max(Outcome, key=lambda one: counts[one])

    async def _run(self, subset: Subset) -> Outcome:
        units = self._job.units
        with TemporaryDirectory(prefix="coroom-bisect-") as name:
            place = Path(name)
            sides = {"CANDIDATE": sorted(subset), "REFERENCE": [n for n in range(len(units)) if n not in subset]}
            variables = {"COROOM_OUT": str(place / "out"), "COROOM_BISECT": "1"}
            (place / "out").mkdir()
            for side, numbers in sides.items():
                (place / side.lower()).write_text("".join(f"{units[n]}\n" for n in numbers), encoding="utf-8")
                variables[f"COROOM_{side}"] = str(place / side.lower())
            if await self._command(self._job.build, variables) != 0:
                return Outcome.UNRESOLVED
            code = await self._command(self._job.test, variables)
        if code == UNRESOLVED:
            return Outcome.UNRESOLVED
        # A test that never ends is how many a miscompiled program fails.
        return Outcome.PASS if code == 0 else Outcome.FAIL

    async def _command(self, command: str, variables: Mapping[str, str]) -> int | None:
        """Its exit code; None when it was out of time. Nothing of it runs afterwards."""
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", command),
            cwd=self._job.directory,
            env={**os.environ, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._job.timeout_s):
                return await process.wait()
        except TimeoutError:
            return None
        finally:
            kill_group(process.pid)
            await process.wait()

    def _key(self, subset: Subset) -> str:
        names = "\n".join(sorted(self._job.units[number] for number in subset))
        return hashlib.sha256(names.encode()).hexdigest()

    def _read(self) -> dict[str, Outcome]:
        """What is known from before; a line that a crash cut off is not."""
        known: dict[str, Outcome] = {}
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return known
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):
                found = json.loads(line)
                known[str(found["subset"])] = Outcome(found["outcome"])
        return known

    def _keep(self, key: str, outcome: Outcome, size: int) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"subset": key, "outcome": outcome.value, "units": size}) + "\n")


async def bisect(job: Job, kept: Path, told: Callable[[str], None] = lambda _text: None) -> Result:
    """Find every failing set of the job's units.

    Args:
        job: what is bisected.
        kept: where outcomes are kept from one call to the next.
        told: hears of every run.
    """
    runs, asking, rounds = Runs(job, kept, told), search(len(job.units), job.runners), 0
    try:
        batch = next(asking)
        while True:
            rounds += 1
            batch = asking.send(await runs.batch(batch))
    except StopIteration as ended:
        found = ended.value
        assert isinstance(found, Found)
    return Result(found, runs.runs, runs.known, rounds, runs.flaky)


def tasks_for(units: Sequence[str], found: Found) -> list[dict[str, object]]:
    """A task for each culprit, under a key that anybody would derive who found the same."""
    tasks: list[dict[str, object]] = []
    for culprit in found.culprits:
        names = sorted(units[number] for number in culprit.units)
        alone, together = ("fails", "") if len(names) == 1 else ("fail", " only together")
        how = f"{alone}{together}" if culprit.exact else f"{alone} with what is around, and could not be taken apart"
        tasks.append(
            {
                "id": _key("+".join(names)),
                "title": f"{', '.join(names)[:150]} {how}",
                "description": "Found by coroom bisect: the reference builds everything else, and the test fails.",
                "touches": [f"file:{name}" for name in names],
            }
        )
    return tasks


def _key(name: str) -> str:
    """What a culprit is claimed by: its name, or the beginning of it and a hash where that is no short word."""
    if len(name) <= KEY_CHARS_MAX and not any(c.isspace() for c in name):
        return f"file:{name}"
    plain = "".join("_" if c.isspace() else c for c in name[: KEY_CHARS_MAX - 13])
    return f"file:{plain}-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
