"""Writes the report: a section for each suite, as a page and as Markdown, and replays of some trials."""

import importlib.metadata
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coroom.evaluate.report.page import Section, Table, as_html, as_markdown
from coroom.evaluate.report.real import real_notes, setting_lines
from coroom.evaluate.report.rooms import rooms_table
from coroom.evaluate.report.tables import Compared, Paired, Row, against, baseline_of, by, passing_s, rows
from coroom.evaluate.results import Results
from coroom.evaluate.statistics import CommonOdds, Interval, detectable, mean
from coroom.evaluate.suite import ON_LIVE_STATE
from coroom.evaluate.trial import TrialResult
from coroom.web.saved import moments, save

ALL_REPLAYS = 100
"""Of so many trials every replay is written beside the report."""

REPLAYS_MAX = 40
"""Of more, the first trial of each cell, up to this; `coroom evaluate show` serves all of them."""

_VERSIONS = ("coroom", "scipy", "statsmodels", "numpy", "matplotlib", "pytest")

_LADDER_COLUMNS = (
    *("condition", "agents", "trials", "failed", "passed", "sd", "all passed", "without mistakes", "abandoned"),
    *("seconds", "p95/p50", "tokens", "USD"),
)
_TOLD = ("read a turn", "told a turn", "told a reader's turn")
_CONTRAST_COLUMNS = (
    *("condition", "agents", "score: it - baseline", "p", "p (Holm)", "p ranks", "p spread", "g", "delta", "power"),
    *("pairs", "pair by pair", "p pairs", "p pairs (Holm)", "p pairs, ranks"),
    *("trials for 80 %", "times as fast", "times the tokens", "abandonment, baseline : it", "p", "homogeneity"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where the report lies."""

    page: Path
    markdown: Path
    replays: int


def write_report(results: Results, folder: Path, budget: str) -> Written:
    """Write `report.html` and `report.md` into a folder, and replays below it.

    Raises:
        ValueError: there is no trial to report.
    """
    found = list(results.all())
    if not any(not result.infrastructure for result in found):
        message = "no trial has ended with a score yet"
        raise ValueError(message)
    folder.mkdir(parents=True, exist_ok=True)
    replays = _replays(results, found, folder / "replays")
    agents = sorted({result.key.agent for result in found})
    label = ", ".join(agents)
    sections = [
        _section(suite, [r for r in found if r.key.suite == suite], replays, label)
        for suite in dict.fromkeys(result.key.suite for result in found)
    ]
    notes = [*_may_not_conclude(found, agents), *real_notes(agents)]
    setting = [*_setting(found, budget, results), *setting_lines(found, results.described()), *_harness(found)]
    page = folder / "report.html"
    page.write_text(as_html(label, setting, notes, sections), encoding="utf-8")
    markdown = folder / "report.md"
    markdown.write_text(as_markdown(label, setting, notes, sections), encoding="utf-8")
    return Written(page=page, markdown=markdown, replays=len(replays))


def _section(suite: str, found: Sequence[TrialResult], replays: dict[str, str], label: str) -> Section:
    from coroom.evaluate.report.plots import plots  # noqa: PLC0415 - Matplotlib is slow to import

    table = rows(found)
    baseline = baseline_of(found)
    drawn = plots(table, found, label) if any(row.trials for row in table) else {}
    compared = against(found, baseline) if baseline else []
    tables = [
        _ladder_table(table, live=suite in ON_LIVE_STATE),
        _contrast_table(compared, baseline),
        rooms_table(found),
        _task_table(found),
    ]
    failed = [r for r in found if r.infrastructure]
    tables += [_failure_table(failed)] if failed else []
    tables.append(_replay_table(found, replays))
    return Section(title=suite, plots=drawn, tables=[one for one in tables if one.lines])


def _setting(found: Sequence[TrialResult], budget: str, results: Results) -> list[str]:
    versions = ", ".join(f"{name} {_version(name)}" for name in _VERSIONS)
    seeds = ", ".join(map(str, sorted({result.key.seed for result in found})))
    tasks = len({(result.key.suite, result.key.task) for result in found})
    return [
        f"{len(found):,} trials of {tasks} tasks; seed {seeds}.",
        f"Fingerprint of trials and logs (if synthetic, the same for the same seed): {results.fingerprint()}.",
        f"Matched by {budget}.",
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; {versions}.",
    ]


def _harness(found: Sequence[TrialResult]) -> list[str]:
    """What the harness took beside the time of synthetic trials, on their virtual clock."""
    counted = [r for r in found if r.harness and r.seconds]
    if not counted:
        return []
    took, own = sum(sum(r.harness.values()) for r in counted), sum(r.seconds for r in counted)
    parts: dict[str, float] = {}
    for result in counted:
        for name, seconds in result.harness.items():
            parts[name] = parts.get(name, 0.0) + seconds
    listed = ", ".join(
        f"{name.removesuffix('_s')} {1000 * s / len(counted):.1f} ms" for name, s in sorted(parts.items())
    )
    return [
        f"The harness took {took / own:.3%} of the trials' time on the virtual clock; a trial, on the mean: {listed}."
    ]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _may_not_conclude(found: Sequence[TrialResult], agents: Sequence[str]) -> list[str]:
    notes = []
    if any(agent.startswith("synthetic") for agent in agents):
        notes.append(
            "The agents are synthetic: their errors, times and costs are drawn from chosen distributions. Nothing here "
            "says anything about a model, or that a room helps one; it shows that the room and this harness work, and "
            "what follows from the chosen parameters."
        )
    failed = sum(bool(result.infrastructure) for result in found)
    if failed:
        notes.append(f"{failed} trials failed for reasons of infrastructure; they are in no score and no interval.")
    cells = by(found, lambda r: f"{r.key.suite}/{r.key.condition}/{r.key.agents}")
    small = min((len(group) for group in cells.values()), default=0)
    shown = detectable(small)
    seen = (
        "" if math.isnan(shown) else f" Such a cell shows differences of {shown:.2f} standard deviations at 80 % power."
    )
    notes.append(
        f"The smallest cell has {small} trials.{seen} A contrast whose needed trials are above what there is is not "
        "decided, and the absence of a difference is not shown by a large p."
    )
    notes.append("Tasks are few and ours: an interval is over trials of these tasks, and not over all tasks there are.")
    return notes


def _percent(value: Interval) -> str:
    return "-" if math.isnan(value.value) else f"{value.value:.0%} [{value.low:.0%}, {value.high:.0%}]"


def _number(value: float, digits: int = 3) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.{digits}g}"


def _odds(found: CommonOdds | None, crude: float) -> str:
    if found is None:
        return "-"
    if math.isnan(found.odds.low):
        return f"{_number(found.odds.value)} (no interval: one side never)"
    return f"{found.odds} (crude {_number(crude)})"


def _ladder_table(table: Sequence[Row], *, live: bool) -> Table:
    more = ("undone", "restarts", *_TOLD) if live else ("held", "done again", *_TOLD)
    return Table(
        title="Every cell, over all tasks",
        note=(
            "Without mistakes: of the trials in which no synthetic agent drew a mistake of its own (a fault it did not "
            "find, a wrong guess, a write left out, a notice misjudged), those in which all passed. Read a turn: the "
            "tokens that an agent reads, its own prompt, the room's replies and notices; told: of notices alone."
        ),
        columns=(*_LADDER_COLUMNS, *more),
        lines=[
            (
                row.condition,
                str(row.agents),
                str(row.trials),
                str(row.infrastructure),
                _percent(row.score),
                _number(row.spread, 2),
                _percent(row.whole),
                _percent(row.unerring),
                _percent(row.abandoned),
                str(row.seconds),
                _number(row.tail, 2),
                f"{row.tokens:,.0f}",
                f"{row.usd:.2f}",
                *(
                    (_number(row.undone, 2), _number(row.restarts, 2))
                    if live
                    else (_number(row.held, 2), _number(row.duplicates, 2))
                ),
                "-" if math.isnan(row.read_a_turn) else f"{row.read_a_turn:,.0f}",
                _number(row.told_a_turn, 2),
                _number(row.told_a_readers_turn, 2),
            )
            for row in table
        ],
    )


def _contrast_table(compared: Sequence[Compared], baseline: str) -> Table:
    against_ = "solo" if baseline == "solo" else f"{baseline} with as many agents"
    return Table(
        title=f"Against {against_}",
        note=(
            "Scores by Welch's test, ranks (Mann and Whitney) and spread (Brown and Forsythe), p corrected by Holm "
            "over this table; power is what these trials had, beside the trials an arm that would have 80 %. Pairs are "
            "trials of one task and one number, by Student's paired test and Wilcoxon's signed ranks, corrected alike. "
            "Abandonment by Cochran, Mantel and Haenszel over tasks, with Breslow and Day's test whether tasks agree."
        ),
        columns=_CONTRAST_COLUMNS,
        lines=[
            (
                c.condition,
                str(c.agents),
                str(c.score.difference),
                _number(c.score.p, 2),
                _number(c.p_corrected, 2),
                _number(c.score.p_ranks, 2),
                _number(c.score.p_spread, 2),
                _number(c.score.g, 2),
                _number(c.score.delta, 2),
                _number(c.score.power, 2),
                *_pairs(c.paired),
                str(c.score.trials_needed or "-"),
                _number(c.speedup, 3),
                _number(c.tokens, 3),
                _odds(c.abandoned, c.abandoned_crude),
                _number(c.abandoned.p, 2) if c.abandoned else "-",
                _number(c.abandoned.p_homogeneity, 2) if c.abandoned else "-",
            )
            for c in compared
        ],
    )


def _pairs(found: Paired | None) -> tuple[str, ...]:
    if found is None:
        return ("0", "-", "-", "-", "-")
    ps = (found.p, found.p_corrected, found.p_ranks)
    return (str(found.pairs), str(found.difference), *(_number(p, 2) for p in ps))


def _task_table(found: Sequence[TrialResult]) -> Table:
    lines = []
    for task, trials in by(found, lambda r: r.key.task).items():
        for condition, some in by(trials, lambda r: f"{r.key.condition} ({r.key.agents})").items():
            whole = [passing_s(r) for r in some if r.whole]
            lines.append(
                (
                    task,
                    condition,
                    _number(some[0].metrics.get("coupling", math.nan), 2),
                    _percent(mean([r.score for r in some])),
                    str(mean(whole)) if whole else "-",
                )
            )
    columns = ("task", "condition (agents)", "coupling", "passed", "seconds to all passing")
    return Table(title="By task", columns=columns, lines=lines)


def _failure_table(failed: Sequence[TrialResult]) -> Table:
    return Table(
        title="Failed for reasons of infrastructure",
        note="No score; tried again by the same command.",
        columns=("trial", "why"),
        lines=[(str(r.key), r.infrastructure) for r in failed],
    )


def _replay_table(found: Sequence[TrialResult], replays: dict[str, str]) -> Table:
    lines = [
        ((str(r.key), replays[str(r.key)]), f"{r.score:.2f}", f"{r.seconds:.0f}")
        for r in found
        if str(r.key) in replays
    ]
    return Table(
        title="Replays",
        note="The live page of a trial's room at every moment. Trials that are not here: coroom evaluate show FOLDER.",
        columns=("trial", "passed", "seconds"),
        lines=lines,
    )


def _replays(results: Results, found: Sequence[TrialResult], folder: Path) -> dict[str, str]:
    """Every trial, or the first of each cell where they are many, as pages; what is there stays."""
    first: dict[tuple[str, str, int], TrialResult] = {}
    for result in found:
        first.setdefault((result.key.suite, result.key.condition, result.key.agents), result)
    few = sorted(first.values(), key=lambda r: abs(r.key.agents - 2))[:REPLAYS_MAX]
    folder.mkdir(exist_ok=True)
    written = {}
    for result in found if len(found) <= ALL_REPLAYS else few:
        name = replay_name(str(result.key))
        if not (folder / name).exists() and (page := replay_page(results, str(result.key))):
            (folder / name).write_text(page, encoding="utf-8")
        if (folder / name).exists():
            written[str(result.key)] = f"replays/{name}"
    return written


def replay_name(key: str) -> str:
    """The file of a trial's replay."""
    return key.replace("/", "_") + ".html"


def replay_page(results: Results, key: str) -> str | None:
    """The live page of a trial's room at every moment, in one file; None when there is no log of it."""
    events = results.log(key)
    return save(moments(events), events, {}) if events else None
