"""What went wrong first is what is said."""

import pytest

from coroom.core.errors import Fault, cause_of, said_by


@pytest.mark.parametrize(("cause", "said"), [(Fault("the disk is full"), "the disk is full"), (Fault(), "Fault")])
def test_the_first_cause_inside_groups_speaks_or_is_named_where_it_says_nothing(cause: Fault, said: str) -> None:
    groups = ExceptionGroup("two failed", [ExceptionGroup("one failed", [cause, ValueError("later")]), OSError()])
    for problem in (cause, groups):
        assert cause_of(problem) is cause
        assert said_by(problem) == said
