import random
from datetime import date, timedelta
from typing import Any


def rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [
        {
            "day": date(2026, 1, 1) + timedelta(days=chance.randrange(90)),
            "region": chance.choice(["North", "South", "East"]),
            "product": chance.choice(["Tea", "Coffee", "Cocoa"]),
            "units": chance.randrange(1, 9),
            "cents": chance.randrange(100, 999),
        }
        for _ in range(count)
    ]
