"""Periods that are closed."""

from datetime import date

from ledger.errors import Refused


class Periods:
    """Months."""

    def __init__(self) -> None:
        self._closed: set[tuple[int, int]] = set()

    def close_month(self, year: int, month: int) -> None:
        """No more entries in it."""
        if not 1 <= month <= 12:
            raise Refused("bad-input", f"no month {month}")
        if (year, month) in self._closed:
            raise Refused("duplicate", f"{year}-{month:02d} is closed")
        self._closed.add((year, month))

    def reopen_month(self, year: int, month: int) -> None:
        """Entries in it again."""
        if (year, month) not in self._closed:
            raise Refused("unknown", f"{year}-{month:02d} is not closed")
        self._closed.remove((year, month))

    def is_open(self, day: date) -> bool:
        """Whether it takes entries."""
        return not ((day.year, day.month) in self._closed)

    def check(self, day: date) -> None:
        """Refuse a day in a closed month."""
        if not self.is_open(day):
            raise Refused("closed", f"{day:%Y-%m} is closed")

    def closed(self) -> list[tuple[int, int]]:
        """All of them."""
        return sorted(self._closed)
