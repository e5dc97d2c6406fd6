import math
import random

import pytest
from visualizer.merging import merging
from visualizer.steps import replay


class Numbered:
    """Compared by its key alone, so that equal ones can be told apart."""

    def __init__(self, key: int, name: int) -> None:
        self.key, self.name = key, name

    def __lt__(self, other: "Numbered") -> bool:
        return self.key < other.key

    def __le__(self, other: "Numbered") -> bool:
        return self.key <= other.key

    def __gt__(self, other: "Numbered") -> bool:
        return self.key > other.key

    def __ge__(self, other: "Numbered") -> bool:
        return self.key >= other.key


def lists() -> list[list[int]]:
    chance = random.Random(11)
    made = [[], [1], [2, 1], [1, 1], list(range(9)), list(range(9, 0, -1))]
    return made + [[chance.randrange(8) for _ in range(chance.randrange(2, 20))] for _ in range(60)]


@pytest.mark.parametrize("items", lists())
def test_its_steps_sort_any_list_and_leave_it_alone(items: list[int]) -> None:
    before = list(items)
    steps = list(merging(items))
    assert items == before
    assert replay(items, steps) == sorted(items)
    n = len(items)
    assert all(step[0] in {"compare", "swap", "set"} and 0 <= step[1] < n for step in steps)


def test_equal_items_keep_their_order() -> None:
    chance = random.Random(2)
    items = [Numbered(chance.randrange(3), name) for name in range(20)]
    found = replay(items, merging(items))
    assert [(i.key, i.name) for i in found] == sorted((i.key, i.name) for i in items)


@pytest.mark.parametrize("items", lists())
def test_it_compares_no_more_than_it_has_to(items: list[int]) -> None:
    n = len(items)
    compares = sum(step[0] == "compare" for step in merging(items))
    assert compares <= n * math.ceil(math.log2(max(n, 1)))
    assert all(step[0] != "swap" for step in merging(items))


def test_what_stands_there_already_is_not_set() -> None:
    assert all(step[0] == "compare" for step in merging([1, 2, 3, 4, 5]))
