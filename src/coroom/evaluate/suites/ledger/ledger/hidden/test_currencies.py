from datetime import date
from fractions import Fraction

import pytest
from books import refused
from ledger.currencies import Rates


def rates() -> Rates:
    found = Rates()
    found.set(date(2026, 1, 1), "EUR", "USD", "1.25")
    found.set(date(2026, 3, 1), "EUR", "USD", "1.5")
    found.set(date(2026, 2, 1), "USD", "EUR", "0.5")
    return found


@pytest.mark.parametrize(
    ("day", "source", "target", "rate"),
    [
        (date(2026, 1, 1), "EUR", "USD", Fraction(5, 4)), (date(2026, 1, 31), "USD", "EUR", Fraction(4, 5)), (date(2026, 2, 1), "EUR", "USD", Fraction(2)),
        (date(2026, 2, 9), "USD", "EUR", Fraction(1, 2)), (date(2026, 3, 5), "EUR", "USD", Fraction(3, 2)), (date(2020, 1, 1), "EUR", "EUR", Fraction(1)),
    ],
)  # fmt: skip
def test_the_newest_rate_either_way_counts(day: date, source: str, target: str, rate: Fraction) -> None:
    assert rates().rate(day, source, target) == rate


def test_before_the_first_rate_there_is_none() -> None:
    with refused("unknown"):
        rates().rate(date(2025, 12, 31), "EUR", "USD")
    with refused("unknown"):
        rates().rate(date(2026, 5, 1), "EUR", "JPY")


def test_amounts_are_rounded_half_away_from_zero() -> None:
    day = date(2026, 1, 1)
    assert [rates().convert(cents, day, "EUR", "USD") for cents in (2, -2, 1, 100, 0)] == [3, -3, 1, 125, 0]


@pytest.mark.parametrize(("target", "rate"), [("USD", "0"), ("USD", "-1"), ("USD", "a"), ("USD", "1e3"), ("EUR", "1")])
def test_what_is_no_rate_is_refused(target: str, rate: str) -> None:
    with refused("bad-input"):
        Rates().set(date(2026, 1, 1), "EUR", target, rate)
