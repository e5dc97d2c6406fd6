from fractions import Fraction

import pytest
from carts import cart_of
from shop.discount import best, discounted, percent
from shop.money import Money


def test_percents_are_rounded_half_up() -> None:
    for cents in range(300):
        for rate in (0, 5, 15, 33, 50, 100):
            exact = Fraction(cents * rate, 100)
            assert percent(Money(cents), rate) == Money(int(exact + Fraction(1, 2)))
    assert percent(Money(50, "USD"), 5) == Money(3, "USD")


@pytest.mark.parametrize("rate", [-1, 101])
def test_a_rate_is_from_0_to_100(rate: int) -> None:
    with pytest.raises(ValueError):
        percent(Money(1), rate)


@pytest.mark.parametrize(
    ("offers", "cents"),
    [
        ([], 0),
        ([("percent", 10)], 100),
        ([("percent", 10), ("fixed", Money(150))], 150),
        ([("fixed", Money(5000))], 1000),
        ([("threshold", Money(1000), Money(300))], 300),
        ([("threshold", Money(1001), Money(300))], 0),
        ([("fixed", Money(500, "USD")), ("percent", 1)], 10),
        ([("threshold", Money(1, "USD"), Money(300, "USD"))], 0),
    ],
)
def test_the_best_offer_counts(offers: list[tuple[object, ...]], cents: int) -> None:
    assert best(Money(1000), offers) == Money(cents)


def test_a_cart_costs_less_by_its_best_offer() -> None:
    assert discounted(cart_of(tea=2), [("percent", 10), ("fixed", Money(50))]) == Money(630)
    assert discounted(cart_of(), [("fixed", Money(50))]) == Money(0)
