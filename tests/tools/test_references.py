"""Foreign keys: what a database looks up when rows come and go is declared, and SQLite itself is the witness."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.tools.worlds import named

from coroom.core.resource import Footprint
from coroom.core.tool import ToolCall, canonical
from coroom.testing.postgres_server import PostgresServer
from coroom.tools.observers import Observed, SqliteObserver
from coroom.tools.probe import strays
from coroom.tools.sql import sql_tools
from coroom.tools.sql_postgres import PostgresDatabase
from coroom.tools.sql_schema import Database
from coroom.tools.sql_sqlite import SqliteDatabase

_REFERS = "FOREIGN KEY (hall, row_) REFERENCES rows_ (hall, number)"
_SCHEMA = (
    "CREATE TABLE halls (id integer PRIMARY KEY, name text)",
    "CREATE TABLE rows_ (hall integer REFERENCES halls, number integer, PRIMARY KEY (hall, number))",
    "CREATE TABLE seats (id integer PRIMARY KEY, hall integer, row_ integer, taken text, {refers})",
    "INSERT INTO halls VALUES (1, 'great'), (2, 'small')",
    "INSERT INTO rows_ VALUES (1, 7), (2, 7)",
    "INSERT INTO seats VALUES (5, 1, 7, NULL)",
)


def call(tool: str, **arguments: object) -> ToolCall:
    return ToolCall(f"{tool}-{len(canonical(arguments))}", tool, canonical(arguments))


CALLS = [
    (
        call("db_insert", table="rows_", values={"hall": 2, "number": 9}),
        ["row:db/halls/2", "set:db/seats?hall=2&row_=9"],
    ),
    (call("db_insert", table="seats", values={"id": 6, "hall": 1, "row_": 7}), ["row:db/rows_/1,7"]),
    (call("db_insert", table="seats", values={"id": 7, "hall": None, "row_": 7}), ["set:db/rows_?hall=%00&number=7"]),
    (call("db_update", table="seats", where={"id": 5}, set={"taken": "ann"}), []),
    (call("db_update", table="seats", where={"id": 5}, set={"row_": 7}), ["set:db/rows_?number=7"]),
    (call("db_delete", table="halls", where={"id": 3}), ["set:db/rows_?hall=3"]),
    (call("db_delete", table="halls", where={"name": "none"}), ["set:db/rows_"]),
]


@contextmanager
def opened(kind: str, directory: Path, postgres: PostgresServer) -> Iterator[Database]:
    if kind == "sqlite":
        path = str(directory / "a.db")
        with sqlite3.connect(path, isolation_level=None) as made:
            for statement in _SCHEMA:
                made.execute(statement.replace("{refers}", _REFERS))
        made.close()
        lite = SqliteDatabase(path, "db")
        yield lite
        lite.close()
        return
    import psycopg  # noqa: PLC0415  only for this database

    with psycopg.connect(postgres.conninfo(), autocommit=True) as made_there:
        made_there.execute("DROP SCHEMA IF EXISTS links CASCADE")
        made_there.execute("CREATE SCHEMA links")
        made_there.execute("SET search_path TO links")
        for statement in _SCHEMA:
            made_there.execute(statement.replace("{refers}", _REFERS))
    database = PostgresDatabase(f"{postgres.conninfo()} options='-c search_path=links'", "db")
    yield database
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_a_foreign_key_makes_the_database_look_up_is_declared(
    kind: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    with opened(kind, tmp_path, postgres) as database:
        tools = sql_tools(database)
        for asked, looked_up in CALLS:
            tool = named(tools, asked.tool)
            footprint = tool.footprint(asked.arguments)
            assert isinstance(footprint, Footprint)
            assert [str(r) for r in footprint.reads if r not in footprint.writes] == looked_up, asked
            if isinstance(database, SqliteDatabase):
                observed = Observed()
                with SqliteObserver(database.connection, "db", database.alone).watching(observed):
                    tool.perform(asked, tool.prepare(asked))
                assert strays(footprint, observed.footprint()) == [], canonical(asked.arguments)
