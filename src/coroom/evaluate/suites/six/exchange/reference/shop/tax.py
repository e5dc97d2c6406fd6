"""Tax."""

from collections.abc import Mapping

from shop.cart import Cart
from shop.money import Money

RATES = {"standard": 19, "reduced": 7, "none": 0}


def included(gross: Money, kind: str) -> Money:
    """The tax inside an amount."""
    if kind not in RATES:
        message = f"no kind: {kind}"
        raise ValueError(message)
    rate = RATES[kind]
    whole = 100 + rate
    sign = -1 if gross.cents < 0 else 1
    return Money(sign * ((2 * abs(gross.cents) * rate + whole) // (2 * whole)), gross.currency)


def report(cart: Cart, kinds: Mapping[str, str]) -> dict[str, dict[str, Money]]:
    """By kind."""
    sums: dict[str, Money] = {}
    for name, _, amount in cart.lines():
        kind = kinds.get(name, "standard")
        sums[kind] = sums[kind] + amount if kind in sums else amount
    found = {}
    for kind, gross in sums.items():
        tax = included(gross, kind)
        found[kind] = {"gross": gross, "tax": tax, "net": gross - tax}
    return found
