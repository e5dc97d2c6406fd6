"""PostgreSQL for the SQL tools (extra `postgres`). Values travel as the database's own text, which loses nothing."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import sql

from coroom.tools.sql_schema import Column, Comparison, Reference, Row, Table, linked

_CALLS = "CREATE TABLE IF NOT EXISTS coroom_calls (call text PRIMARY KEY, state text, result text, change text)"
_WHOLE = ("smallint", "integer", "bigint")
_TEXT = ("text", "character varying")

_COLUMNS = """
SELECT c.relname, a.attname, a.atttypid::regtype::text, coalesce(l.collisdeterministic, true),
       coalesce(array_position(i.indkey::int2[], a.attnum), -1),
       a.attidentity <> '' OR pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relkind = 'r' AND n.nspname = current_schema() AND c.relname <> 'coroom_calls'
ORDER BY c.relname, a.attnum
"""
_UNSEEN = """
SELECT c.relname, 'its trigger ' || t.tgname || ' may change what no footprint tells'
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT r.relname, 'what refers to it in ' || c.relname || ' is changed along with it'
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
"""


_LINKS = """
SELECT c.relname, r.relname, m.mine, t.theirs
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
CROSS JOIN LATERAL (
  SELECT array_agg(a.attname::text ORDER BY u.place) AS mine FROM unnest(k.conkey) WITH ORDINALITY AS u(at, place)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.at
) m
CROSS JOIN LATERAL (
  SELECT array_agg(a.attname::text ORDER BY u.place) AS theirs FROM unnest(k.confkey) WITH ORDINALITY AS u(at, place)
  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.at
) t
WHERE k.contype = 'f'
"""


class PostgresDatabase:
    """One schema of one database, the first of the search path. `name` is what its resources are called by."""

    failures: tuple[type[Exception], ...] = (
        psycopg.IntegrityError,
        psycopg.DataError,
        psycopg.ProgrammingError,
        psycopg.errors.SerializationFailure,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.LockNotAvailable,
    )

    def __init__(self, conninfo: str, name: str, *, lock_timeout_ms: int = 5_000) -> None:
        """Connect and make the table of calls.

        Args:
            conninfo: how to reach it, as libpq takes it.
            name: a word.
            lock_timeout_ms: how long to wait for a row that another holds.

        Raises:
            psycopg.Error: it cannot be reached or written.
        """
        self.name = name
        self._lock = threading.RLock()
        self.connection = psycopg.connect(conninfo, autocommit=True)
        self.connection.execute(sql.SQL("SET lock_timeout = {}").format(lock_timeout_ms))
        self.connection.execute(_CALLS)
        self._tables = _tables(self.connection)
        self._ending: Callable[[psycopg.Connection], None] | None = None

    def tables(self) -> Mapping[str, Table]:
        """See `Database.tables`."""
        return self._tables

    @contextmanager
    def transaction(self) -> Iterator["PostgresSession"]:
        """See `Database.transaction`."""
        with self._lock, self.connection.transaction():
            yield PostgresSession(self.connection)
            if self._ending:
                self._ending(self.connection)

    @contextmanager
    def ending_with(self, ending: Callable[[psycopg.Connection], None]) -> Iterator[None]:
        """For this thread alone while the context is open: each transaction ends with this, before it is committed."""
        with self._lock:
            self._ending = ending
            try:
                yield
            finally:
                self._ending = None

    def close(self) -> None:
        """See `Database.close`."""
        with self._lock:
            self.connection.close()


class PostgresSession:
    """See `sql_schema.Session`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def select(self, table: Table, where: Row, *, for_change: bool = False, limit: int = 0) -> list[Row]:
        """See `Session.select`."""
        statement = sql.SQL("SELECT {} FROM {}").format(
            _joined(", ", (sql.SQL("{}::text").format(sql.Identifier(name)) for name in table.columns)),
            sql.Identifier(table.name),
        )
        if where:
            statement += sql.SQL(" WHERE {}").format(_condition(table, where))
        statement += sql.SQL(" ORDER BY {}").format(_joined(", ", map(sql.Identifier, table.key)))
        if limit:
            statement += sql.SQL(" LIMIT {}").format(limit)
        if for_change:
            statement += sql.SQL(" FOR UPDATE")
        found = self._connection.execute(statement, _texts(where.values())).fetchall()
        columns = table.columns.values()
        return [{column.name: _shown(column, text) for column, text in zip(columns, row, strict=True)} for row in found]

    def insert(self, table: Table, values: Row) -> Row:
        """See `Session.insert`."""
        statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) RETURNING {}").format(
            sql.Identifier(table.name),
            _joined(", ", map(sql.Identifier, values)),
            _joined(", ", (_cast(table.columns[name]) for name in values)),
            _joined(", ", (sql.SQL("{}::text").format(sql.Identifier(name)) for name in table.key)),
        )
        (row,) = self._connection.execute(statement, _texts(values.values())).fetchall()
        return {name: _shown(table.columns[name], text) for name, text in zip(table.key, row, strict=True)}

    def update(self, table: Table, key: Row, values: Row, add: Row) -> None:
        """See `Session.update`."""
        form = sql.SQL("{0} = {1}")
        parts = [form.format(sql.Identifier(name), _cast(table.columns[name])) for name in values]
        sums = sql.SQL("{0} = {0} + {1}")
        parts += [sums.format(sql.Identifier(name), _cast(table.columns[name])) for name in add]
        statement = sql.SQL("UPDATE {} SET {} WHERE {}").format(
            sql.Identifier(table.name), _joined(", ", parts), _condition(table, key)
        )
        self._connection.execute(statement, _texts([*values.values(), *add.values(), *key.values()]))

    def delete(self, table: Table, key: Row) -> None:
        """See `Session.delete`."""
        statement = sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(table.name), _condition(table, key))
        self._connection.execute(statement, _texts(key.values()))

    def numbering(self, table: Table) -> str:
        """See `Session.numbering`: the sequence's last value, and whether it was given out."""
        statement = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.SQL(self._sequence(table)))
        (row,) = self._connection.execute(statement).fetchall()
        return f"{row[0]}{'' if row[1] else ' unused'}"

    def renumber(self, table: Table, expected: str, number: str) -> None:
        """See `Session.renumber`. Altering a sequence locks it, so that nobody draws a number meanwhile."""
        name = sql.SQL(self._sequence(table))
        try:
            with self._connection.transaction():
                start = self._connection.execute(
                    "SELECT seqstart FROM pg_sequence WHERE seqrelid = %s::regclass", (self._sequence(table),)
                ).fetchall()[0][0]
                self._connection.execute(sql.SQL("ALTER SEQUENCE {} START WITH {}").format(name, start))
                if self.numbering(table) != expected:
                    return
                value, _, unused = number.partition(" ")
                self._connection.execute("SELECT setval(%s, %s, %s)", (self._sequence(table), int(value), not unused))
        except psycopg.errors.InsufficientPrivilege:
            # A gap in the numbers is no fault; only its owner may put a sequence back.
            return

    def call(self, call: str) -> tuple[str, str, str] | None:
        """See `Session.call`."""
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (call,))
        found: list[tuple[str, str, str]] = self._connection.execute(
            "SELECT state, result, change FROM coroom_calls WHERE call = %s", (call,)
        ).fetchall()
        return found[0] if found else None

    def keep_call(self, call: str, state: str, result: str, change: str) -> None:
        """See `Session.keep_call`."""
        self._connection.execute(
            "INSERT INTO coroom_calls VALUES (%s, %s, %s, %s) ON CONFLICT (call) DO UPDATE SET state = excluded.state, "
            "result = excluded.result, change = excluded.change",
            (call, state, result, change),
        )

    def drop_call(self, call: str) -> None:
        """See `Session.drop_call`."""
        self._connection.execute(
            "DELETE FROM coroom_calls WHERE call = %s OR starts_with(call, %s)", (call, f"{call}.")
        )

    def _sequence(self, table: Table) -> str:
        (row,) = self._connection.execute(
            "SELECT pg_get_serial_sequence(quote_ident(%s), %s)", (table.name, table.numbered)
        ).fetchall()
        return str(row[0])


def _joined(glue: str, parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(glue).join(parts)


def _cast(column: Column) -> sql.Composable:
    return sql.SQL("CAST(%s AS {})").format(sql.SQL(column.type))


def _condition(table: Table, where: Row) -> sql.Composed:
    form = sql.SQL("{} IS NOT DISTINCT FROM {}")
    equal = sql.SQL("{} = {}")
    return _joined(
        " AND ",
        (
            (form if value is None else equal).format(sql.Identifier(name), _cast(table.columns[name]))
            for name, value in where.items()
        ),
    )


def _texts(values: Iterable[object]) -> list[str | None]:
    return [
        None if value is None else str(value).lower() if isinstance(value, bool) else str(value) for value in values
    ]


def _shown(column: Column, text: str | None) -> object:
    if text is None:
        return None
    if column.type in _WHOLE:
        return int(text)
    return text == "true" if column.type == "boolean" else text


def _tables(connection: psycopg.Connection) -> dict[str, Table]:
    unseen: dict[str, str] = dict(connection.execute(_UNSEEN).fetchall())
    columns: dict[str, dict[str, Column]] = {}
    keys: dict[str, dict[int, str]] = {}
    numbered: dict[str, str] = {}
    for table, name, type_, plain, position, draws in connection.execute(_COLUMNS):
        columns.setdefault(table, {})[name] = Column(name, type_, _comparison(type_, plain=plain))
        if position >= 0:
            keys.setdefault(table, {})[position] = name
            if draws:
                numbered[table] = name
    ordered = {table: tuple(parts[at] for at in sorted(parts)) for table, parts in keys.items()}
    made = {
        table: Table(
            table, columns[table], key, numbered.get(table, "") if len(key) == 1 else "", unseen.get(table, "")
        )
        for table, key in ordered.items()
    }
    links = connection.execute(_LINKS).fetchall()
    return linked(made, [(table, Reference(tuple(mine), other, tuple(theirs))) for table, other, mine, theirs in links])


def _comparison(type_: str, *, plain: bool) -> Comparison:
    if type_ in _WHOLE:
        return Comparison.WHOLE
    return Comparison.TEXT if type_ in _TEXT and plain else Comparison.UNSURE
