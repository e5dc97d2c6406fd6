"""The search: every set of units that fails by itself, with few runs. Pure; it asks for outcomes in batches.

Units stand in a row. The shortest beginning of the row that fails ends with a unit of some failing set, and bisection
finds it. With that unit kept, the shortest beginning that fails ends with the set's next one, and so on until what was
found fails alone: one culprit takes log2(n) runs, a pair that fails only together twice as many. What is found is put
aside and the rest is tried again. It takes for granted that a failing set still fails when more is added to it, and
checks that wherever it costs nothing.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MEMBERS_MAX = 8
"""Units that fail only all together; beyond that the failure depends on what surrounds them."""

SETS_MAX = 256
"""Culprits of one search: more is a candidate that is broken as a whole."""


class Outcome(StrEnum):
    """What a build with some units from the candidate did."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    UNRESOLVED = "unresolved"


Subset = frozenset[int]
"""The units, by their place in the row, that the candidate builds; the reference builds the others."""

Batch = list[Subset]
Search = Generator[Batch, Mapping[Subset, Outcome], "Found"]


@dataclass(frozen=True, slots=True)
class Culprit:
    """A set of units that fails by itself. `exact`: and no less of it does; else it could not be taken apart."""

    units: Subset
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What the search came to. `why` says why it ended early; empty when the rest passes."""

    culprits: tuple[Culprit, ...] = ()
    why: str = ""


def search(count: int, runners: int = 1) -> Search:
    """Find the failing sets among `count` units, `runners` builds at a time.

    Yields batches of subsets to be run, and is sent the outcome of each.
    """
    everything = frozenset(range(count))
    outcomes = yield [frozenset(), everything]
    if outcomes[frozenset()] is not Outcome.PASS:
        return Found(why="the reference alone does not pass, so the candidate is not to blame")
    if outcomes[everything] is Outcome.PASS:
        return Found()
    if outcomes[everything] is Outcome.UNRESOLVED:
        return Found(why="the candidate alone cannot be built or tested")
    culprits: list[Culprit] = []
    row, clean = list(range(count)), 0
    while len(culprits) < SETS_MAX:
        culprit, end = yield from _one(row, clean, runners)
        culprits.append(culprit)
        # What stands before the last member passes as a whole, so that the next search begins there.
        gone = culprit.units
        clean = sum(unit not in gone for unit in row[: end - 1])
        row = [unit for unit in row if unit not in gone]
        rest = frozenset(row)
        outcome = (yield [rest])[rest] if row else Outcome.PASS
        if outcome is Outcome.PASS:
            return Found(tuple(culprits))
        if outcome is Outcome.UNRESOLVED:
            return Found(tuple(culprits), "what is left cannot be built or tested")
    return Found(tuple(culprits), f"there are more than {SETS_MAX} culprits")


def _one(
    row: Sequence[int], clean: int, runners: int
) -> Generator[Batch, Mapping[Subset, Outcome], tuple[Culprit, int]]:
    """One failing set of a row that fails as a whole, and the length of the shortest beginning that fails.

    `clean` units at the beginning are known to pass together.
    """
    first, sharp = yield from _shortest(row, clean, len(row), frozenset(), runners)
    found, end, low = {row[first - 1]}, first, 0
    if not sharp:
        return Culprit(frozenset(row[clean:first]), exact=False), first
    judged = True
    while True:
        alone = frozenset(found)
        outcome = (yield [alone])[alone]
        if outcome is Outcome.FAIL:
            return Culprit(alone, exact=judged), first
        judged = judged and outcome is Outcome.PASS
        if len(found) == MEMBERS_MAX or end <= 1:
            return Culprit(frozenset(row[:end]) | alone, exact=False), first
        end, sharp = yield from _shortest(row, low, end - 1, alone, runners)
        if not sharp:
            return Culprit(frozenset(row[low:end]) | alone, exact=False), first
        found.add(row[end - 1])


def _shortest(
    row: Sequence[int], low: int, high: int, kept: Subset, runners: int
) -> Generator[Batch, Mapping[Subset, Outcome], tuple[int, bool]]:
    """The length of the shortest beginning that fails together with `kept`; that of `low` passes, that of `high` fails.

    False beside it when what lies between could not be resolved.
    """
    unresolved: set[int] = set()
    while high - low > 1:
        points = _points(low, high, runners, unresolved)
        if not points:
            return high, False
        subsets = {point: frozenset(row[:point]) | kept for point in points}
        outcomes = yield [*subsets.values()]
        for point in points:
            outcome = outcomes[subsets[point]]
            if outcome is Outcome.UNRESOLVED:
                unresolved.add(point)
            elif outcome is Outcome.FAIL:
                high = min(high, point)
            elif point < high:
                low = max(low, point)
    return high, True


def _points(low: int, high: int, runners: int, unresolved: set[int]) -> list[int]:
    """Where to cut: evenly, and beside what could not be resolved."""
    free = [point for point in range(low + 1, high) if point not in unresolved]
    if len(free) <= runners:
        return free
    wanted = [low + (high - low) * number // (runners + 1) for number in range(1, runners + 1)]
    if not unresolved:
        return sorted(set(wanted))
    return sorted({min(free, key=lambda point, near=near: abs(point - near)) for near in wanted})  # type: ignore[misc]


def run_search(count: int, run: Callable[[Batch], Mapping[Subset, Outcome]], runners: int = 1) -> tuple[Found, int]:
    """Drive the search with a function; with what came of it, how many batches were run."""
    asking, batches = search(count, runners), 0
    try:
        batch = next(asking)
        while True:
            batches += 1
            batch = asking.send(run(batch))
    except StopIteration as ended:
        found = ended.value
        assert isinstance(found, Found)
        return found, batches
