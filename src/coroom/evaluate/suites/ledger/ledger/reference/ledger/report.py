"""A report to read."""

from datetime import date

from ledger.balances import trial
from ledger.journal import Journal


def money(cents: int) -> str:
    """With two places."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def table(journal: Journal, until: date | None = None) -> str:
    """The trial balance."""
    lines, debits, credits = [], 0, 0
    for number, cents in trial(journal, until).items():
        if cents:
            debits += max(cents, 0)
            credits += max(-cents, 0)
            name = journal.chart.get(number).name
            amount = -cents if cents < 0 else cents
            lines.append(f"{number} {name[:18]:<18}{money(amount):>12} {'D' if cents > 0 else 'C'}")
    lines.append("-" * 33)
    lines += [f"{'total':<23}{money(debits):>12} D", f"{'total':<23}{money(credits):>12} C"]
    return "\n".join(lines)
