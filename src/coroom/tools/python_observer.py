"""What Python code of this process really touches, told by Python's own audit events and by the libraries it uses.

Files below a directory; tables of SQLite databases that it opens, by SQLite's own word, and of PostgreSQL databases,
by the server's; objects of a cluster that it asks for. What is done by programs that it starts is seen by what is
different in the directory afterwards.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme, parse
from coroom.tools.http_observer import same_server, server_of, watch_requests
from coroom.tools.observers import Observed, PostgresPlace, authorizer, note_request

if TYPE_CHECKING:
    from coroom.tools.postgres_observer import Held

_CHANGES = {
    "os.remove": 1,
    "os.rename": 2,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.truncate": 1,
    "os.chmod": 1,
    "os.link": 2,
    "os.symlink": 2,
}
_STARTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork"}
_LOOKS = {"os.listdir", "os.scandir"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

PROGRAM = Resource(Scheme.KEY, "process")
"""Reported as written when a program is started, since nobody can say what it does."""

NETWORK = Resource(Scheme.KEY, "network")
"""Reported as written when a connection is made."""

Stamps = dict[str, tuple[int, int, int]]
"""What tells that a file was changed: its number, its size, and when."""


CLUSTER = Resource(Scheme.KEY, "cluster")
"""Reported as written when the cluster is connected to in a way that does not show what is asked of it."""


@dataclass(slots=True)
class _Watch:
    """What is watched by one call right now."""

    root: str
    observed: Observed
    databases: Mapping[str, str]
    cluster: tuple[str, int]
    postgres: Sequence[PostgresPlace]
    handles: list[sqlite3.Connection] = field(default_factory=list)
    asked: bool = False
    connected: bool = False


_WATCH: ContextVar[_Watch | None] = ContextVar("watch", default=None)


class PythonObserver:
    """What Python code of this process does to files below a directory, to databases and to a cluster.

    Only the thread that watches is heard, and what it awaits. C libraries that open files or connections by themselves
    are not, but for SQLite and psycopg.
    """

    _hooked: ClassVar[bool] = False

    def __init__(
        self,
        root: str = "",
        *,
        databases: Mapping[str, str] = MappingProxyType({}),
        postgres: Sequence[PostgresPlace] = (),
        cluster: str = "",
    ) -> None:
        """Say what is watched.

        Args:
            root: a directory; empty: no files.
            databases: SQLite files, with what the resources of each are called by.
            postgres: PostgreSQL databases; psycopg must be installed when there are any.
            cluster: the URL of a Kubernetes API; empty: none.
        """
        self._root = os.path.realpath(root) if root else ""
        self._databases = {os.path.realpath(path): name for path, name in databases.items()}
        self._postgres = postgres
        self._cluster = server_of(cluster) if cluster else ("", 0)
        if databases:
            _watch_connections()
        if cluster:
            watch_requests(_asked)
        if postgres:
            from coroom.tools.postgres_observer import watch_statements  # noqa: PLC0415  only for who has one

            watch_statements(_statement_listener)

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        if not PythonObserver._hooked:
            # A hook cannot be taken away again, so there is one for all, which mostly does nothing.
            sys.addaudithook(_audited)
            PythonObserver._hooked = True
        watch = _Watch(self._root, observed, self._databases, self._cluster, self._postgres)
        before = _WATCH.set(watch)
        try:
            yield
        finally:
            _WATCH.reset(before)
            if watch.connected and not watch.asked:
                observed.wrote(CLUSTER)
            for handle in watch.handles:
                with suppress(sqlite3.Error):
                    handle.set_authorizer(None)


class InRoom:
    """A `PythonObserver`, of whose report counts what the room can name, and what programs did to the directory."""

    def __init__(self, observer: PythonObserver, root: str = "") -> None:
        self._observer, self._root = observer, root

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`. What a program read is not known."""
        before, seen = _stamps(self._root), Observed()
        try:
            with self._observer.watching(seen):
                yield
        finally:
            touched = seen.footprint()
            for resource in touched.reads:
                observed.read(resource)
            for resource in touched.writes:
                if resource not in (PROGRAM, NETWORK):
                    observed.wrote(resource)
            if PROGRAM in touched.writes:
                after = _stamps(self._root)
                for name in before.keys() | after.keys():
                    if before.get(name) != after.get(name):
                        observed.wrote(parse(f"file:{name}"))


def _stamps(root: str) -> Stamps:
    found: Stamps = {}
    for directory, _, names in os.walk(root) if root else ():
        for name in names:
            path = os.path.join(directory, name)
            with suppress(OSError):
                stat = os.lstat(path)
                found[os.path.relpath(path, root)] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def _audited(event: str, arguments: tuple[object, ...]) -> None:
    watch = _WATCH.get()
    if watch is None:
        return
    if watch.root:
        _files(watch, event, arguments)
    if event in _STARTS:
        watch.observed.wrote(PROGRAM)
    elif event == "socket.connect":
        watch.observed.wrote(NETWORK)
        _connected(watch, arguments[1])
    elif event == "http.client.send":
        _sent(arguments)


def _watch_connections() -> None:
    """Have each new connection to a database watched, of a thread that is. Its audit event comes before it can be."""
    plain = sqlite3.connect
    if hasattr(plain, "__wrapped__"):
        return

    @wraps(plain)
    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = plain(*arguments, **named)
        watch = _WATCH.get()
        name = watch and _database(arguments[0] if arguments else named.get("database"), watch.databases)
        if watch and name:
            connection.set_authorizer(authorizer(name, watch.observed))
            watch.handles.append(connection)
        return connection

    for module in (sqlite3, sqlite3.dbapi2):
        vars(module)["connect"] = connect


def _files(watch: _Watch, event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        flags = arguments[2]
        writes = isinstance(flags, int) and bool(flags & _WRITING)
        (watch.observed.wrote if writes else watch.observed.read)(_file(arguments[0], watch.root))
    elif event in _CHANGES:
        for path in arguments[: _CHANGES[event]]:
            watch.observed.wrote(_file(path, watch.root))
    elif event in _LOOKS:
        watch.observed.read(_file(arguments[0], watch.root, directory=True))


def _database(opened: object, known: Mapping[str, str]) -> str:
    """What the database that is opened is called by; empty when it is none of those known."""
    if not isinstance(opened, (str, bytes, os.PathLike)):
        return ""
    path = os.fsdecode(opened)
    return known.get(os.path.realpath(path.removeprefix("file:").partition("?")[0]), "")


def _connected(watch: _Watch, address: object) -> None:
    """A connection that Python code opened: libpq's, which are watched otherwise, are none of them."""
    where = (str(address[0]), int(address[1])) if isinstance(address, tuple) else address
    if isinstance(where, tuple) and watch.cluster[0] and same_server(where, watch.cluster):
        watch.connected = True
    for each in watch.postgres:
        tcp = isinstance(where, tuple) and isinstance(each.address, tuple) and same_server(where, each.address)
        if tcp or where == each.address:
            watch.observed.wrote(parse(f"key:{each.name}"))


def _sent(arguments: tuple[object, ...]) -> None:
    """The head of a request that goes out over `http.client`."""
    connection, sent = arguments[0], arguments[1]
    if isinstance(sent, bytes):
        method, _, rest = sent.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        if rest.endswith((" HTTP/1.1", " HTTP/1.0")):
            host, port = getattr(connection, "host", ""), getattr(connection, "port", 0)
            _asked(str(host), int(port), method, rest.rpartition(" ")[0])


def _asked(host: str, port: int, method: str, path: str) -> None:
    watch = _WATCH.get()
    if watch and watch.cluster[0] and same_server((host, port), watch.cluster):
        watch.asked = True
        note_request(watch.observed, method, path)


def _statement_listener() -> "Callable[[str, Sequence[Held] | None], None] | None":
    watch = _WATCH.get()
    return _Statements(watch).told if watch and watch.postgres else None


class _Statements:
    """Takes what psycopg's cursors did for one watch."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch

    def told(self, identity: str, held: "Sequence[Held] | None") -> None:
        """See `postgres_observer.Told`."""
        from coroom.tools.postgres_observer import note_held  # noqa: PLC0415  only for who has one

        for each in self._watch.postgres:
            if identity in ("", each.identity):
                note_held(self._watch.observed, each, held)


def _file(path: object, root: str, *, directory: bool = False) -> Resource | Refused:
    """The resource of a path below the root; anything else is nobody's business here."""
    if isinstance(path, (str, bytes, os.PathLike)):
        full = os.path.realpath(os.fsdecode(path))
        if full == root and directory:
            return Resource(Scheme.DIR, "")
        if full.startswith(root + "/"):
            return parse(f"{'dir' if directory else 'file'}:{full[len(root) + 1 :]}")
    return parse("")
