import random
from datetime import date, timedelta

from ledger.accounts import Chart
from ledger.journal import Journal

DAY = date(2026, 3, 10)
ACCOUNTS = {"1000": "asset", "1200": "asset", "2000": "liability", "3000": "equity", "4000": "income", "5000": "expense"}


def empty() -> Journal:
    chart = Chart()
    for number, kind in ACCOUNTS.items():
        chart.open(number, f"{kind} {number}", kind)
    return Journal(chart)


def filled(count: int = 40, seed: int = 1) -> Journal:
    chance, journal = random.Random(seed), empty()
    for _ in range(count):
        first, second = chance.sample(sorted(ACCOUNTS), 2)
        cents = chance.randrange(1, 9_999)
        journal.post(DAY + timedelta(days=chance.randrange(-40, 40)), "x", [(first, cents), (second, -cents)])
    return journal


def refused(code: str):  # type: ignore[no-untyped-def]
    import pytest
    from ledger.errors import Refused

    return pytest.raises(Refused, match=f"^{code}: ")
