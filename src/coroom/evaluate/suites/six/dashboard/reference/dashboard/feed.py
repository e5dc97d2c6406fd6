"""The live feed."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

Rows = list[dict[str, Any]]


class Feed:
    """Asks a source for rows as its clock goes on."""

    def __init__(self, source: Callable[[], Rows], every_s: float) -> None:
        self.rows: Rows = []
        self.ticks = 0
        self._source = source
        self._every_s = every_s
        self._since_s = 0.0
        self._paused = False
        self._callbacks: dict[object, Callable[[Rows], None]] = {}

    def subscribe(self, callback: Callable[[Rows], None]) -> Callable[[], None]:
        """Be told of new rows, until what is returned is called."""
        key = object()
        self._callbacks[key] = callback
        return lambda: self._callbacks.pop(key, None) and None

    def pause(self) -> None:
        """Stop the clock."""
        self._paused = True

    def resume(self) -> None:
        """Let it go on."""
        self._paused = False

    def advance(self, seconds: float) -> None:
        """Time passes."""
        if self._paused:
            return
        self._since_s += seconds
        while self._since_s >= self._every_s:
            self._since_s -= self._every_s
            self._tick()

    def _tick(self) -> None:
        self.ticks += 1
        new = self._source()
        self.rows += new
        if new:
            for callback in list(self._callbacks.values()):
                with suppress(Exception):
                    callback(new)
