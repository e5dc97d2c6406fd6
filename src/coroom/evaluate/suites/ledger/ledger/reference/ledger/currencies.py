"""Rates."""

import re
from datetime import date
from fractions import Fraction

from ledger.errors import Refused


class Rates:
    """By day and pair."""

    def __init__(self) -> None:
        self._rates: dict[tuple[str, str], dict[date, Fraction]] = {}

    def set(self, day: date, source: str, target: str, rate: str) -> None:
        """From that day on."""
        if source == target or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", rate) or not Fraction(rate):
            raise Refused("bad-input", f"no rate: {source} {target} {rate}")
        self._rates.setdefault((source, target), {})[day] = Fraction(rate)

    def _newest(self, day: date, source: str, target: str) -> tuple[date, Fraction] | None:
        fitting = [(known, rate) for known, rate in self._rates.get((source, target), {}).items() if known <= day]
        return max(fitting, default=None)

    def rate(self, day: date, source: str, target: str) -> Fraction:
        """The one that counts on that day."""
        if source == target:
            return Fraction(1)
        there, back = self._newest(day, source, target), self._newest(day, target, source)
        if there and (back is None or there[0] >= back[0]):
            return there[1]
        if back:
            return 1 / back[1]
        raise Refused("unknown", f"no rate of {source} in {target}")

    def convert(self, cents: int, day: date, source: str, target: str) -> int:
        """Rounded half away from zero."""
        exact = abs(cents) * self.rate(day, source, target)
        whole = int(exact + Fraction(1, 2))
        return -whole if cents < 0 else whole
