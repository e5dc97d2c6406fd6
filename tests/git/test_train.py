"""The speculative train: nobody lands untested, nobody is forgotten, nobody is blamed for another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coroom.git.train import Car, Group, Train, arrive, base_is, defer, fill, judge, moved, take_back, withdraw
from coroom.run.bench.gate import GateLoad, simulate_gate


def train_of(*changes: str, runners: int = 4, failure: float = 0.9, base: bool | None = True) -> Train:
    return fill(arrive(Train(runners=runners, failure=failure, base=base), changes))


def groups(train: Train) -> list[tuple[str, ...]]:
    return [car.group.changes for car in train.cars]


def run_of(train: Train, change: str) -> int:
    return next(car.run for car in train.running if change in car.group.changes)


def told(train: Train, change: str, *, passed: bool) -> tuple[Train, list[str], list[str]]:
    step = judge(train, run_of(train, change), passed=passed)
    return fill(step.train), [c for car in step.landed for c in car.group.changes], list(step.returned)


def test_each_runner_gets_a_car_on_top_of_the_one_before() -> None:
    train = train_of("a", "b", "c", "d", "e")
    assert groups(train) == [("a",), ("b",), ("c",), ("d",)]
    assert [c.group.changes for c in train.before(run_of(train, "c"))] == [("a",), ("b",)]
    assert train.waiting == (Group(("e",)),)


def test_few_failures_make_long_cars_and_many_make_short_ones() -> None:
    assert groups(train_of(*"abcdefgh", failure=0.1)) == [("a", "b"), ("c", "d"), ("e", "f"), ("g", "h")]
    assert Train(runners=4, failure=0.001).batch == 8
    assert Train(runners=1, failure=0.1).batch == 4
    assert Train(runners=4, failure=0.3).batch == 1


def test_a_car_that_passed_waits_for_those_before_it() -> None:
    train, landed, _ = told(train_of("a", "b"), "b", passed=True)
    assert landed == []
    _, landed, _ = told(train, "a", passed=True)
    assert landed == ["a", "b"]


def test_who_stands_behind_a_failure_is_tested_anew_without_it() -> None:
    before = train_of("a", "b", "c")
    train, _, _ = told(before, "b", passed=False)
    assert run_of(train, "a") == run_of(before, "a")
    assert run_of(train, "c") != run_of(before, "c")
    assert [c.group.changes for c in train.before(run_of(train, "c"))] == [("a",)]


def test_a_failure_on_top_of_another_failure_is_not_believed() -> None:
    train, _, _ = told(train_of("a", "b"), "b", passed=False)
    train, _, returned = told(train, "a", passed=False)
    assert returned == []
    assert ("b",) in groups(train)
    train, landed, _ = told(train, "b", passed=True)
    assert landed == ["b"]


def test_a_lone_failure_gets_one_second_chance_with_nothing_standing_on_it() -> None:
    train, _, returned = told(train_of("a", "b"), "a", passed=False)
    assert returned == []
    assert [car.group for car in train.siding] == [Group(("a",), suspect=True)]
    assert train.before(run_of(train, "b")) == ()
    _, _, returned = told(train, "a", passed=False)
    assert returned == ["a"]


def test_a_second_chance_that_passes_goes_on_with_the_next_car() -> None:
    train, _, _ = told(train_of("a", "b"), "a", passed=False)
    train, landed, returned = told(train, "a", passed=True)
    assert (landed, returned) == ([], [])
    assert groups(train) == [("b",), ("a",)]


def test_a_failed_car_is_halved_beside_the_train() -> None:
    train = train_of(*"abcd", runners=1, failure=0.1)
    assert groups(train) == [("a", "b", "c", "d")]
    train, _, _ = told(train, "a", passed=False)
    assert [car.group.changes for car in train.siding] == [("a", "b")]
    assert train.questioned == (Group(("c", "d")),)


def test_nobody_is_blamed_before_main_itself_is_known_to_pass() -> None:
    train = train_of("a", base=None)
    step = judge(train, run_of(train, "a"), passed=False)
    assert step.ask_base
    train = fill(step.train)
    again = judge(train, run_of(train, "a"), passed=False)
    assert again.ask_base
    assert again.returned == ()
    train = fill(base_is(again.train, green=True))
    assert judge(train, run_of(train, "a"), passed=False).returned == ("a",)


@pytest.mark.promise("main:green")
def test_on_a_red_main_nobody_is_blamed_and_only_what_mends_it_lands() -> None:
    train, _, _ = told(train_of("a", "b", "c", "d", "e"), "a", passed=False)
    train = fill(base_is(train, green=False))
    assert groups(train) == [("a",)]
    assert sorted(train.changes) == ["a", "b", "c", "d", "e"]
    train, landed, returned = told(train, "a", passed=False)
    assert (landed, returned, groups(train)) == ([], [], [("b",)])
    train, landed, returned = told(train, "b", passed=True)
    assert (landed, returned) == (["b"], [])
    assert train.base is True
    assert groups(train) == [("a",), ("c",), ("d",), ("e",)]


def test_changes_that_all_fail_on_a_red_main_wait_without_a_test() -> None:
    train = fill(base_is(train_of("a", "b"), green=False))
    for change in "ab":
        train, _, returned = told(train, change, passed=False)
        assert returned == []
    assert train.running == ()
    assert sorted(train.changes) == ["a", "b"]
    assert groups(fill(moved(train))) == [("a",), ("b",)]


def test_cars_that_could_not_be_published_come_first_again() -> None:
    train = train_of("a", "b", "c")
    step = judge(train, run_of(train, "a"), passed=True)
    assert [car.group.changes for car in step.landed] == [("a",)]
    assert take_back(step.train, step.landed).waiting[0] == Group(("a",))


def test_a_withdrawn_change_leaves_and_those_behind_are_tested_anew() -> None:
    before = train_of("a", "b", "c")
    train = withdraw(before, ["b"])
    assert groups(train) == [("a",), ("c",)]
    assert run_of(train, "a") == run_of(before, "a")
    assert run_of(train, "c") != run_of(before, "c")


def test_what_is_left_of_a_car_without_the_withdrawn_one_is_tested_anew() -> None:
    before = train_of("a", "b", "c", "d", runners=2, failure=0.15)
    train = withdraw(before, ["b"])
    assert groups(train) == [("a",), ("c", "d")]
    assert {car.run for car in train.cars}.isdisjoint({car.run for car in before.cars})


def test_a_car_that_conflicts_with_one_before_it_comes_back_when_that_has_landed() -> None:
    train = train_of("a", "b")
    train = fill(defer(train, "b"))
    assert groups(train) == [("a",)]
    train, landed, _ = told(train, "a", passed=True)
    assert landed == ["a"]
    assert groups(train) == [("b",)]


def test_a_main_that_others_moved_puts_every_car_back_to_the_test() -> None:
    before = train_of("a", "b")
    train = moved(before)
    assert train.base is None
    assert groups(train) == groups(before)
    assert {car.run for car in train.cars}.isdisjoint({car.run for car in before.cars})


def test_a_verdict_for_a_run_that_is_over_means_nothing() -> None:
    before = train_of("a", "b")
    train, _, _ = told(before, "a", passed=False)
    assert judge(train, run_of(before, "b"), passed=True).train == train


@pytest.mark.promise("main:green")
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=24),
    st.integers(1, 5),
    st.sampled_from([0.01, 0.1, 0.5]),
    st.randoms(use_true_random=False),
)
def test_every_good_change_lands_every_bad_one_is_given_back_and_main_is_never_red(
    good: list[bool], runners: int, failure: float, chance: object
) -> None:
    """Verdicts come in any order, and tell the truth."""
    names = {f"c{number}": is_good for number, is_good in enumerate(good)}
    train = fill(arrive(Train(runners=runners, failure=failure, base=True), list(names)))
    landed: list[str] = []
    returned: list[str] = []
    tests = 0
    while train.running:
        tests += 1
        assert len(train.running) <= runners
        assert sorted([*train.changes, *landed, *returned]) == sorted(names)
        car: Car = chance.choice(train.running)  # type: ignore[attr-defined]
        stands_on = [c for one in (*train.before(car.run), car) for c in one.group.changes]
        step = judge(train, car.run, passed=all(names[c] for c in stands_on))
        landed += [c for one in step.landed for c in one.group.changes]
        returned += step.returned
        train = fill(step.train)
        assert tests <= 40 * len(names) + 40
    assert sorted(landed) == sorted(name for name, is_good in names.items() if is_good)
    assert sorted(returned) == sorted(name for name, is_good in names.items() if not is_good)


@pytest.mark.promise("main:green")
@pytest.mark.parametrize("flaky", [0.0, 0.02])
def test_four_runners_land_three_changes_a_test_time_at_one_bad_in_ten(flaky: float) -> None:
    figure = simulate_gate(GateLoad(runners=4, bad=0.1, flaky=flaky, merges=800))
    assert figure.merges >= 3.0
    assert figure.red == 0
    assert figure.innocent < 0.005
    assert figure.wait_max < 30
    assert figure.left < 12
    assert figure == simulate_gate(figure.load)
