"""Values that things are likely to have, by the words in their names."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

TEXTS: Sequence[tuple[tuple[str, ...], tuple[str, ...]]] = (
    (("mail", "email"), ("ann@x.org", "Bob@X.org", "")),
    (("path", "url", "route"), ("/users", "/a")),
    (("method", "verb"), ("GET", "POST")),
    (("title", "name", "label", "word", "memo", "author"), ("Red lamp", "blue")),
    (("src", "source", "expr", "code", "program"), ("1 + 2 - x", "5 - 2 - 1", "1024 + 7", "a b")),
    (("text", "line", "csv", "content", "body"), ("Red lamp", "1 - 2 - x", "h,k\nb,2\n\na,1\na,1")),
    (("date", "day"), ("2024-03-01", "2024-02-28")),
    (("currency",), ("EUR", "USD")),
)
NUMBERS: Sequence[tuple[tuple[str, ...], tuple[int, ...]]] = (
    (("cent", "amount", "price", "value", "total", "balance"), (105, 123_456, 250)),
    (("limit", "room", "count", "size", "n", "max", "capacity", "tries", "retries"), (3, 1, 0)),
    (("status",), (200, 404, 500)),
    (("id", "number"), (1, 2)),
    (("index", "pos", "offset"), (0, 1)),
)
CALLED = frozenset({"callback", "listener", "handler", "hook", "fn", "func", "action", "subscriber"})
"""The last words of what is called."""

DAYS = (date(2024, 3, 1), date(2024, 2, 28), date(2024, 3, 9))
FLOATS = (12.3456, 0.004, 100.5, 7.25)


def by_type(name: str) -> tuple[Any, ...]:
    """Values of a type of the library."""
    match name:
        case "Decimal":
            return tuple(Decimal(str(each)) for each in FLOATS)
        case "date":
            return DAYS
        case "datetime":
            return tuple(datetime.combine(each, time(9, 30)) for each in DAYS)
        case "time":
            return (time(9, 30), time(8), time(17, 15))
        case "timedelta":
            return (timedelta(days=1), timedelta(days=7), timedelta(hours=2))
        case "bytes":
            return (b"ab", b"c")
    return ()


def words_in(name: str) -> list[str]:
    """The words that a name is made of."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.replace("_", " ").split()


@lru_cache(maxsize=2048)
def by_name(name: str, table: Sequence[tuple[tuple[str, ...], tuple[Any, ...]]]) -> tuple[Any, ...]:
    """What a table has for a name, by the words in it."""
    said = words_in(name)
    for words, values in table:
        if any(word in {one, f"{one}s"} for one in words for word in said):
            return values
    return ()
