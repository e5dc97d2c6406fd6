"""Insertion sort."""

from collections.abc import Iterator
from typing import Any


def insertion(items: list[Any]) -> Iterator[tuple[str, int, int]]:
    """Its steps."""
    work = list(items)
    for start in range(1, len(work)):
        at = start
        while at > 0:
            yield ("compare", at - 1, at)
            if work[at - 1] <= work[at]:
                break
            work[at - 1], work[at] = work[at], work[at - 1]
            yield ("swap", at - 1, at)
            at -= 1
