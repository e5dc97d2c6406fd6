from pathlib import Path

from shop.price import PRICE


def _lines() -> list[str]:
    return Path("outbox/sent.txt").read_text().splitlines()


def test_customers_know_the_price() -> None:
    assert _lines()[-1].endswith(f"the lamp costs {PRICE}")


def test_it_was_announced_once_and_corrected_where_it_was_wrong() -> None:
    first, *others = _lines()
    assert first in {"the lamp costs 10", "the lamp costs 12"}
    assert others == ([] if first == f"the lamp costs {PRICE}" else [f"correction: the lamp costs {PRICE}"])
