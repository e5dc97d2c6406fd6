"""Ways to see what a call really touches, whatever it declared: each collects resources while it watches."""

import os
import re
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Protocol

import httpx2

from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource, Scheme, parse
from coroom.tools import naming

_MAIN = "main"


class Observed:
    """What was seen so far."""

    def __init__(self) -> None:
        self._reads: dict[Resource, None] = {}
        self._writes: dict[Resource, None] = {}

    def read(self, resource: Resource | Refused) -> None:
        """It was looked at."""
        if isinstance(resource, Resource):
            self._reads[resource] = None

    def wrote(self, resource: Resource | Refused) -> None:
        """It was changed."""
        if isinstance(resource, Resource):
            self._writes[resource] = None

    def footprint(self) -> Footprint:
        """All of it."""
        return Footprint(tuple(self._reads), tuple(self._writes))


class Observer(Protocol):
    """Watches one kind of state."""

    def watching(self, observed: Observed) -> AbstractContextManager[None]:
        """Collect into `observed` for as long as the context is open."""
        ...


class DifferenceObserver:
    """What is different afterwards, of all that there is: knows no reads, and no write that changed nothing."""

    def __init__(self, look: Callable[[], Mapping[str, str]]) -> None:
        """`look` gives everything there is, by names of resources."""
        self._look = look

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        before = dict(self._look())
        yield
        after = self._look()
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                observed.wrote(parse(name))


class OneAtATime:
    """Sees nothing itself; lets calls be watched one at a time, so that the next observer knows whose doing it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:  # noqa: ARG002  it sees nothing
        """See `Observer.watching`."""
        with self._lock:
            yield


class FilesOnly:
    """Another observer, of whose report files and directories count: a connection or a program is no resource."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        seen = Observed()
        try:
            with self._observer.watching(seen):
                yield
        finally:
            footprint = seen.footprint()
            for resource in footprint.reads:
                if resource.scheme in {Scheme.FILE, Scheme.DIR}:
                    observed.read(resource)
            for resource in footprint.writes:
                if resource.scheme in {Scheme.FILE, Scheme.DIR}:
                    observed.wrote(resource)


class SqliteObserver:
    """Tables that a connection reads and writes, told by SQLite itself as it prepares each statement."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection, self._name = connection, name

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""

        def told(action: int, first: str | None, _second: str | None, _database: str | None, _by: str | None) -> int:
            table = first or ""
            if not table.startswith("sqlite_") and table != "coroom_calls":
                if action == sqlite3.SQLITE_READ:
                    observed.read(naming.rows(self._name, table, {}))
                elif action in {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}:
                    observed.wrote(naming.rows(self._name, table, {}))
            return sqlite3.SQLITE_OK

        self._connection.set_authorizer(told)
        try:
            yield
        finally:
            self._connection.set_authorizer(None)


class PythonObserver:
    """Files below a directory that Python code of this process opens, makes, moves and removes, told by audit events.

    Only the thread that watches is heard. C libraries that open files by themselves are not; programs that are started
    are reported as a write of `key:process`, since nobody can say what they do.
    """

    _here: ClassVar[threading.local] = threading.local()
    _hooked = False

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        if not PythonObserver._hooked:
            # A hook cannot be taken away again, so there is one for all, which mostly does nothing.
            sys.addaudithook(_audited)
            PythonObserver._hooked = True
        self._here.told = (self._root, observed)
        try:
            yield
        finally:
            del self._here.told


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


def _audited(event: str, arguments: tuple[object, ...]) -> None:
    told = getattr(PythonObserver._here, "told", None)  # noqa: SLF001  the hook is a part of it
    if told is None:
        return
    root, observed = told
    if event == "open":
        flags = arguments[2]
        writes = isinstance(flags, int) and bool(flags & _WRITING)
        (observed.wrote if writes else observed.read)(_file(arguments[0], root))
    elif event in _CHANGES:
        for path in arguments[: _CHANGES[event]]:
            observed.wrote(_file(path, root))
    elif event in _LOOKS:
        observed.read(_file(arguments[0], root, directory=True))
    elif event in _STARTS:
        observed.wrote(Resource(Scheme.KEY, "process"))
    elif event == "socket.connect":
        observed.wrote(Resource(Scheme.KEY, "network"))


def _file(path: object, root: str, *, directory: bool = False) -> Resource | Refused:
    """The resource of a path below the root; anything else is nobody's business here."""
    if isinstance(path, (str, bytes, os.PathLike)):
        full = os.path.realpath(os.fsdecode(path))
        if full == root and directory:
            return Resource(Scheme.DIR, "")
        if full.startswith(root + "/"):
            return parse(f"{'dir' if directory else 'file'}:{full[len(root) + 1 :]}")
    return parse("")


class KubernetesObserver(httpx2.HTTPTransport):
    """Objects that are asked for and written over the API. Give it to a `Cluster` as its transport."""

    _PLACE = re.compile(
        r"^/(?:api|apis)/(?P<api>v1|[^/]+/[^/]+)/(?:namespaces/(?P<space>[^/]+)/(?=[^/]))?(?P<rest>.+)$"
    )

    def __init__(self) -> None:
        super().__init__()
        self._observed: Observed | None = None

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        self._observed = observed
        try:
            yield
        finally:
            self._observed = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass the request on, and note what it is about."""
        place = self._PLACE.match(request.url.path)
        if self._observed and place:
            plural, *name = place["rest"].split("/")[:2]
            parts = [place["api"], plural, *filter(None, [place["space"]]), *name]
            named = parse("k8s:" + "/".join(parts))
            if request.method == "GET":
                self._observed.read(named)
            else:
                self._observed.wrote(named)
        return super().handle_request(request)
