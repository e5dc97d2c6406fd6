"""What there is."""

from shop.money import Price


class Catalogue:
    """Names and prices."""

    def __init__(self) -> None:
        self._prices: dict[str, Price] = {}

    def add(self, name: str, price: Price) -> None:
        """Something new."""
        self._prices[name] = price

    def price(self, name: str) -> Price:
        """What it costs."""
        return self._prices[name]
