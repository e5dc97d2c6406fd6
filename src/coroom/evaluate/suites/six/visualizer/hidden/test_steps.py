import random

import pytest
from visualizer.steps import apply, replay


def test_each_kind_does_what_it_says() -> None:
    items = [3, 1, 2]
    assert apply(("compare", 0, 1), items) == ("compare", 0, 1)
    assert items == [3, 1, 2]
    apply(("swap", 0, 2), items)
    assert items == [2, 1, 3]
    apply(("set", 1, 9), items)
    assert items == [2, 9, 3]


def test_what_comes_back_takes_any_step_back() -> None:
    chance = random.Random(5)
    for _ in range(200):
        items = [chance.randrange(5) for _ in range(chance.randrange(1, 8))]
        before = list(items)
        undo = []
        for _ in range(10):
            kind = chance.choice(["compare", "swap", "set"])
            undo.append(apply((kind, chance.randrange(len(items)), chance.randrange(len(items))), items))
        for step in reversed(undo):
            apply(step, items)
        assert items == before


@pytest.mark.parametrize("step", [("swap", 0, 3), ("swap", -1, 0), ("compare", 3, 0), ("set", -1, 1), ("set", 3, 1), ("swap", 0, -1)])
def test_a_place_outside_is_refused_and_nothing_changes(step: tuple[str, int, int]) -> None:
    items = [1, 2, 3]
    with pytest.raises(IndexError):
        apply(step, items)
    assert items == [1, 2, 3]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError):
        apply(("shuffle", 0, 1), [1, 2])


def test_a_replay_leaves_the_list_alone() -> None:
    items = [2, 1]
    assert replay(items, [("swap", 0, 1)]) == [1, 2]
    assert items == [2, 1]
