"""The tables of a log in SQLite, how a new file gets them, and how connections to it are set up."""

import os
import sqlite3
from urllib.parse import quote

from coroom.log.chain import START
from coroom.ports import LogCorrupt

TABLES = {
    "event": "CREATE TABLE event (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, by TEXT NOT NULL,"
    " kind TEXT NOT NULL, body TEXT NOT NULL, chain BLOB NOT NULL)",
    "head": "CREATE TABLE head (one INTEGER PRIMARY KEY, seq INTEGER NOT NULL, chain BLOB NOT NULL)",
    "segment": "CREATE TABLE segment (last INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
    " previous BLOB NOT NULL, chain BLOB NOT NULL, data BLOB NOT NULL)",
    "blob": "CREATE TABLE blob (hash TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "view": "CREATE TABLE view (seq INTEGER PRIMARY KEY, seal BLOB NOT NULL, data BLOB NOT NULL)",
}

_CAREFUL = ("mmap_size=0", "cell_size_check=ON", "trusted_schema=OFF")
_WAL_RESET_FIXED = (3, 51, 3)


def wal_reset_warning(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> str | None:
    """Return what to tell the operator about this SQLite, or None when there is nothing to tell.

    Versions before 3.51.3 can corrupt a write-ahead log that two connections write or checkpoint at one
    moment. A log of ours has one such connection, so the danger is a second program that writes to the file.
    """
    if version >= _WAL_RESET_FIXED:
        return None
    found = ".".join(map(str, version))
    return f"SQLite {found} has the WAL-reset bug (fixed in 3.51.3): let no other program open the room's log."


def create(path: str) -> None:
    """Make an empty log under a temporary name and rename it, so that no half-made one is ever found.

    Raises:
        LogCorrupt: a write-ahead file lies there without its database.
    """
    if os.path.exists(f"{path}-wal"):
        raise LogCorrupt(0, f"{path} is gone, but its write-ahead file {path}-wal is still there")
    fresh = f"{path}.new"
    for leftover in (fresh, f"{fresh}-journal"):
        if os.path.exists(leftover):
            os.unlink(leftover)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(fresh, isolation_level=None)
    try:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN")
        for table in TABLES.values():
            connection.execute(table)
        connection.execute("INSERT INTO head VALUES (1, 0, ?)", (START,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
    finally:
        connection.close()
    os.rename(fresh, path)
    _sync_directory(os.path.dirname(path) or ".")


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def connect_writer(path: str) -> sqlite3.Connection:
    """Open the one connection that writes and checkpoints; its user serialises the threads."""
    settings = ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", *_CAREFUL)
    return _connect(f"file:{quote(os.fsencode(path))}?mode=rw", settings)


def connect_reader(path: str) -> sqlite3.Connection:
    """Open a connection that cannot write, so that reading need not wait for a commit to reach the disk."""
    return _connect(f"file:{quote(os.fsencode(path))}?mode=ro", _CAREFUL)


def _connect(address: str, settings: tuple[str, ...]) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    try:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def check_tables(connection: sqlite3.Connection) -> None:
    """Make sure that the file holds our tables, to the letter.

    A damaged name must not make a table look absent, let alone be created anew and empty.

    Raises:
        LogCorrupt: it does not.
        sqlite3.Error: it cannot be read at all.
    """
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
    if dict(rows) != TABLES:
        raise LogCorrupt(0, "its tables are not those of a Coroom log")
