"""Each check against two changes whose fate together is known, because it was run."""

from pathlib import Path

import pytest
from tests.checks.semantic.case import Case, cases_in, passes

from coroom.checks.engine import judge
from coroom.checks.finding import Finding
from coroom.checks.sides import Four
from coroom.host.checking import everyday_checks

_HERE = Path(__file__).parent / "semantic"
CONFLICTS = cases_in(_HERE / "conflicts.txt", conflict=True)
CLEANS = cases_in(_HERE / "cleans.txt", conflict=False)
ALL = [*CONFLICTS, *CLEANS]


def found(case: Case) -> tuple[Finding, ...]:
    trees = case.trees()
    four = Four(
        *({path: text.encode() for path, text in trees[name].items()} for name in ("base", "ours", "theirs", "merged"))
    )
    report = judge(four, everyday_checks())
    assert report.notes == ()
    return report.findings


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_case_is_what_it_says(case: Case) -> None:
    trees = case.trees()
    assert passes(trees["ours"], case.our_test)
    assert passes(trees["theirs"], case.their_test)
    together = passes(trees["merged"], case.our_test) and passes(trees["merged"], case.their_test)
    assert together is not case.conflict


@pytest.mark.parametrize("case", CONFLICTS, ids=lambda case: case.name)
def test_a_conflict_is_found(case: Case) -> None:
    assert found(case)


@pytest.mark.parametrize("case", CLEANS, ids=lambda case: case.name)
def test_nothing_is_found_where_both_work_together(case: Case) -> None:
    assert found(case) == ()
