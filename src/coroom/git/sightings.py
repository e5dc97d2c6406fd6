"""How long something has been seen unchanged, by a clock that nobody can set."""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path


def boottime_ms() -> int:
    """Milliseconds since this machine started, also those it slept: nobody can set this clock."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "unknown"


class Sightings:
    """Since when each of some names has been seen with its present value, by a clock of this machine that nobody sets.

    A lease has run out when the same value was seen for as long as it lasts. No two clocks are compared, and none that
    can be set, so that a clock that is wrong, or jumps, gives nothing away.
    """

    def __init__(self, path: Path | None, now_ms: Callable[[], int] = boottime_ms) -> None:
        self._path = path
        self._now_ms = now_ms
        self._since: dict[str, tuple[str, int]] = self._kept()

    def look(self, seen: Mapping[str, str]) -> None:
        """Take note of what is there now, each name with its value; what is not there any more is forgotten."""
        now = self._now_ms()
        fresh = {
            name: known if (known := self._since.get(name)) and known[0] == value else (value, now)
            for name, value in seen.items()
        }
        if fresh != self._since:
            self._since = fresh
            self._keep()

    @property
    def names(self) -> frozenset[str]:
        """What is known."""
        return frozenset(self._since)

    def value(self, name: str) -> str:
        """The value that it was seen with last; empty when it was not there."""
        return self._since.get(name, ("", 0))[0]

    def left_ms(self, name: str, ttl_ms: int) -> int:
        """What is left of a lease; 0 or less when it has run out."""
        known = self._since.get(name)
        return ttl_ms - (self._now_ms() - known[1]) if known else ttl_ms

    def _kept(self) -> dict[str, tuple[str, int]]:
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["boot"] != _boot():
                return {}
            return {str(name): (str(value), int(since)) for name, (value, since) in found["since"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _keep(self) -> None:
        if self._path is None:
            return
        # A full disk costs the memory of what was seen, never more.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            fresh.write_text(json.dumps({"boot": _boot(), "since": self._since}), encoding="utf-8")
            fresh.replace(self._path)
