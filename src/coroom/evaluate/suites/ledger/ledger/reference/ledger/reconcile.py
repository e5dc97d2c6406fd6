"""Reconciling with the bank."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from ledger.journal import Journal


def match(journal: Journal, account: str, bank: Sequence[tuple[date, int]], days: int = 3) -> dict[str, list[Any]]:
    """Which lines belong together."""
    mine = [(e.id, e.day, line.cents) for e in journal.entries() for line in e.lines if line.account == account]
    pairs = []
    for place, (number, day, cents) in enumerate(mine):
        for index, (when, amount) in enumerate(bank):
            gap = abs((day - when).days)
            if cents == amount and gap <= days:
                pairs.append((gap, number, index, place))
    matched, used, taken = [], set(), set()
    for _, number, index, place in sorted(pairs):
        if place not in used and index not in taken:
            used.add(place)
            taken.add(index)
            matched.append((number, index))
    return {
        "matched": sorted(matched),
        "ledger_only": sorted(number for place, (number, _, _) in enumerate(mine) if place not in used),
        "bank_only": [index for index in range(len(bank)) if index not in taken],
    }
