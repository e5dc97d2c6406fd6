"""Rate limits of a pretended provider: so many requests in any so many seconds, counted for each script."""

import threading
import time
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in any `per_s` seconds."""

    requests: int
    per_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Limited:
    """A request came too early: what the limit is, and how long to wait."""

    limit: int
    wait_s: float


class Throttle:
    """Counts what was let through."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._let: dict[str, deque[float]] = {}

    def asked(self, name: str) -> Limited | None:
        """Let this request through (None), or say when it may be made again."""
        now = time.monotonic()
        with self._lock:
            let = self._let.setdefault(name, deque())
            while let and let[0] <= now - self._rate.per_s:
                let.popleft()
            if len(let) < self._rate.requests:
                let.append(now)
                return None
            return Limited(self._rate.requests, let[0] + self._rate.per_s - now)
