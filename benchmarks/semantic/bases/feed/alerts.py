from __future__ import annotations
from typing import Protocol
from ticks import Tick


class Rule(Protocol):
    def matches(self, tick: Tick) -> bool: ...


class Above:
    def __init__(self, symbol: str, limit: float) -> None:
        self.symbol = symbol
        self.limit = limit

    def matches(self, tick: Tick) -> bool:
        return tick.symbol == self.symbol and tick.price > self.limit


class AlertDesk:
    def __init__(self) -> None:
        self.rules: list[tuple[str, Rule]] = []

    def watch(self, name: str, rule: Rule) -> None:
        self.rules.append((name, rule))

    def check(self, tick: Tick) -> list[str]:
        return [name for name, rule in self.rules if rule.matches(tick)]
