"""Quick sort."""

from collections.abc import Iterator
from typing import Any


def quick(items: list[Any]) -> Iterator[tuple[str, int, int]]:
    """Its steps."""
    work = list(items)
    ranges = [(0, len(work) - 1)]
    while ranges:
        low, high = ranges.pop()
        if low >= high:
            continue
        i = low
        for j in range(low, high):
            yield ("compare", j, high)
            if work[j] < work[high]:
                if i != j:
                    work[i], work[j] = work[j], work[i]
                    yield ("swap", i, j)
                i += 1
        j = high
        if i != j:
            work[i], work[j] = work[j], work[i]
            yield ("swap", i, j)
        ranges += [(low, i - 1), (i + 1, high)]
