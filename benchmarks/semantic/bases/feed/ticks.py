from __future__ import annotations
from dataclasses import dataclass


class BadTick(ValueError):
    pass


@dataclass(frozen=True)
class Tick:
    symbol: str
    price: float
    at: float
    volume: int = 0


def parse_tick(line: str) -> Tick:
    parts = line.strip().split(";")
    if len(parts) < 3:
        raise BadTick(line)
    try:
        price = float(parts[1])
        at = float(parts[2])
    except ValueError:
        raise BadTick(line) from None
    volume = int(parts[3]) if len(parts) > 3 else 0
    return Tick(parts[0], price, at, volume)
