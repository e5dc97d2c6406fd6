"""What each call did to the world, kept by the tools themselves: what makes performing and undoing repeatable.

The room's log says what was meant to happen; a tool whose target keeps no record of calls keeps one here, written
before it acts and after. So a call that is tried twice acts once, a lost outcome can be looked up, and an undo knows
what the world looked like when the call had acted.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from coroom.core.tool import canonical
from coroom.tools.json_text import texts_of

Images = Mapping[str, str]
"""Digests of what resources hold, by the resource as text."""

NO_IMAGES: Images = MappingProxyType({})

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
  id TEXT PRIMARY KEY, state TEXT NOT NULL, result TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""


class State(StrEnum):
    """How far a call has come. ACTING and UNDOING are what a crash leaves behind."""

    ACTING = "acting"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Entry:
    """One call: where it is, what it returned, and the images of what it writes before and after it."""

    state: State
    result: str
    before: Images
    after: Images


class Journal:
    """A table of calls in a SQLite file of its own (":memory:": none). Durable at return, and for any thread."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_SCHEMA)

    def entry(self, call: str) -> Entry | None:
        """What is known of a call; None when it never began, or failed cleanly."""
        with self._lock:
            row = self._connection.execute(
                "SELECT state, result, before, after FROM calls WHERE id = ?", (call,)
            ).fetchone()
        return row and Entry(State(row[0]), row[1], texts_of(row[2]), texts_of(row[3]))

    def acting(self, call: str, before: Images) -> None:
        """The call is about to act, on a world with these images."""
        self._write(
            "INSERT OR REPLACE INTO calls VALUES (?, ?, '', ?, '{}')", (call, State.ACTING, canonical(dict(before)))
        )

    def done(self, call: str, result: str, after: Images) -> None:
        """The call acted, returned `result` and left these images."""
        self._write(
            "UPDATE calls SET state = ?, result = ?, after = ? WHERE id = ?",
            (State.DONE, result, canonical(dict(after)), call),
        )

    def undoing(self, call: str) -> None:
        """The call is about to be undone."""
        self._write("UPDATE calls SET state = ? WHERE id = ?", (State.UNDOING, call))

    def undone(self, call: str) -> None:
        """What the call did is taken back; it may be performed again."""
        self._write("UPDATE calls SET state = ? WHERE id = ?", (State.UNDONE, call))

    def forget(self, call: str) -> None:
        """The call acted in no part, or nobody will ask for it any more."""
        self._write("DELETE FROM calls WHERE id = ?", (call,))

    def prune(self, calls: Iterable[str]) -> None:
        """These calls are final, with all their repetitions: nobody will ask for them any more."""
        with self._lock:
            self._connection.execute("BEGIN")
            for call in calls:
                self._connection.execute("DELETE FROM calls WHERE id = ? OR id GLOB ? || '.*'", (call, call))
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    def _write(self, statement: str, values: tuple[str, ...]) -> None:
        with self._lock:
            self._connection.execute(statement, values)
