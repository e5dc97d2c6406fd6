"""What calls do to a PostgreSQL database is seen by the locks that the server itself takes for them."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from tests.tools.test_probe import acted, call
from tests.tools.worlds import PostgresWorld, named

from coroom.core.resource import Footprint
from coroom.testing.postgres_server import PostgresServer
from coroom.tools.observers import Observed
from coroom.tools.postgres_observer import PostgresObserver, place_of
from coroom.tools.probe import strays, try_out
from coroom.tools.python_observer import PythonObserver
from coroom.tools.sql import sql_tools
from coroom.tools.sql_postgres import PostgresDatabase

_SCHEMA = """
DROP SCHEMA IF EXISTS seen CASCADE; CREATE SCHEMA seen; SET search_path = seen;
CREATE TABLE a (id integer PRIMARY KEY, x integer); CREATE TABLE b (id serial PRIMARY KEY, x integer);
CREATE TABLE c (x integer); CREATE SEQUENCE loose; CREATE VIEW v AS SELECT x FROM c;
CREATE TABLE parts (x integer) PARTITION BY RANGE (x);
CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE FUNCTION bump() RETURNS integer LANGUAGE sql AS 'UPDATE c SET x = x + 1 RETURNING x';
INSERT INTO a VALUES (1, 1); INSERT INTO c VALUES (1);
"""


@pytest.fixture
def conninfo(postgres: PostgresServer) -> str:
    with psycopg.connect(postgres.conninfo(), autocommit=True) as made:
        made.execute(_SCHEMA)
    return f"{postgres.conninfo()} options='-c search_path=seen'"


@pytest.fixture
def database(conninfo: str) -> Iterator[PostgresDatabase]:
    opened = PostgresDatabase(conninfo, "db")
    yield opened
    opened.close()


def test_the_sql_tools_pass_the_probe_with_the_server_as_a_witness(postgres: PostgresServer) -> None:
    world = PostgresWorld(postgres.conninfo())
    observer = PostgresObserver(world.database)
    for each in (
        call("pg_insert", table="people", values={"name": "Di", "team": "red"}),
        call("pg_update", table="people", where={"team": "red"}, set={"team": "blue"}),
        call("pg_add", table="people", where={"id": 1}, add={"score": 5}),
        call("pg_delete", table="seats", where={"hall": "a"}),
    ):
        trial = try_out(named(world.tools(), each.tool), [each], world.observe, [observer])
        assert trial.passed, trial.findings
    world.database.close()
    world.outside.close()


@pytest.mark.parametrize("when", ["", "CONSTRAINT"])
def test_what_a_trigger_touches_is_seen_also_when_it_waits_for_the_commit(
    conninfo: str, database: PostgresDatabase, when: str
) -> None:
    tools = sql_tools(database)
    with psycopg.connect(conninfo, autocommit=True) as outside:
        outside.execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN INSERT INTO b (x) SELECT x FROM c; RETURN NULL; END';"
            f"CREATE {when} TRIGGER noted AFTER UPDATE ON a {'DEFERRABLE INITIALLY DEFERRED' if when else ''} "
            "FOR EACH ROW EXECUTE FUNCTION note()"
        )
    update = named(tools, "db_update")
    made, seen = call("db_update", table="a", where={"id": 1}, set={"x": 5}), Observed()
    footprint = update.footprint(made.arguments)
    assert isinstance(footprint, Footprint)
    with PostgresObserver(database).watching(seen):
        result = update.perform(made, update.prepare(made))
    assert {*strays(footprint, seen.footprint())} == {"it wrote set:db/b", "it wrote key:db/b", "it read set:db/c"}
    update.undo(made, "{}", result)


def in_one_transaction(conninfo: str) -> None:
    """Read through a view, write."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("SELECT * FROM v")
        connection.execute("UPDATE a SET x = 2")


def by_the_whole_name(conninfo: str) -> None:
    """Write to a table by its whole name, from another schema."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET search_path = public")
        connection.execute("UPDATE seen.a SET x = 2")


def each_by_itself(conninfo: str) -> None:
    """Read through a view, write, each committed at once."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET lock_timeout = 100")
        (row,) = connection.execute("SELECT x FROM v").fetchall()
        connection.cursor().executemany("UPDATE a SET x = %s", [row])


def by_a_function(conninfo: str) -> None:
    """Call a function of the database."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(b"SELECT bump()")


def by_numbers(conninfo: str) -> None:
    """Draw numbers."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("INSERT INTO b (x) VALUES (nextval('loose'))")


def by_parts(conninfo: str) -> None:
    """Write to a partitioned table."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("INSERT INTO parts VALUES (3)")


def to_a_part(conninfo: str) -> None:
    """Write to a partition."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("INSERT INTO low VALUES (3)")


def as_nobody_can_say(conninfo: str) -> None:
    """Copy rows in, and have a block of code run."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("DO $$ BEGIN UPDATE seen.a SET x = 3; END $$")


def by_a_copy(conninfo: str) -> None:
    """Copy rows in."""
    with psycopg.connect(conninfo) as connection, connection.cursor().copy("COPY c FROM STDIN") as copy:
        copy.write_row((4,))


@pytest.mark.parametrize(
    ("does", "reads", "writes"),
    [
        (in_one_transaction, {"set:db/c"}, {"set:db/a"}),
        (by_the_whole_name, set(), {"set:db/a"}),
        (each_by_itself, {"set:db/c"}, {"set:db/a"}),
        (by_a_function, set(), {"set:db/c"}),
        (by_numbers, set(), {"set:db/b", "key:db/b", "key:db/loose"}),
        (by_parts, set(), {"set:db/parts"}),
        (to_a_part, set(), {"set:db/low"}),
        (as_nobody_can_say, set(), {"key:db"}),
        (by_a_copy, set(), {"key:db"}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_a_function_does_over_a_connection_of_its_own_is_seen_table_by_table(
    conninfo: str, database: PostgresDatabase, does: Callable[[str], None], reads: set[str], writes: set[str]
) -> None:
    def act() -> None:
        """Act."""
        does(conninfo)

    observer = PythonObserver(postgres=[place_of(database)])
    assert acted(act, reads, writes, observer) == set()
    assert acted(act, ["key:another"], [], observer) == {f"it wrote {each}" for each in writes} | {
        f"it read {each}" for each in reads
    }


def test_another_database_of_the_same_server_is_nobodys_business(
    postgres: PostgresServer, database: PostgresDatabase
) -> None:
    def act() -> None:
        """Write somewhere else."""
        with psycopg.connect(postgres.conninfo("template1"), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS elsewhere (x integer)")
            connection.execute("DROP TABLE elsewhere")

    assert acted(act, ["key:another"], [], PythonObserver(postgres=[place_of(database)])) == set()


def test_outside_of_a_call_a_connection_is_as_it_always_was(conninfo: str, database: PostgresDatabase) -> None:
    PythonObserver(postgres=[place_of(database)])
    with psycopg.connect(conninfo, autocommit=True) as connection:
        assert connection.execute("SELECT x FROM a").fetchall() == [(1,)]
        connection.execute("VACUUM a")
