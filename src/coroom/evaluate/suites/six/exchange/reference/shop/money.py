"""Money: whole cents and a currency."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Money:
    """An amount that is never rounded by itself."""

    cents: int
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if type(self.cents) is not int or not re.fullmatch("[A-Z]{3}", self.currency):
            message = f"no money: {self.cents!r} {self.currency!r}"
            raise ValueError(message)

    @classmethod
    def of(cls, text: str, currency: str = "EUR") -> "Money":
        """Read a decimal text."""
        found = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]{1,2}))?", text)
        if not found:
            message = f"no amount: {text!r}"
            raise ValueError(message)
        cents = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
        return cls(-cents if found[1] else cents, currency)

    def _same(self, other: "Money") -> None:
        if other.currency != self.currency:
            message = f"{self.currency} is not {other.currency}"
            raise ValueError(message)

    def __add__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(self.cents + other.cents, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(self.cents - other.cents, self.currency)

    def __mul__(self, count: int) -> "Money":
        if type(count) is not int:
            return NotImplemented
        return Money(self.cents * count, self.currency)

    def __lt__(self, other: "Money") -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.cents < other.cents

    def __gt__(self, other: "Money") -> bool:
        return other < self if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: "Money") -> bool:
        return other <= self if isinstance(other, Money) else NotImplemented

    def __le__(self, other: "Money") -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.cents <= other.cents

    def __str__(self) -> str:
        whole, rest = divmod(abs(self.cents), 100)
        return f"{'-' if self.cents < 0 else ''}{whole}.{rest:02d} {self.currency}"

    def split(self, n: int) -> "list[Money]":
        """In n parts that sum to the whole."""
        if n < 1:
            message = "at least one part"
            raise ValueError(message)
        share, rest = divmod(self.cents, n)
        return [Money(share + (index < rest), self.currency) for index in range(n)]
