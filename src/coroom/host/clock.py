"""The machine's clock as the room uses it."""

import time


class SystemClock:
    """Wall time at start, carried on by the monotonic clock: leases never jump when somebody sets the time."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ms(self) -> int:
        """Return milliseconds since the epoch."""
        return (self._offset_ns + time.monotonic_ns()) // 1_000_000
