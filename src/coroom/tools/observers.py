"""Ways to see what a call really touches, whatever it declared: each collects resources while it watches."""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource, parse
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


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """A PostgreSQL database: what its resources are called by, its identity, the schema whose tables need no further
    word, and where its server listens.
    """

    name: str
    identity: str
    schema: str
    address: str | tuple[str, int]


class Observer(Protocol):
    """Watches one kind of state."""

    def watching(self, observed: Observed) -> AbstractContextManager[None]:
        """Collect into `observed` for as long as the context is open."""
        ...


Alone = Callable[[], AbstractContextManager[object]]
"""Keeps other threads off while the context is open."""


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


class SqliteObserver:
    """Tables that a connection reads and writes, told by SQLite itself as it prepares each statement."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        name: str,
        alone: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Watch a connection.

        Args:
            connection: all that is done on it is seen, whoever does it.
            name: what the resources of the database are called by.
            alone: keeps others off the connection meanwhile, where several threads use it.
        """
        self._connection, self._name, self._alone = connection, name, alone

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        with self._alone():
            # To set it makes SQLite prepare anew what it has kept, so that nothing is missed.
            self._connection.set_authorizer(authorizer(self._name, observed))
            try:
                yield
            finally:
                self._connection.set_authorizer(None)


def authorizer(name: str, observed: Observed) -> Callable[..., int]:
    """What SQLite asks for leave as it prepares a statement: it notes the tables, and always says yes."""

    def told(action: int, first: str | None, _second: str | None, _database: str | None, _by: str | None) -> int:
        if action in _NOTED and first and not first.startswith("sqlite_") and first != "coroom_calls":
            (observed.read if action == sqlite3.SQLITE_READ else observed.wrote)(_whole_table(name, first))
        return sqlite3.SQLITE_OK

    return told


_NOTED = frozenset({sqlite3.SQLITE_READ, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})


@lru_cache(maxsize=1_024)
def _whole_table(database: str, table: str) -> Resource | Refused:
    return naming.rows(database, table, {})


_PLACE = re.compile(r"^/(?:api|apis)/(?P<api>v1|[^/]+/[^/]+)/(?:namespaces/(?P<space>[^/]+)/(?=[^/]))?(?P<rest>.+)$")


def note_request(observed: Observed, method: str, path: str) -> None:
    """What a request to a Kubernetes API is about."""
    place = _PLACE.match(path.partition("?")[0])
    if place is None:
        return
    plural, *name = place["rest"].split("/")[:2]
    named = parse("k8s:" + "/".join([place["api"], plural, *filter(None, [place["space"]]), *name]))
    (observed.read if method == "GET" else observed.wrote)(named)
