"""Old events, packed: a run of them compressed into one row, still vouched for by the chain."""

import json
import zlib
from collections.abc import Sequence

from coroom.core.quick import dataclass
from coroom.log.chain import links
from coroom.ports import LogCorrupt, Stored

# Large enough to compress well (a tenth of the size), small enough to unpack within a millisecond or two.
SEGMENT_EVENTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The events `first` to `last`; `previous` and `chain` are the chain values before and after them."""

    first: int
    last: int
    previous: bytes
    chain: bytes
    data: bytes


def pack(previous: bytes, events: Sequence[Stored]) -> Segment:
    """Compress a run of events, the first of which follows the chain value `previous`."""
    rows = [[event.seq, event.at_ms, event.by, event.kind, event.body] for event in events]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return Segment(
        first=events[0].seq,
        last=events[-1].seq,
        previous=previous,
        chain=links(previous, events)[-1],
        data=zlib.compress(text.encode()),
    )


def unpack(segment: Segment) -> list[Stored]:
    """Return the events of a segment, each verified against the chain.

    Raises:
        LogCorrupt: they are not the events that were packed.
    """
    try:
        events = [Stored(*row) for row in json.loads(zlib.decompress(segment.data))]
        chains = links(segment.previous, events)
    except (zlib.error, ValueError, TypeError) as error:
        raise LogCorrupt(segment.first, f"its archive cannot be unpacked ({error})") from error
    if len(events) != segment.last - segment.first + 1 or chains[-1] != segment.chain:
        raise LogCorrupt(segment.first, "its archive holds other events than were packed")
    return events
