"""What a loop may use up, and what it has."""

import time
from dataclasses import dataclass, field

from coroom.agents.price import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a loop may use up; None: no bound. `session_s` is one session's time."""

    sessions: int | None = None
    seconds: float | None = None
    usd: float | None = None
    price: Price = field(default_factory=Price)
    session_s: float = 3_600.0


@dataclass(slots=True)
class Spent:
    """What all agents of a loop have used up together."""

    sessions: int = 0
    cost_usd: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def over(self, bounds: Bounds) -> str:
        """Which bound is reached, in words; empty when none is."""
        if bounds.sessions is not None and self.sessions >= bounds.sessions:
            return f"{bounds.sessions} sessions are used up"
        if bounds.seconds is not None and time.monotonic() - self.began >= bounds.seconds:
            return f"{bounds.seconds:g} s are over"
        if bounds.usd is not None and self.cost_usd >= bounds.usd:
            return f"{bounds.usd:g} US dollars are spent"
        return ""
