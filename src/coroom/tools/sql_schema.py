"""What the SQL tools know of a database: its tables, how their values compare, and how to speak to it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

NOTHING = "\0"
"""NULL in the name of a predicate: no text that a database holds."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")

Row = dict[str, object]
"""A row as JSON values: two rows are equal exactly when the database holds the same in both."""


class Comparison(StrEnum):
    """How a column's values compare, as far as it matters for telling two predicates apart."""

    WHOLE = "whole"
    TEXT = "text"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` is the database's own word for it."""

    name: str
    type: str
    comparison: Comparison

    def word(self, value: object) -> str | None:
        """The value as it stands in a predicate's name: equal for all that the database holds for equal.

        None when that cannot be said; the predicate is then widened by leaving the column out.
        """
        if value is None:
            return NOTHING
        if self.comparison is Comparison.WHOLE and isinstance(value, (int, str)):
            text = str(int(value)) if isinstance(value, bool) else str(value).strip()
            return str(int(text)) if _WHOLE.fullmatch(text) else None
        if self.comparison is Comparison.TEXT and isinstance(value, (str, int)) and not isinstance(value, bool):
            return str(value)
        return None


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key, seen from one of its sides: the columns of mine that equal those of the other table."""

    mine: tuple[str, ...]
    other: str
    theirs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `numbered` is the key column that the database fills in; `unseen` says why writes are refused;
    `refers` and `referred` are the foreign keys that the database checks when its rows come and go.
    """

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    numbered: str = ""
    unseen: str = ""
    refers: tuple[Reference, ...] = ()
    referred: tuple[Reference, ...] = ()


class Session(Protocol):
    """One open transaction."""

    def select(self, table: Table, where: Row, *, for_change: bool = False, limit: int = 0) -> list[Row]:
        """The rows with these values, ordered by key; locked against others when they are to be changed."""
        ...

    def insert(self, table: Table, values: Row) -> Row:
        """Add a row, and return its key."""
        ...

    def update(self, table: Table, key: Row, values: Row, add: Row) -> None:
        """Set columns of the row with this key, and add to columns."""
        ...

    def delete(self, table: Table, key: Row) -> None:
        """Remove the row with this key."""
        ...

    def numbering(self, table: Table) -> str:
        """Where the allocator of a numbered table stands."""
        ...

    def renumber(self, table: Table, expected: str, number: str) -> None:
        """Put the allocator back to `number`, if it stands at `expected`; a gap is left where it does not."""
        ...

    def call(self, call: str) -> tuple[str, str, str] | None:
        """State, result and change of a call, from the table of calls; locked."""
        ...

    def keep_call(self, call: str, state: str, result: str, change: str) -> None:
        """Write them."""
        ...

    def drop_call(self, call: str) -> None:
        """Remove a call and its repetitions, which have its name with a number after a dot."""
        ...


class Database(Protocol):
    """One database, open. Safe to use from several threads."""

    name: str
    failures: tuple[type[Exception], ...]
    """What is raised for a statement that the database declined, having done nothing."""

    def tables(self) -> Mapping[str, Table]:
        """The tables that the tools may act on, read once."""
        ...

    def transaction(self) -> AbstractContextManager[Session]:
        """All of it happens, or nothing."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


def linked(tables: Mapping[str, Table], links: Iterable[tuple[str, Reference]]) -> dict[str, Table]:
    """The tables with their foreign keys, each given by the table that has it; one without columns named means keys."""
    refers: dict[str, list[Reference]] = {}
    referred: dict[str, list[Reference]] = {}
    for name, link in links:
        if link.other in tables and name in tables:
            theirs = link.theirs if all(link.theirs) else tables[link.other].key
            refers.setdefault(name, []).append(Reference(link.mine, link.other, theirs))
            referred.setdefault(link.other, []).append(Reference(theirs, name, link.mine))
    return {
        name: replace(table, refers=tuple(refers.get(name, ())), referred=tuple(referred.get(name, ())))
        for name, table in tables.items()
    }


def placed(names: Sequence[str], form: str, glue: str) -> str:
    """`form` for each name, quoted as an identifier, put together with `glue`."""
    return glue.join(form.format(quoted(name)) for name in names)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
