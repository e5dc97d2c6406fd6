"""The plots of a report, as SVG texts that a page carries inside."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coroom.evaluate.report.tables import Row, by
from coroom.evaluate.statistics import mean
from coroom.evaluate.trial import TrialResult

mpl.rcParams.update({"svg.hashsalt": "coroom", "svg.fonttype": "none", "font.size": 9})


def plots(rows: Sequence[Row], results: Sequence[TrialResult], label: str) -> dict[str, str]:
    """Every plot that the trials allow, by its title. `label` stands on each (`synthetic`, or the agents' name)."""
    made = {
        "The ladder: hidden tests passed, by condition": _ladder(rows, label),
        "Quality and abandonment over the number of agents": _curve(rows, label),
        "Time against coupling": _coupling(results, label),
        "Cost and quality": _pareto(rows, label),
        "What an agent is told each turn": _told(rows, label),
    }
    return {title: _svg(figure) for title, figure in made.items()}


def _figure(label: str, width: float = 7.0, height: float = 3.4) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    figure.text(0.995, 0.01, label, ha="right", va="bottom", color="#888888", fontsize=8)
    return figure, axes


def _ladder(rows: Sequence[Row], label: str) -> Figure:
    most = max(row.agents for row in rows)
    pairs = {1, min(2, most)}
    shown = [r for r in rows if r.agents in pairs and (r.condition == "solo" or r.agents > 1 or most == 1)]
    figure, axes = _figure(label, height=0.4 * len(shown) + 1)
    for place, row in enumerate(reversed(shown)):
        axes.plot([row.score.low, row.score.high], [place, place], color="#1f5fbf", lw=2)
        axes.plot(row.score.value, place, "o", color="#1f5fbf")
    axes.set_yticks(range(len(shown)), [f"{row.condition} ({row.agents})" for row in reversed(shown)])
    axes.set_xlabel("share of hidden tests passed, mean and 95 % interval")
    return figure


def _curve(rows: Sequence[Row], label: str) -> Figure:
    figure, axes = _figure(label)
    for condition in dict.fromkeys(row.condition for row in rows):
        line = [row for row in rows if row.condition == condition]
        drawn = axes.plot([r.agents for r in line], [r.score.value for r in line], "o-", label=condition, ms=4)
        axes.plot([r.agents for r in line], [r.abandoned.value for r in line], ":", color=drawn[0].get_color())
    axes.set_xscale("log", base=2)
    ticks = sorted({row.agents for row in rows})
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.set_xlabel("agents (solid: hidden tests passed; dotted: trials abandoned)")
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, fontsize=7, ncols=2)
    return figure


def _coupling(results: Sequence[TrialResult], label: str) -> Figure:
    figure, axes = _figure(label)
    for condition, found in by(results, lambda r: r.key.condition).items():
        points = []
        for trials in by(found, lambda r: r.key.task).values():
            coupled = trials[0].metrics.get("coupling", 0.0)
            points.append((coupled, mean([r.seconds for r in trials if r.whole] or [float("nan")]).value))
        points.sort()
        axes.plot([x for x, _ in points], [y for _, y in points], "o", ms=4, label=condition)
    axes.set_xlabel("coupling of the task: share of its pairs of units where one builds on the other")
    axes.set_ylabel("seconds to all tests passing")
    axes.legend(frameon=False, fontsize=7, ncols=2)
    return figure


def _pareto(rows: Sequence[Row], label: str) -> Figure:
    figure, axes = _figure(label)
    for row in rows:
        axes.plot(row.usd, row.score.value, "o", color="#1f5fbf", ms=4)
        axes.annotate(
            f"{row.condition} {row.agents}",
            (row.usd, row.score.value),
            fontsize=6,
            xytext=(3, 2),
            textcoords="offset points",
        )
    axes.set_xlabel("cost a trial, USD")
    axes.set_ylabel("hidden tests passed")
    return figure


def _told(rows: Sequence[Row], label: str) -> Figure:
    figure, axes = _figure(label)
    for condition in dict.fromkeys(row.condition for row in rows):
        line = [row for row in rows if row.condition == condition and row.told_a_turn > 0]
        if line:
            axes.plot([r.agents for r in line], [r.told_a_turn for r in line], "o-", ms=4, label=condition)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("agents")
    axes.set_ylabel("tokens of notices a turn")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=7)
    return figure


def _svg(figure: Figure) -> str:
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
