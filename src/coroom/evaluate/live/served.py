"""The live state of a trial with real agents, below the trial's folder or in a PostgreSQL: a room opens tools on it."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from coroom.core.tool import canonical
from coroom.evaluate.live.rows import SCHEMA
from coroom.evaluate.live.task import State
from coroom.evaluate.live.world import Office, created, filled, objects_of
from coroom.testing.kubernetes_api import KubernetesApi
from coroom.testing.loopback import Loopback

TOOLS = "tools.yaml"
"""The file that `coroom run --tools` is given."""

_OUTBOX = "outbox.py"
_SENT = "sent.jsonl"


class Served(Protocol):
    """Live state that a room of another process acts on."""

    @property
    def tools(self) -> Path:
        """The file that opens it."""
        ...

    def state(self) -> State:
        """How it stands now, comparable with the judge's model."""
        ...


@contextmanager
def served(world: str, start: State, folder: Path, database: str = "") -> Iterator[Served]:
    """The start of a task, reachable until the block ends.

    Args:
        world: `office` or `cluster`.
        start: how it stands at first.
        folder: a new directory for it, which no agent may write to.
        database: a PostgreSQL to use for rows; empty for SQLite. Its tables of these names are dropped first, and those
            who can read the folder can reach it until the block ends.

    Raises:
        OSError, sqlite3.Error: it cannot be made there, or the database has gone away.
    """
    folder.mkdir(parents=True)
    if world == "office":
        if database:
            with _answering(), closing(Office(database)) as office:
                yield _InPostgres.of(office, start, folder, database)
            # It may hold a password.
            (folder / TOOLS).unlink()
        else:
            yield _Rows.of(start, folder)
        return
    api = KubernetesApi()
    filled(api, start)
    with Loopback(api.application) as loopback:
        yield _Objects.of(api, loopback.url, folder)


@contextmanager
def _answering() -> Iterator[None]:
    """What a PostgreSQL has to say against it is a failed connection."""
    import psycopg  # noqa: PLC0415  who has no PostgreSQL needs no driver

    try:
        yield
    except psycopg.Error as problem:
        why = " ".join(str(problem).split())
        raise ConnectionError(f"the database of --database: {why}") from problem


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in a SQLite file, and what was sent in a file beside it."""

    tools: Path

    @classmethod
    def of(cls, start: State, folder: Path) -> "_Rows":
        with closing(sqlite3.connect(folder / "office.sqlite")) as database, database:
            database.executescript(";".join(created()))
            for name, rows in start["rows"].items():
                columns = SCHEMA[name]
                marks = ", ".join("?" * len(columns))
                values = [[row[column] for column in columns] for row in rows.values()]
                database.executemany(f"INSERT INTO {name} VALUES ({marks})", values)  # noqa: S608  names of our own
        return cls(_said(folder, {"sqlite": {"office": "office.sqlite"}, "functions": [_outbox(folder)]}))

    def state(self) -> State:
        rows: dict[str, Any] = {}
        keys = {name: next(iter(columns)) for name, columns in SCHEMA.items()}
        with closing(sqlite3.connect(self.tools.with_name("office.sqlite"))) as database:
            database.row_factory = sqlite3.Row
            for name in SCHEMA:
                found = map(dict, database.execute(f"SELECT * FROM {name}"))  # noqa: S608  names of our own
                rows[name] = {row[keys[name]]: row for row in found}
        return {"rows": rows, "keys": keys, "sent": _mails(self.tools)}


@dataclass(frozen=True, slots=True)
class _InPostgres:
    """Rows in a PostgreSQL of the user's, and what was sent in a file."""

    tools: Path
    office: Office

    @classmethod
    def of(cls, office: Office, start: State, folder: Path, database: str) -> "_InPostgres":
        office.begin(start)
        return cls(_said(folder, {"postgres": {"office": database}, "functions": [_outbox(folder)]}), office)

    def state(self) -> State:
        with _answering():
            return {**self.office.state(), "sent": _mails(self.tools)}


@dataclass(frozen=True, slots=True)
class _Objects:
    """Objects behind the small Kubernetes API."""

    tools: Path
    api: KubernetesApi

    @classmethod
    def of(cls, api: KubernetesApi, url: str, folder: Path) -> "_Objects":
        return cls(_said(folder, {"kubernetes": {"url": url}}), api)

    def state(self) -> State:
        return objects_of(self.api)


def _outbox(folder: Path) -> str:
    """The file with the tool that sends mail, and one for what is sent."""
    shutil.copy(Path(__file__).with_name("served_outbox.py"), folder / _OUTBOX)
    (folder / _SENT).touch()
    return _OUTBOX


def _mails(tools: Path) -> list[dict[str, Any]]:
    lines = tools.with_name(_SENT).read_text(encoding="utf-8").splitlines()
    return sorted((json.loads(line)["mail"] for line in lines), key=canonical)


def _said(folder: Path, tools: Mapping[str, Any]) -> Path:
    # JSON is YAML.
    (folder / TOOLS).write_text(json.dumps(tools), encoding="utf-8")
    return folder / TOOLS
