import dataclasses
import random

import pytest
import shop.money
from shop.money import Money


def test_money_is_a_frozen_value() -> None:
    assert Money(5) == Money(5, "EUR") != Money(5, "USD")
    assert len({Money(5), Money(5)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        Money(5).cents = 6  # type: ignore[misc]


@pytest.mark.parametrize(("cents", "currency"), [(1.5, "EUR"), ("1", "EUR"), (True, "EUR"), (1, "eur"), (1, "EURO"), (1, "")])
def test_what_is_no_money_is_refused(cents: int, currency: str) -> None:
    with pytest.raises(ValueError):
        Money(cents, currency)


def test_it_is_counted_with_as_whole_cents() -> None:
    chance = random.Random(1)
    for _ in range(200):
        a, b, n = chance.randrange(-999, 999), chance.randrange(-999, 999), chance.randrange(-5, 6)
        assert Money(a) + Money(b) == Money(a + b)
        assert Money(a) - Money(b) == Money(a - b)
        assert Money(a) * n == Money(a * n)
        assert [Money(a) < Money(b), Money(a) <= Money(b), Money(a) > Money(b), Money(a) >= Money(b)] == [a < b, a <= b, a > b, a >= b]


def test_currencies_do_not_mix_and_numbers_are_no_money() -> None:
    for act in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b):
        with pytest.raises(ValueError):
            act(Money(1), Money(1, "USD"))
        with pytest.raises(TypeError):
            act(Money(1), 1)
    with pytest.raises(TypeError):
        Money(1) * 1.5  # type: ignore[operator]


@pytest.mark.parametrize(("text", "cents"), [("12.34", 1234), ("0.5", 50), ("7", 700), ("-0.05", -5), ("0.1", 10)])
def test_texts_are_read_exactly(text: str, cents: int) -> None:
    assert Money.of(text, "USD") == Money(cents, "USD")


@pytest.mark.parametrize("text", ["", "1.234", " 1", "1,5", "1e2", ".5", "1.", "--1", "nan"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Money.of(text, "EUR")


@pytest.mark.parametrize(("money", "text"), [(Money(1234), "12.34 EUR"), (Money(-5), "-0.05 EUR"), (Money(0, "JPY"), "0.00 JPY"), (Money(-1200), "-12.00 EUR")])
def test_it_is_written_with_two_places(money: Money, text: str) -> None:
    assert str(money) == text


def test_parts_sum_to_the_whole() -> None:
    for cents in (*range(-20, 21), 1001):
        for n in range(1, 8):
            parts = [part.cents for part in Money(cents).split(n)]
            assert (len(parts), sum(parts)) == (n, cents)
            assert max(parts) - min(parts) <= 1
            assert parts == sorted(parts, reverse=True)
    with pytest.raises(ValueError):
        Money(1).split(0)


def test_floats_are_gone() -> None:
    assert not hasattr(shop.money, "Price")
