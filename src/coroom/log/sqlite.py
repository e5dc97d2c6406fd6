"""The default log: one SQLite file, durable at every append, verified at every read."""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Self

from coroom.log.chain import START, blob_name, check_blobs, check_numbered, links, verified, view_seal
from coroom.log.exclusive import Exclusive
from coroom.log.schema import check_tables, connect_reader, connect_writer, create
from coroom.log.segment import SEGMENT_EVENTS, Segment, pack, unpack
from coroom.ports import NO_BLOBS, Compacted, HeadMoved, LogBusy, LogCorrupt, LogFull, Stored

# A checkpoint costs two fsyncs, an uncheckpointed log costs reading time after a crash: 4 MiB balances them.
CHECKPOINT_BYTES = 4 << 20
_PAGES_FREED_AT_ONCE = 256
# A damaged name in the schema can end up in a message of SQLite's that Python then fails to decode.
DAMAGE = (sqlite3.Error, UnicodeDecodeError)
_DISK_RESULTS = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}
_VIEWS_KEPT = 2
_READ_BATCH = 1000
# Each execution gives the interpreter up and waits for it again, so one statement takes all events of a group.
_ROWS_AT_ONCE = 64
_ROW = "(?, ?, ?, ?, ?, ?)"
_INSERTS = [" ".join(("INSERT INTO event VALUES", ", ".join([_ROW] * rows))) for rows in range(_ROWS_AT_ONCE + 1)]

_ROWS = "SELECT seq, at_ms, by, kind, body, chain FROM event WHERE seq > ? AND seq <= ? ORDER BY seq"
_SEGMENTS = "SELECT first, last, previous, chain, data FROM segment WHERE last > ? AND first <= ? ORDER BY last"


class SqliteLog:
    """Keeps the contract of `coroom.ports.Log` in the file `path` (made when absent).

    One connection writes and checkpoints, another only reads, and each is used by one thread at a time.
    After a failed write nothing is written or synced again: the kernel may have dropped the pages that it
    could not write, and a second fsync would then report a success that never was.

    Raises:
        LogBusy: another host has the log open.
        LogCorrupt: the file is damaged where opening looks (tables, head); reading verifies the rest.
        LogFull: the disk failed already while opening.
    """

    @classmethod
    def reader(cls, path: str | os.PathLike[str]) -> Self:
        """Open an existing log to look at it, also while its host runs: it shows what was appended until now.

        Raises:
            LogCorrupt: the file is damaged where opening looks, or there is none.
            LogFull: the disk failed already while opening.
        """
        return cls(path, read_only=True)

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False) -> None:
        self._path = os.fspath(path)
        self._writing = RLock()
        self._reading = RLock()
        self._failure: str | None = "it is open for reading only" if read_only else None
        self._unchecked_bytes = 0
        self._exclusive: Exclusive | None = None
        self._connections: list[sqlite3.Connection] = []
        try:
            if not read_only:
                self._exclusive = Exclusive(self._path)
            self._open(read_only=read_only)
        except DAMAGE as error:
            self.close()
            if isinstance(error, sqlite3.OperationalError) and _result(error) in _DISK_RESULTS:
                raise LogFull(f"{self._path} could not be opened ({error}); free or mend its disk.") from error
            raise LogCorrupt(0, f"{self._path} cannot be read ({error})") from error
        except OSError as error:
            self.close()
            raise LogFull(f"{self._path} could not be opened ({error}); free or mend its disk.") from error
        except BaseException:
            self.close()
            raise

    def _open(self, *, read_only: bool) -> None:
        if not os.path.exists(self._path):
            if read_only:
                raise LogCorrupt(0, f"{self._path} does not exist")
            create(self._path)
        elif os.path.getsize(self._path) == 0:
            raise LogCorrupt(0, f"{self._path} is empty")
        self._writer = connect_reader(self._path) if read_only else connect_writer(self._path)
        self._connections.append(self._writer)
        check_tables(self._writer)
        self._reader = connect_reader(self._path)
        self._connections.append(self._reader)
        self._head, self._link = self._stored_head()
        if self._head:
            self._span(self._head - 1, self._head)
        if self._chain_at(self._head) != self._link:
            raise LogCorrupt(self._head, "the newest event is not the one that was appended last")

    def _stored_head(self) -> tuple[int, bytes]:
        match self._writer.execute("SELECT one, seq, chain FROM head").fetchall():
            case [(1, int(seq), bytes(chain))] if seq >= 0:
                return seq, chain
            case _:
                raise LogCorrupt(0, "the record of its newest event is malformed")

    def head(self) -> int:
        """See `Log.head`."""
        return self._head

    def append(
        self, expected_head: int, events: Sequence[Stored], blobs: Mapping[str, bytes] = NO_BLOBS
    ) -> int | HeadMoved:
        """See `Log.append`."""
        check_numbered(expected_head, events)
        check_blobs(blobs)
        with self._writing:
            self._refuse_after_failure()
            if expected_head != self._head:
                return HeadMoved(expected_head, self._head)
            if not events and not blobs:
                return self._head
            chains = links(self._link, events)
            rows = [(e.seq, e.at_ms, e.by, e.kind, e.body, chain) for e, chain in zip(events, chains, strict=True)]
            with self._transaction() as writer:
                for start in range(0, len(rows), _ROWS_AT_ONCE):
                    some = rows[start : start + _ROWS_AT_ONCE]
                    writer.execute(_INSERTS[len(some)], [cell for row in some for cell in row])
                if blobs:
                    writer.executemany("INSERT OR IGNORE INTO blob VALUES (?, ?)", blobs.items())
                if events:
                    self._move_head(writer, events[-1].seq, chains[-1])
            if events:
                self._head, self._link = events[-1].seq, chains[-1]
            self._unchecked_bytes += sum(len(e.body) + 256 for e in events) + sum(map(len, blobs.values()))
            self._checkpoint_when_due()
            return self._head

    def _move_head(self, writer: sqlite3.Connection, seq: int, chain: bytes) -> None:
        moved = writer.execute("UPDATE head SET seq = ?, chain = ? WHERE one = 1 AND seq = ?", (seq, chain, self._head))
        if moved.rowcount != 1:
            raise LogCorrupt(self._head, "another program has written to the log")

    def _refuse_after_failure(self) -> None:
        if self._failure is not None:
            raise LogFull(
                f"{self._path} could not be written ({self._failure}) and takes no more events; what it has"
                " can be read. Make room on the disk, or repair it, and start the host again."
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._refuse_after_failure()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            yield self._writer
            self._writer.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._roll_back()
            if _result(error) == sqlite3.SQLITE_BUSY:
                raise LogBusy(f"another program is writing to {self._path}: {error}") from error
            self._failure = str(error)
            self._refuse_after_failure()
        except DAMAGE as error:
            self._roll_back()
            self._failure = str(error)
            raise LogCorrupt(self._head, f"SQLite found damage while writing ({error})") from error
        except BaseException:
            self._roll_back()
            self._head, self._link = self._stored_head()
            raise

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            try:
                self._writer.execute("ROLLBACK")
            except sqlite3.Error as error:
                self._failure = str(error)

    def _checkpoint_when_due(self) -> None:
        if self._unchecked_bytes >= CHECKPOINT_BYTES:
            self._maintain("PRAGMA wal_checkpoint(PASSIVE)")
            self._unchecked_bytes = 0

    def _maintain(self, statement: str) -> None:
        """Tidy the file; a failure spoils nothing that was appended, but what comes next must be refused."""
        if self._failure is None:
            try:
                self._writer.executescript(statement)
            except DAMAGE as error:
                self._failure = str(error)

    @contextmanager
    def _snapshot(self, seq: int) -> Iterator[sqlite3.Connection]:
        """Show one state of the file to several queries, and turn SQLite's errors into ours."""
        with self._reading:
            outermost = not self._reader.in_transaction
            try:
                if outermost:
                    self._reader.execute("BEGIN")
                yield self._reader
            except DAMAGE as error:
                raise LogCorrupt(seq, str(error)) from error
            finally:
                if outermost and self._reader.in_transaction:
                    self._reader.execute("ROLLBACK")

    def read(self, after: int, limit: int = 1000) -> Sequence[Stored]:
        """See `Log.read`."""
        after = max(after, 0)
        last = min(after + limit, self._head)
        return self._span(after, last) if last > after else []

    def _span(self, after: int, last: int) -> list[Stored]:
        """Return exactly the events `after + 1` to `last`, packed or not."""
        with self._snapshot(after + 1) as reader:
            segments = [_segment(row) for row in reader.execute(_SEGMENTS, (after, last))]
            position = segments[0].first - 1 if segments else after
            previous = self._chain_at(position)
            events: list[Stored] = []
            for segment in segments:
                if (segment.first, segment.previous) != (position + 1, previous):
                    raise LogCorrupt(position + 1, "the archives do not join")
                events.extend(unpack(segment))
                position, previous = segment.last, segment.chain
            events.extend(verified(position, previous, reader.execute(_ROWS, (position, last)).fetchall()))
        wanted = [event for event in events if after < event.seq <= last]
        if len(wanted) != last - after:
            raise LogCorrupt(after + len(wanted) + 1, "it is missing")
        return wanted

    def chain(self, seq: int) -> str:
        """See `Log.chain`."""
        if not 0 <= seq <= self._head:
            raise ValueError(f"there is no event {seq}")
        return self._chain_at(seq).hex()

    def _chain_at(self, seq: int) -> bytes:
        if seq == 0:
            return START
        with self._snapshot(seq) as reader:
            row = reader.execute("SELECT chain FROM event WHERE seq = ?", (seq,)).fetchone()
            packed = reader.execute(_SEGMENTS, (seq - 1, seq)).fetchone() if row is None else None
        match row, packed:
            case (bytes(chain),), None:
                return chain
            case None, tuple():
                segment = _segment(packed)
                if segment.last == seq:
                    return segment.chain
                return links(segment.previous, unpack(segment)[: seq - segment.first + 1])[-1]
            case _:
                raise LogCorrupt(seq, "it is missing")

    def blob(self, hash: str) -> bytes | None:  # noqa: A002  named by the port
        """See `Log.blob`."""
        with self._snapshot(0) as reader:
            row = reader.execute("SELECT data FROM blob WHERE hash = ?", (hash,)).fetchone()
        match row:
            case None:
                return None
            case (bytes(data),) if blob_name(data) == hash:
                return data
            case _:
                raise LogCorrupt(0, f"blob {hash} is damaged")

    def save_view(self, seq: int, view: bytes) -> None:
        """See `Log.save_view`."""
        seal = view_seal(seq, bytes.fromhex(self.chain(seq)), view)
        with self._writing, self._transaction() as writer:
            writer.execute("INSERT OR REPLACE INTO view VALUES (?, ?, ?)", (seq, seal, view))
            writer.execute(
                "DELETE FROM view WHERE seq NOT IN (SELECT seq FROM view ORDER BY seq DESC LIMIT ?)",
                (_VIEWS_KEPT,),
            )

    def load_view(self) -> tuple[int, bytes] | None:
        """See `Log.load_view`."""
        try:
            with self._snapshot(0) as reader:
                rows = reader.execute("SELECT seq, seal, data FROM view ORDER BY seq DESC").fetchall()
        except LogCorrupt:
            return None
        return next((found for row in rows if (found := self._valid_view(row)) is not None), None)

    def _valid_view(self, row: tuple[object, ...]) -> tuple[int, bytes] | None:
        match row:
            case (int(seq), bytes(seal), bytes(view)) if 0 <= seq <= self._head:
                try:
                    chain = self._chain_at(seq)
                except LogCorrupt:
                    return None
                return (seq, view) if seal == view_seal(seq, chain, view) else None
            case _:
                return None

    def compact(self, before: int) -> Compacted:
        """See `Log.compact`: packs whole segments only, and always leaves the newest event as it is."""
        size_before = self._file_bytes()
        segments = 0
        while self._pack_oldest(min(before, self._head)):
            segments += 1
        with self._writing:
            self._unchecked_bytes = CHECKPOINT_BYTES
            self._checkpoint_when_due()
        return Compacted(
            events=segments * SEGMENT_EVENTS,
            segments=segments,
            bytes_before=size_before,
            bytes_after=self._file_bytes(),
        )

    def _pack_oldest(self, before: int) -> bool:
        """Pack one segment of unpacked events older than `before`, if there are enough of them."""
        with self._writing:
            after = self._packed()
            if after + SEGMENT_EVENTS >= before:
                return False
            previous = self._chain_at(after)
            segment = pack(previous, self._span(after, after + SEGMENT_EVENTS))
            unpack(segment)
            with self._transaction() as writer:
                writer.execute(
                    "INSERT INTO segment VALUES (?, ?, ?, ?, ?)",
                    (segment.last, segment.first, segment.previous, segment.chain, segment.data),
                )
                writer.execute("DELETE FROM event WHERE seq <= ?", (segment.last,))
            # As a script, since `execute` would take one step, which frees one page.
            self._maintain(f"PRAGMA incremental_vacuum({_PAGES_FREED_AT_ONCE})")
            self._unchecked_bytes += len(segment.data) + SEGMENT_EVENTS * 256
            self._checkpoint_when_due()
            return True

    def _packed(self) -> int:
        with self._snapshot(0) as reader:
            (last,) = reader.execute("SELECT max(last) FROM segment").fetchone()
        return int(last or 0)

    def _file_bytes(self) -> int:
        with self._snapshot(0) as reader:
            (pages,) = reader.execute("PRAGMA page_count").fetchone()
            (page_bytes,) = reader.execute("PRAGMA page_size").fetchone()
        return int(pages * page_bytes)

    def verify(self) -> None:
        """See `Log.verify`; also runs SQLite's own integrity check."""
        with self._snapshot(0) as reader:
            (found,) = reader.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise LogCorrupt(0, f"SQLite found damage ({found})")
        for after in range(0, self._head, _READ_BATCH):
            self.read(after, _READ_BATCH)
        with self._snapshot(0) as reader:
            names = [name for (name,) in reader.execute("SELECT hash FROM blob").fetchall()]
        for name in names:
            self.blob(name)

    def close(self) -> None:
        """See `Log.close`.

        The last connection to close checkpoints, so after a failure that is the one which cannot write.
        """
        with self._writing, self._reading:
            closing = self._connections if self._failure is not None else self._connections[::-1]
            for connection in closing:
                connection.close()
            self._connections = []
            if self._exclusive is not None:
                self._exclusive.release()


def _result(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, the lowest byte of the extended one; errors of Python's have none."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _segment(row: tuple[object, ...]) -> Segment:
    match row:
        case (int(first), int(last), bytes(previous), bytes(chain), bytes(data)):
            return Segment(first=first, last=last, previous=previous, chain=chain, data=data)
        case _:
            raise LogCorrupt(0, "the row of an archive is malformed")
