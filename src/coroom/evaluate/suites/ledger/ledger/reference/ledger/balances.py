"""Balances."""

from collections import Counter
from datetime import date

from ledger.accounts import sign
from ledger.journal import Journal


def trial(journal: Journal, until: date | None = None) -> dict[str, int]:
    """Debit-positive sums."""
    sums: Counter[str] = Counter()
    for entry in journal.entries():
        if until is None or entry.day <= until:
            for line in entry.lines:
                sums[line.account] += line.cents
    return dict(sorted(sums.items()))


def balance(journal: Journal, account: str, until: date | None = None) -> int:
    """As the account's kind counts."""
    kind = journal.chart.get(account).kind
    return sign(kind) * trial(journal, until).get(account, 0)


def history(journal: Journal, account: str) -> list[tuple[date, int, int, int]]:
    """Every line with the balance after it."""
    factor = sign(journal.chart.get(account).kind)
    found, running = [], 0
    for entry in sorted(journal.entries(), key=lambda entry: (entry.day, entry.id)):
        for line in entry.lines:
            if line.account == account:
                running += factor * line.cents
                found.append((entry.day, entry.id, factor * line.cents, running))
    return found
