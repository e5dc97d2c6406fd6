"""What things cost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """An amount in euros."""

    amount: float

    def __add__(self, other: "Price") -> "Price":
        return Price(self.amount + other.amount)

    def times(self, count: int) -> "Price":
        """So many of it."""
        return Price(self.amount * count)

    def __str__(self) -> str:
        return f"{self.amount:.2f}"
