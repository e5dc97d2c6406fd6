"""What the room needs from the outside world, each as narrow as the room's use of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from coroom.core.errors import Fault

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as the log keeps it; `body` is canonical JSON text, which the log never looks into."""

    seq: int
    at_ms: int
    by: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class HeadMoved:
    """Nothing was appended, since somebody else appended first."""

    expected: int
    actual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What one compaction did; the sizes are of the whole storage, in bytes, before and after."""

    events: int
    segments: int
    bytes_before: int
    bytes_after: int


class LogCorrupt(Fault):
    """What is stored is not what was appended; `seq` is the first event that cannot be vouched for."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"the log is damaged at event {seq}: {why}")
        self.seq = seq
        self.why = why

    def told(self) -> str:
        """What happened, and what a person can do."""
        return (
            f"T{str(self)[1:].removesuffix('.')}. Nothing was changed. Put a copy of the room's directory from before "
            f"back, or move the directory away to begin anew; coroom doctor looks at this machine."
        )


class LogFull(Fault):
    """The log could not be written (disk full, I/O error); it refuses later writes and can still be read."""


class LogBusy(Fault):
    """Another host has this log open; one log has one host."""


class Log(Protocol):
    """An append-only, totally ordered, hash-chained sequence of events, and the blobs that they name.

    `append` may run in one thread while another reads. Sequence numbers start at 1 and have no gaps.
    """

    def head(self) -> int:
        """Return the sequence number of the newest event, 0 when there is none."""
        ...

    def append(
        self, expected_head: int, events: Sequence[Stored], blobs: Mapping[str, bytes] = NO_BLOBS
    ) -> int | HeadMoved:
        """Store events and blobs, all or nothing; they survive a crash and a power cut when this returns.

        Args:
            expected_head: the head on which the events were decided.
            events: numbered from `expected_head + 1` without a gap; may be empty.
            blobs: contents by their SHA-256 in hexadecimal; known ones are not stored twice.

        Returns:
            The new head, or HeadMoved when the head is no longer the expected one.

        Raises:
            ValueError: misnumbered events, a blob under a wrong hash, or text that is not Unicode.
            LogFull: the storage failed, now or earlier.
        """
        ...

    def read(self, after: int, limit: int = 1000) -> Sequence[Stored]:
        """Return up to `limit` events that follow `after`, each verified against the chain.

        Raises:
            LogCorrupt: an event is missing or is not the one that was appended.
        """
        ...

    def chain(self, seq: int) -> str:
        """Return the chain value that vouches for events 1 to `seq`; `chain(0)` is the same for every log.

        Raises:
            ValueError: there is no such event yet.
            LogCorrupt: the event is damaged.
        """
        ...

    def blob(self, hash: str) -> bytes | None:  # noqa: A002  the word that callers know it by
        """Return the content stored under a SHA-256 in hexadecimal, verified, or None.

        Raises:
            LogCorrupt: the stored content does not have that hash.
        """
        ...

    def save_view(self, seq: int, view: bytes) -> None:
        """Keep a snapshot of the view folded from events 1 to `seq`; older ones may be dropped.

        Raises:
            ValueError: there is no event `seq` yet.
            LogFull: the storage failed, now or earlier.
        """
        ...

    def load_view(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot that is undamaged and belongs to this very history, or None."""
        ...

    def compact(self, before: int) -> Compacted:
        """Pack events older than `before` tightly; they stay readable, so the audit trail is kept.

        Raises:
            LogCorrupt: an event that should be packed is damaged; it is left as it is.
            LogFull: the storage failed, now or earlier.
        """
        ...

    def verify(self) -> None:
        """Check every event against the chain and every blob against its hash.

        Raises:
            LogCorrupt: at the first that does not match.
        """
        ...

    def close(self) -> None:
        """Release the log; a second call does nothing."""
        ...


class Clock(Protocol):
    """The time of the host, in one piece that a simulation can hold in its hand."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch; never less than what it returned before in this process."""
        ...
