from datetime import timedelta

from books import DAY, empty, filled
from ledger.statements import income, sheet


def test_income_is_of_those_days_only() -> None:
    journal = empty()
    for offset, cents in ((-1, 10), (0, 100), (1, 1000), (2, 10_000)):
        journal.post(DAY + timedelta(days=offset), "sale", [("1000", cents), ("4000", -cents)])
    journal.post(DAY, "rent", [("5000", 30), ("1000", -30)])
    assert income(journal, DAY, DAY + timedelta(days=1)) == {"income": {"4000": 1100}, "expense": {"5000": 30}, "profit": 1070}
    assert income(journal, DAY + timedelta(days=9), DAY + timedelta(days=9)) == {"income": {}, "expense": {}, "profit": 0}


def test_the_sheet_balances_on_any_day() -> None:
    journal = filled()
    for offset in range(-40, 41, 10):
        found = sheet(journal, DAY + timedelta(days=offset))
        others = sum(sum(found[kind].values()) for kind in ("liability", "equity"))
        assert sum(found["asset"].values()) == others + found["result"]
        assert set(found) == {"asset", "liability", "equity", "result"}


def test_profit_is_what_the_result_grows_by() -> None:
    journal = filled(seed=2)
    first, last = DAY - timedelta(days=5), DAY + timedelta(days=5)
    before = sheet(journal, first - timedelta(days=1))["result"]
    assert sheet(journal, last)["result"] - before == income(journal, first, last)["profit"]
