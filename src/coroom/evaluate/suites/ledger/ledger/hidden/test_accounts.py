import dataclasses

import pytest
from books import refused
from ledger.accounts import KINDS, Chart, sign


def test_accounts_are_opened_and_found() -> None:
    chart = Chart()
    account = chart.open("1000", "Cash", "asset")
    assert (account.number, account.name, account.kind, account.currency) == ("1000", "Cash", "asset", "EUR")
    assert chart.get("1000") == account
    chart.open("0999", "Safe", "asset", "USD")
    assert chart.numbers() == ["0999", "1000"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        account.name = "x"  # type: ignore[misc]


def test_kinds_count_debits_their_way() -> None:
    assert [sign(kind) for kind in KINDS] == [1, -1, -1, -1, 1]


@pytest.mark.parametrize("bad", [("100", "a", "asset", "EUR"), ("10000", "a", "asset", "EUR"), ("1000", "", "asset", "EUR"), ("1000", "a", "cash", "EUR"), ("1000", "a", "asset", "eur")])
def test_what_is_no_account_is_refused(bad: tuple[str, str, str, str]) -> None:
    chart = Chart()
    with refused("bad-input"):
        chart.open(*bad)
    assert chart.numbers() == []


def test_numbers_are_there_once_and_close_for_good() -> None:
    chart = Chart()
    chart.open("1000", "Cash", "asset")
    with refused("duplicate"):
        chart.open("1000", "Other", "income")
    assert chart.get("1000").name == "Cash"
    assert chart.active("1000")
    chart.close("1000")
    assert not chart.active("1000")
    for act in (chart.get, chart.close, chart.active):
        with refused("unknown"):
            act("9999")
