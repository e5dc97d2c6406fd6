from datetime import timedelta

from books import ACCOUNTS, DAY, empty, filled, refused
from ledger.balances import balance, history, trial


def test_balances_count_as_the_kind_does_up_to_the_day() -> None:
    journal = empty()
    journal.post(DAY, "sale", [("1000", 100), ("4000", -100)])
    journal.post(DAY + timedelta(days=1), "rent", [("5000", 30), ("1000", -30)])
    assert [balance(journal, n) for n in ("1000", "4000", "5000", "2000")] == [70, 100, 30, 0]
    assert balance(journal, "1000", DAY) == 100
    assert balance(journal, "1000", DAY - timedelta(days=1)) == 0
    with refused("unknown"):
        balance(journal, "9999")


def test_the_trial_balance_sums_to_zero_on_any_day() -> None:
    journal = filled()
    for offset in range(-40, 41, 8):
        found = trial(journal, DAY + timedelta(days=offset))
        assert sum(found.values()) == 0
        assert list(found) == sorted(found)


def test_history_ends_at_the_balance_and_goes_by_day() -> None:
    journal = filled()
    for number in ACCOUNTS:
        lines = history(journal, number)
        assert [(day, entry) for day, entry, _, _ in lines] == sorted((day, entry) for day, entry, _, _ in lines)
        running = 0
        for _, _, cents, after in lines:
            running += cents
            assert after == running
        assert running == balance(journal, number)
