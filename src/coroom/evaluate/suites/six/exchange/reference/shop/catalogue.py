"""What there is."""

from shop.money import Money


class Catalogue:
    """Names and prices."""

    def __init__(self) -> None:
        self._prices: dict[str, Money] = {}

    def add(self, name: str, price: Money) -> None:
        """Something new."""
        if price.cents < 0 or name in self._prices:
            message = f"{name} cannot be added at {price}"
            raise ValueError(message)
        self._prices[name] = price

    def price(self, name: str) -> Money:
        """What it costs."""
        return self._prices[name]

    def names(self) -> list[str]:
        """All of them."""
        return sorted(self._prices)
