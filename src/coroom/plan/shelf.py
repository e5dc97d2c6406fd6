"""Texts kept on disk by key, of what can be worked out again: with a file that is damaged nothing is kept."""

import sqlite3
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

_ASKED_AT_ONCE = 500
"""Before 3.32 SQLite takes at most 999 values in one query."""


class Shelf:
    """One table of a file. `path` is None to keep nothing."""

    def __init__(self, path: Path | None, table: str) -> None:
        assert table.isidentifier()
        self._table = table
        self._connection: sqlite3.Connection | None = None
        if path is not None:
            with suppress(OSError, sqlite3.Error):
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                connection = sqlite3.connect(path, timeout=2.0)
                connection.execute("PRAGMA synchronous=OFF")
                columns = "(key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID"
                connection.execute(f"CREATE TABLE IF NOT EXISTS {table} {columns}")
                self._connection = connection

    def get(self, keys: Collection[str]) -> dict[str, str]:
        """What is kept under these keys, as far as there is anything."""
        found: dict[str, str] = {}
        if self._connection is None:
            return found
        wanted = sorted(keys)
        with suppress(sqlite3.Error):
            for at in range(0, len(wanted), _ASKED_AT_ONCE):
                some = wanted[at : at + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, text FROM {self._table} WHERE key IN ({marks})"  # noqa: S608 - no text of others
                found.update(self._connection.execute(query, some))
        return found

    def put(self, fresh: Mapping[str, str]) -> None:
        """Keep these, in place of what has their keys."""
        if self._connection is not None and fresh:
            with suppress(sqlite3.Error), self._connection:
                insert = f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)"  # noqa: S608 - no text of others
                self._connection.executemany(insert, fresh.items())

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            self._connection.close()
