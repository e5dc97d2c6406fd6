"""The receipt."""

from collections.abc import Mapping, Sequence
from typing import Any

from shop.cart import Cart
from shop.discount import best, discounted
from shop.money import Money
from shop.tax import RATES, report


def receipt(cart: Cart, offers: Sequence[tuple[Any, ...]], kinds: Mapping[str, str]) -> str:
    """As it is printed."""
    lines = [f"{count} x {name} {amount}" for name, count, amount in cart.lines()]
    off = best(cart.total(), offers)
    if off.cents:
        lines.append(f"discount {Money(-off.cents, off.currency)}")
    lines.append(f"total {discounted(cart, offers)}")
    taxes = report(cart, kinds)
    for kind in sorted(taxes, key=lambda kind: -RATES[kind]):
        if RATES[kind]:
            lines.append(f"{RATES[kind]}% {taxes[kind]['tax']}")
    return "\n".join(lines)


def shares(cart: Cart, offers: Sequence[tuple[Any, ...]], n: int) -> list[Money]:
    """What each of n people pays."""
    return discounted(cart, offers).split(n)
