"""Worlds for the contract of tools: state, tools that act on it, calls to try, and a look that is not the tools'."""

import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import psycopg
import yaml
from hypothesis import strategies as st
from tests.tools.warm_notes import notes_server

from coroom.core.resource import Resource
from coroom.core.tool import canonical
from coroom.ports import Tool, ToolFailed
from coroom.testing.kubernetes_api import KubernetesApi
from coroom.testing.loopback import Loopback
from coroom.tools import naming
from coroom.tools.files import file_tools
from coroom.tools.journal import Journal
from coroom.tools.kubernetes import kubernetes_tools
from coroom.tools.kubernetes_client import Cluster, cleaned
from coroom.tools.proxy import FootprintFile, proxied
from coroom.tools.registry import Declaration, FunctionTool, Toolbox, tool
from coroom.tools.sandbox import Sandbox
from coroom.tools.shell import ShellTool
from coroom.tools.sql import sql_tools
from coroom.tools.sql_postgres import PostgresDatabase
from coroom.tools.sql_schema import NOTHING
from coroom.tools.sql_sqlite import SqliteDatabase
from coroom.workspace.beneath import Root
from coroom.workspace.stage import Stage
from coroom.workspace.tree import FileTree

Calls = st.SearchStrategy[tuple[str, str]]
"""A tool's name and arguments."""


class World(Protocol):
    """Something that tools act on."""

    def tools(self) -> Toolbox:
        """Tools as they are made when a host starts: a second time, they know only what was stored."""
        ...

    def reset(self) -> None:
        """Everything as at first."""
        ...

    def observe(self) -> Mapping[str, str]:
        """All there is, by names of resources, looked at without the tools."""
        ...

    def meddle(self) -> None:
        """Somebody outside the room changes everything there is."""
        ...

    calls: Calls


def said(name: str, strategy: st.SearchStrategy[Mapping[str, object]]) -> Calls:
    return strategy.map(lambda arguments: (name, canonical(arguments)))


class Shelf:
    """Tools from functions, on a dictionary."""

    def __init__(self) -> None:
        self.books: dict[str, int] = {}
        self.journal = Journal()
        books = st.sampled_from(["a", "b", "c/d"])
        self.calls = st.one_of(
            said("put", st.fixed_dictionaries({"book": books, "copies": st.integers(0, 3)})),
            said("move", st.fixed_dictionaries({"source": books, "target": books})),
        )
        self._declared = self._declare()
        self.reset()

    def reset(self) -> None:
        self.books.clear()
        self.books.update({"a": 1, "b": 2})
        self.journal = Journal()

    def observe(self) -> Mapping[str, str]:
        return {f"row:shelf/books/{key.replace('/', '%2F')}": canonical(count) for key, count in self.books.items()}

    def meddle(self) -> None:
        self.books.update(dict.fromkeys(("a", "b", "c/d"), 77))

    def tools(self) -> Toolbox:
        put, move = self._declared
        return Toolbox([FunctionTool(put, self.journal, proven=True), FunctionTool(move, self.journal, proven=True)])

    def _declare(self) -> tuple[Declaration[[str, int], int], Declaration[[str, str], dict[str, int]]]:
        books = self.books

        @tool(writes="row:shelf/books/{book}", effect="blind")
        def put(book: str, copies: int) -> int:
            """Say how many copies there are."""
            books[book] = copies
            return copies

        @put.prepare
        def before_put(book: str) -> int | None:
            return books.get(book)

        @put.undo
        def undo_put(book: str, before: int | None) -> None:
            restore({book: before})

        @tool(
            reads=["row:shelf/books/{source}"],
            writes=lambda source, target: [f"row:shelf/books/{name.replace('/', '%2F')}" for name in (source, target)],
            effect="replayable",
        )
        def move(source: str, target: str) -> dict[str, int]:
            """Move all copies to another place."""
            if source not in books:
                raise ToolFailed(f"There is no {source}.")
            count = books.pop(source)
            books[target] = books.get(target, 0) + count
            return {"moved": count}

        @move.prepare
        def before_move(source: str, target: str) -> dict[str, int | None]:
            return {name: books.get(name) for name in (source, target)}

        @move.undo
        def undo_move(before: dict[str, int | None]) -> None:
            restore(before)

        def restore(state: Mapping[str, int | None]) -> None:
            for name, count in state.items():
                if count is None:
                    books.pop(name, None)
                else:
                    books[name] = count

        def look(resource: Resource) -> int | None:
            return books.get(resource.name.split("/")[2].replace("%2F", "/"))

        put.value(look)
        move.value(look)
        return put, move


_SCRIPT = """
CREATE TABLE teams (name {text} PRIMARY KEY, motto {text});
CREATE TABLE people (id {numbered}, name {text} NOT NULL, team {text}, score integer DEFAULT 0, weight {real});
CREATE TABLE seats (hall {text}, number integer, taken_by {text}, UNIQUE (taken_by), PRIMARY KEY (hall, number));
"""
_ROWS = """
INSERT INTO teams VALUES ('red', NULL), ('blue', 'on''ward');
INSERT INTO people (name, team, score, weight) VALUES
  ('Ann', 'red', 1, 1.5), ('Bob', 'blue', 2, NULL), ('Cy', NULL, 3, 0.1);
INSERT INTO seats VALUES ('a,b', 1, NULL), ('a', 1, 'Ann'), ('a', 2, NULL);
"""


def sql_calls(name: str) -> Calls:
    text = st.sampled_from(["red", "blue", "a", "a,b", "x'y", ""])
    number = st.integers(-2, 4)
    people = st.fixed_dictionaries({}, optional={"id": number, "team": st.none() | text, "score": number})
    person = st.fixed_dictionaries(
        {"name": text}, optional={"id": st.integers(5, 7), "team": text | st.none(), "weight": st.floats(-9, 9)}
    )
    seat = st.fixed_dictionaries({"hall": text, "number": number}, optional={"taken_by": text})

    def call(verb: str, table: str, **parts: st.SearchStrategy[Mapping[str, object]]) -> Calls:
        return said(f"{name}_{verb}", st.fixed_dictionaries({"table": st.just(table), **parts}))

    some = st.fixed_dictionaries({}, optional={"team": text | st.none(), "score": number}).filter(bool)
    return st.one_of(
        call("insert", "people", values=person),
        call("insert", "seats", values=seat),
        call("insert", "teams", values=st.fixed_dictionaries({"name": text, "motto": text})),
        call("update", "people", where=people, set=some),
        call("update", "seats", where=seat, set=st.fixed_dictionaries({"taken_by": text | st.none()})),
        call("add", "people", where=people, add=st.fixed_dictionaries({"score": number})),
        call("delete", "people", where=people),
        call("delete", "seats", where=seat),
    )


def sql_observed(name: str, rows: Callable[[str], list[dict[str, object]]], numbers: str) -> Mapping[str, str]:
    found = {f"key:{name}/people": numbers}
    for table in ("teams", "people", "seats"):
        for row in rows(table):
            named_row = {column: NOTHING if value is None else value for column, value in row.items()}
            found[str(naming.rows(name, table, named_row))] = canonical(row)
    return found


class SqliteWorld:
    """A file with three tables."""

    def __init__(self, place: Path) -> None:
        self.path = str(place / "shop.db")
        self.calls = sql_calls("lite")
        self.outside = sqlite3.connect(self.path, isolation_level=None)
        self.outside.executescript(
            _SCRIPT.format(text="TEXT", numbered="INTEGER PRIMARY KEY AUTOINCREMENT", real="REAL")
        )
        self.outside.execute("PRAGMA synchronous = OFF")
        self.database = SqliteDatabase(self.path, "lite")
        self.database.connection.execute("PRAGMA synchronous = OFF")
        # They keep nothing in memory: all that they know is in the database.
        self._tools = sql_tools(self.database)
        self.reset()

    def tools(self) -> Toolbox:
        return self._tools

    def reset(self) -> None:
        self.outside.executescript(
            "BEGIN; DELETE FROM people; DELETE FROM seats; DELETE FROM teams; DELETE FROM sqlite_sequence;"
            "DELETE FROM coroom_calls;" + _ROWS + "COMMIT;"
        )

    def observe(self) -> Mapping[str, str]:
        def rows(table: str) -> list[dict[str, object]]:
            cursor = self.outside.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

        return sql_observed("lite", rows, str(self.outside.execute("SELECT * FROM sqlite_sequence").fetchall()))

    def meddle(self) -> None:
        self.outside.executescript(
            "UPDATE people SET name = name || '!'; UPDATE teams SET motto = 'mine';"
            "UPDATE seats SET taken_by = hall || number;"
            "INSERT OR IGNORE INTO people (id, name) SELECT value, 'new' FROM json_each('[1,2,3,4,5,6,7]');"
            "INSERT OR IGNORE INTO seats SELECT a.value, b.value, a.value || b.value"
            ' FROM json_each(\'["red","blue","a","a,b","x\'\'y",""]\') a, json_each(\'[-2,-1,0,1,2,3,4]\') b;'
        )


class PostgresWorld:
    """A schema with three tables."""

    _schemas = itertools.count()

    def __init__(self, conninfo: str) -> None:
        schema = f"w{next(self._schemas)}"
        self.outside = psycopg.connect(conninfo, autocommit=True)
        self.outside.execute(f"CREATE SCHEMA {schema}")
        self.outside.execute(f"SET search_path = {schema}")
        self.calls = sql_calls("pg")
        self.outside.execute(_SCRIPT.format(text="text", numbered="serial PRIMARY KEY", real="double precision"))
        self.database = PostgresDatabase(f"{conninfo} options='-c search_path={schema}'", "pg")
        self._tools = sql_tools(self.database)
        self.reset()

    def tools(self) -> Toolbox:
        return self._tools

    def reset(self) -> None:
        self.outside.execute(
            "TRUNCATE people, seats, teams, coroom_calls; ALTER SEQUENCE people_id_seq RESTART WITH 1;" + _ROWS
        )

    def observe(self) -> Mapping[str, str]:
        def rows(table: str) -> list[dict[str, object]]:
            found = self.outside.execute(f"SELECT row_to_json(t)::text FROM {table} t").fetchall()
            return [json.loads(text) for (text,) in found]

        numbers = self.outside.execute("SELECT last_value, is_called FROM people_id_seq").fetchall()
        return sql_observed("pg", rows, str(numbers))

    def meddle(self) -> None:
        self.outside.execute(
            "UPDATE people SET name = name || '!'; UPDATE teams SET motto = 'mine';"
            "UPDATE seats SET taken_by = hall || number;"
            "INSERT INTO people (id, name) SELECT n, 'new' FROM generate_series(1, 7) n ON CONFLICT DO NOTHING;"
            "INSERT INTO seats SELECT h, n, h || n FROM unnest(ARRAY['red','blue','a','a,b','x''y','']) h,"
            " generate_series(-2, 4) n ON CONFLICT DO NOTHING;"
        )


class Directory:
    """A directory of small files."""

    def __init__(self, place: Path) -> None:
        self.top = place / "top"
        self.top.mkdir()
        self.root = Root(str(self.top))
        self._tools = file_tools(FileTree(self.root, Stage.at(str(place / "stage")), time.monotonic, durable=False))
        path = st.sampled_from(["a", "b", "d/c", "d/e/f"])
        text = st.sampled_from(["", "x", "one", "two\n", "ü"])
        self.calls = st.one_of(
            said("file_write", st.fixed_dictionaries({"path": path, "text": text})),
            said("file_append", st.fixed_dictionaries({"path": path, "text": text})),
            said("file_edit", st.fixed_dictionaries({"path": path, "old": text, "new": text})),
            said("file_delete", st.fixed_dictionaries({"path": path})),
            said("file_move", st.fixed_dictionaries({"path": path, "to": path})),
            said("file_read", st.fixed_dictionaries({"path": path})),
        )

    def tools(self) -> Toolbox:
        return self._tools

    def reset(self) -> None:
        for path in ("b", "d/c", "d/e/f"):
            (self.top / path).unlink(missing_ok=True)
        (self.top / "d/e").mkdir(parents=True, exist_ok=True)
        (self.top / "a").write_bytes(b"\xff\x00")
        (self.top / "a").chmod(0o755)
        (self.top / "d/c").write_text("one two\n")
        (self.top / "d/c").chmod(0o644)

    def observe(self) -> Mapping[str, str]:
        found = [path for path in self.top.rglob("*") if path.is_file()]
        return {
            f"file:{path.relative_to(self.top)}": f"{path.stat().st_mode & 0o100:o} {path.read_bytes().hex()}"
            for path in found
        }

    def meddle(self) -> None:
        for path in ("a", "b", "d/c", "d/e/f"):
            (self.top / path).parent.mkdir(parents=True, exist_ok=True)
            (self.top / path).write_text("mine")


class ShellWorld(Directory):
    """The same directory, changed by commands."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        rehearsals = place / "rehearsals"
        rehearsals.mkdir()
        files = FileTree(self.root, Stage.at(str(place / "stage")), time.monotonic, durable=False)
        self._tools = Toolbox([ShellTool(files, Sandbox(str(self.top), str(rehearsals)))])
        command = st.sampled_from(
            [
                "echo more >> a",
                "mv d/c b",
                "rm -r d",
                "mkdir -p d/e && cp a d/e/f && chmod -x d/e/f",
                "cat a d/c > b; rm a",
                "sed -i s/one/1/ d/c",
            ]
        )
        writes = st.sampled_from([["a", "b", "d/"], ["."]])
        self.calls = said("shell", st.fixed_dictionaries({"command": command, "writes": writes}))


class NotesWorld:
    """An MCP server that keeps notes in a file."""

    def __init__(self, place: Path) -> None:
        here = Path(__file__).parent
        self.notes = place / "notes.json"
        trial = {
            "command": notes_server(str(place / "scratch.json")),
            "everything": [f"row:notes/notes/{number}" for number in (1, 2)],
            "calls": [
                {"tool": "set_note", "arguments": {"number": 1, "text": "a"}},
                {"tool": "set_note", "arguments": {"number": 2, "text": "b"}},
                {"tool": "delete_note", "arguments": {"number": 1}},
            ],
        }
        (place / "scratch.json").write_text('{"1": "one"}')
        file = read_footprints_of(here / "notes.yaml", notes_server(str(self.notes)), trial)
        self._tools, self._server = proxied(file, Journal())
        number = st.integers(1, 3)
        self.calls = st.one_of(
            said(
                "set_note", st.fixed_dictionaries({"number": number, "text": st.sampled_from(["a", "b", "forbidden"])})
            ),
            said("delete_note", st.fixed_dictionaries({"number": number})),
        )
        self.reset()

    def tools(self) -> Toolbox:
        return self._tools

    def reset(self) -> None:
        self.notes.write_text('{"1": "one", "2": "two"}')

    def observe(self) -> Mapping[str, str]:
        return {f"row:notes/notes/{key}": text for key, text in json.loads(self.notes.read_text()).items()}

    def meddle(self) -> None:
        self.notes.write_text('{"1": "mine", "2": "mine", "3": "mine"}')

    def close(self) -> None:
        self._server.close()


def read_footprints_of(path: Path, command: list[str], trial: dict[str, object]) -> FootprintFile:
    return FootprintFile.model_validate({**yaml.safe_load(path.read_text()), "command": command, "trial": trial})


class ClusterWorld:
    """Deployments and config maps in an API server of our own."""

    def __init__(self) -> None:
        self.api = KubernetesApi()
        self.server = Loopback(self.api.application)
        self.server.__enter__()
        self.cluster = Cluster(self.server.url)
        self._tools = kubernetes_tools(self.cluster)
        names = st.sampled_from(["geo", "web"])
        deployment = st.builds(_deployment, names, st.integers(0, 3), st.sampled_from(["geo:1", "geo:2"]))
        target = {"kind": st.sampled_from(["Deployment", "apps/v1/deployments"]), "name": names}
        patch = st.fixed_dictionaries(
            {},
            optional={
                "metadata": st.sampled_from([{"labels": {"tier": "front"}}, {"annotations": {"note": "n"}}]),
                "spec": st.sampled_from([{"replicas": 5}, {"paused": True}, {"template": None}]),
            },
        )
        self.calls = st.one_of(
            said("k8s_create", st.fixed_dictionaries({"manifest": deployment})),
            said("k8s_replace", st.fixed_dictionaries({"manifest": deployment})),
            said("k8s_patch", st.fixed_dictionaries({**target, "patch": patch})),
            said("k8s_scale", st.fixed_dictionaries({**target, "replicas": st.integers(0, 4)})),
            said("k8s_delete", st.fixed_dictionaries(target)),
        )

    def tools(self) -> Toolbox:
        return self._tools

    def reset(self) -> None:
        for key in [key for key in self.api.objects if key[1] == "deployments"]:
            del self.api.objects[key]
        self.api.create("apps/v1/deployments", "default", _deployment("geo", 2, "geo:1"))

    def observe(self) -> Mapping[str, str]:
        return {
            f"k8s:{api}/{plural}/{namespace}/{name}": canonical(cleaned(found))
            for (api, plural, namespace, name), found in self.api.objects.items()
        }

    def meddle(self) -> None:
        for name in ("geo", "web"):
            if ("apps/v1", "deployments", "default", name) not in self.api.objects:
                self.api.create("apps/v1/deployments", "default", _deployment(name, 9, "mine"))
            self.api.change("apps/v1/deployments", "default", name, lambda old: {**old, "spec": {"replicas": 9}})


def _deployment(name: str, replicas: int, image: str) -> dict[str, object]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "main", "image": image}]}},
        },
    }


def named(tools: Toolbox, name: str) -> Tool:
    found = tools.get(name)
    assert found is not None
    return found
