"""What agents without a board are told first."""

from coroom.core.command import PostTask
from coroom.core.resource import file
from coroom.run.briefing import Coordination, first_words

TASKS = [PostTask(title="write a", description="as the contract says", touches=(file("a.py"),)), PostTask(title="b")]
NAMES = ["ann", "bob", "cyd"]


def words(place: int, coordination: Coordination = Coordination.NONE, *, in_turn: bool = False) -> str:
    return first_words(NAMES, place, TASKS, coordination, in_turn=in_turn)


def test_each_is_told_every_task_and_of_the_others_only_where_that_is_the_condition() -> None:
    for coordination in Coordination:
        said = words(1, coordination)
        assert "1. write a (files: file:a.py)\nas the contract says\n\n2. b" in said
        assert ("one of 3 agents" in said and "ann, bob, cyd" in said) == (coordination is Coordination.PROMPT)
        assert "Do not commit" in said
    assert "agents" not in first_words(["ann"], 0, TASKS, Coordination.PROMPT, in_turn=False)


def test_in_turn_the_first_designs_the_last_reviews_and_who_is_between_or_one_of_two_builds() -> None:
    said = [words(place, in_turn=True) for place in range(3)]
    assert ["You design" in one for one in said] == [True, False, False]
    assert ["You build" in one for one in said] == [False, True, False]
    assert ["You review" in one for one in said] == [False, False, True]
    assert "You build" in first_words(NAMES[:2], 1, TASKS, Coordination.NONE, in_turn=True)
