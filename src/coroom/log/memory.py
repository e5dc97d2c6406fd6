"""A log in memory: for simulations, tests and rooms that need not outlive their process."""

from collections.abc import Mapping, Sequence
from threading import Lock

from coroom.log.chain import START, blob_name, check_blobs, check_numbered, links
from coroom.ports import NO_BLOBS, Compacted, HeadMoved, LogCorrupt, Stored


class MemoryLog:
    """Keeps the contract of `coroom.ports.Log`, but for durability."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: list[Stored] = []
        self._chain: list[bytes] = [START]
        self._blobs: dict[str, bytes] = {}
        self._view: tuple[int, bytes] | None = None

    def head(self) -> int:
        """See `Log.head`."""
        return len(self._events)

    def append(
        self, expected_head: int, events: Sequence[Stored], blobs: Mapping[str, bytes] = NO_BLOBS
    ) -> int | HeadMoved:
        """See `Log.append`."""
        check_numbered(expected_head, events)
        check_blobs(blobs)
        with self._lock:
            if expected_head != len(self._events):
                return HeadMoved(expected_head, len(self._events))
            self._chain.extend(links(self._chain[-1], events))
            self._blobs.update(blobs)
            self._events.extend(events)
            return len(self._events)

    def read(self, after: int, limit: int = 1000) -> Sequence[Stored]:
        """See `Log.read`."""
        return self._events[max(after, 0) : max(after, 0) + limit]

    def chain(self, seq: int) -> str:
        """See `Log.chain`."""
        if not 0 <= seq <= len(self._events):
            raise ValueError(f"there is no event {seq}")
        return self._chain[seq].hex()

    def blob(self, hash: str) -> bytes | None:  # noqa: A002  named by the port
        """See `Log.blob`."""
        return self._blobs.get(hash)

    def save_view(self, seq: int, view: bytes) -> None:
        """See `Log.save_view`."""
        self.chain(seq)
        if self._view is None or seq >= self._view[0]:
            self._view = (seq, view)

    def load_view(self) -> tuple[int, bytes] | None:
        """See `Log.load_view`."""
        return self._view

    def compact(self, before: int) -> Compacted:  # noqa: ARG002  named by the port
        """Do nothing: memory gains nothing from packing, and keeps everything readable."""
        return Compacted(events=0, segments=0, bytes_before=0, bytes_after=0)

    def verify(self) -> None:
        """See `Log.verify`."""
        if links(START, self._events) != self._chain[1:]:
            raise LogCorrupt(1, "the chain does not match the events")
        if any(blob_name(data) != name for name, data in self._blobs.items()):
            raise LogCorrupt(0, "a blob does not match its hash")

    def close(self) -> None:
        """See `Log.close`."""
