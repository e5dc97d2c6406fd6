from datetime import date

import pytest
from books import refused
from ledger.periods import Periods


def test_a_closed_month_takes_nothing_and_only_that_month() -> None:
    periods = Periods()
    periods.close_month(2026, 2)
    assert periods.closed() == [(2026, 2)]
    for day in (date(2026, 2, 1), date(2026, 2, 28)):
        assert not periods.is_open(day)
        with refused("closed"):
            periods.check(day)
    for day in (date(2026, 1, 31), date(2026, 3, 1), date(2025, 2, 10)):
        periods.check(day)
        assert periods.is_open(day)


def test_months_close_and_open_once() -> None:
    periods = Periods()
    periods.close_month(2026, 2)
    with refused("duplicate"):
        periods.close_month(2026, 2)
    periods.reopen_month(2026, 2)
    assert periods.is_open(date(2026, 2, 3))
    with refused("unknown"):
        periods.reopen_month(2026, 2)


@pytest.mark.parametrize("month", [0, 13, -1])
def test_there_are_twelve_months(month: int) -> None:
    with refused("bad-input"):
        Periods().close_month(2026, month)
