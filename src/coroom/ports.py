"""What the room needs from the outside world, each as narrow as the room's use of it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from coroom.core.errors import Fault, Refused
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import Probed, ToolCall, ToolSpec

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


@dataclass(frozen=True, slots=True)
class Content:
    """What a regular file holds, as far as the room carries it."""

    data: bytes
    executable: bool = False


class Files(Protocol):
    """The regular files beneath one directory. Paths are relative; nothing is reached through a symbolic link."""

    def read(self, path: str) -> Content | Refused | None:
        """Return what stands at `path`, None for nothing; refused for a bad path, no regular file, or one too large."""
        ...

    def replace(self, path: str, expected: Content | None, new: Content | None) -> Refused | None:
        """Make `path` hold `new` (None: nothing) if it holds `expected`; otherwise refused, with nothing changed.

        Raises:
            OSError: the file system failed, with nothing changed.
        """
        ...

    def paths(self, directory: str) -> Sequence[str]:
        """Return the paths of all regular files below a directory (`""`: all there are), sorted."""
        ...


class ToolFailed(Exception):
    """The call was carried out in no part; the sentence says why. Any other exception leaves the outcome unknown."""


class UndoFailed(Exception):
    """What the call did could not be taken back this time; trying again is safe."""


class OutsideChange(Exception):
    """What the call left is no longer there: somebody outside the room changed it. Nothing was overwritten."""

    def __init__(self, resource: Resource, why: str) -> None:
        super().__init__(f"{resource} was changed from outside the room: {why}")
        self.resource = resource


class Tool(Protocol):
    """Acts on state outside the room, in three phases: prepare, perform, undo. One for each tool name.

    Arguments, prepared texts and results are canonical JSON text (sorted keys, no spaces). A method may take as long
    as the outside world does, so the host calls it in a thread; calls whose footprints overlap come one at a time,
    others may come at once.
    """

    @property
    def spec(self) -> ToolSpec:
        """What the tool is; may change when its standing does (an undo that was caught failing)."""
        ...

    def footprint(self, arguments: str) -> Footprint | Refused:
        """Return what a call with these arguments reads and writes; pure. Refused when they fail the schema."""
        ...

    def prepare(self, call: ToolCall) -> str:
        """Return what undoing the call will need; it is stored before `perform`. Changes nothing outside.

        Raises:
            ToolFailed: the call cannot be carried out as things stand.
        """
        ...

    def perform(self, call: ToolCall, prepared: str) -> str:
        """Act, and return the result. With the id of a call that acted already (and was not undone since), only
        return what it returned. A call that writes nothing is not prepared: then `prepared` is empty.

        Raises:
            ToolFailed: nothing was changed.
        """
        ...

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:
        """Take back what the call did, exactly; a second time does nothing.

        Raises:
            OutsideChange: what the call left is not there any more; nothing was overwritten.
            UndoFailed: it could not be done, in no part; it may be tried again.
        """
        ...

    def probe(self, call: ToolCall, prepared: str) -> Probed:
        """Say what became of a call that was prepared and whose outcome was lost. Changes nothing."""
        ...

    def image(self, resource: Resource) -> str:
        """Return a digest of what the resource holds now; equal digests mean equal content."""
        ...

    def value(self, resource: Resource) -> str:
        """Return what the resource holds now as JSON text; `null` when there is nothing."""


@runtime_checkable
class Forgets(Protocol):
    """A tool that keeps a record of its calls, so that each acts once and can be undone."""

    def forget(self, calls: tuple[str, ...]) -> None:
        """Drop what is kept of these calls and of their repetitions (`c7` stands for `c7.2` as well): they are final,
        nobody undoes them or asks what became of them. A second time does nothing.
        """
        ...


@runtime_checkable
class Overlays(Protocol):
    """A tool that reads, and can tell from texts alone what later calls make of what it gave."""

    def overlay(self, arguments: str, result: str, writes: tuple[ToolCall, ...]) -> str | None:
        """Return what the call with these arguments, which gave `result`, would have given after `writes` as well, in
        their order; None when that cannot be told. Pure.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A claim as its holder has it: its id, what it covers, and its fence, which only grows."""

    id: str
    resources: tuple[Resource, ...]
    fence: int
    ttl_ms: int


class Claims(Protocol):
    """Exclusive claims for one claimant: by a room, or by refs in a shared remote where there is no server.

    One conformance suite holds for all of them. Nobody blocks: who is refused is told by whom, why and how long.
    """

    async def claim(self, resources: Sequence[Resource], purpose: str, ttl_ms: int = 0) -> Holding | Refused:
        """Hold all of the resources or none. What is held already is renewed, with the same fence.

        Args:
            resources: what is wanted; resources that overlap are never held by two.
            purpose: one line, which those see who are refused.
            ttl_ms: how long it lasts without a sign of life; 0 for the usual time.

        Returns:
            The holding; or `Claimed`, which names holder, purpose and expiry and what is free of what was wanted.
        """
        ...

    async def renew(self, holding: Holding) -> Holding | Refused:
        """Give a sign of life. Refused when the claim has ended: it may be another's by now."""
        ...

    async def release(self, holding: Holding) -> Refused | None:
        """Give it up. Refused when it is not held any more; another's claim is never touched."""
        ...
