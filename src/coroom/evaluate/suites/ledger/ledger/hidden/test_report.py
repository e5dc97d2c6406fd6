import pytest
from books import DAY, empty, filled
from ledger.balances import trial
from ledger.report import money, table


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456, "1,234.56"), (-100000000, "-1,000,000.00")])
def test_money_has_two_places_and_commas(cents: int, text: str) -> None:
    assert money(cents) == text


def test_the_table_is_the_trial_balance() -> None:
    journal = empty()
    journal.post(DAY, "sale", [("1000", 123456), ("4000", -123456)])
    journal.post(DAY, "in and out", [("1200", 5), ("2000", -5)])
    journal.post(DAY, "back", [("2000", 5), ("1200", -5)])
    assert table(journal).split("\n") == [
        "1000 asset 1000            1,234.56 D",
        "4000 income 4000           1,234.56 C",
        "-" * 33,
        "total                      1,234.56 D",
        "total                      1,234.56 C",
    ]


def test_debits_and_credits_are_told_by_their_letters() -> None:
    journal = filled()
    lines = table(journal).split("\n")[:-3]
    sums = {number: cents for number, cents in trial(journal).items() if cents}
    assert [line[:4] for line in lines] == list(sums)
    for line, cents in zip(lines, sums.values(), strict=True):
        assert line.endswith("D" if cents > 0 else "C")
        assert "-" not in line
