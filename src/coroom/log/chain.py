"""The hash chain that every log keeps, and the checks that every append must pass."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from coroom.ports import LogCorrupt, Stored

# Half of SHA-256: the chain finds damage, for which 128 bits are plenty, and a million events are 16 MB
# smaller for it. Against a forger no unanchored chain helps at any length: all of it can be computed anew.
LINK_BYTES = 16
START = bytes(LINK_BYTES)
_TIME_MAX_MS = 2**63 - 1


def link(previous: bytes, event: Stored) -> bytes:
    """Return the chain value after `event`.

    The lengths stand before the texts, so that no two different events are hashed from the same bytes.

    Raises:
        UnicodeEncodeError: (a ValueError) a text holds a lone surrogate.
    """
    row = (f"{event.seq} {event.at_ms} {len(event.by)} {len(event.kind)} {event.by}{event.kind}{event.body}").encode()
    return sha256(previous + row).digest()[:LINK_BYTES]


def links(previous: bytes, events: Iterable[Stored]) -> list[bytes]:
    """Return the chain value after each of the events, the first of which follows `previous`."""
    values = []
    for event in events:
        previous = link(previous, event)
        values.append(previous)
    return values


def check_numbered(expected_head: int, events: Sequence[Stored]) -> None:
    """Refuse events that do not continue `expected_head` one by one, or whose time no log could hold.

    Raises:
        ValueError: at the first that has another number.
    """
    for seq, event in enumerate(events, start=expected_head + 1):
        if event.seq != seq:
            raise ValueError(f"event {event.seq} was given where event {seq} is due")
        if not 0 <= event.at_ms <= _TIME_MAX_MS:
            raise ValueError(f"event {seq} happened at {event.at_ms} ms, which is no time")


def check_blobs(blobs: Mapping[str, bytes]) -> None:
    """Refuse a blob that is not named by its own hash.

    Raises:
        ValueError: at the first that is not.
    """
    for name, data in blobs.items():
        if blob_name(data) != name:
            raise ValueError(f"a blob of {len(data)} bytes was given under {name!r}, which is not its hash")


def blob_name(data: bytes) -> str:
    """Return the name of a blob: its SHA-256 in hexadecimal."""
    return sha256(data).hexdigest()


def view_seal(seq: int, chain: bytes, view: bytes) -> bytes:
    """Return the checksum that binds a snapshot to its position, its history and its own bytes."""
    return sha256(b"%d %s %s" % (seq, chain, view)).digest()


def verified(after: int, previous: bytes, rows: Sequence[tuple[object, ...]]) -> list[Stored]:
    """Turn stored rows (seq, at_ms, by, kind, body, chain) into events, or find the first damaged one.

    Args:
        after: the sequence number before the first row.
        previous: the chain value at `after`.
        rows: as they came out of the storage, of whatever type the storage made of them.

    Raises:
        LogCorrupt: a row is missing, has a wrong type, or does not hash to its chain value.
    """
    events = []
    for due, row in enumerate(rows, start=after + 1):
        match row:
            case (int(seq), int(at_ms), str(by), str(kind), str(body), bytes(chain)) if seq == due:
                event = Stored(seq, at_ms, by, kind, body)
            case (int(seq), *_) if seq != due:
                raise LogCorrupt(due, f"it is missing, event {seq} stands in its place")
            case _:
                raise LogCorrupt(due, "its row is malformed")
        previous = link(previous, event)
        if previous != chain:
            raise LogCorrupt(due, "it is not what was appended (its chain value differs)")
        events.append(event)
    return events
