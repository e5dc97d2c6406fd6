"""What each call did to the world, and what its undo needs: what makes performing and undoing repeatable.

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
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
  id TEXT NOT NULL, digest TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (id, digest)
) STRICT;
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
        self._connection.executescript(_SCHEMA)

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

    def keep(self, call: str, digest: str, text: str) -> None:
        """Keep a text for a call, as long as the call can be undone. `digest` tells it from others of the call."""
        self._write("INSERT OR IGNORE INTO kept VALUES (?, ?, ?)", (call, digest, text))

    def kept(self, call: str, digest: str) -> str | None:
        """A text that was kept for a call; None when there is none, or no longer."""
        with self._lock:
            row = self._connection.execute(
                "SELECT text FROM kept WHERE id = ? AND digest = ?", (call, digest)
            ).fetchone()
        return row and str(row[0])

    def forget(self, call: str) -> None:
        """The call acted in no part, or nobody will ask for it any more."""
        self._write("DELETE FROM calls WHERE id = ?", (call,))

    def prune(self, calls: Iterable[str]) -> None:
        """These calls are final, with all their repetitions: nobody will ask for them any more."""
        with self._lock:
            self._connection.execute("BEGIN")
            for call in calls:
                for table in ("calls", "kept"):
                    self._connection.execute(
                        f"DELETE FROM {table} WHERE id = ? OR id GLOB ? || '.*'",  # noqa: S608  one of two names
                        (call, call),
                    )
            self._connection.execute("COMMIT")

    def keep_only(self, calls: Iterable[str]) -> None:
        """Only these calls, with their repetitions, can still be undone; what a crash kept of others is dropped."""
        there = {*calls}
        with self._lock:
            found = self._connection.execute("SELECT id FROM calls UNION SELECT id FROM kept").fetchall()
        self.prune({name for (each,) in found if (name := each.partition(".")[0]) not in there})

    def size(self) -> int:
        """How much is kept, in entries."""
        with self._lock:
            (row,) = self._connection.execute("SELECT (SELECT count(*) FROM calls) + (SELECT count(*) FROM kept)")
        return int(row[0])

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    def _write(self, statement: str, values: tuple[str, ...]) -> None:
        with self._lock:
            self._connection.execute(statement, values)
