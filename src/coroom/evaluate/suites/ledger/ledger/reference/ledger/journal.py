"""The journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger.accounts import Chart
from ledger.errors import Refused


@dataclass(frozen=True)
class Line:
    """Debit above zero, credit below."""

    account: str
    cents: int


@dataclass(frozen=True)
class Entry:
    """What belongs together."""

    id: int
    day: date
    text: str
    lines: tuple[Line, ...]


class Journal:
    """All entries."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self._entries: list[Entry] = []
        self._reversed: set[int] = set()

    def check(self, text: str, lines: Sequence[tuple[str, int]]) -> None:
        """Refuse what cannot be posted."""
        if len(lines) < 2 or not text or any(type(cents) is not int or cents == 0 for _, cents in lines):
            raise Refused("bad-input", "an entry has a text and two lines of cents")
        accounts = [self.chart.get(number) for number, _ in lines]
        if not all(self.chart.active(account.number) for account in accounts):
            raise Refused("closed", "an account is closed")
        if len({account.currency for account in accounts}) > 1:
            raise Refused("currency", "an entry has one currency")
        if sum(cents for _, cents in lines):
            raise Refused("unbalanced", "debits and credits differ")

    def post(self, day: date, text: str, lines: Sequence[tuple[str, int]]) -> Entry:
        """A new entry."""
        self.check(text, lines)
        entry = Entry(len(self._entries) + 1, day, text, tuple(Line(*line) for line in lines))
        self._entries.append(entry)
        return entry

    def entries(self) -> list[Entry]:
        """By id."""
        return list(self._entries)

    def entry(self, number: int) -> Entry:
        """By its id."""
        if not 1 <= number <= len(self._entries):
            raise Refused("unknown", f"no entry {number}")
        return self._entries[number - 1]

    def reverse(self, number: int, day: date) -> Entry:
        """Turn an entry round, once."""
        entry = self.entry(number)
        if number in self._reversed:
            raise Refused("duplicate", f"{number} is reversed")
        made = self.post(day, f"Reversal of #{number}: {entry.text}", [(li.account, -li.cents) for li in entry.lines])
        self._reversed.add(number)
        return made
