"""The plots of a report, as SVG texts that a page carries inside."""

import io
from collections.abc import Callable, Sequence
from itertools import cycle

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coroom.evaluate.report.tables import Row, by, passing_s
from coroom.evaluate.statistics import mean
from coroom.evaluate.trial import TrialResult

mpl.rcParams.update({"svg.hashsalt": "coroom", "svg.fonttype": "none", "font.size": 9})

_COLOURS = (
    "#1f5fbf",
    "#c2571a",
    "#2d7d46",
    "#8a3ea8",
    "#b01e3c",
    "#5b6b7a",
    "#0f8a8a",
    "#9a7b00",
    "#d2649a",
    "#444444",
)
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
_PAIR = 2
"""The number of agents that conditions are shown at side by side, where there is one."""


def plots(rows: Sequence[Row], results: Sequence[TrialResult], label: str) -> dict[str, str]:
    """Every plot that the trials allow, by its title. `label` stands on each (`synthetic`, or the agents' name)."""
    side = _side_by_side(rows)
    made = {
        f"The ladder: passed, by condition ({_agents(side)})": _intervals(side, label, "score", "share passed"),
        "Quality over the number of agents": _curve(rows, label),
        f"Abandonment, by condition ({_agents(side)})": _intervals(
            side, label, "abandoned", "share of trials abandoned"
        ),
        f"Time against coupling, a point a task ({_agents(side)})": _coupling(side, results, label),
        "Cost and quality; the line is what nothing beats in both": _pareto(rows, label),
    }
    if any(row.told_a_turn > 0 for row in rows):
        made["What an agent that is told anything is told each turn"] = _tokens(
            rows, label, "notices", lambda row: row.told_a_readers_turn
        )
    if any(row.read_a_turn > 0 for row in rows):
        made["What an agent reads each turn: its prompt, the room's replies and notices"] = _tokens(
            rows, label, "all that is read", lambda row: row.read_a_turn
        )
    return {title: _svg(figure) for title, figure in made.items()}


def _side_by_side(rows: Sequence[Row]) -> list[Row]:
    """One row a condition: two agents, or as few more as there are."""
    found: dict[str, Row] = {}
    for row in rows:
        known = found.get(row.condition)
        if known is None or (known.agents < _PAIR <= row.agents):
            found[row.condition] = row
    return list(found.values())


def _agents(rows: Sequence[Row]) -> str:
    most = max(row.agents for row in rows)
    return f"{most} agents" if most > 1 else "1 agent"


def _figure(label: str, width: float = 6.4, height: float = 3.4) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#eeeeee", lw=0.8)
    axes.set_axisbelow(True)
    figure.text(0.995, 0.01, label, ha="right", va="bottom", color="#888888", fontsize=8)
    return figure, axes


def _styles(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """A colour and a mark for each name: told apart without colours as well."""
    return dict(zip(names, zip(cycle(_COLOURS), cycle(_MARKS), strict=False), strict=False))


def _intervals(rows: Sequence[Row], label: str, what: str, words: str) -> Figure:
    figure, axes = _figure(label, height=0.32 * len(rows) + 1)
    for place, row in enumerate(reversed(rows)):
        value = row.score if what == "score" else row.abandoned
        axes.plot([value.low, value.high], [place, place], color=_COLOURS[0], lw=2)
        axes.plot(value.value, place, "o", color=_COLOURS[0])
    axes.set_yticks(range(len(rows)), [row.condition for row in reversed(rows)])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(f"{words}, with its 95 % interval")
    return figure


def _curve(rows: Sequence[Row], label: str) -> Figure:
    figure, axes = _figure(label)
    styles = _styles(list(dict.fromkeys(row.condition for row in rows)))
    for condition, (colour, mark) in styles.items():
        line = [row for row in rows if row.condition == condition]
        axes.plot(
            [r.agents for r in line], [r.score.value for r in line], mark + "-", color=colour, label=condition, ms=4
        )
        axes.fill_between(
            [r.agents for r in line],
            [r.score.low for r in line],
            [r.score.high for r in line],
            color=colour,
            alpha=0.08,
        )
    _by_agents(axes, rows)
    axes.set_ylabel("share passed")
    axes.set_ylim(-0.02, 1.02)
    _legend(axes)
    return figure


def _by_agents(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_xscale("log", base=2)
    ticks = sorted({row.agents for row in rows})
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.set_xlabel("agents")


def _coupling(side: Sequence[Row], results: Sequence[TrialResult], label: str) -> Figure:
    figure, axes = _figure(label)
    shown = {row.condition: row.agents for row in side}
    styles = _styles(list(shown))
    for condition, agents in shown.items():
        points = []
        found = [r for r in results if (r.key.condition, r.key.agents) == (condition, agents)]
        for trials in by(found, lambda r: r.key.task).values():
            whole = [passing_s(r) for r in trials if r.whole]
            if whole:
                points.append((trials[0].metrics.get("coupling", 0.0), mean(whole).value))
        if points:
            colour, mark = styles[condition]
            points.sort()
            axes.plot(
                [x for x, _ in points], [y for _, y in points], mark, color=colour, ms=5, alpha=0.8, label=condition
            )
    axes.set_xlabel("coupling of the task, known before anybody works")
    axes.set_ylabel("seconds to all passing")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(bottom=0)
    _legend(axes)
    return figure


def _pareto(rows: Sequence[Row], label: str) -> Figure:
    figure, axes = _figure(label)
    best = front(rows)
    rest = [row for row in rows if row not in best]
    axes.plot([r.usd for r in rest], [r.score.value for r in rest], "o", color="#b8c0c8", ms=4)
    axes.plot([r.usd for r in best], [r.score.value for r in best], "o-", color=_COLOURS[0], ms=5)
    for place, row in enumerate(best):
        axes.annotate(
            f"{row.condition} ({row.agents})",
            (row.usd, row.score.value),
            fontsize=7,
            xytext=(5, -10 if place % 2 else 5),
            textcoords="offset points",
        )
    axes.set_xlabel("cost a trial, USD")
    axes.set_ylabel("share passed")
    axes.set_xlim(left=0)
    return figure


def front(rows: Sequence[Row]) -> list[Row]:
    """The cells that no other beats in both cost and quality, cheapest first."""
    found: list[Row] = []
    for row in sorted((r for r in rows if r.trials), key=lambda r: (r.usd, -r.score.value)):
        if not found or row.score.value > found[-1].score.value:
            found.append(row)
    return found


def _tokens(rows: Sequence[Row], label: str, of: str, value: Callable[[Row], float]) -> Figure:
    figure, axes = _figure(label)
    styles = _styles(list(dict.fromkeys(row.condition for row in rows)))
    for condition, (colour, mark) in styles.items():
        line = [(row.agents, value(row)) for row in rows if row.condition == condition and value(row) > 0]
        if line:
            axes.plot([x for x, _ in line], [y for _, y in line], mark + "-", color=colour, ms=4, label=condition)
    axes.set_ylim(bottom=0)
    _by_agents(axes, rows)
    axes.set_ylabel(f"tokens of {of} a turn")
    _legend(axes)
    return figure


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _svg(figure: Figure) -> str:
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
