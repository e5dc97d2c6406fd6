"""What calls do to a PostgreSQL database, by the word of the server: the relations that a transaction holds locked.

PostgreSQL locks a relation before it touches it and keeps the lock to the end of the transaction, whether a statement
named it or a trigger, a rule, a foreign key, a function or a view led there. Modes up to ROW SHARE are those of reads;
with any other rows are changed, or would have been, had there been any.

Source: PostgreSQL's documentation, "Explicit Locking" and "pg_locks".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from coroom.core.resource import parse
from coroom.tools import naming
from coroom.tools.observers import Observed
from coroom.tools.python_observer import PostgresPlace
from coroom.tools.sql_postgres import PostgresDatabase

_IDENTITY = "SELECT current_database() || ' ' || extract(epoch FROM pg_postmaster_start_time())"
"""Tells a database of a running server from all others, however it was reached."""

_LOCKS = """
SELECT l.relation, coalesce(bool_or(l.mode NOT IN ('AccessShareLock', 'RowShareLock')), false), max(c.relkind::text),
  max(CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname),
  max(CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid::bigint END),
  max(CASE WHEN o.relnamespace = c.relnamespace AND n.nspname = current_schema() THEN '' ELSE p.nspname || '.' END
    || o.relname),
  coalesce(bool_or(i.indrelid IS NOT NULL), false)
FROM pg_locks l
LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
  AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class o ON o.oid = d.refobjid LEFT JOIN pg_namespace p ON p.oid = o.relnamespace
LEFT JOIN pg_index i ON i.indrelid = o.oid AND i.indisprimary AND i.indnatts = 1 AND i.indkey[0] = d.refobjsubid
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (c.oid IS NULL OR c.relkind IN ('r', 'p', 'f', 'm', 'S') AND c.relname <> 'coroom_calls'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(temp|toast)')
GROUP BY l.relation ORDER BY max(c.relname)
"""

_TABLE_STATEMENT = re.compile(
    r"\s*\(*\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE|TRUNCATE)\b", re.IGNORECASE
)
_SESSION_STATEMENT = re.compile(
    r"\s*(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|SET|RESET|SHOW|DISCARD|LISTEN|UNLISTEN|NOTIFY"
    r"|DEALLOCATE)\b[^;]*;?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Held:
    """One relation that a transaction holds locked.

    `kind` is PostgreSQL's letter for it, empty when it was dropped. `root` is the table that it is a partition of, 0
    for none. A sequence has in `owner` the table that it numbers, and in `of_key` whether it numbers its key.
    """

    number: int
    wrote: bool
    kind: str
    name: str
    root: int
    owner: str
    of_key: bool


Told = Callable[[str, Sequence[Held] | None], None]
"""Told of a statement: on which database, by its identity, and what is held; None when nobody can say what it did, an
empty identity when nobody can say where."""


class PostgresObserver:
    """Tables that the SQL tools of a database read and write, at the end of each transaction."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`. Nobody else uses the connection meanwhile."""

        def ending(connection: psycopg.Connection) -> None:
            # What waits for the commit, as deferred triggers do, happens now, while it can be seen.
            cursor = connection.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {_LOCKS}")
            cursor.nextset()
            note_held(observed, self._database.name, _held(cursor.fetchall()))

        with self._database.ending_with(ending):
            yield


def place_of(database: PostgresDatabase) -> PostgresPlace:
    """The database as Python code that reaches it in its own way is watched for."""
    connection = database.connection
    identity = str(connection.execute(_IDENTITY).fetchall()[0][0])
    host, port = connection.info.host, connection.info.port
    return PostgresPlace(database.name, identity, f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port))


def note_held(observed: Observed, database: str, held: Sequence[Held] | None) -> None:
    """Note what is held of the database that is called `database`; what nobody can say, as the key of its name."""
    if held is None:
        observed.wrote(parse(f"key:{database}"))
        return
    there = {each.number: each for each in held}
    for each in held:
        root = there.get(each.root)
        note = observed.wrote if each.wrote else observed.read
        if not each.kind:
            observed.wrote(parse(f"key:{database}"))
        elif each.kind == "S":
            numbers = naming.allocator if each.of_key or not each.owner else _rows
            note(numbers(database, each.owner or each.name))
        elif root and root.wrote >= each.wrote:
            # It was reached through the table that it is a part of.
            note(_rows(database, root.name))
        elif each.kind != "p":
            note(_rows(database, each.name))


def watch_statements(watched: Callable[[], Told | None]) -> None:
    """Have what psycopg's cursors do told to whom `watched` names at that moment, if anybody.

    A statement outside of a transaction is given one, so that what it touched is still held when it is looked at. What
    copies, streams or is awaited is told as what nobody can say.
    """
    if hasattr(psycopg.Cursor.execute, "__wrapped__"):
        return
    ways = {name: _noting(getattr(psycopg.Cursor, name), watched) for name in ("execute", "executemany")}
    ways |= {name: _unsaid(getattr(psycopg.Cursor, name), watched) for name in ("copy", "stream")}
    awaited = {name: _unsaid(getattr(psycopg.AsyncCursor, name), watched) for name in (*ways,)}
    for cursor, changed in ((psycopg.Cursor, ways), (psycopg.AsyncCursor, awaited)):
        for name, way in changed.items():
            setattr(cursor, name, way)


def _noting(plain: Callable[..., Any], watched: Callable[[], Told | None]) -> Callable[..., Any]:
    run = psycopg.Cursor.execute

    @wraps(plain)
    def noting(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        told = watched()
        if told is None:
            return plain(cursor, query, *arguments, **named)
        connection = cursor.connection
        text, alone = _text(query, connection), _is_alone(connection)
        with connection.transaction() if alone and _TABLE_STATEMENT.match(text) else nullcontext():
            given = plain(cursor, query, *arguments, **named)
            if connection.info.transaction_status is TransactionStatus.INTRANS:
                asked: Any = run(psycopg.Cursor(connection, row_factory=tuple_row), f"{_IDENTITY}; {_LOCKS}")
                identity = str(asked.fetchone()[0])
                asked.nextset()
                told(identity, _held(asked.fetchall()))
            elif alone and not _SESSION_STATEMENT.match(text):
                asked = run(psycopg.Cursor(connection, row_factory=tuple_row), _IDENTITY)
                told(str(asked.fetchone()[0]), None)
        return given

    return noting


def _unsaid(plain: Callable[..., Any], watched: Callable[[], Told | None]) -> Callable[..., Any]:
    """What goes on while its caller does: nobody looks at what it holds by then."""

    @wraps(plain)
    def unsaid(cursor: Any, *arguments: Any, **named: Any) -> Any:
        told = watched()
        if told is not None:
            told("", None)
        return plain(cursor, *arguments, **named)

    return unsaid


def _is_alone(connection: Any) -> bool:
    """Whether each statement is a transaction of its own."""
    return bool(connection.autocommit) and connection.info.transaction_status is TransactionStatus.IDLE


def _held(rows: Sequence[tuple[Any, ...]]) -> tuple[Held, ...]:
    return tuple(
        Held(int(number), wrote, kind or "", name or "", int(root or 0), owner or "", of_key)
        for number, wrote, kind, name, root, owner, of_key in rows
    )


def _text(query: Any, connection: Any) -> str:
    if isinstance(query, bytes):
        return query.decode(errors="replace")
    return query if isinstance(query, str) else str(query.as_string(connection))


def _rows(database: str, table: str) -> Any:
    return naming.rows(database, table, {})
