"""Bubble sort."""

from collections.abc import Iterator
from typing import Any


def bubble(items: list[Any]) -> Iterator[tuple[str, int, int]]:
    """Its steps."""
    work = list(items)
    for end in range(len(work) - 1, 0, -1):
        swapped = False
        for i in range(end):
            yield ("compare", i, i + 1)
            if work[i] > work[i + 1]:
                work[i], work[i + 1] = work[i + 1], work[i]
                swapped = True
                yield ("swap", i, i + 1)
        if not swapped:
            return
