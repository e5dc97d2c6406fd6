"""What the room last had on a mirror's disk, path by path: the base of whatever is written there next.

Kept in a small database of its own, so that after a crash a change made meanwhile is merged against what the
disk held and not against what the room has come to since. A put is announced before it is made.
"""

import os
import sqlite3
import struct
import sys
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Self

from coroom.core.file import FileKind
from coroom.core.quick import dataclass
from coroom.host.edits.content import ABSENT, Content
from coroom.workspace.scan import Known
from coroom.workspace.states import Kind, Signature

RECENT_MAX = 16
"""Texts remembered for each path: which of them an agent began from is judged by likeness (`bases`)."""

SHARED_CONTENTS = 65_536
"""Mirrors of one room hold the same files; what is said of one content is kept in memory once."""

_SCHEMA = """
create table if not exists stood (
  path blob primary key, kind text not null, blob text not null, executable integer not null, version integer not null,
  signature blob not null, recent text not null, coming text not null, seq integer not null, by text not null
) without rowid
"""
_FROM_BEFORE = """
begin;
insert or ignore into stood
  select path, kind, blob, executable, version, signature, recent, coming, seq, '' from shadow;
drop table shadow;
commit
"""
"""The table of versions up to 0.1.0, which did not say who wrote what: whose text that is counts as not known."""

_SETTINGS = ("journal_mode=wal", "synchronous=normal", "cache_size=-64")
_SIGNATURE = struct.Struct("=QQqq")

_Row = tuple[bytes, str, str, int, int, bytes, str, str, int, str]


@lru_cache(SHARED_CONTENTS)
def bare(kind: FileKind, blob: str, executable: bool) -> Content:  # noqa: FBT001  the fields of a content
    """The content without its bytes, one object for all mirrors."""
    return Content(kind, sys.intern(blob), executable)


class Earlier(NamedTuple):
    """A text that stood there before; the fields as in `Was`."""

    blob: str
    version: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Was:
    """One path as it was on the disk.

    `version` is the accepted one that it stands for (0: none); `mark` is the packed signature; `recent` are earlier
    texts, newest first; `coming` is the blob of a put that was begun and whose end is not known; `seq` is how far the
    room's log was when this was written; `by` is the agent that wrote it, empty where the room put it there.
    """

    content: Content
    version: int
    mark: bytes = b""
    recent: tuple[Earlier, ...] = ()
    coming: str = ""
    seq: int = 0
    by: str = ""

    @property
    def signature(self) -> Signature | None:
        """What the file system said of it; None when that must not be relied on."""
        return Signature(*_SIGNATURE.unpack(self.mark)) if self.mark else None


NEVER = Was(content=ABSENT, version=0)


def boot_id() -> str:
    """What tells this run of the machine from those before it; empty where that is not known."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
    return ""


class Shadow:
    """The shadow of one mirror. Reads are from memory; what changes is written by `flush`, in one transaction."""

    def __init__(self, path: str, room: str = "") -> None:
        """Open, or make, the database at `path`; a damaged one is put aside, and `lost` is set. `rebooted` says that
        the machine has been started since it was opened last, so that what was not synced then may be gone.

        `room` is the identity of the room that it is for; it is kept where none is yet.
        """
        self.lost = False
        self.rebooted = False
        self._unwritten: set[str] = set()
        try:
            self._open(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self.lost = True
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.replace(path + suffix, f"{path}.damaged{suffix}")
            self._open(path)
        if room:
            self._db.execute("insert into room select ? where not exists (select * from room)", (room,))
        boot = boot_id()
        self.rebooted = self._db.execute("select 1 from boot where id <> ?", (boot,)).fetchone() is not None
        if self.rebooted or len(self._was) == 0:
            self._db.execute("delete from boot")
        self._db.execute("insert into boot select ? where not exists (select * from boot)", (boot,))

    def _open(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            for setting in _SETTINGS:
                self._db.execute(f"pragma {setting}")
            self._db.execute(_SCHEMA)
            self._db.execute("create table if not exists room (identity text not null)")
            self._db.execute("create table if not exists boot (id text not null)")
            if self._db.execute("select 1 from sqlite_schema where name = 'shadow'").fetchone():
                self._db.executescript(_FROM_BEFORE)
            rows = self._db.execute("select * from stood")
            self._was = {sys.intern(row[0].decode("utf-8", "surrogateescape")): _was(row) for row in rows}
        except sqlite3.Error:
            self._db.close()
            raise

    def __getitem__(self, path: str) -> Was:
        return self._was.get(path, NEVER)

    def __contains__(self, path: str) -> bool:
        return path in self._was

    def __len__(self) -> int:
        return len(self._was)

    def paths(self) -> list[str]:
        """Every path that is, or was lately, on the disk."""
        return list(self._was)

    def holds(self, path: str) -> bool:
        """Whether something stands at `path`, as far as the room knows."""
        return self[path].content.kind is not FileKind.ABSENT

    def present(self) -> list[str]:
        """Every path that is on the disk as far as the room knows."""
        return [path for path, was in self._was.items() if was.content.kind is not FileKind.ABSENT]

    def below(self, directory: str) -> list[str]:
        """The present paths below a directory."""
        above = directory + "/"
        return [path for path in self.present() if path.startswith(above)]

    def known(self, paths: Iterable[str] | None = None) -> dict[str, Known]:
        """What is present, as a scan wants it; of all paths or of these."""
        found = {}
        for path in self.present() if paths is None else filter(self.holds, paths):
            was = self[path]
            kind = Kind.SYMLINK if was.content.kind is FileKind.SYMLINK else Kind.FILE
            found[path] = Known(was.signature, kind, was.content.blob, was.content.executable)
        return found

    def announce(self, coming: Iterable[tuple[str, str]]) -> None:
        """Puts of these (path, blob) are about to be made; stored when this returns.

        Raises:
            sqlite3.OperationalError: it could not be stored, so that none of them may be made.
        """
        for path, blob in coming:
            self._set(path, replace(self[path], coming=blob))
        self.flush()

    def not_coming(self, path: str) -> None:
        """The announced put was not made."""
        if self[path].coming:
            self._set(path, replace(self[path], coming=""))

    def has(
        self, path: str, content: Content, version: int, signature: Signature | None, seq: int, *, by: str = ""
    ) -> None:
        """The disk holds `content` now, which stands for the accepted `version`; the room's log is at `seq`.

        `by` is the agent that wrote it, where one did.
        """
        was = self[path]
        recent = was.recent
        if was.content.blob == content.blob:
            by = by or was.by
        elif was.content.kind is not FileKind.ABSENT:
            recent = (Earlier(was.content.blob, was.version, was.by), *recent)[:RECENT_MAX]
        self._set(
            path,
            Was(
                content=bare(content.kind, content.blob, content.executable),
                version=version,
                mark=_SIGNATURE.pack(*signature) if signature else b"",
                recent=recent,
                seq=seq,
                by=by,
            ),
        )

    def also_had(self, path: str, blob: str, by: str) -> None:
        """A text of the author's own that stood there for a moment, and that its next write may begin from."""
        was = self[path]
        if blob and blob != was.content.blob:
            self._set(path, replace(was, recent=(Earlier(blob, 0, by), *was.recent)[:RECENT_MAX]))

    def looks(self, path: str, signature: Signature | None) -> None:
        """The file has this signature now, with the content as it was."""
        was = self[path]
        mark = _SIGNATURE.pack(*signature) if signature else b""
        if was.mark != mark and path in self._was:
            self._set(path, replace(was, mark=mark))

    def _set(self, path: str, was: Was) -> None:
        self._was[sys.intern(path)] = was
        self._unwritten.add(path)

    @property
    def is_written(self) -> bool:
        """Whether the database has everything."""
        return not self._unwritten

    def flush(self) -> None:
        """Write what has changed, all or nothing.

        Raises:
            sqlite3.OperationalError: it could not be written; the next call tries again.
        """
        if not self._unwritten:
            return
        rows = [_row(path, self._was[path]) for path in self._unwritten]
        self._db.execute("begin")
        try:
            self._db.executemany("insert or replace into stood values (?,?,?,?,?,?,?,?,?,?)", rows)
            self._db.execute("commit")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise
        self._unwritten.clear()

    def close(self) -> None:
        """Write what is left, as far as that is possible, and release the database."""
        with suppress(sqlite3.OperationalError):
            self.flush()
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def room_of(path: str) -> str:
    """The identity of the room that the database at `path` was made for; empty when that is not known."""
    if not os.path.exists(path):
        return ""
    try:
        with closing(sqlite3.connect(path)) as database:
            row = database.execute("select identity from room").fetchone()
    except sqlite3.DatabaseError:
        return ""
    return str(row[0]) if row else ""


def _row(path: str, was: Was) -> _Row:
    content = was.content
    recent = " ".join(f"{e.blob}:{e.version}:{e.by}" for e in was.recent)
    name = path.encode("utf-8", "surrogateescape")
    executable = int(content.executable)
    return (
        name,
        content.kind.value,
        content.blob,
        executable,
        was.version,
        was.mark,
        recent,
        was.coming,
        was.seq,
        was.by,
    )


def _was(row: _Row) -> Was:
    _, kind, blob, executable, version, mark, recent, coming, seq, by = row
    earlier = (each.split(":") for each in recent.split())
    return Was(
        content=bare(FileKind(kind), blob, bool(executable)),
        version=version,
        mark=mark,
        recent=tuple(Earlier(text, int(number), sys.intern(name)) for text, number, name in earlier),
        coming=coming,
        seq=seq,
        by=sys.intern(by),
    )
