from datetime import date, timedelta

import pytest
from registration.age import check_born, years

TODAY = date(2026, 5, 20)


@pytest.mark.parametrize(
    ("born", "today", "full"),
    [
        (date(2000, 5, 20), TODAY, 26), (date(2000, 5, 21), TODAY, 25), (date(2000, 6, 1), TODAY, 25),
        (date(2000, 4, 30), TODAY, 26), (date(2004, 2, 29), date(2025, 2, 28), 20), (date(2004, 2, 29), date(2025, 3, 1), 21),
        (date(2004, 2, 29), date(2024, 2, 29), 20), (TODAY, TODAY, 0),
    ],
)  # fmt: skip
def test_years_are_full_years(born: date, today: date, full: int) -> None:
    assert years(born, today) == full


def test_one_is_old_enough_from_the_thirteenth_birthday_on() -> None:
    for offset in range(-400, 400):
        born = date(2013, 5, 20) + timedelta(days=offset)
        assert (check_born(born.isoformat(), TODAY) is None) == (born <= date(2013, 5, 20))


@pytest.mark.parametrize("text", ["", "20.5.2000", "2000-5-2", "2001-02-29", "2000-13-01", "2027-01-01", "1900-01-01", "20000520", "2000-05-20 "])
def test_what_is_no_such_day_gets_a_sentence(text: str) -> None:
    assert isinstance(check_born(text, TODAY), str)
