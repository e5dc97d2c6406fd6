from __future__ import annotations
from collections import deque


class Window:
    def __init__(self, size: int = 20) -> None:
        self._prices: deque[float] = deque(maxlen=size)

    def push(self, price: float) -> None:
        self._prices.append(price)

    def mean(self) -> float:
        if not self._prices:
            return 0.0
        return sum(self._prices) / len(self._prices)

    def swing(self) -> float:
        return max(self._prices) - min(self._prices) if self._prices else 0.0

    def __len__(self) -> int:
        return len(self._prices)
