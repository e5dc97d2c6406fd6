"""The chart's points."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

Point = tuple[date, int]


def daily(rows: list[dict[str, Any]], key: str = "cents") -> list[Point]:
    """A sum for every day."""
    sums: Counter[date] = Counter()
    for row in rows:
        sums[row["day"]] += row[key]
    if not sums:
        return []
    first = min(sums)
    days = [first + timedelta(days=n) for n in range((max(sums) - first).days + 1)]
    return [(day, sums.get(day, 0)) for day in days]


def moving_average(values: list[float], width: int) -> list[float]:
    """Of the last `width` values."""
    if width < 1:
        message = "a width is at least 1"
        raise ValueError(message)
    windows = [values[max(0, end - width) : end] for end in range(1, len(values) + 1)]
    return [sum(window) / len(window) for window in windows]


def buckets(points: list[Point], count: int) -> list[Point]:
    """At most `count` of them."""
    if count < 1:
        message = "a count is at least 1"
        raise ValueError(message)
    if len(points) <= count:
        return list(points)
    short, longer = divmod(len(points), count)
    found, at = [], 0
    for number in range(count):
        length = short + (number < longer)
        run = points[at : at + length]
        found.append((run[0][0], sum(value for _, value in run)))
        at += length
    return found
