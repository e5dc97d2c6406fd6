"""Texts kept on disk by key, of what can be worked out again: with a file that is damaged nothing is kept."""

import sqlite3
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

_ASKED_AT_ONCE = 500
"""Before 3.32 SQLite takes at most 999 values in one query."""


class Shelf:
    """One table of a file.

    Args:
        path: None to keep nothing.
        table: its name.
        bytes_max: what is kept in it at most, in bytes of text; beyond that goes what was longest not asked for.
    """

    def __init__(self, path: Path | None, table: str, bytes_max: int) -> None:
        assert table.isidentifier()
        self._table = table
        self._bytes_max = bytes_max
        self._asked: set[str] = set()
        self._connection: sqlite3.Connection | None = None
        if path is not None:
            with suppress(OSError, sqlite3.Error):
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                connection = sqlite3.connect(path, timeout=2.0)
                connection.execute("PRAGMA synchronous=OFF")
                self._lay_out(connection)
                self._connection = connection

    def _lay_out(self, connection: sqlite3.Connection) -> None:
        """The texts, and beside them when each was last asked for, in turns: so that to note it moves no text."""
        texts, uses = self._table, f"{self._table}_use"
        with connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {texts} (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (uses,)).fetchone():
                columns = "(key TEXT PRIMARY KEY, turn INTEGER, bytes INTEGER) WITHOUT ROWID"
                connection.execute(f"CREATE TABLE IF NOT EXISTS {uses} {columns}")
                # What was kept before uses were noted.
                old = f"SELECT key, 0, length(CAST(text AS BLOB)) FROM {texts}"  # noqa: S608 - no text of others
                connection.execute(f"INSERT OR IGNORE INTO {uses} {old}")

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
        self._asked |= found.keys()
        return found

    def put(self, fresh: Mapping[str, str]) -> None:
        """Keep these, in place of what has their keys; not one that alone is more than is kept."""
        fresh = {key: text for key, text in fresh.items() if len(text.encode()) <= self._bytes_max}
        if self._connection is None or not fresh:
            return
        uses = f"{self._table}_use"
        with suppress(sqlite3.Error):
            with self._connection as connection:
                insert = f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)"  # noqa: S608 - no text of others
                connection.executemany(insert, fresh.items())
                (turn,) = connection.execute(f"SELECT ifnull(max(turn), 0) + 1 FROM {uses}").fetchone()  # noqa: S608
                sizes = [(key, turn, len(text.encode())) for key, text in fresh.items()]
                connection.executemany(f"INSERT OR REPLACE INTO {uses} VALUES (?, ?, ?)", sizes)  # noqa: S608
                self._note_uses(connection)
                too_many = self._too_many(connection)
                connection.executemany(f"DELETE FROM {self._table} WHERE key = ?", too_many)  # noqa: S608
                connection.executemany(f"DELETE FROM {uses} WHERE key = ?", too_many)  # noqa: S608
            if too_many:
                self._shrink(connection)

    def _note_uses(self, connection: sqlite3.Connection) -> None:
        """What was asked for was last asked for now. Written only where something was put since it was asked for: who
        asks for the same again and again writes nothing.
        """
        uses = f"{self._table}_use"
        (turn,) = connection.execute(f"SELECT max(turn) FROM {uses}").fetchone()  # noqa: S608 - no text of others
        older = connection.execute(f"SELECT key FROM {uses} WHERE turn < ?", (turn,)).fetchall()  # noqa: S608
        asked = [(turn, key) for (key,) in older if key in self._asked]
        if asked:
            connection.executemany(f"UPDATE {uses} SET turn = ? WHERE key = ?", asked)  # noqa: S608

    def _too_many(self, connection: sqlite3.Connection) -> list[tuple[str]]:
        """The keys of what was longest not asked for, beyond what may be kept."""
        newest_first = "SELECT key, sum(bytes) OVER (ORDER BY turn DESC, key) AS held"
        (held,) = connection.execute(f"SELECT ifnull(sum(bytes), 0) FROM {self._table}_use").fetchone()  # noqa: S608
        if held <= self._bytes_max:
            return []
        query = f"SELECT key FROM ({newest_first} FROM {self._table}_use) WHERE held > ?"  # noqa: S608
        return connection.execute(query, (self._bytes_max,)).fetchall()

    def _shrink(self, connection: sqlite3.Connection) -> None:
        """Give back what is free of the file, where that is most of it; otherwise it is written over."""
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        if 2 * free > pages:
            connection.execute("VACUUM")

    def close(self) -> None:
        """Let the file go, with what was asked for noted in it."""
        if self._connection is None:
            return
        with suppress(sqlite3.Error), self._connection as connection:
            if self._asked:
                self._note_uses(connection)
        self._connection.close()
