"""All of it together."""

from collections.abc import Sequence
from datetime import date

from ledger.accounts import Chart
from ledger.audit import Trail
from ledger.balances import balance
from ledger.errors import Refused
from ledger.idempotency import Once
from ledger.journal import Journal
from ledger.periods import Periods
from ledger.permissions import People


class Service:
    """What the outside talks to."""

    def __init__(self) -> None:
        self.chart = Chart()
        self.journal = Journal(self.chart)
        self.periods = Periods()
        self.people = People()
        self.trail = Trail()
        self._once = Once()

    def open_account(self, who: str, number: str, name: str, kind: str) -> None:
        """A new account."""
        self.people.check(who, "post")
        self.chart.open(number, name, kind)
        self.trail.add(who, "open", number)

    def post(self, who: str, key: str, day: date, text: str, lines: Sequence[tuple[str, int]]) -> int:
        """A new entry, once for a key."""
        self.people.check(who, "post")

        def act() -> int:
            self.periods.check(day)
            entry = self.journal.post(day, text, lines)
            self.trail.add(who, "post", str(entry.id))
            return entry.id

        found: int = self._once.run(key, (who, day, text, tuple(map(tuple, lines))), act)
        return found

    def transfer(self, who: str, key: str, day: date, source: str, target: str, cents: int) -> int:
        """From one account to another."""
        self.people.check(who, "post")
        if cents < 1:
            raise Refused("bad-input", "at least a cent")

        def act() -> int:
            self.periods.check(day)
            if self.chart.get(source).kind == "asset" and cents > balance(self.journal, source):
                raise Refused("insufficient", f"{source} has less")
            entry = self.journal.post(day, "Transfer", [(target, cents), (source, -cents)])
            self.trail.add(who, "post", str(entry.id))
            return entry.id

        found: int = self._once.run(key, (who, day, source, target, cents), act)
        return found

    def reverse(self, who: str, second: str, number: int, day: date) -> int:
        """Turn an entry round, under four eyes."""
        self.people.check(who, "reverse")
        self.people.four_eyes(who, second)
        self.periods.check(day)
        entry = self.journal.reverse(number, day)
        self.trail.add(who, "reverse", str(entry.id))
        return entry.id

    def close_month(self, who: str, year: int, month: int) -> None:
        """No more entries in it."""
        self.people.check(who, "close")
        self.periods.close_month(year, month)
        self.trail.add(who, "close", f"{year}-{month:02d}")

    def balance(self, who: str, account: str) -> int:
        """As the account's kind counts."""
        self.people.check(who, "read")
        return balance(self.journal, account)
