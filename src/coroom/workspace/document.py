"""One file's live text: the only file that knows the CRDT library (pycrdt), and the fence around its traps.

The library counts bytes and misplaces text silently when a position is wrong; loses text for good when updates
arrive out of order; accepts damaged updates; has no rollback; panics outside `Exception`; and gets slower with
every block. So: positions are checked before it is called, every result is compared with the text that was meant,
updates are numbered and sealed, only a `Document` makes them and only a `Replica` takes them, all in one thread,
and a document that has grown many blocks is begun anew. Nothing here takes an update from anywhere else.
"""

import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Self
from zlib import crc32

import pycrdt

from coroom.core.errors import Fault
from coroom.workspace.difference import Replace, applied
from coroom.workspace.offsets import to_utf8_each
from coroom.workspace.updates import Applied, CatchUp, Damaged, Gap, Known, Progress, Update, seal

# The library has no position index: an edit takes 6 us at 1,000 blocks, 58 at 10,000, 247 at 20,000.
BLOCKS_MAX = 10_000
# Peers on old versions of the library cut longer ids short, and two agents become one.
CLIENT_IDS = 2**32
_ROOT = "text"
# As the library encodes them: the state of an empty document, and an update that changes nothing.
_NOTHING = b"\x00"
_NO_CHANGE = b"\x00\x00"
_HEADER = struct.Struct(">4sIIQIH")
_MAGIC = b"CRD1"
_SEALED_FROM = 8


class Engine:
    """One CRDT text with its traps fenced; used by `Document` and `Replica` only.

    Raises:
        Fault: from any method, when called in another thread than the one that made it, when the library failed
            or did something else than it was told, and for ever after such a failure.
    """

    def __init__(self, client_id: int) -> None:
        if not 0 <= client_id < CLIENT_IDS:
            raise ValueError(f"client id {client_id} is not below 2^32")
        self._thread = threading.get_ident()
        self._broken: str | None = None
        self._undo: dict[str, pycrdt.UndoManager] = {}
        with self._guarded():
            self._text = pycrdt.Text()
            self._doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc({_ROOT: self._text}, client_id=client_id)

    @contextmanager
    def _recorded(self) -> Iterator[list[bytes]]:
        """Collect the updates of a change; only for its time, as an observed document is never freed."""
        updates: list[bytes] = []
        subscription = self._doc.observe(lambda event: updates.append(event.update))
        try:
            yield updates
        finally:
            self._doc.unobserve(subscription)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if threading.get_ident() != self._thread:
            raise Fault("a document was used outside the thread that made it")
        if self._broken is not None:
            raise Fault(f"this document failed before: {self._broken}")
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            self._broken = "it was interrupted"
            raise
        except BaseException as error:  # a panic of the library derives from BaseException alone
            self._broken = f"{type(error).__name__}: {error}"
            raise Fault(f"the CRDT library failed: {self._broken}") from error

    def text(self) -> str:
        """Return the text."""
        with self._guarded():
            return str(self._text)

    def edit(self, before: str, edits: Sequence[Replace], author: str | None) -> bytes:
        """Make edits that are known to fit `before`, the present text; return the update.

        Without an author the edits cannot be undone.
        """
        bounds = [position for edit in edits for position in (edit.start, edit.end)]
        places = to_utf8_each(before, bounds)
        with self._guarded(), self._recorded() as updates:
            if author is not None:
                self._follow(author)
            with self._doc.transaction(origin=author):
                for index in reversed(range(len(edits))):
                    start, end = places[2 * index : 2 * index + 2]
                    if end > start:
                        del self._text[start:end]
                    if edits[index].text:
                        self._text.insert(start, edits[index].text)
        return updates[0] if updates else _NO_CHANGE

    def _follow(self, author: str) -> None:
        """Record the author's edits for undo, each as a step of its own whatever the clock says."""
        if author not in self._undo:
            manager = pycrdt.UndoManager(capture_timeout_millis=0, timestamp=lambda: 0)
            manager.expand_scope(self._text)
            manager.include_origin(author)
            self._undo[author] = manager

    def undo(self, author: str) -> bytes:
        """Undo the author's newest edit that still shows; return the update, empty if there is none."""
        with self._guarded(), self._recorded() as updates:
            manager = self._undo.get(author)
            if manager is not None:
                manager.undo()
            return pycrdt.merge_updates(*updates) if updates else b""

    def apply(self, update: bytes) -> None:
        """Take in an update that another engine made and that is whole and in order."""
        with self._guarded():
            self._doc.apply_update(update)

    def vector(self) -> bytes:
        """Return the state vector, how far each client's insertions are in; equal for equal states."""
        with self._guarded():
            return self._doc.get_state()

    def since(self, vector: bytes) -> bytes:
        """Return one update with all that a replica at `vector` lacks."""
        with self._guarded():
            return self._doc.get_update(vector)


class Document:
    """The authoritative text of one file, which the host keeps and alone may change.

    Args:
        file: the file's identity, which stays when it is renamed and is not reused when it is created again.
        client_id: below 2^32 and never used for this file before, neither by another document nor another run.
    """

    def __init__(self, file: str, client_id: int) -> None:
        self._file = file
        self._client_id = client_id
        self._engine = Engine(client_id)
        self._text = ""
        self._epoch = 1
        self._seq = 0
        self._blocks = 0

    @property
    def seq(self) -> int:
        """The number of the newest update; 0 before the seed."""
        return self._seq

    def text(self) -> str:
        """Return the text as it stands."""
        return self._text

    def seed(self, text: str) -> Update:
        """Give a new file its first text.

        Raises:
            ValueError: the text has a lone surrogate.
            Fault: the document has a text already; two seeds would give it twice.
        """
        if self._seq:
            raise Fault(f"{self._file} has been seeded already")
        text.encode()
        return self._changed(text, self._engine.edit("", [Replace(0, 0, text)], None), 1)

    def apply_edit(self, operations: Sequence[Replace], author: str) -> Update | None:
        """Make edits whose positions are code points of the present text, all or none.

        Returns:
            The update to store and send on; None when the edits change nothing.

        Raises:
            ValueError: an edit does not fit, or its text has a lone surrogate; nothing has changed.
            Fault: the document was never seeded, or the library failed; the document is of no more use.
        """
        self._require_seed()
        after = applied(self._text, operations)
        after.encode()
        edits = [edit for edit in operations if self._text[edit.start : edit.end] != edit.text]
        if not edits:
            return None
        return self._changed(after, self._engine.edit(self._text, edits, author), 3 * len(edits))

    def undo(self, author: str) -> Update | None:
        """Take back the author's newest edit since the epoch began, and nothing of anybody else's.

        What others have since written into it stays; what they have deleted of it stays deleted. The exact text
        of before comes back only where nobody built on the edit.

        Returns:
            The update to store and send on; None when the author has nothing left to undo.
        """
        self._require_seed()
        payload = self._engine.undo(author)
        return self._changed(None, payload, 3) if payload else None

    def _require_seed(self) -> None:
        if not self._seq:
            raise Fault(f"{self._file} was never seeded")

    def _changed(self, meant: str | None, payload: bytes, blocks: int) -> Update:
        """Number and seal a change, after a look at whether it did what was meant."""
        text = self._engine.text()
        if meant is not None and text != meant:
            raise Fault(f"an edit of {self._file} gave another text than was meant")
        self._text = text
        self._seq += 1
        self._blocks += blocks
        if self._blocks > BLOCKS_MAX:
            payload = self._begin_epoch()
        unsealed = Update(file=self._file, epoch=self._epoch, seq=self._seq, crc32=0, payload=payload)
        return replace(unsealed, crc32=seal(unsealed))

    def _begin_epoch(self) -> bytes:
        """Start over with the same text in one block; undo reaches back to here and no further."""
        self._engine = Engine(self._client_id)
        self._epoch += 1
        self._blocks = 1
        return self._engine.edit("", [Replace(0, 0, self._text)], None)

    def progress(self) -> Progress:
        """Return how far this document is."""
        return _progress(self._file, self._epoch, self._seq, self._engine)

    def catch_up(self, replica: Progress | None) -> CatchUp:
        """Return what a replica lacks by its progress; the whole for None, or when no part would do."""
        mine = self.progress()
        part = (
            replica is not None
            and (replica.file, replica.epoch) == (mine.file, mine.epoch)
            and (replica.seq < mine.seq or replica == mine)
        )
        payload = self._engine.since(replica.vector if replica is not None and part else _NOTHING)
        unsealed = CatchUp(whole=not part, progress=mine, crc32=0, payload=payload)
        return replace(unsealed, crc32=seal(unsealed))

    def snapshot(self) -> bytes:
        """Return all of the document but its undo history, for `load`."""
        payload = self._engine.since(_NOTHING)
        name = self._file.encode()
        header = _HEADER.pack(_MAGIC, 0, self._epoch, self._seq, self._blocks, len(name))
        checksum = crc32(header[_SEALED_FROM:] + name + payload)
        return _MAGIC + checksum.to_bytes(4, "big") + header[_SEALED_FROM:] + name + payload

    @classmethod
    def load(cls, snapshot: bytes, client_id: int) -> Self:
        """Bring a document back from a snapshot, under a client id that is new to the file.

        Raises:
            Fault: the snapshot is damaged.
        """
        header, rest = snapshot[: _HEADER.size], snapshot[_HEADER.size :]
        if len(header) < _HEADER.size:
            raise Fault("the snapshot of a document is cut short")
        magic, checksum, epoch, seq, blocks, name_bytes = _HEADER.unpack(header)
        if magic != _MAGIC or checksum != crc32(header[_SEALED_FROM:] + rest):
            raise Fault("the snapshot of a document is damaged")
        document = cls(rest[:name_bytes].decode(), client_id)
        document._engine.apply(rest[name_bytes:])
        document._epoch, document._seq, document._blocks = epoch, seq, blocks
        document._text = document._engine.text()
        return document

    def replay(self, update: Update) -> None:
        """Take in, after `load`, an update that this document made and the log kept after the snapshot.

        Raises:
            Fault: it is damaged or not the next one.
        """
        if (update.file, update.seq) != (self._file, self._seq + 1) or seal(update) != update.crc32:
            raise Fault(f"update {update.seq} of {update.file} is damaged or not the next after {self._seq}")
        if update.epoch != self._epoch:
            self._engine = Engine(self._client_id)
            self._epoch, self._blocks = update.epoch, 0
        self._engine.apply(update.payload)
        self._seq, self._blocks = update.seq, self._blocks + 3
        self._text = self._engine.text()


class Replica:
    """A copy of a document that follows it: a mirror, a live page, a human's editor.

    It takes updates in their order only, and says what it needs when one is missing, double or damaged.
    """

    def __init__(self, file: str, client_id: int) -> None:
        self._file = file
        self._client_id = client_id
        self._engine = Engine(client_id)
        self._epoch = 1
        self._seq = 0

    def text(self) -> str:
        """Return the text as far as it is known here."""
        return self._engine.text()

    def progress(self) -> Progress:
        """Return how far this replica is; to be compared with the document's now and then."""
        return _progress(self._file, self._epoch, self._seq, self._engine)

    def receive(self, update: Update) -> Applied | Known | Gap | Damaged:
        """Take in the next update; refuse any other, changing nothing.

        Raises:
            Fault: the update is what was sent, but the library failed on it.
        """
        if update.file != self._file:
            return Damaged(f"it belongs to {update.file}, not to {self._file}")
        if seal(update) != update.crc32:
            return Damaged("its checksum does not match")
        if update.seq <= self._seq:
            return Known(update.seq)
        if update.seq != self._seq + 1:
            return Gap(self._seq + 1)
        if update.epoch != self._epoch:
            self._engine = Engine(self._client_id)
            self._epoch = update.epoch
        self._engine.apply(update.payload)
        self._seq = update.seq
        return Applied(self._seq)

    def repair(self, catch_up: CatchUp) -> Applied | Damaged:
        """Take in all that is lacking at once, whatever happened before; nothing changes if it is damaged.

        Damaged can also mean that this replica had gone wrong unseen; then ask for the whole: `catch_up(None)`.
        """
        if catch_up.progress.file != self._file:
            return Damaged(f"it belongs to {catch_up.progress.file}, not to {self._file}")
        if seal(catch_up) != catch_up.crc32:
            return Damaged("its checksum does not match")
        engine = Engine(self._client_id)
        if not catch_up.whole:
            engine.apply(self._engine.since(_NOTHING))
        engine.apply(catch_up.payload)
        goal = catch_up.progress
        reached = _progress(self._file, goal.epoch, goal.seq, engine)
        if reached != goal:
            return Damaged("it did not lead to the document's text")
        self._engine, self._epoch, self._seq = engine, goal.epoch, goal.seq
        return Applied(self._seq)


def _progress(file: str, epoch: int, seq: int, engine: Engine) -> Progress:
    text = engine.text().encode()
    return Progress(file=file, epoch=epoch, seq=seq, vector=engine.vector(), text_crc32=crc32(text))
