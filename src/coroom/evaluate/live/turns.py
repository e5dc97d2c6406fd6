"""Whose turn is when, on the virtual clock of a trial on live state."""

import heapq

_SOON_S = 1e-3


class Turns:
    """Whose turn is when. Who waits for others is blocked, and tried again when something may be free."""

    def __init__(self, ready: list[tuple[float, int]]) -> None:
        self._ready = ready
        heapq.heapify(self._ready)
        self._stuck = False
        self.blocked: list[int] = []
        self.now_s, self.at = 0.0, 0

    def next(self) -> float | None:
        """When the next turn is, and (`at`) whose; None when there is none."""
        if not self._ready and self.blocked and not self._stuck:
            # Nobody is left who could release anything: each tries once more, which breaks a circle of waiting.
            self._stuck = True
            self._push_blocked()
        if not self._ready:
            return None
        self.now_s, self.at = heapq.heappop(self._ready)
        return self.now_s

    def again(self, at: int, after_s: float) -> None:
        """Its next turn is in so many seconds."""
        self._stuck = False
        heapq.heappush(self._ready, (self.now_s + after_s, at))

    def wake(self) -> None:
        """Something may be free now."""
        self._stuck = False
        self._push_blocked()

    def absent(self, count: int) -> list[int]:
        """Who of so many has no turn to come."""
        known = {at for _, at in self._ready} | set(self.blocked)
        return [at for at in range(count) if at not in known]

    def _push_blocked(self) -> None:
        for at in self.blocked:
            heapq.heappush(self._ready, (self.now_s + _SOON_S, at))
        self.blocked = []
