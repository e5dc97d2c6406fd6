"""The live state of a trial: a real SQLite or PostgreSQL database, or the small Kubernetes API, with tools on it."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, cast

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint, Resource, Scheme
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec, canonical
from coroom.evaluate.live.rows import SCHEMA
from coroom.evaluate.live.task import LiveTask, State
from coroom.ports import Tool, UndoFailed
from coroom.testing.kubernetes_api import InProcess, KubernetesApi
from coroom.tools.kubernetes import kubernetes_tools
from coroom.tools.kubernetes_client import Cluster
from coroom.tools.sql import sql_tools
from coroom.tools.sql_schema import Database
from coroom.tools.sql_sqlite import SqliteDatabase


class World(Protocol):
    """One trial's live state. `tools` are by verb (`select`, `patch`), as the programs call them."""

    tools: Mapping[str, Tool]

    def state(self) -> State:
        """How it stands now, comparable with the judge's model."""
        ...


_kept: dict[tuple[str, str], "Office | InCluster"] = {}
"""What a process opens once: making tools anew for each trial would cost more than most trials."""


def world_of(task: LiveTask, jobs: int, database: str = "") -> World:
    """The start of a task with so many jobs; the one before of the same process ends with it.

    Args:
        task: whose start.
        jobs: how many.
        database: a PostgreSQL to use for rows; empty for SQLite. Its tables of these names are dropped first.
    """
    named = (task.world, database)
    if named not in _kept:
        _kept[named] = Office(database) if task.world == "office" else InCluster()
    found = _kept[named]
    found.begin(task.start(jobs))
    return found


class Office:
    """Rows in a database, all replaced at the start of each trial."""

    def __init__(self, conninfo: str = "") -> None:
        self._ends = ExitStack()
        self._database: Database
        self._outside: Callable[[str], object]
        if conninfo:
            self._database, self._outside = _postgres(conninfo, self._ends)
        else:
            folder = Path(self._ends.enter_context(TemporaryDirectory(prefix="coroom-office-")))
            self._database, self._outside = _sqlite(folder / "office.sqlite")
        self._ends.callback(self._database.close)
        self._tools = {tool.spec.name.removeprefix("office_"): tool for tool in sql_tools(self._database)}
        self._outbox = Outbox()
        self.tools: Mapping[str, Tool] = {}

    def begin(self, start: State) -> None:
        """Hold these rows and nothing else. Ids of calls begin anew with each room, so notes of old ones go as well."""
        for name in (*SCHEMA, "coroom_calls"):
            self._outside(f"DELETE FROM {name}")  # noqa: S608  names of our own
        with self._database.transaction() as session:
            for name, rows in start["rows"].items():
                for row in rows.values():
                    session.insert(self._database.tables()[name], row)
        self._outbox = Outbox()
        self.tools = {**self._tools, "send": self._outbox}

    def close(self) -> None:
        """Let go of the database. Optional: it ends with its process."""
        self._ends.close()

    def state(self) -> State:
        """See `World.state`."""
        rows: dict[str, Any] = {}
        with self._database.transaction() as session:
            for name, columns in SCHEMA.items():
                key = next(iter(columns))
                rows[name] = {row[key]: row for row in session.select(self._database.tables()[name], {})}
        keys = {name: next(iter(columns)) for name, columns in SCHEMA.items()}
        return {"rows": rows, "keys": keys, "sent": sorted(self._outbox.sent, key=canonical)}


def created() -> list[str]:
    """The statements that make the tables of an office."""
    made = []
    for name, columns in SCHEMA.items():
        parts = [
            f"{column} {kind}{' PRIMARY KEY' if at == 0 else ''}" for at, (column, kind) in enumerate(columns.items())
        ]
        made.append(f"CREATE TABLE {name} ({', '.join(parts)})")
    return made


def _sqlite(path: Path) -> tuple[SqliteDatabase, Callable[[str], object]]:
    bare = SqliteDatabase(str(path), "office")
    bare.connection.executescript(";".join(created()))
    bare.close()
    found = SqliteDatabase(str(path), "office")
    # The trial dies with the machine, and so may its database.
    found.connection.executescript("PRAGMA synchronous=off; PRAGMA journal_mode=memory;")
    return found, found.connection.execute


def _postgres(conninfo: str, ends: ExitStack) -> tuple[Database, Callable[[str], object]]:
    import psycopg  # noqa: PLC0415  who has no PostgreSQL needs no driver

    from coroom.tools.sql_postgres import PostgresDatabase  # noqa: PLC0415  it imports the driver

    outside = psycopg.connect(conninfo, autocommit=True)
    ends.callback(outside.close)
    outside.execute(f"DROP TABLE IF EXISTS coroom_calls, {', '.join(SCHEMA)}".encode())
    for statement in created():
        outside.execute(statement.encode())
    return PostgresDatabase(conninfo, "office"), lambda statement: outside.execute(statement.encode())


class Outbox:
    """A tool that sends mail: what is sent is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self._done: set[str] = set()
        self.spec = ToolSpec(
            name="office_send",
            description="Send an invoice over an amount to a customer. It cannot be taken back.",
            effect=Effect.IRREVERSIBLE,
            schema='{"type":"object","required":["to","amount"]}',
            undoable=False,
        )

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`: what each customer was sent is a resource."""
        to = json.loads(arguments).get("to")
        if not isinstance(to, str):
            return Refused(Code.BAD_INPUT, "A mail needs a customer.", "Give `to` and `amount`.")
        return Footprint(writes=(Resource(Scheme.KEY, f"mail/{to}"),))

    def prepare(self, call: ToolCall) -> str:  # noqa: ARG002  nothing would help
        """See `ports.Tool.prepare`."""
        return "{}"

    def perform(self, call: ToolCall, prepared: str) -> str:  # noqa: ARG002  there is nothing prepared
        """See `ports.Tool.perform`: once for each call."""
        if call.id not in self._done:
            self._done.add(call.id)
            self.sent.append(json.loads(call.arguments))
        return '"sent"'

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:  # noqa: ARG002  there is none
        """See `ports.Tool.undo`."""
        raise UndoFailed("what is sent is sent")

    def probe(self, call: ToolCall, prepared: str) -> Probed:  # noqa: ARG002  it remembers its calls
        """See `ports.Tool.probe`."""
        return Performed('"sent"') if call.id in self._done else NotPerformed()

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return self.value(resource)

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`: what this customer was sent."""
        to = resource.name.removeprefix("mail/")
        return canonical([mail for mail in self.sent if mail["to"] == to])


_RESOURCES = {"Deployment": "apps/v1/deployments", "ConfigMap": "v1/configmaps", "Service": "v1/services"}


class InCluster:
    """Objects behind the small API server, spoken to in one process."""

    def __init__(self) -> None:
        self._api = KubernetesApi()
        cluster = Cluster("http://cluster", transport=InProcess(self._api))
        self.tools: Mapping[str, Tool] = {
            tool.spec.name.removeprefix("k8s_"): tool for tool in kubernetes_tools(cluster)
        }

    def begin(self, start: State) -> None:
        """Hold these objects and nothing else."""
        self._api.clear()
        filled(self._api, start)

    def state(self) -> State:
        """See `World.state`."""
        return objects_of(self._api)


def filled(api: KubernetesApi, start: State) -> None:
    """Put the objects of a start there."""
    for made in start["objects"].values():
        api.create(_RESOURCES[made["kind"]], "default", made)


def objects_of(api: KubernetesApi) -> State:
    """The objects as live state, without what the server owns."""
    found: dict[str, Any] = {}
    for (_, plural, _, name), made in api.objects.items():
        if plural != "namespaces":
            about = {"name": name, "namespace": made["metadata"]["namespace"]}
            kept = {part: value for part, value in made.items() if part not in {"metadata", "status"}}
            found[f"{made['kind']}/{name}"] = {**kept, "metadata": about}
    return cast("State", json.loads(canonical({"objects": found})))
