"""The tables of a report, from finished trials alone."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import pstdev

from coroom.evaluate.conditions import CONDITIONS
from coroom.evaluate.statistics import (
    CommonOdds,
    Contrast,
    Interval,
    Table,
    common_odds,
    contrast,
    corrected,
    crude_odds,
    mean,
    paired,
    share,
)
from coroom.evaluate.trial import TrialResult

Cell = tuple[str, int]
"""A condition and a number of agents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell of the ladder, over all tasks."""

    condition: str
    agents: int
    trials: int
    infrastructure: int
    score: Interval
    spread: float
    whole: Interval
    unerring: Interval
    """Of the trials in which no synthetic agent drew a mistake, those that are whole."""
    abandoned: Interval
    seconds: Interval
    tokens: float
    usd: float
    held: float
    duplicates: float
    read_a_turn: float
    """Tokens: the turn's own reading, the room's replies and its notices; not a number where it was not counted."""
    told_a_turn: float
    told_a_readers_turn: float
    """Of the agents that were told anything, over the trials where one was."""
    tail: float
    """The 95th percentile of the seconds over their median."""
    undone: float
    restarts: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """One cell against its baseline, trial by trial: those of one task and one number, which synthetic agents begin
    with the same luck. `p` is Student's, `p_corrected` that over all cells, `p_ranks` Wilcoxon's.
    """

    pairs: int
    difference: Interval
    p: float
    p_corrected: float
    p_ranks: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One cell against its baseline: the score's contrast, its p corrected over all cells, the same pair by pair (None
    where fewer than two trials have a partner), abandonment over tasks, how much faster it is and how many times the
    tokens it takes.
    """

    condition: str
    agents: int
    score: Contrast
    p_corrected: float
    paired: Paired | None
    abandoned: CommonOdds | None
    abandoned_crude: float
    speedup: float
    tokens: float


def rows(results: Iterable[TrialResult]) -> list[Row]:
    """A row a cell, conditions in the ladder's order."""
    return [_row(cell, found) for cell, found in cells_of(results)]


def cells_of(results: Iterable[TrialResult]) -> list[tuple[Cell, list[TrialResult]]]:
    """The trials of each cell, conditions in the ladder's order."""
    cells: dict[Cell, list[TrialResult]] = defaultdict(list)
    for result in results:
        cells[result.key.condition, result.key.agents].append(result)
    return [(cell, cells[cell]) for cell in _in_order(cells)]


def _in_order(cells: Iterable[Cell]) -> list[Cell]:
    order = {name: place for place, name in enumerate(CONDITIONS)}
    return sorted(cells, key=lambda cell: (order.get(cell[0], len(order)), cell[1]))


def _row(cell: Cell, found: Sequence[TrialResult]) -> Row:
    counted = [result for result in found if not result.infrastructure]

    def average(name: str) -> float:
        return sum(r.metrics.get(name, 0.0) for r in counted) / len(counted) if counted else math.nan

    scores = [result.score for result in counted]
    unerring = [result for result in counted if result.metrics.get("mistakes") == 0]
    read = [reading for r in counted if (reading := r.metrics.get("read_tokens_a_turn", 0.0))]
    return Row(
        condition=cell[0],
        agents=cell[1],
        trials=len(counted),
        infrastructure=len(found) - len(counted),
        score=mean(scores),
        spread=pstdev(scores) if scores else math.nan,
        whole=share(sum(r.whole for r in counted), len(counted)),
        unerring=share(sum(r.whole for r in unerring), len(unerring)),
        abandoned=share(sum(r.abandoned for r in counted), len(counted)),
        seconds=mean([r.seconds for r in counted]),
        tokens=average("tokens"),
        usd=average("usd"),
        held=average("held"),
        duplicates=average("duplicate_work"),
        read_a_turn=sum(read) / len(read) if read else math.nan,
        told_a_turn=average("told_tokens_a_turn"),
        told_a_readers_turn=_told_to_readers(counted),
        tail=_tail([r.seconds for r in counted]),
        undone=average("undone"),
        restarts=average("restarts"),
    )


def passing_s(result: TrialResult) -> float:
    """When all tests of a trial that passes them passed at the latest: nothing was changed after that."""
    return result.metrics.get("settled_s", result.seconds)


def _told_to_readers(found: Sequence[TrialResult]) -> float:
    told = [value for r in found if (value := r.metrics.get("told_tokens_a_readers_turn", 0.0))]
    return sum(told) / len(told) if told else math.nan


def _tail(seconds: Sequence[float]) -> float:
    ordered = sorted(seconds)
    if not ordered or not ordered[len(ordered) // 2]:
        return math.nan
    return ordered[math.ceil(len(ordered) * 0.95) - 1] / ordered[len(ordered) // 2]


def baseline_of(results: Iterable[TrialResult]) -> str:
    """What cells are compared with: `solo`, `serial` with as many agents where there is none; empty with neither."""
    names = {result.key.condition for result in results if not result.infrastructure}
    return next((name for name in ("solo", "serial") if name in names), "")


def against(results: Iterable[TrialResult], baseline: str) -> list[Compared]:
    """Every cell against the baseline, lone agents or as many of it; empty when there is nothing to compare with."""
    cells = dict(cells_of(result for result in results if not result.infrastructure))
    alone = baseline == "solo"
    pairs = [(cell, cells.get((baseline, 1 if alone else cell[1]), [])) for cell in cells]
    usable = [(cell, other) for cell, other in pairs if cell[0] != baseline and min(len(cells[cell]), len(other)) >= 2]
    found = [contrast([r.score for r in cells[cell]], [r.score for r in other]) for cell, other in usable]
    fixed = corrected([one.p for one in found])
    tested = _paired([(cells[cell], other) for cell, other in usable])
    return [
        _compared(cell, cells[cell], other, one, p, pair)
        for (cell, other), one, p, pair in zip(usable, found, fixed, tested, strict=True)
    ]


def _paired(sides: Sequence[tuple[Sequence[TrialResult], Sequence[TrialResult]]]) -> list[Paired | None]:
    """Each cell with its baseline pair by pair, corrected over those that have pairs."""
    scores: list[tuple[list[float], list[float]]] = []
    for mine, other in sides:
        partner = {_pair(result): result.score for result in other}
        both = [(result.score, partner[_pair(result)]) for result in mine if _pair(result) in partner]
        scores.append(([first for first, _ in both], [second for _, second in both]))
    tests = [paired(first, second) if len(first) > 1 else None for first, second in scores]
    fixed = corrected([test[1] if test else math.nan for test in tests])
    return [
        test and Paired(pairs=len(first), difference=test[0], p=test[1], p_corrected=p, p_ranks=test[2])
        for test, (first, _), p in zip(tests, scores, fixed, strict=True)
    ]


def _pair(result: TrialResult) -> tuple[str, str, int, int]:
    return result.key.suite, result.key.task, result.key.number, result.key.seed


def _compared(
    cell: Cell,
    mine: Sequence[TrialResult],
    other: Sequence[TrialResult],
    score: Contrast,
    p: float,
    pair: Paired | None,
) -> Compared:
    tables = _abandonment(other, mine)
    return Compared(
        condition=cell[0],
        agents=cell[1],
        score=score,
        p_corrected=p,
        paired=pair,
        abandoned=_common(tables),
        abandoned_crude=crude_odds(tables) if tables else math.nan,
        speedup=_ratio(other, mine, lambda r: r.seconds),
        tokens=_ratio(mine, other, lambda r: r.metrics.get("tokens", 0.0)),
    )


def _ratio(first: Sequence[TrialResult], second: Sequence[TrialResult], value: Callable[[TrialResult], float]) -> float:
    over = sum(map(value, second)) / len(second)
    return sum(map(value, first)) / len(first) / over if over else math.nan


def _abandonment(alone: Sequence[TrialResult], others: Sequence[TrialResult]) -> list[Table]:
    """Solo against a cell, a stratum a task: the odds ratio says how much likelier the lone agent gives up."""
    tables: list[Table] = []
    for task in sorted({r.key.task for r in alone} & {r.key.task for r in others}):
        pair = [[r.abandoned for r in side if r.key.task == task] for side in (alone, others)]
        first, second = ((sum(side), len(side) - sum(side)) for side in pair)
        tables.append((first, second))
    return tables


def _common(tables: Sequence[Table]) -> CommonOdds | None:
    try:
        return common_odds(tables)
    except ValueError:
        return None


def by(results: Iterable[TrialResult], key: Callable[[TrialResult], str]) -> dict[str, list[TrialResult]]:
    """Trials that counted, grouped."""
    groups: dict[str, list[TrialResult]] = defaultdict(list)
    for result in results:
        if not result.infrastructure:
            groups[key(result)].append(result)
    return dict(sorted(groups.items()))
