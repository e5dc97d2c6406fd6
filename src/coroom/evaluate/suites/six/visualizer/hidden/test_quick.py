import random

import pytest
from visualizer.quick import quick
from visualizer.steps import replay


def lists() -> list[list[int]]:
    chance = random.Random(11)
    made = [[], [1], [2, 1], [1, 1], list(range(9)), list(range(9, 0, -1))]
    return made + [[chance.randrange(8) for _ in range(chance.randrange(2, 20))] for _ in range(60)]


@pytest.mark.parametrize("items", lists())
def test_its_steps_sort_any_list_and_leave_it_alone(items: list[int]) -> None:
    before = list(items)
    steps = list(quick(items))
    assert items == before
    assert replay(items, steps) == sorted(items)
    n = len(items)
    assert all(step[0] in {"compare", "swap", "set"} and 0 <= step[1] < n for step in steps)


def test_no_place_is_swapped_with_itself() -> None:
    for items in lists():
        assert all(step[1] != step[2] for step in quick(items) if step[0] == "swap")


@pytest.mark.parametrize("items", [[1] * 2000, list(range(2000))])
def test_long_runs_meet_no_recursion_limit(items: list[int]) -> None:
    steps = quick(items)
    for _ in range(2000 * 120):
        if next(steps, None) is None:
            break


def test_the_last_item_is_the_pivot() -> None:
    assert next(quick([3, 1, 2])) == ("compare", 0, 2)
