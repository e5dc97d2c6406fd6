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
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from coroom.core.resource import parse
from coroom.tools import naming
from coroom.tools.observers import Observed, PostgresPlace
from coroom.tools.sql_postgres import PostgresDatabase

_IDENTITY = """
SELECT current_database() || ' ' || extract(epoch FROM pg_postmaster_start_time()),
  (SELECT oid FROM pg_database WHERE datname = current_database()), current_schema()
"""
"""The first column tells a database of a running server from all others, however it was reached."""

_LOCKED = """
SELECT relation, bool_or(mode NOT IN ('AccessShareLock', 'RowShareLock')) FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND database = %s AND relation >= 16384
GROUP BY relation ORDER BY relation
"""
"""Numbers below are those of the system's own catalogs."""

_NAMES = """
SELECT c.oid, c.relkind::text, n.nspname, c.relname,
  CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid::bigint ELSE 0 END,
  coalesce(p.nspname, ''), coalesce(o.relname, ''), i.indrelid IS NOT NULL
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
  AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class o ON o.oid = d.refobjid LEFT JOIN pg_namespace p ON p.oid = o.relnamespace
LEFT JOIN pg_index i ON i.indrelid = o.oid AND i.indisprimary AND i.indnatts = 1 AND i.indkey[0] = d.refobjsubid
WHERE c.oid = ANY (%s::oid[])
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
class Relation:
    """One table, sequence or other relation.

    `kind` is PostgreSQL's letter for it. `root` is the table that it is a partition of, 0 for none. A sequence has in
    `owner` the table that it numbers, and in `of_key` whether it numbers its key.
    """

    kind: str
    schema: str
    name: str
    root: int
    owner_schema: str
    owner: str
    of_key: bool

    @property
    def counts(self) -> bool:
        """Whether it holds what calls are about."""
        return (
            self.kind in _COUNTS and self.name != "coroom_calls" and not self.schema.startswith(("pg_temp", "pg_toast"))
        )


_COUNTS = frozenset("rpfmS")


@dataclass(frozen=True, slots=True)
class Held:
    """A relation that a transaction holds locked; None for one that it has dropped."""

    number: int
    wrote: bool
    relation: Relation | None


Told = Callable[[str, Sequence[Held] | None], None]
"""Told of a statement: on which database, by its identity, and what is held; None when nobody can say what it did, an
empty identity when nobody can say where."""

Run = Callable[..., Any]
"""Executes a statement on a cursor, and returns it."""


class _Server:
    """What is known of one database of a running server. Relations keep their numbers; names are read once."""

    _known: ClassVar[dict[str, "_Server"]] = {}

    def __init__(self, number: int) -> None:
        self._number = number
        self._relations: dict[int, Relation] = {}

    @classmethod
    def of(cls, identity: str, number: int) -> "_Server":
        """The one with this identity."""
        return cls._known.setdefault(identity, cls(number))

    def held(self, cursor: Any, run: Run) -> tuple[Held, ...]:
        """What the transaction of this cursor's connection holds."""
        locked = run(cursor, _LOCKED, (self._number,)).fetchall()
        new = [number for number, _ in locked if number not in self._relations]
        if new:
            for number, *rest in run(cursor, _NAMES, (new,)).fetchall():
                self._relations[number] = Relation(*rest)
        found = [Held(number, wrote, self._relations.get(number)) for number, wrote in locked]
        return tuple(each for each in found if each.relation is None or each.relation.counts)


class PostgresObserver:
    """Tables that the SQL tools of a database read and write, at the end of each transaction."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database, self._place = database, place_of(database)
        number: int = database.connection.execute(_IDENTITY).fetchall()[0][1]
        self._server = _Server.of(self._place.identity, number)

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`. Nobody else uses the connection meanwhile."""

        def ending(connection: psycopg.Connection) -> None:
            # What waits for the commit, as deferred triggers do, happens now, while it can be seen.
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            note_held(observed, self._place, self._server.held(connection.cursor(), psycopg.Cursor.execute))

        with self._database.ending_with(ending):
            yield


def place_of(database: PostgresDatabase) -> PostgresPlace:
    """The database as Python code that reaches it in its own way is watched for."""
    connection = database.connection
    identity, _, schema = connection.execute(_IDENTITY).fetchall()[0]
    host, port = connection.info.host, connection.info.port
    address = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
    return PostgresPlace(database.name, str(identity), str(schema), address)


def note_held(observed: Observed, place: PostgresPlace, held: Sequence[Held] | None) -> None:
    """Note what is held of a database; what nobody can say, as the key of its name."""
    if held is None:
        observed.wrote(parse(f"key:{place.name}"))
        return
    there = {each.number: each for each in held}

    def named(schema: str, name: str) -> str:
        return name if schema == place.schema else f"{schema}.{name}"

    for each in held:
        relation, note = each.relation, observed.wrote if each.wrote else observed.read
        if relation is None:
            observed.wrote(parse(f"key:{place.name}"))
            continue
        root = there.get(relation.root)
        if relation.kind == "S" and (relation.of_key or not relation.owner):
            owner = named(relation.owner_schema or relation.schema, relation.owner or relation.name)
            note(naming.allocator(place.name, owner))
        elif relation.kind == "S":
            note(naming.rows(place.name, named(relation.owner_schema, relation.owner), {}))
        elif root and root.relation and root.wrote >= each.wrote:
            # It was reached through the table that it is a part of.
            note(naming.rows(place.name, named(root.relation.schema, root.relation.name), {}))
        elif relation.kind != "p":
            note(naming.rows(place.name, named(relation.schema, relation.name), {}))


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
            asks = psycopg.Cursor(connection, row_factory=tuple_row)
            if connection.info.transaction_status is TransactionStatus.INTRANS:
                identity, number = _identified(connection, asks, run)
                told(identity, _Server.of(identity, number).held(asks, run))
            elif alone and not _SESSION_STATEMENT.match(text):
                told(_identified(connection, asks, run)[0], None)
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


def _identified(connection: Any, cursor: Any, run: Run) -> tuple[str, int]:
    known = _IDENTITIES.get(connection)
    if known is None:
        identity, number, _ = run(cursor, _IDENTITY).fetchone()
        known = _IDENTITIES[connection] = (str(identity), int(number))
    return known


_IDENTITIES: WeakKeyDictionary[Any, tuple[str, int]] = WeakKeyDictionary()


def _text(query: Any, connection: Any) -> str:
    if isinstance(query, bytes):
        return query.decode(errors="replace")
    return query if isinstance(query, str) else str(query.as_string(connection))
