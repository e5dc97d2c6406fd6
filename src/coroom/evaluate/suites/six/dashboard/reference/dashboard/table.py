"""The table."""

from typing import Any

Row = dict[str, Any]


def sort(rows: list[Row], key: str, descending: bool = False) -> list[Row]:
    """A new list; `sorted` keeps equal rows in order also in reverse."""
    return sorted(rows, key=lambda row: row[key], reverse=descending)


def filter(rows: list[Row], **wanted: Any) -> list[Row]:
    """The rows that have what is wanted."""
    sets = {key: value if isinstance(value, list | tuple | set) else (value,) for key, value in wanted.items()}
    return [row for row in rows if all(row[key] in values for key, values in sets.items())]


def search(rows: list[Row], text: str) -> list[Row]:
    """The rows that say it."""
    text = text.casefold()
    return [row for row in rows if text in row["region"].casefold() or text in row["product"].casefold()]


def page(rows: list[Row], number: int, size: int) -> dict[str, Any]:
    """One page of them."""
    if size < 1:
        message = "a page holds at least one row"
        raise ValueError(message)
    pages = max(1, -(-len(rows) // size))
    number = min(max(number, 1), pages)
    return {"rows": rows[(number - 1) * size : number * size], "number": number, "pages": pages, "total": len(rows)}
