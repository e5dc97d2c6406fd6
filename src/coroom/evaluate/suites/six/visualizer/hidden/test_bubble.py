import random

import pytest
from visualizer.bubble import bubble
from visualizer.steps import replay


def lists() -> list[list[int]]:
    chance = random.Random(11)
    made = [[], [1], [2, 1], [1, 1], list(range(9)), list(range(9, 0, -1))]
    return made + [[chance.randrange(8) for _ in range(chance.randrange(2, 20))] for _ in range(60)]


@pytest.mark.parametrize("items", lists())
def test_its_steps_sort_any_list_and_leave_it_alone(items: list[int]) -> None:
    before = list(items)
    steps = list(bubble(items))
    assert items == before
    assert replay(items, steps) == sorted(items)
    n = len(items)
    assert all(step[0] in {"compare", "swap", "set"} and 0 <= step[1] < n for step in steps)


def test_a_sorted_list_takes_one_pass() -> None:
    assert [step[0] for step in bubble(list(range(10)))] == ["compare"] * 9


def test_only_compared_neighbours_are_swapped() -> None:
    steps = list(bubble([5, 2, 4, 1, 3, 2]))
    for before, step in zip(steps, steps[1:], strict=False):
        if step[0] == "swap":
            assert before == ("compare", *step[1:])
            assert step[2] == step[1] + 1


def test_it_is_made_as_it_is_asked_for() -> None:
    assert next(iter(bubble(list(range(10**6))))) == ("compare", 0, 1)
