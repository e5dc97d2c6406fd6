"""What somebody wants."""

from shop.catalogue import Catalogue
from shop.money import Price


class Cart:
    """Names and counts."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._counts: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> None:
        """More of it."""
        self.catalogue.price(name)
        self._counts[name] = self._counts.get(name, 0) + count

    def total(self) -> Price:
        """What it costs."""
        found = Price(0.0)
        for name, count in self._counts.items():
            found = found + self.catalogue.price(name).times(count)
        return found
