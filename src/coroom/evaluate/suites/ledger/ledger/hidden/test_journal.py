import pytest
from books import DAY, empty, refused


def test_entries_are_numbered_and_kept() -> None:
    journal = empty()
    first = journal.post(DAY, "one", [("1000", 5), ("4000", -5)])
    second = journal.post(DAY, "two", [("5000", 3), ("1000", -1), ("1200", -2)])
    assert [entry.id for entry in journal.entries()] == [1, 2]
    assert journal.entry(2) == second
    assert [(line.account, line.cents) for line in first.lines] == [("1000", 5), ("4000", -5)]
    with refused("unknown"):
        journal.entry(3)
    with refused("unknown"):
        journal.entry(0)


@pytest.mark.parametrize(
    ("text", "lines", "code"),
    [
        ("x", [("1000", 5)], "bad-input"), ("x", [("1000", 5), ("4000", 0), ("5000", -5)], "bad-input"), ("", [("1000", 5), ("4000", -5)], "bad-input"),
        ("x", [("1000", 5.0), ("4000", -5.0)], "bad-input"), ("x", [("1000", 5), ("9999", -5)], "unknown"), ("x", [("1000", 5), ("4000", -4)], "unbalanced"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused_and_changes_nothing(text: str, lines: list[tuple[str, int]], code: str) -> None:
    journal = empty()
    with refused(code):
        journal.post(DAY, text, lines)
    assert journal.entries() == []


def test_closed_accounts_and_mixed_currencies_take_nothing() -> None:
    journal = empty()
    journal.chart.open("1300", "Dollars", "asset", "USD")
    with refused("currency"):
        journal.post(DAY, "x", [("1000", 5), ("1300", -5)])
    journal.chart.close("1000")
    with refused("closed"):
        journal.post(DAY, "x", [("1000", 5), ("4000", -5)])


def test_an_entry_is_reversed_once() -> None:
    journal = empty()
    journal.post(DAY, "rent", [("5000", 7), ("1000", -7)])
    made = journal.reverse(1, DAY)
    assert (made.id, made.text) == (2, "Reversal of #1: rent")
    assert [(line.account, line.cents) for line in made.lines] == [("5000", -7), ("1000", 7)]
    with refused("duplicate"):
        journal.reverse(1, DAY)
    assert journal.reverse(2, DAY).text == "Reversal of #2: Reversal of #1: rent"
    with refused("unknown"):
        journal.reverse(9, DAY)
