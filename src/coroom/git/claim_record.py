"""What a claim over refs looks like: the ref's name, the record it points to, and how long it was seen unchanged."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coroom.core.claim import Claim, Mode
from coroom.core.errors import Refused
from coroom.core.limits import Limits
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


def boottime_ms() -> int:
    """Milliseconds since this machine started, also those it slept: nobody can set this clock."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "unknown"


class Sightings:
    """Since when each claim's ref has been seen with its present value, by this machine's own clock.

    A lease has run out when the same value was seen for as long as it lasts. No two clocks are compared, so that a
    clock that is wrong, or jumps, gives nobody's claim away.
    """

    def __init__(self, path: Path | None, now_ms: Callable[[], int] = boottime_ms) -> None:
        self._path = path
        self._now_ms = now_ms
        self._since: dict[str, tuple[str, int]] = self._kept()

    def look(self, seen: Mapping[str, str]) -> None:
        """Take note of what stands there now, by ref and object id."""
        now = self._now_ms()
        fresh = {
            ref: known if (known := self._since.get(ref)) and known[0] == oid else (oid, now)
            for ref, oid in seen.items()
        }
        if fresh != self._since:
            self._since = fresh
            self._keep()

    def left_ms(self, ref: str, ttl_ms: int) -> int:
        """What is left of a lease; 0 or less when it has run out."""
        known = self._since.get(ref)
        return ttl_ms - (self._now_ms() - known[1]) if known else ttl_ms

    def _kept(self) -> dict[str, tuple[str, int]]:
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["boot"] != _boot():
                return {}
            return {str(ref): (str(oid), int(since)) for ref, (oid, since) in found["since"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _keep(self) -> None:
        if self._path is None:
            return
        # A full disk costs the memory of what was seen, never a claim.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            fresh.write_text(json.dumps({"boot": _boot(), "since": self._since}), encoding="utf-8")
            fresh.replace(self._path)
