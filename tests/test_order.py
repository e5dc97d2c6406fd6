"""Long tests begin first on every worker, and none is lost by that."""

from hypothesis import given
from hypothesis import strategies as st
from tests.order import long_first


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
def test_every_test_is_run_once_whatever_is_long(long: list[bool], workers: int) -> None:
    items = list(enumerate(long))
    assert sorted(long_first(items, lambda item: item[1], workers)) == items


@given(st.sets(st.integers(0, 99), max_size=12), st.integers(1, 6))
def test_each_workers_part_begins_with_its_share_of_the_long_ones(long: set[int], workers: int) -> None:
    ordered = long_first(range(100), long.__contains__, workers)
    parts, begin = list[list[int]](), 0
    for left in range(workers, 0, -1):  # as xdist deals them out
        end = begin + (len(ordered) - begin) // left
        parts.append(ordered[begin:end])
        begin = end
    counts = [sum(item in long for item in part) for part in parts]
    assert sum(counts) == len(long)
    assert max(counts) - min(counts) <= 1
    assert all(long.issuperset(part[:count]) for part, count in zip(parts, counts, strict=True))
