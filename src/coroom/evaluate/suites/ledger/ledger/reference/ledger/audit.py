"""The audit trail."""

import hashlib
from collections.abc import Iterable

Record = tuple[int, str, str, str, str]


def _digest(previous: str, number: int, who: str, what: str, about: str) -> str:
    return hashlib.sha256("\n".join([previous, str(number), who, what, about]).encode()).hexdigest()


class Trail:
    """A chain of records."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def add(self, who: str, what: str, about: str) -> Record:
        """One more."""
        previous = self._records[-1][4] if self._records else ""
        number = len(self._records) + 1
        self._records.append((number, who, what, about, _digest(previous, number, who, what, about)))
        return self._records[-1]

    def records(self) -> list[Record]:
        """All of them."""
        return list(self._records)


def verify(records: Iterable[Record]) -> int:
    """The first that is not right, or 0."""
    previous = ""
    for number, who, what, about, digest in records:
        if digest != _digest(previous, number, who, what, about):
            return number
        previous = digest
    return 0
