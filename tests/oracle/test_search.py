"""The search over random sets of culprits: all of them, nothing else, in few runs."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from coroom.run.bench.bisect import Oracle, measure_bisect
from coroom.run.oracle.search import Batch, Outcome, Subset, run_search


@st.composite
def sets_of_culprits(draw: st.DrawFn) -> tuple[int, list[frozenset[int]]]:
    """Disjoint sets of one to three units among up to 120."""
    count = draw(st.integers(1, 120))
    units = draw(st.lists(st.integers(0, count - 1), unique=True, max_size=9))
    sets = []
    while units:
        size = draw(st.integers(1, min(3, len(units))))
        sets.append(frozenset(units[:size]))
        units = units[size:]
    return count, sets


@given(sets_of_culprits(), st.integers(1, 5))
@settings(max_examples=40)
def test_every_set_that_fails_by_itself_is_found_and_nothing_else(
    case: tuple[int, list[frozenset[int]]], runners: int
) -> None:
    count, sets = case
    found, _ = run_search(count, Oracle(sets).batch, runners)
    assert found.why == ""
    assert {one.units for one in found.culprits} == set(sets)
    assert all(one.exact for one in found.culprits)


@given(sets_of_culprits(), st.integers(1, 4), st.sets(st.integers(0, 120), max_size=30))
@settings(max_examples=25)
def test_what_cannot_be_built_only_widens_a_culprit_and_never_hides_it(
    case: tuple[int, list[frozenset[int]]], runners: int, broken_sizes: set[int]
) -> None:
    count, sets = case
    oracle = Oracle(sets)

    def run(batch: Batch) -> Mapping[Subset, Outcome]:
        answers = oracle.batch(batch)
        return {
            one: Outcome.UNRESOLVED if len(one) in broken_sizes and 0 < len(one) < count else answers[one]
            for one in batch
        }

    found, _ = run_search(count, run, runners)
    if not found.why and sets:
        blamed = frozenset().union(*(one.units for one in found.culprits))
        assert all(one & blamed for one in sets)
        assert {one.units for one in found.culprits if one.exact} <= set(sets)


def test_a_reference_that_fails_and_a_candidate_that_passes_are_said_so() -> None:
    def always(outcome: Outcome) -> str:
        found, batches = run_search(10, lambda batch: dict.fromkeys(batch, outcome))
        assert batches == 1
        assert found.culprits == ()
        return found.why

    assert "the reference alone does not pass" in always(Outcome.FAIL)
    assert always(Outcome.PASS) == ""
    assert "the reference alone does not pass" in always(Outcome.UNRESOLVED)


def test_the_targets_hold_for_two_thousand_units() -> None:
    """All four of four culprits in at most 60 runs, a pair that fails only together in at most 40."""
    by_case = {(one.case, one.runners): one for one in measure_bisect(2_000, 3, (1,))}
    assert all(one.exact for one in by_case.values())
    assert by_case["4 culprits", 1].runs.max <= 60
    assert by_case["a pair that fails only together", 1].runs.max <= 40


def test_more_runners_take_fewer_rounds() -> None:
    one, four = (measure_bisect(2_000, 3, (runners,))[0] for runners in (1, 4))
    assert four.rounds.max < one.rounds.min
