from datetime import timedelta

from books import DAY, empty, filled
from ledger.reconcile import match


def later(days: int):  # type: ignore[no-untyped-def]
    return DAY + timedelta(days=days)


def test_equal_cents_on_near_days_belong_together() -> None:
    journal = empty()
    for cents in (10, 20, 30):
        journal.post(DAY, "in", [("1000", cents), ("4000", -cents)])
    journal.post(DAY, "out", [("5000", 5), ("1000", -5)])
    bank = [(later(3), 10), (later(-3), -5), (later(4), 20), (DAY, 31)]
    assert match(journal, "1000", bank) == {"matched": [(1, 0), (4, 1)], "ledger_only": [2, 3], "bank_only": [2, 3]}
    assert match(journal, "1000", bank, days=4)["matched"] == [(1, 0), (2, 2), (4, 1)]


def test_nearer_days_go_first_and_each_is_used_once() -> None:
    journal = empty()
    for day in (later(0), later(2)):
        journal.post(day, "in", [("1000", 10), ("4000", -10)])
    assert match(journal, "1000", [(later(2), 10)]) == {"matched": [(2, 0)], "ledger_only": [1], "bank_only": []}
    assert match(journal, "1000", [(later(1), 10), (later(1), 10), (later(1), 10)])["matched"] == [(1, 0), (2, 1)]


def test_the_books_of_a_bank_that_agrees_match_whole() -> None:
    journal = filled()
    bank = [(e.day, line.cents) for e in journal.entries() for line in e.lines if line.account == "1000"]
    found = match(journal, "1000", bank)
    assert found["ledger_only"] == found["bank_only"] == []
    assert sorted(index for _, index in found["matched"]) == list(range(len(bank)))
