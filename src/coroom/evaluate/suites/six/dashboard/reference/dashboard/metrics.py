"""The figures on top."""

from collections import Counter
from statistics import fmean, median
from typing import Any

Row = dict[str, Any]


def summary(rows: list[Row]) -> dict[str, float]:
    """Of all rows."""
    cents = [row["cents"] for row in rows]
    return {
        "rows": len(rows),
        "units": sum(row["units"] for row in rows),
        "cents": sum(cents),
        "mean_cents": fmean(cents) if cents else 0.0,
        "median_cents": float(median(cents)) if cents else 0.0,
    }


def change(now: float, before: float) -> float | None:
    """In percent."""
    return None if before == 0 else round((now - before) * 100 / before, 1)


def top(rows: list[Row], key: str, n: int) -> list[tuple[str, int]]:
    """Where the most cents come from."""
    cents: Counter[str] = Counter()
    for row in rows:
        cents[row[key]] += row["cents"]
    return sorted(cents.items(), key=lambda item: (-item[1], item[0]))[:n]
