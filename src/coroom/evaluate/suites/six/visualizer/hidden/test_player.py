import random

import pytest
from visualizer.player import Player
from visualizer.steps import replay

STEPS = [("compare", 0, 1), ("swap", 0, 1), ("set", 2, 9), ("compare", 1, 2), ("swap", 1, 2)]


def test_it_goes_forward_to_the_end_and_says_so() -> None:
    player = Player([1, 2, 3], STEPS)
    assert [player.forward() for _ in STEPS] == STEPS
    assert not player.done
    assert player.forward() is None
    assert player.done
    assert player.items == replay([1, 2, 3], STEPS)
    assert player.stats.as_dict() == {"compares": 2, "swaps": 2, "sets": 1}


def test_it_goes_back_to_the_start() -> None:
    player = Player([1, 2, 3], STEPS)
    player.run()
    assert [player.back() for _ in STEPS] == STEPS[::-1]
    assert player.back() is None
    assert player.items == [1, 2, 3]
    assert player.stats.total == 0
    assert player.position == 0


def test_anywhere_it_is_sought_it_stands_as_if_it_had_walked() -> None:
    chance = random.Random(4)
    player = Player([1, 2, 3], iter(STEPS))
    for _ in range(200):
        wanted = chance.randrange(-2, 9)
        player.seek(wanted)
        stands = min(max(wanted, 0), len(STEPS))
        assert player.position == stands
        assert player.items == replay([1, 2, 3], STEPS[:stands])
        assert player.stats.total == stands


def test_a_tick_moves_only_while_it_plays() -> None:
    player = Player([1, 2, 3], STEPS)
    player.tick()
    assert player.position == 0
    player.play()
    player.speed = 2
    player.tick()
    assert player.position == 2
    player.pause()
    player.pause()
    player.tick()
    assert player.position == 2
    player.play()
    for _ in range(3):
        player.tick()
    assert player.position == 5
    assert not player.playing


def test_a_tick_takes_at_least_one_step() -> None:
    player = Player([1], [])
    with pytest.raises(ValueError):
        player.speed = 0
    assert player.speed == 1


def test_steps_are_asked_for_as_they_are_needed() -> None:
    asked = []

    def source():  # type: ignore[no-untyped-def]
        for step in STEPS:
            asked.append(step)
            yield step

    player = Player([1, 2, 3], source())
    player.forward()
    player.forward()
    player.back()
    player.forward()
    assert len(asked) <= 3
