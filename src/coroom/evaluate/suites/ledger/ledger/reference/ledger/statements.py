"""Statements."""

from collections import Counter
from datetime import date
from typing import Any

from ledger.accounts import sign
from ledger.balances import trial
from ledger.journal import Journal


def _by_kind(journal: Journal, sums: dict[str, int], kinds: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {kind: {} for kind in kinds}
    for number, cents in sorted(sums.items()):
        kind = journal.chart.get(number).kind
        if kind in found and cents:
            found[kind][number] = sign(kind) * cents
    return found


def income(journal: Journal, first: date, last: date) -> dict[str, Any]:
    """What came and went in those days."""
    sums: Counter[str] = Counter()
    for entry in journal.entries():
        if first <= entry.day <= last:
            for line in entry.lines:
                sums[line.account] += line.cents
    found = _by_kind(journal, sums, ("income", "expense"))
    return {**found, "profit": sum(found["income"].values()) - sum(found["expense"].values())}


def sheet(journal: Journal, day: date) -> dict[str, Any]:
    """What there is on a day."""
    sums = trial(journal, day)
    found = _by_kind(journal, sums, ("asset", "liability", "equity", "income", "expense"))
    gained, spent = found.pop("income"), found.pop("expense")
    return {**found, "result": sum(gained.values()) - sum(spent.values())}
