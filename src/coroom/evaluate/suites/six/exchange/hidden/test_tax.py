from fractions import Fraction

import pytest
from carts import cart_of
from shop.money import Money
from shop.tax import RATES, included, report


def test_the_tax_is_inside_the_gross() -> None:
    assert RATES == {"standard": 19, "reduced": 7, "none": 0}
    for kind, rate in RATES.items():
        for gross in range(0, 2000, 7):
            exact = Fraction(gross * rate, 100 + rate)
            assert included(Money(gross), kind) == Money(int(exact + Fraction(1, 2)))


def test_it_is_worked_out_once_on_each_sum() -> None:
    found = report(cart_of(tea=3, cake=2, mug=1), {"tea": "reduced", "cake": "reduced"})
    assert set(found) == {"reduced", "standard"}
    assert found["reduced"]["gross"] == Money(3 * 350 + 2 * 499)
    for kind, parts in found.items():
        assert parts["tax"] == included(parts["gross"], kind)
        assert parts["net"] + parts["tax"] == parts["gross"]
    assert report(cart_of(), {}) == {}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError):
        included(Money(1), "luxury")
    with pytest.raises(ValueError):
        report(cart_of(tea=1), {"tea": "luxury"})
