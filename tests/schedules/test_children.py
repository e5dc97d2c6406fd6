"""Children that are given up and due again, whatever their parent was told in between."""

import pytest
from tests.schedules.language import schedule_from

from coroom.simulate.schedule.play import Player, played

TWICE_TOLD = [
    "x=0 y=0 z=0",
    "A 1: write x=1",
    "B 2: write x=0",
    "C 3: read x as v; start D { write y=5 } if v<1; add z=1; add z=1; add z=1",
]


def ended(child: str, order: str) -> Player:
    lines = [line.replace("{ write y=5 }", child) for line in TWICE_TOLD]
    player = played(schedule_from("children", [*lines, f"order {order}"]), "preorder")
    assert player.objects.values == player.serial().objects
    assert player.sent_as_due()
    return player


def test_a_child_given_up_and_due_again_after_a_second_judgement_is_started_again() -> None:
    player = ended("{ write y=5 }", "C C D A C B C C")
    assert player.objects.values == {"x": 0, "y": 5, "z": 3}
    assert [(a.name, a.dead) for a in player.actors.values() if a.born_as == "D"] == [("D", True), ("D-2", False)]


def test_a_child_given_up_before_it_did_anything_is_started_again() -> None:
    assert ended("{ write y=5 }", "C C A C B C C").objects.values["y"] == 5


def test_a_child_given_up_for_good_stays_away() -> None:
    player = ended("{ write y=5 }", "C C D B A C C")
    assert player.objects.values["y"] == 5
    lines = [line for line in TWICE_TOLD if not line.startswith("B")]
    last = played(schedule_from("children", [*lines, "order C C D A C C"]), "preorder")
    assert last.objects.values == last.serial().objects == {"x": 1, "y": 0, "z": 3}


@pytest.mark.parametrize("order", ["C C D A C B C C", "C C D D A C B C C"])
def test_what_a_child_sends_that_was_started_again_is_sent_once_in_its_name(order: str) -> None:
    player = ended("{ write y=5, send mail=7 }", order)
    assert [(by.partition("-")[0], value) for by, _, value in player.objects.sent] == [("D", 7)]


def test_a_child_that_died_by_itself_is_not_started_again() -> None:
    player = ended("{ write y=5, write y=6 !crash }", "C C D D A C B C C")
    assert player.objects.values["y"] == 0


def test_the_children_of_a_child_are_given_up_and_started_again_with_it() -> None:
    lines = [*TWICE_TOLD[:3], "C 3: read x as v; start D { read y as w, add z=1 } if v<1; add z=1; add z=1; add z=1"]
    schedule = schedule_from("children", [*lines, "order C C D D A C B C C D"])
    player = played(schedule, "preorder")
    assert player.objects.values == player.serial().objects == {"x": 0, "y": 0, "z": 4}
