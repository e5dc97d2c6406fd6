"""What went on in the rooms of a suite's trials: the metrics that are folds over their logs, a line a cell."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from coroom.evaluate.report.page import Table
from coroom.evaluate.report.tables import cells_of
from coroom.evaluate.trial import TrialResult

COLUMNS: Mapping[str, str] = {
    "settled_s": "last change, s",
    "critical_path_s": "critical path, s",
    "turns": "turns",
    "characters": "characters",
    "edits": "edits",
    "merged": "merged",
    "held": "held",
    "findings": "conflicts of meaning",
    "duplicate_work": "done again",
    "calls": "calls",
    "undone": "undone",
    "restarts": "begun again",
    "claims_refused": "claims refused",
    "claim_compliance": "claims kept",
    "trespasses": "trespasses",
    "notices": "notices",
    "order_notices": "notices of the order",
    "notices_read": "read",
    "notices_acted_on": "acted on",
    "notice_delay_s": "until read, s",
    "told_tokens_a_turn": "tokens told a turn",
    "answered_tokens_a_turn": "tokens answered a turn",
    "mistakes": "agents' mistakes",
}
"""What each metric is called in the table, in its order; a column that no trial has is left out."""


def rooms_table(found: Sequence[TrialResult]) -> Table:
    """The mean of every metric that a trial of these has, with its standard deviation where a cell has several."""
    counted = [result for result in found if not result.infrastructure]
    names = [name for name in COLUMNS if any(result.metrics.get(name) for result in counted)]
    if "edits" not in names:
        # Of calls on live state claims say nothing.
        names = [name for name in names if name != "claim_compliance"]
    lines = [
        (condition, str(agents), *(_cell([r.metrics[name] for r in trials if name in r.metrics]) for name in names))
        for (condition, agents), trials in cells_of(counted)
    ]
    return Table(
        title="What went on in the rooms",
        note="Means of a trial (standard deviation), each counted from the room's log and what its agents used.",
        columns=("condition", "agents", *(COLUMNS[name] for name in names)),
        lines=lines,
    )


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "-"
    centre = f"{fmean(values):.3g}"
    return centre if len(values) < 2 else f"{centre} ({stdev(values):.2g})"
