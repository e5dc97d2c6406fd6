"""What Python code of this process really touches, told by Python's own audit events.

Files below a directory; tables of SQLite databases that it opens, by SQLite's own word; objects of a cluster that it
asks for over `http.client`, as urllib, requests and the official client do. What is done by programs that it starts is
seen by what is different in the directory afterwards.
"""

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from types import MappingProxyType
from typing import Any, ClassVar

from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme, parse
from coroom.tools.observers import Observed, authorizer, note_request

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


@dataclass(slots=True)
class _Watch:
    """What is watched on one thread right now."""

    root: str
    observed: Observed
    databases: Mapping[str, str]
    cluster: str
    handles: list[sqlite3.Connection] = field(default_factory=list)


class PythonObserver:
    """What Python code of this process does to files below a directory, to databases and to a cluster.

    Only the thread that watches is heard. C libraries that open files by themselves are not, but for SQLite.
    """

    _here: ClassVar[threading.local] = threading.local()
    _hooked = False

    def __init__(
        self, root: str = "", *, databases: Mapping[str, str] = MappingProxyType({}), cluster: str = ""
    ) -> None:
        """Say what is watched.

        Args:
            root: a directory; empty: no files.
            databases: SQLite files, with what the resources of each are called by.
            cluster: host and port of a Kubernetes API, `127.0.0.1:8001`; empty: none.
        """
        self._root = os.path.realpath(root) if root else ""
        self._databases = {os.path.realpath(path): name for path, name in databases.items()}
        self._cluster = cluster
        if databases:
            _watch_connections()

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        if not PythonObserver._hooked:
            # A hook cannot be taken away again, so there is one for all, which mostly does nothing.
            sys.addaudithook(_audited)
            PythonObserver._hooked = True
        watch = self._here.watch = _Watch(self._root, observed, self._databases, self._cluster)
        try:
            yield
        finally:
            del self._here.watch
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
                if resource.scheme is not Scheme.KEY:
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
    watch: _Watch | None = getattr(PythonObserver._here, "watch", None)  # noqa: SLF001  the hook is a part of it
    if watch is None:
        return
    if watch.root:
        _files(watch, event, arguments)
    if event in _STARTS:
        watch.observed.wrote(PROGRAM)
    elif event == "socket.connect":
        watch.observed.wrote(NETWORK)
    elif event == "http.client.send" and watch.cluster:
        _request(watch, arguments)


def _watch_connections() -> None:
    """Have each new connection to a database watched, of a thread that is. Its audit event comes before it can be."""
    plain = sqlite3.connect
    if hasattr(plain, "__wrapped__"):
        return

    @wraps(plain)
    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = plain(*arguments, **named)
        watch: _Watch | None = getattr(PythonObserver._here, "watch", None)  # noqa: SLF001  a part of it
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


def _request(watch: _Watch, arguments: tuple[object, ...]) -> None:
    """The head of a request that goes out over `http.client`."""
    connection, sent = arguments[0], arguments[1]
    where = f"{getattr(connection, 'host', '')}:{getattr(connection, 'port', '')}"
    if where == watch.cluster and isinstance(sent, bytes):
        method, _, rest = sent.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        if rest.endswith((" HTTP/1.1", " HTTP/1.0")):
            note_request(watch.observed, method, rest.rpartition(" ")[0])


def _file(path: object, root: str, *, directory: bool = False) -> Resource | Refused:
    """The resource of a path below the root; anything else is nobody's business here."""
    if isinstance(path, (str, bytes, os.PathLike)):
        full = os.path.realpath(os.fsdecode(path))
        if full == root and directory:
            return Resource(Scheme.DIR, "")
        if full.startswith(root + "/"):
            return parse(f"{'dir' if directory else 'file'}:{full[len(root) + 1 :]}")
    return parse("")
