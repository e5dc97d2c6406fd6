"""The rows that an office works on: its tables, what programs read of them, and how an end is spoilt."""

from collections.abc import Callable, Sequence
from typing import Any

from coroom.evaluate.live.task import State, Step

SCHEMA: dict[str, dict[str, str]] = {
    "slots": {"slot": "TEXT", "day": "TEXT", "taken_by": "TEXT"},
    "waiting": {"who": "TEXT", "what": "TEXT"},
    "meetings": {"id": "TEXT", "day": "TEXT", "hour": "INTEGER"},
    "customers": {"name": "TEXT", "rep": "TEXT"},
    "todo": {"title": "TEXT", "owner": "TEXT", "priority": "INTEGER", "overdue": "INTEGER"},
    "expenses": {"id": "TEXT", "amount": "INTEGER", "approved": "INTEGER"},
    "prices": {"item": "TEXT", "amount": "INTEGER"},
}
"""The tables by their columns; the first is the key."""

Row = dict[str, Any]


def state_of(**rows: Sequence[Row]) -> State:
    """These rows by table, and nothing sent."""
    keys = {table: next(iter(columns)) for table, columns in SCHEMA.items()}
    held = {table: {row[keys[table]]: dict(row) for row in rows.get(table, ())} for table in SCHEMA}
    return {"rows": held, "keys": keys, "sent": []}


def read(name: str, table: str, **where: Any) -> Step:
    """A step that selects the rows of a table in which columns hold these values."""
    return Step(name, lambda _: ("select", {"table": table, "where": where}))


def rows_of(state: State, table: str) -> list[Row]:
    """All rows of a table."""
    return list(state["rows"][table].values())


def spoilt(table: str, wanted: Callable[[Row], bool], **changed: Any) -> Callable[[State], State]:
    """Spoils an end: sets columns of the first row (by key) that is meant."""

    def spoil(end: State) -> State:
        for key in sorted(end["rows"][table]):
            if wanted(end["rows"][table][key]):
                end["rows"][table][key].update(changed)
                break
        return end

    return spoil


def dropped(end: State, table: str, key: str) -> State:
    """An end spoilt one row."""
    end["rows"][table].pop(key, None)
    return end


def added(end: State, table: str, **row: Any) -> State:
    """An end with one row more."""
    end["rows"][table][row[end["keys"][table]]] = row
    return end
