"""Merge sort."""

from collections.abc import Iterator
from typing import Any


def merging(items: list[Any]) -> Iterator[tuple[str, int, Any]]:
    """Its steps, from the bottom up."""
    work = list(items)
    width = 1
    while width < len(work):
        for low in range(0, len(work) - width, 2 * width):
            yield from _merge(work, low, low + width, min(low + 2 * width, len(work)))
        width *= 2


def _merge(work: list[Any], low: int, middle: int, high: int) -> Iterator[tuple[str, int, Any]]:
    left, right, merged = low, middle, []
    while left < middle and right < high:
        yield ("compare", left, right)
        if work[left] <= work[right]:
            merged.append(work[left])
            left += 1
        else:
            merged.append(work[right])
            right += 1
    merged += work[left:middle] + work[right:high]
    for at, value in enumerate(merged, start=low):
        if work[at] is not value:
            yield ("set", at, value)
            work[at] = value
