from __future__ import annotations
from typing import Callable, Optional
from ticks import Tick

Listener = Callable[[Tick], None]


class Board:
    def __init__(self) -> None:
        self._last: dict[str, Tick] = {}
        self._listeners: list[Listener] = []

    def on_update(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def update(self, tick: Tick) -> None:
        self._last[tick.symbol] = tick
        for listener in self._listeners:
            listener(tick)

    def price(self, symbol: str) -> Optional[float]:
        tick = self._last.get(symbol)
        return None if tick is None else tick.price

    def symbols(self) -> list[str]:
        return sorted(self._last)
