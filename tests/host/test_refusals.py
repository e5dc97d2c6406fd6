"""What was refused is not carried out by an older copy, and is by whoever has heard that and asks again."""

import pytest

from coroom.host.door.refusals import KEPT_MAX, Attempt, Refusals


def refused(attempt: Attempt) -> Refusals[str]:
    """One operation of ada's that was refused, asked for by the request `attempt`."""
    refusals: Refusals[str] = Refusals()
    assert refusals.asked("ada", "o", attempt) is None
    refusals.ended("ada", "o", "not now")
    return refusals


@pytest.mark.promise("call:once")
def test_the_same_request_and_an_older_one_are_told_the_refusal_and_a_newer_one_is_carried_out() -> None:
    refusals = refused(7)
    assert refusals.asked("ada", "o", 7) == "not now"
    assert refusals.asked("ada", "o", 6) == "not now"
    assert refusals.asked("bob", "o", 6) is None
    assert refusals.asked("ada", "p", 6) is None
    assert refusals.asked("ada", "o", 8) is None
    assert refusals.asked("ada", "o", 7) is None, "it joins the newer one, which is under way"
    refusals.ended("ada", "o", "still not")
    assert [refusals.asked("ada", "o", attempt) for attempt in (6, 7, 8)] == ["still not"] * 3


def test_the_newest_of_the_copies_under_way_counts_when_they_are_refused_together() -> None:
    refusals: Refusals[str] = Refusals()
    assert refusals.asked("ada", "o", 5) is None
    assert refusals.asked("ada", "o", 7) is None
    refusals.ended("ada", "o", "not now")
    assert refusals.asked("ada", "o", 6) == "not now"


def test_ids_that_are_no_numbers_say_only_whether_it_is_the_same_message() -> None:
    assert refused("b").asked("ada", "o", "b") == "not now"
    assert refused("b").asked("ada", "o", "c") is None
    assert refused("b").asked("ada", "o", 1) is None
    assert refused(None).asked("ada", "o", None) is None


def test_what_was_done_and_what_an_earlier_client_asked_for_is_nothing_that_was_refused() -> None:
    refusals = refused(7)
    assert refusals.asked("ada", "o", 8) is None
    refusals.ended("ada", "o", None)
    assert refusals.asked("ada", "o", 6) is None
    again = refused(7)
    again.forget("ada")
    assert again.asked("ada", "o", 1) is None


def test_only_the_newest_operations_of_an_agent_are_remembered() -> None:
    refusals = refused(1)
    for number in range(KEPT_MAX):
        assert refusals.asked("ada", f"o{number}", 2) is None
        refusals.ended("ada", f"o{number}", "no")
    assert refusals.asked("ada", f"o{KEPT_MAX - 1}", 1) == "no"
    assert refusals.asked("ada", "o", 1) is None
