"""Writes the report: one page that needs nothing from elsewhere, the same as Markdown, and replays of some trials."""

import html
import importlib.metadata
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coroom.evaluate.report.plots import plots
from coroom.evaluate.report.real import real_notes, setting_lines
from coroom.evaluate.report.tables import Compared, Row, against_solo, by, rows
from coroom.evaluate.results import Results
from coroom.evaluate.statistics import Interval, mean
from coroom.evaluate.trial import TrialResult
from coroom.web.saved import moments, save

REPLAYS_MAX = 40
"""Replays written beside the report, the first trial of each cell and task; any other comes by its key."""

_LADDER_COLUMNS = (
    *("condition", "agents", "trials", "failed", "tests passed", "sd", "all passed", "abandoned", "seconds"),
    *("tokens", "USD", "held", "done again", "told a turn"),
)
_CONTRAST_COLUMNS = (
    *("condition", "agents", "score - solo", "p", "p (Holm)", "p ranks", "p spread", "g", "delta", "power"),
    *("trials for 80 %", "abandonment, solo : it", "p", "homogeneity"),
)

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A title, the columns and the rows."""


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
    agent = sorted({result.key.agent for result in found})
    label = ", ".join(agent)
    table = rows(found)
    tables = [_ladder_table(table), _contrast_table(against_solo(found)), _task_table(found)]
    tables.append(_trial_table(found, replays))
    notes = [*_may_not_conclude(found, agent), *real_notes(agent)]
    setting = [*_setting(found, budget), *setting_lines(found, results.described())]
    page = folder / "report.html"
    page.write_text(_html(label, setting, notes, tables, plots(table, found, label)), encoding="utf-8")
    markdown = folder / "report.md"
    markdown.write_text(_markdown(label, setting, notes, tables[:3]), encoding="utf-8")
    return Written(page=page, markdown=markdown, replays=len(replays))


def _setting(found: Sequence[TrialResult], budget: str) -> list[str]:
    versions = {name: _version(name) for name in ("coroom", "scipy", "statsmodels", "numpy", "pytest")}
    cores = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    seeds = sorted({result.key.seed for result in found})
    return [
        f"{len(found)} trials of {len({r.key.task for r in found})} tasks; seed {', '.join(map(str, seeds))}.",
        f"Matched by {budget}.",
        f"{cores}; " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
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
    small = min((len(group) for group in by(found, lambda r: f"{r.key.condition}/{r.key.agents}").values()), default=0)
    notes.append(
        f"The smallest cell has {small} trials. A contrast whose needed trials are above that is not decided, and the "
        "absence of a difference is not shown by a large p."
    )
    notes.append("Tasks are few and ours: an interval is over trials of these tasks, and not over all tasks there are.")
    return notes


def _percent(value: Interval) -> str:
    return "-" if math.isnan(value.value) else f"{value.value:.0%} [{value.low:.0%}, {value.high:.0%}]"


def _number(value: float, digits: int = 3) -> str:
    return "-" if math.isnan(value) else "inf" if math.isinf(value) else f"{value:.{digits}g}"


def _ladder_table(table: Sequence[Row]) -> Table:
    return (
        "Every cell, over all tasks",
        _LADDER_COLUMNS,
        [
            (
                row.condition,
                str(row.agents),
                str(row.trials),
                str(row.infrastructure),
                _percent(row.score),
                _number(row.spread, 2),
                _percent(row.whole),
                _percent(row.abandoned),
                str(row.seconds),
                f"{row.tokens:,.0f}",
                f"{row.usd:.2f}",
                _number(row.held, 2),
                _number(row.duplicates, 2),
                _number(row.told_a_turn, 2),
            )
            for row in table
        ],
    )


def _contrast_table(compared: Sequence[Compared]) -> Table:
    return (
        "Against solo: scores (Welch; ranks; spread) and abandonment (Cochran, Mantel and Haenszel over tasks)",
        _CONTRAST_COLUMNS,
        [
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
                str(c.score.trials_needed or "-"),
                f"{c.abandoned.odds} (crude {_number(c.abandoned_crude)})" if c.abandoned else "-",
                _number(c.abandoned.p, 2) if c.abandoned else "-",
                _number(c.abandoned.p_homogeneity, 2) if c.abandoned else "-",
            )
            for c in compared
        ],
    )


def _task_table(found: Sequence[TrialResult]) -> Table:
    lines = []
    for task, trials in by(found, lambda r: f"{r.key.suite}/{r.key.task}").items():
        for condition, some in by(trials, lambda r: f"{r.key.condition} ({r.key.agents})").items():
            whole = [r.seconds for r in some if r.whole]
            lines.append(
                (
                    task,
                    condition,
                    _number(some[0].metrics.get("coupling", math.nan), 2),
                    _percent(mean([r.score for r in some])),
                    str(mean(whole)) if whole else "-",
                )
            )
    return "By task", ("task", "condition (agents)", "coupling", "tests passed", "seconds to all passing"), lines


def _trial_table(found: Sequence[TrialResult], replays: dict[str, str]) -> Table:
    lines = [
        (_link(replays[str(r.key)], str(r.key)), f"{r.score:.2f}", f"{r.seconds:.0f}")
        for r in found
        if str(r.key) in replays
    ]
    return "Replays (any other trial: coroom evaluate --replay KEY)", ("trial", "tests passed", "seconds"), lines


def _link(to: str, text: str) -> str:
    return f'<a href="{html.escape(to)}">{html.escape(text)}</a>'


def _replays(results: Results, found: Sequence[TrialResult], folder: Path) -> dict[str, str]:
    """The first trial of each cell, as pages; what is there stays."""
    chosen: dict[tuple[str, int], TrialResult] = {}
    for result in found:
        chosen.setdefault((result.key.condition, result.key.agents), result)
    folder.mkdir(exist_ok=True)
    written = {}
    for result in list(chosen.values())[:REPLAYS_MAX]:
        name = str(result.key).replace("/", "_") + ".html"
        if not (folder / name).exists() and (page := replay_page(results, str(result.key))):
            (folder / name).write_text(page, encoding="utf-8")
        if (folder / name).exists():
            written[str(result.key)] = f"replays/{name}"
    return written


def replay_page(results: Results, key: str) -> str | None:
    """The live page of a trial's room at every moment, in one file; None when there is no log of it."""
    events = results.log(key)
    return save(moments(events), events, {}) if events else None


def _html(
    label: str, setting: Sequence[str], notes: Sequence[str], tables: Sequence[Table], drawn: dict[str, str]
) -> str:
    body = [f"<h1>Coroom evaluation <small>{html.escape(label)}</small></h1>"]
    body += [f"<p>{html.escape(line)}</p>" for line in setting]
    body.append("<h2>What may not be concluded</h2><ul>")
    body += [f"<li>{html.escape(note)}</li>" for note in notes]
    body.append("</ul>")
    body += [f"<figure><figcaption>{html.escape(title)}</figcaption>{svg}</figure>" for title, svg in drawn.items()]
    body += [_html_table(*table) for table in tables]
    return _PAGE.format(title=html.escape(f"Coroom evaluation: {label}"), body="\n".join(body))


def _html_table(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<h2>{html.escape(title)}</h2><table><tr>{head}</tr>{body}</table>"


def _cell(text: str) -> str:
    """Only the table of replays has markup, and writes it itself."""
    return text if text.startswith("<a href=") else html.escape(text)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }}
body {{ color: #1a1a1a; background: #fff; }}
small {{ color: #888; font-weight: normal; }}
table {{ border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }}
th, td {{ text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #e2e2e2; white-space: nowrap; }}
figure {{ margin: 1.5rem 0; }} figcaption {{ font-weight: 600; }} svg {{ max-width: 100%; height: auto; }}
</style>
<body>
{body}
</body></html>
"""


def _markdown(label: str, setting: Sequence[str], notes: Sequence[str], tables: Sequence[Table]) -> str:
    parts = [f"# Coroom evaluation: {label}\n", *[line + "\n" for line in setting], "## What may not be concluded\n"]
    parts += [f"- {note}" for note in notes]
    for title, columns, lines in tables:
        parts.append(f"\n## {title}\n")
        parts.append("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
        parts += ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(parts) + "\n"
