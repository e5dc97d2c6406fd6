"""How many changes the gate lands in the time of one test run, found by driving its own train in virtual time."""

import heapq
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from coroom.git.train import Train, arrive, fill, judge

WAITING_MIN = 40
"""There is always enough to land: capacity is measured, not demand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLoad:
    """What is fed to the gate: `bad` is the share of changes that break the tests, `flaky` that of runs that fail for
    no reason; each run takes one test time.
    """

    runners: int
    bad: float
    flaky: float = 0.0
    merges: int = 4_000
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFigure:
    """What came of a load. `merges` is by test time; `serial` is what one at a time would do; `innocent` the share of
    good changes that were given back; `red` the commits of main that hold a bad change; `wait_max` the most test times
    that a change waited once it was first tested; `left` how many were still questioned at the end.
    """

    load: GateLoad
    merges: float
    serial: float
    runs_by_merge: float
    innocent: float
    red: int
    wait_max: float
    left: int

    def document(self) -> dict[str, object]:
        """The figure as plain data."""
        return asdict(self)


def simulate_gate(load: GateLoad) -> GateFigure:
    """Land `load.merges` changes. The same load gives the same figure."""
    return _World(load).figure()


class _World:
    def __init__(self, load: GateLoad) -> None:
        self._load = load
        self._chance = random.Random(load.seed)  # noqa: S311  a simulation, not a secret
        self._train = Train(runners=load.runners, base=True)
        self._bad: dict[str, bool] = {}
        self._first: dict[str, float] = {}
        self._now = 0.0
        self._runs = 0
        self._tests: list[tuple[float, int, bool]] = []

    def figure(self) -> GateFigure:
        landed = innocent = red = 0
        wait_max = 0.0
        while landed < self._load.merges:
            self._start()
            self._now, run, passed = heapq.heappop(self._tests)
            step = judge(self._train, run, passed=passed)
            self._train = step.train
            cars = [car.group.changes for car in step.landed]
            landed += sum(map(len, cars))
            red += sum(any(self._bad[change] for change in car) for car in cars)
            innocent += sum(not self._bad[change] for change in step.returned)
            wait_max = max(wait_max, self._waited([*(c for car in cars for c in car), *step.returned]))
        load = self._load
        return GateFigure(
            load=load,
            merges=landed / self._now,
            serial=(1 - load.bad) * (1 - load.flaky),
            runs_by_merge=self._runs / landed,
            innocent=innocent / (landed + innocent),
            red=red,
            wait_max=wait_max,
            left=len(self._train.questioned),
        )

    def _start(self) -> None:
        while len(self._train.waiting) < WAITING_MIN:
            fresh = [str(len(self._bad) + number) for number in range(WAITING_MIN)]
            self._bad.update((change, self._chance.random() < self._load.bad) for change in fresh)
            self._train = arrive(self._train, fresh)
        self._train = fill(self._train)
        live = {car.run: car for car in self._train.running}
        self._tests = [test for test in self._tests if test[1] in live]
        heapq.heapify(self._tests)
        for run in live.keys() - {test[1] for test in self._tests}:
            changes = [c for car in (*self._train.before(run), live[run]) for c in car.group.changes]
            passed = not any(self._bad[c] for c in changes) and self._chance.random() >= self._load.flaky
            heapq.heappush(self._tests, (self._now + 1.0, run, passed))
            self._runs += 1
            for change in live[run].group.changes:
                self._first.setdefault(change, self._now)

    def _waited(self, changes: Iterable[str]) -> float:
        return max((self._now - self._first.pop(change) for change in changes), default=0.0)
