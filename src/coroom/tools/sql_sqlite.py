"""SQLite for the SQL tools. A transaction takes the write lock at once, so that nobody comes between look and deed."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from coroom.tools.sql_schema import Column, Comparison, Reference, Row, Table, linked, placed, quoted

_CALLS = "CREATE TABLE IF NOT EXISTS coroom_calls (call TEXT PRIMARY KEY, state TEXT, result TEXT, change TEXT)"
_TEXT_TYPES = ("CHAR", "CLOB", "TEXT")


class SqliteDatabase:
    """One database file. `name` is what its resources and tools are called by."""

    failures: tuple[type[Exception], ...] = (
        sqlite3.IntegrityError,
        sqlite3.OperationalError,
        sqlite3.InterfaceError,
        sqlite3.DataError,
    )

    def __init__(self, path: str, name: str, *, busy_s: float = 5.0) -> None:
        """Open it and make the table of calls.

        Args:
            path: the file.
            name: a word.
            busy_s: how long to wait for another writer.

        Raises:
            sqlite3.Error: it is no database, or cannot be written.
        """
        self.name = name
        self._lock = threading.RLock()
        self.connection = sqlite3.connect(path, timeout=busy_s, check_same_thread=False, isolation_level=None)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.execute(_CALLS)
        self._tables = _tables(self.connection)

    def tables(self) -> Mapping[str, Table]:
        """See `Database.tables`."""
        return self._tables

    @contextmanager
    def transaction(self) -> Iterator["SqliteSession"]:
        """See `Database.transaction`."""
        with self._lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteSession(self.connection)
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def alone(self) -> AbstractContextManager[object]:
        """The connection for one thread alone, while the context is open; it may still use it as usual."""
        return self._lock

    def close(self) -> None:
        """See `Database.close`."""
        with self._lock:
            self.connection.close()


class SqliteSession:
    """See `sql_schema.Session`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def select(self, table: Table, where: Row, *, for_change: bool = False, limit: int = 0) -> list[Row]:  # noqa: ARG002
        """See `Session.select`; the transaction holds the whole database."""
        statement = f"SELECT {placed(list(table.columns), '{}', ', ')} FROM {quoted(table.name)}"  # noqa: S608
        if where:
            statement += f" WHERE {placed(list(where), '{} IS ?', ' AND ')}"
        statement += f" ORDER BY {placed(table.key, '{}', ', ')}" + (f" LIMIT {limit}" if limit else "")
        found = self._connection.execute(statement, _stored(where.values()))
        return [dict(zip(table.columns, map(_shown, row), strict=True)) for row in found]

    def insert(self, table: Table, values: Row) -> Row:
        """See `Session.insert`."""
        names = placed(list(values), "{}", ", ")
        marks = ", ".join("?" * len(values))
        cursor = self._connection.execute(
            f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks}) RETURNING {placed(table.key, '{}', ', ')}",  # noqa: S608
            _stored(values.values()),
        )
        return dict(zip(table.key, map(_shown, cursor.fetchall()[0]), strict=True))

    def update(self, table: Table, key: Row, values: Row, add: Row) -> None:
        """See `Session.update`."""
        parts = [f"{quoted(name)} = ?" for name in values] + [f"{quoted(name)} = {quoted(name)} + ?" for name in add]
        self._connection.execute(
            f"UPDATE {quoted(table.name)} SET {', '.join(parts)} WHERE {placed(list(key), '{} IS ?', ' AND ')}",  # noqa: S608
            _stored([*values.values(), *add.values(), *key.values()]),
        )

    def delete(self, table: Table, key: Row) -> None:
        """See `Session.delete`."""
        self._connection.execute(
            f"DELETE FROM {quoted(table.name)} WHERE {placed(list(key), '{} IS ?', ' AND ')}",  # noqa: S608
            _stored(key.values()),
        )

    def numbering(self, table: Table) -> str:
        """See `Session.numbering`: what AUTOINCREMENT remembers, or the greatest key there is."""
        if _autoincrements(self._connection, table.name):
            row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
        else:
            row = self._connection.execute(
                f"SELECT max({quoted(table.numbered)}) FROM {quoted(table.name)}"  # noqa: S608
            ).fetchone()
        return str(row[0]) if row and row[0] is not None else ""

    def renumber(self, table: Table, expected: str, number: str) -> None:
        """See `Session.renumber`."""
        if self.numbering(table) != expected or not _autoincrements(self._connection, table.name):
            return
        if number:
            self._connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (int(number), table.name))
        else:
            self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))

    def call(self, call: str) -> tuple[str, str, str] | None:
        """See `Session.call`."""
        row: tuple[str, str, str] | None = self._connection.execute(
            "SELECT state, result, change FROM coroom_calls WHERE call = ?", (call,)
        ).fetchone()
        return row

    def keep_call(self, call: str, state: str, result: str, change: str) -> None:
        """See `Session.keep_call`."""
        self._connection.execute(
            "INSERT OR REPLACE INTO coroom_calls VALUES (?, ?, ?, ?)", (call, state, result, change)
        )

    def drop_call(self, call: str) -> None:
        """See `Session.drop_call`."""
        self._connection.execute("DELETE FROM coroom_calls WHERE call = ? OR call GLOB ? || '.*'", (call, call))


def _stored(values: Sequence[object] | object) -> list[object]:
    assert not isinstance(values, str)
    return [bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for value in values]  # type: ignore[attr-defined]


def _shown(value: object) -> object:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _autoincrements(connection: sqlite3.Connection, table: str) -> bool:
    row = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return bool(row) and "AUTOINCREMENT" in row[0].upper()


def _tables(connection: sqlite3.Connection) -> dict[str, Table]:
    made = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "AND name <> 'coroom_calls' ORDER BY name"
    ).fetchall()
    tables = (_table(connection, name, sql) for name, sql in made)
    keyed = {table.name: table for table in tables if table.key}
    return linked(keyed, [(name, link) for name in keyed for link in _links(connection, name)])


def _table(connection: sqlite3.Connection, name: str, sql: str) -> Table:
    found = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    plain = "COLLATE" not in sql.upper()
    columns = {row[1]: Column(row[1], row[2], _comparison(row[2].upper(), plain=plain)) for row in found}
    key = tuple(row[1] for row in sorted(found, key=lambda row: row[5]) if row[5])
    numbered = key[0] if len(key) == 1 and columns[key[0]].type.upper() == "INTEGER" else ""
    if "WITHOUT ROWID" in sql.upper():
        numbered = ""
    return Table(name, columns, key, numbered, _unseen(connection, name))


def _links(connection: sqlite3.Connection, table: str) -> list[Reference]:
    found: dict[int, list[tuple[int, str, str, str]]] = {}
    for number, place, other, mine, theirs, *_ in connection.execute(f"PRAGMA foreign_key_list({quoted(table)})"):
        found.setdefault(number, []).append((place, other, mine, theirs or ""))
    links = [sorted(parts) for parts in found.values()]
    return [Reference(tuple(p[2] for p in link), link[0][1], tuple(p[3] for p in link)) for link in links]


def _comparison(type_: str, *, plain: bool) -> Comparison:
    if "INT" in type_:
        return Comparison.WHOLE
    return Comparison.TEXT if plain and any(word in type_ for word in _TEXT_TYPES) else Comparison.UNSURE


def _unseen(connection: sqlite3.Connection, table: str) -> str:
    """Why writes of a table change more than its rows."""
    triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", (table,))
    trigger = triggers.fetchone()
    if trigger:
        return f"its trigger {trigger[0]} may change what no footprint tells"
    for (other,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        for row in connection.execute(f"PRAGMA foreign_key_list({quoted(other)})").fetchall():
            if row[2].lower() == table.lower() and {row[5], row[6]} & {"CASCADE", "SET NULL", "SET DEFAULT"}:
                return f"what refers to it in {other} is changed along with it"
    return ""
