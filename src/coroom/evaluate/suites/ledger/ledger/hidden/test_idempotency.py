import pytest
from books import refused
from ledger.idempotency import Once


def test_an_action_is_carried_out_once_for_a_key() -> None:
    once, done = Once(), []
    for _ in range(3):
        assert once.run("k", ("a", 1), lambda: done.append(1) or len(done)) == 1
    assert once.run("other", ("a", 1), lambda: done.append(1) or len(done)) == 2


def test_another_call_under_the_same_key_is_refused() -> None:
    once = Once()
    once.run("k", 1, lambda: "x")
    with refused("duplicate"):
        once.run("k", 2, lambda: "y")
    assert once.run("k", 1, lambda: "z") == "x"


def test_what_raised_is_tried_again() -> None:
    once = Once()
    with pytest.raises(ZeroDivisionError):
        once.run("k", 1, lambda: 1 // 0)
    assert once.run("k", 1, lambda: "done") == "done"


def test_the_key_that_was_used_longest_ago_goes_first() -> None:
    once = Once(keep=2)
    once.run("a", 1, lambda: "a1")
    once.run("b", 1, lambda: "b1")
    once.run("a", 1, lambda: "a2")
    once.run("c", 1, lambda: "c1")
    assert once.run("a", 1, lambda: "a3") == "a1"
    assert once.run("b", 1, lambda: "b2") == "b2"


def test_nothing_is_a_result_too() -> None:
    once, done = Once(), []
    once.run("k", 1, lambda: done.append(1))
    once.run("k", 1, lambda: done.append(1))
    assert done == [1]
