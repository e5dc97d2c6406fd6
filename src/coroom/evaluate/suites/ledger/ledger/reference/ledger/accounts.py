"""The chart of accounts."""

import re
from dataclasses import dataclass

from ledger.errors import Refused

KINDS = ("asset", "liability", "equity", "income", "expense")


@dataclass(frozen=True)
class Account:
    """One account."""

    number: str
    name: str
    kind: str
    currency: str


def sign(kind: str) -> int:
    """How its kind counts a debit."""
    return 1 if kind in {"asset", "expense"} else -1


class Chart:
    """All accounts."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._closed: set[str] = set()

    def open(self, number: str, name: str, kind: str, currency: str = "EUR") -> Account:
        """A new account."""
        good = re.fullmatch("[0-9]{4}", number) and name and kind in KINDS and re.fullmatch("[A-Z]{3}", currency)
        if not good:
            raise Refused("bad-input", f"no account: {number} {name} {kind} {currency}")
        if number in self._accounts:
            raise Refused("duplicate", f"{number} is there")
        self._accounts[number] = Account(number, name, kind, currency)
        return self._accounts[number]

    def get(self, number: str) -> Account:
        """By its number."""
        if number not in self._accounts:
            raise Refused("unknown", f"no account {number}")
        return self._accounts[number]

    def numbers(self) -> list[str]:
        """All of them."""
        return sorted(self._accounts)

    def close(self, number: str) -> None:
        """Take no more entries."""
        self._closed.add(self.get(number).number)

    def active(self, number: str) -> bool:
        """Whether it takes entries."""
        return self.get(number).number not in self._closed
