"""The order in which several workers run the tests."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def long_first(items: Sequence[T], is_long: Callable[[T], bool], workers: int) -> list[T]:
    """The items so that each of the equal parts that xdist hands out begins with the long ones among them, dealt out in
    turn. Else, whoever takes one late is waited for by all.
    """
    long = [item for item in items if is_long(item)]
    others = (item for item in items if not is_long(item))
    ordered: list[T] = []
    for worker in range(workers):
        size = (len(items) - len(ordered)) // (workers - worker)
        mine = long[worker::workers]
        ordered += [*mine, *islice(others, max(0, size - len(mine)))]
    return [*ordered, *others]
