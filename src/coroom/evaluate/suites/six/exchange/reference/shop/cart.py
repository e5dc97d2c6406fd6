"""What somebody wants."""

from shop.catalogue import Catalogue
from shop.money import Money


class Cart:
    """Names and counts."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._counts: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> None:
        """More of it."""
        self.catalogue.price(name)
        if count < 1:
            message = "at least one"
            raise ValueError(message)
        self._counts[name] = self._counts.get(name, 0) + count

    def remove(self, name: str, count: int = 1) -> None:
        """Less of it."""
        if count < 1 or count > self._counts.get(name, 0):
            message = f"there are not {count} of {name}"
            raise ValueError(message)
        self._counts[name] -= count
        if not self._counts[name]:
            del self._counts[name]

    def lines(self) -> list[tuple[str, int, Money]]:
        """What it holds."""
        return [(name, count, self.catalogue.price(name) * count) for name, count in sorted(self._counts.items())]

    def total(self) -> Money:
        """What it costs."""
        lines = self.lines()
        found = Money(0, lines[0][2].currency) if lines else Money(0)
        for _, _, amount in lines:
            found += amount
        return found
