"""Discounts."""

from collections.abc import Sequence
from typing import Any

from shop.cart import Cart
from shop.money import Money


def half_up(numerator: int, denominator: int) -> int:
    """The quotient, rounded half away from zero."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def percent(amount: Money, rate: int) -> Money:
    """So much of it."""
    if not 0 <= rate <= 100:
        message = f"no rate: {rate}"
        raise ValueError(message)
    return Money(half_up(amount.cents * rate, 100), amount.currency)


def _worth(amount: Money, offer: tuple[Any, ...]) -> Money:
    none = Money(0, amount.currency)
    match offer:
        case ("percent", rate):
            return percent(amount, rate)
        case ("fixed", off):
            return off if off.currency == amount.currency else none
        case ("threshold", least, off):
            fits = least.currency == off.currency == amount.currency and amount >= least
            return off if fits else none
    message = f"no offer: {offer}"
    raise ValueError(message)


def best(amount: Money, offers: Sequence[tuple[Any, ...]]) -> Money:
    """The largest, never more than the amount."""
    none = Money(0, amount.currency)
    return min(max((_worth(amount, offer) for offer in offers), default=none), amount)


def discounted(cart: Cart, offers: Sequence[tuple[Any, ...]]) -> Money:
    """What is left to pay."""
    total = cart.total()
    return total - best(total, offers)
