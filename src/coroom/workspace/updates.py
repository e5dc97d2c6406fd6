"""What a document sends to its replicas, and what they answer."""

from zlib import crc32

from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One change of a document, to be received in order.

    `payload` is what changed, or everything when `epoch` is a new one; the checksum covers the other fields too.
    """

    file: str
    epoch: int
    seq: int
    crc32: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a document or replica is, to be compared with another's; `vector` is the CRDT's own account."""

    file: str
    epoch: int
    seq: int
    vector: bytes
    text_crc32: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """All that a replica lacks by its progress, and how far it is when it has it."""

    whole: bool
    progress: Progress
    crc32: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """The update is in; the next one is `seq + 1`."""

    seq: int


@dataclass(frozen=True, slots=True)
class Known:
    """The update was in already; nothing changed."""

    seq: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing changed: the update numbered `expected` must come first (or a repair)."""

    expected: int


@dataclass(frozen=True, slots=True)
class Damaged:
    """Nothing changed: this is not what the document sent."""

    why: str


def seal(message: Update | CatchUp) -> int:
    """Return the checksum that a message must carry, whatever it carries now; it covers every other field."""
    match message:
        case Update(file=file, epoch=epoch, seq=seq):
            covered = f"{file}\n{epoch} {seq} ".encode()
        case CatchUp(whole=whole, progress=goal):
            covered = f"{goal.file}\n{goal.epoch} {goal.seq} {whole} {goal.text_crc32} ".encode() + goal.vector
    return crc32(message.payload, crc32(covered))
