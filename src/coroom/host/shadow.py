"""What the room last had on a mirror's disk, path by path: the base of whatever is written there next.

Kept in a small database of its own, so that after a crash a change made meanwhile is merged against what the
disk held and not against what the room has come to since. A put is announced before it is made.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from coroom.core.file import FileKind
from coroom.host.content import ABSENT, Content
from coroom.workspace.states import Signature

RECENT_MAX = 8
"""Texts remembered for each path: which of them an agent began from is judged by likeness (spec crdt §4.2, E)."""

_SCHEMA = """
create table if not exists shadow (
  path blob primary key, kind text not null, blob text not null, executable integer not null,
  version integer not null, signature text not null, recent text not null, coming text not null
) without rowid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Was:
    """One path as it was on the disk. `recent` are (blob, version) of earlier texts, newest first; `coming` is the
    blob of a put that was begun and whose end is not known.
    """

    content: Content
    version: int
    signature: Signature | None = None
    recent: tuple[tuple[str, int], ...] = ()
    coming: str = ""


NEVER = Was(content=ABSENT, version=0)


class Shadow:
    """The shadow of one mirror. Reads are from memory; writes go through to the database."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.execute(_SCHEMA)
        self._was: dict[str, Was] = {row[0].decode("utf-8", "surrogateescape"): _was(row) for row in self._rows()}

    def _rows(self) -> list[tuple[bytes, str, str, int, int, str, str, str]]:
        return self._db.execute(
            "select path, kind, blob, executable, version, signature, recent, coming from shadow"
        ).fetchall()

    def __getitem__(self, path: str) -> Was:
        return self._was.get(path, NEVER)

    def __contains__(self, path: str) -> bool:
        return path in self._was

    def __len__(self) -> int:
        return len(self._was)

    def paths(self) -> list[str]:
        """Every path that is, or was lately, on the disk."""
        return list(self._was)

    def present(self) -> list[str]:
        """Every path that is on the disk as far as the room knows."""
        return [path for path, was in self._was.items() if was.content.kind is not FileKind.ABSENT]

    def announce(self, path: str, blob: str) -> None:
        """A put of this blob is about to be made."""
        self._set(path, replace(self[path], coming=blob))

    def has(self, path: str, content: Content, version: int, signature: Signature | None) -> None:
        """The disk holds `content` now; `version` is the accepted one it stands for (0: none)."""
        self._set(path, self._next(path, content, version, signature))

    def has_all(self, entries: Iterable[tuple[str, Content, int, Signature | None]]) -> None:
        """As `has`, for many paths in one transaction."""
        self._db.execute("begin")
        for path, content, version, signature in entries:
            self._set(path, self._next(path, content, version, signature))
        self._db.execute("commit")

    def looks(self, path: str, signature: Signature | None) -> None:
        """The file has this signature now, with the content as it was."""
        was = self[path]
        if was.signature != signature:
            self._set(path, replace(was, signature=signature))

    def _next(self, path: str, content: Content, version: int, signature: Signature | None) -> Was:
        was = self[path]
        recent = was.recent
        if was.content.kind is not FileKind.ABSENT and was.content.blob != content.blob:
            recent = ((was.content.blob, was.version), *recent)[:RECENT_MAX]
        bare = Content(content.kind, content.blob, content.executable)
        return Was(content=bare, version=version, signature=signature, recent=recent)

    def _set(self, path: str, was: Was) -> None:
        self._was[path] = was
        signature = ",".join(map(str, was.signature)) if was.signature else ""
        recent = " ".join(f"{blob}:{version}" for blob, version in was.recent)
        content = was.content
        row = (path.encode("utf-8", "surrogateescape"), content.kind.value, content.blob, int(content.executable))
        self._db.execute(
            "insert or replace into shadow values (?,?,?,?,?,?,?,?)", (*row, was.version, signature, recent, was.coming)
        )

    def close(self) -> None:
        """Release the database."""
        self._db.close()


def _was(row: tuple[bytes, str, str, int, int, str, str, str]) -> Was:
    _, kind, blob, executable, version, signature, recent, coming = row
    pairs = (pair.rpartition(":") for pair in recent.split())
    return Was(
        content=Content(FileKind(kind), blob, bool(executable)),
        version=version,
        signature=Signature(*map(int, signature.split(","))) if signature else None,
        recent=tuple((blob_, int(number)) for blob_, _, number in pairs),
        coming=coming,
    )
