"""How many runs a bisection takes, over many seeded sets of culprits; no build is run, since only runs are counted."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from coroom.run.bench.figures import Spread, machine, versions
from coroom.run.oracle.search import Batch, Outcome, Subset, run_search

Sets = list[frozenset[int]]

CASES: dict[str, tuple[int, int]] = {
    "1 culprit": (1, 1),
    "4 culprits": (4, 1),
    "16 culprits": (16, 1),
    "a pair that fails only together": (1, 2),
    "a triple that fails only together": (1, 3),
}
"""How many failing sets, and how many units in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRuns:
    """One case with so many runners: runs and rounds over all seeds, and whether each found exactly what was there."""

    case: str
    runners: int
    runs: Spread
    rounds: Spread
    exact: bool


def measure_bisect(units: int, seeds: int, runners: tuple[int, ...] = (1, 4)) -> list[CaseRuns]:
    """Every case with every number of runners."""
    return [
        _case(name, sets, members, units, seeds, count) for name, (sets, members) in CASES.items() for count in runners
    ]


def _case(name: str, sets: int, members: int, units: int, seeds: int, runners: int) -> CaseRuns:
    runs, rounds, exact = list[float](), list[float](), True
    for seed in range(seeds):
        chosen = random.Random(seed).sample(range(units), sets * members)  # noqa: S311 - seeded on purpose
        culprits = [frozenset(chosen[n * members : (n + 1) * members]) for n in range(sets)]
        oracle = Oracle(culprits)
        found, batches = run_search(units, oracle.batch, runners)
        exact = exact and {one.units for one in found.culprits} == set(culprits) and not found.why
        runs.append(len(oracle.known))
        rounds.append(batches)
    return CaseRuns(case=name, runners=runners, runs=Spread.of(runs), rounds=Spread.of(rounds), exact=exact)


class Oracle:
    """Fails for every subset that has a whole culprit in it; `known` are the subsets it was asked for."""

    def __init__(self, culprits: Sets) -> None:
        self._culprits = culprits
        self.known: dict[Subset, Outcome] = {}

    def batch(self, batch: Batch) -> Mapping[Subset, Outcome]:
        """The outcome of each subset."""
        for subset in batch:
            bad = any(culprit <= subset for culprit in self._culprits)
            self.known[subset] = Outcome.FAIL if bad else Outcome.PASS
        return self.known


def document(cases: list[CaseRuns], units: int, seeds: int) -> dict[str, object]:
    """All of it as plain data for JSON."""
    return {
        "benchmark": "bisect",
        "machine": machine(),
        "versions": versions(),
        "units": units,
        "seeds": seeds,
        "cases": [asdict(one) for one in cases],
    }
