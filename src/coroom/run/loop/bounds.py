"""What a loop may use up, and what it has."""

import time
from dataclasses import dataclass, field

from coroom.agents.adapter import AgentOutput
from coroom.agents.price import Meter, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a loop may use up; None: no bound. `session_s` is one session's time."""

    sessions: int | None = None
    seconds: float | None = None
    usd: float | None = None
    tokens: int | None = None
    price: Price = field(default_factory=Price)
    session_s: float = 3_600.0


@dataclass(slots=True)
class Spent:
    """What all agents of a loop have used up together."""

    sessions: int = 0
    cost_usd: float = 0.0
    tokens: int = 0
    began: float = field(default_factory=time.monotonic)

    def over(self, bounds: Bounds) -> str:
        """Which bound is reached, in words; empty when none is."""
        if bounds.sessions is not None and self.sessions >= bounds.sessions:
            return f"{bounds.sessions} sessions are used up"
        if bounds.seconds is not None and time.monotonic() - self.began >= bounds.seconds:
            return f"{bounds.seconds:g} s are over"
        return self.used_up(bounds)

    def used_up(self, bounds: Bounds) -> str:
        """Of what a session uses while it works, which bound is reached; empty when none is."""
        if bounds.usd is not None and self.cost_usd >= bounds.usd:
            return f"{bounds.usd:g} US dollars are spent"
        if bounds.tokens is not None and self.tokens >= bounds.tokens:
            return f"{bounds.tokens} tokens are used up"
        return ""


class Account:
    """What one session uses, counted as its client tells of it, and with what all of them have used."""

    def __init__(self, spent: Spent, bounds: Bounds) -> None:
        self._spent = spent
        self._bounds = bounds
        self.meter = Meter(bounds.price)

    @property
    def left_usd(self) -> float | None:
        """What the session may still cost, for clients that keep such a bound themselves; None: no bound."""
        return None if self._bounds.usd is None else max(0.0, self._bounds.usd - self._spent.cost_usd)

    def take(self, told: AgentOutput) -> str:
        """Count what a line told; which bound is reached by that, in words, or nothing."""
        usd, tokens = self.meter.usd, self._tokens
        self.meter.take(told)
        self._spent.cost_usd += self.meter.usd - usd
        self._spent.tokens += self._tokens - tokens
        return self._spent.used_up(self._bounds)

    @property
    def _tokens(self) -> int:
        return self.meter.input_tokens + self.meter.output_tokens
