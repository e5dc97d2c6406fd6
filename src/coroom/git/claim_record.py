"""What a claim over refs looks like: the ref's name, and the record it points to."""

import hashlib
import json
import os
from typing import Any

from coroom.core.claim import Claim, Mode
from coroom.core.errors import Refused
from coroom.core.limits import Limits
from coroom.core.quick import dataclass
from coroom.core.resource import Resource, parse

PREFIX = "refs/coroom/claims/"
"""Below it, one ref for each claimed resource; flat, since one ref cannot be the directory of another."""

NAME_CHARS_MAX = 180
"""A file name may have 255 bytes, and git adds `.lock`."""

RECORD_BYTES_MAX = 64 * 1024
VERSION = 1
UNKNOWN = "somebody"
"""The holder of a ref whose record cannot be read."""

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def claim_ref(resource: Resource) -> str:
    """The ref that stands for a resource: readable, legal for git, and the same in every clone."""
    name = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(str(resource)))
    if len(name) > NAME_CHARS_MAX:
        name = f"{name[: NAME_CHARS_MAX - 41]}-{hashlib.sha256(name.encode()).hexdigest()[:40]}"
    return PREFIX + name


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a claim's ref points to. `nonce` makes every record an object of its own: two claimants who pushed the same
    object would both be told that they had won. `claim` stays the same over renewals; `at_ms` is for people only.
    """

    claim: str
    resources: tuple[Resource, ...]
    holder: str
    purpose: str
    fence: int
    ttl_ms: int
    nonce: str
    at_ms: int

    def write(self) -> bytes:
        """The bytes of the blob."""
        document = {
            "coroom": VERSION,
            "claim": self.claim,
            "resources": [str(one) for one in self.resources],
            "holder": self.holder,
            "purpose": self.purpose,
            "fence": self.fence,
            "ttl_ms": self.ttl_ms,
            "nonce": self.nonce,
            "at_ms": self.at_ms,
        }
        return (json.dumps(document, indent=1) + "\n").encode()


def read_record(ref: str, oid: str, data: bytes) -> Record:
    """The record of a blob. One that cannot be read holds its resource all the same, for the usual time."""
    try:
        found = json.loads(data[:RECORD_BYTES_MAX])
        resources = tuple(one for one in map(parse, map(str, found["resources"])) if not isinstance(one, Refused))
        return Record(
            claim=_line(found["claim"]),
            resources=resources,
            holder=_line(found["holder"]) or UNKNOWN,
            purpose=_line(found["purpose"]),
            fence=int(found["fence"]),
            ttl_ms=min(max(1, int(found["ttl_ms"])), Limits().claim_ttl_ms_max),
            nonce=_line(found["nonce"]),
            at_ms=int(found["at_ms"]),
        )
    except (ValueError, KeyError, TypeError):
        unread = parse(f"key:{ref.removeprefix(PREFIX)}")
        return Record(
            claim=oid,
            resources=() if isinstance(unread, Refused) else (unread,),
            holder=UNKNOWN,
            purpose="a record that cannot be read",
            fence=0,
            ttl_ms=Limits().claim_ttl_ms_default,
            nonce="",
            at_ms=0,
        )


def _line(value: Any) -> str:
    """Another's words: one bounded line without control characters."""
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(text.split())[: Limits().title_chars_max]


@dataclass(frozen=True, slots=True)
class Seen:
    """One claim's ref as it stands in the remote."""

    ref: str
    oid: str
    record: Record

    def claim(self, now_ms: int, left_ms: int) -> Claim:
        """As the room knows claims; `left_ms` of its lease are left."""
        return Claim(
            id=self.record.claim,
            holder=self.record.holder,
            resources=self.record.resources,
            mode=Mode.EXCLUSIVE,
            purpose=self.record.purpose,
            fence=self.record.fence,
            ttl_ms=self.record.ttl_ms,
            deadline_ms=now_ms + left_ms,
        )
