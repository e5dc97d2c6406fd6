"""What went wrong first is what is said."""

import pytest

from coroom.core.errors import Code, Fault, Refused, cause_of, said_by, with_one_stop


@pytest.mark.parametrize(("cause", "said"), [(Fault("the disk is full"), "the disk is full"), (Fault(), "Fault")])
def test_the_first_cause_inside_groups_speaks_or_is_named_where_it_says_nothing(cause: Fault, said: str) -> None:
    groups = ExceptionGroup("two failed", [ExceptionGroup("one failed", [cause, ValueError("later")]), OSError()])
    for problem in (cause, groups):
        assert cause_of(problem) is cause
        assert said_by(problem) == said


@pytest.mark.parametrize(
    ("joined", "said"),
    [
        ("It failed: no room left.. Make room.", "It failed: no room left. Make room."),
        ("It failed: (no room). . Make room.", "It failed: (no room). Make room."),
        ("The end was told..", "The end was told."),
        ("a path without '..' in it, ../x, a/.. or 1..3; and so on... No.", None),
        ("cd .. goes up. Then 'x'.", None),
    ],
)
def test_anothers_words_in_ours_end_with_one_full_stop_and_what_is_quoted_stays(joined: str, said: str | None) -> None:
    assert with_one_stop(joined) == (joined if said is None else said)


def test_a_refusal_for_a_reason_that_ends_with_a_full_stop_has_one() -> None:
    assert str(Refused(Code.FAILED, f"Not done: {OSError(5, 'gone.')}.", "See.")) == "Not done: [Errno 5] gone. See."
