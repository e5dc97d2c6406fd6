"""Lanes: coupled tasks in one, in the order of their needs; no more agents than pay; why in words."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plan.planned import task

from coroom.plan.coupling import Pair
from coroom.plan.index import Place
from coroom.plan.route import WIDE_FILES, CycleError, Route, route
from coroom.plan.task import TaskFootprint, Touch


def footprint(name: str, *, after: tuple[str, ...] = (), seconds: float = 60.0, known: bool = True) -> TaskFootprint:
    touches = frozenset({Touch(Place(f"{name}.py", ""), known=known)})
    return TaskFootprint(task=task(name, "w", after=after, seconds=seconds), touches=touches)


def seconds_of(each: TaskFootprint) -> float:
    assert each.task.seconds is not None
    return each.task.seconds


def routed(
    footprints: list[TaskFootprint], coupled: dict[tuple[str, str], str] | None = None, agents: int | None = None
) -> Route:
    pairs = [
        Pair(
            a=a.task.id,
            b=b.task.id,
            score=0.9 if (a.task.id, b.task.id) in (coupled or {}) else 0.1,
            coupled=(a.task.id, b.task.id) in (coupled or {}),
            reasons=(),
            first=(coupled or {}).get((a.task.id, b.task.id), ""),
        )
        for a, b in combinations(footprints, 2)
    ]
    return route(footprints, pairs, seconds_of, agents)


def test_independent_tasks_get_a_lane_each_and_an_agent_each() -> None:
    found = routed([footprint("a"), footprint("b"), footprint("c")])
    assert found.lanes == (("a",), ("b",), ("c",))
    assert (found.agents, found.policy, found.seconds, found.serial_seconds) == (3, "open", 60.0, 180.0)


def test_coupled_tasks_share_a_lane_and_who_defines_goes_first() -> None:
    found = routed([footprint("a"), footprint("b"), footprint("c")], {("a", "b"): "b"})
    assert found.lanes == (("b", "a"), ("c",))
    assert any("b then a" in reason for reason in found.reasons)


def test_after_beats_define_before_use() -> None:
    found = routed([footprint("a"), footprint("b", after=("a",))], {("a", "b"): "b"})
    assert found.lanes == (("a", "b"),)


def test_all_coupled_is_serial() -> None:
    found = routed([footprint("a"), footprint("b")], {("a", "b"): ""})
    assert (found.policy, found.agents) == ("serial", 1)
    assert found.seconds == found.serial_seconds


def test_no_more_agents_than_asked_for_and_longest_first() -> None:
    found = routed([footprint("a", seconds=10), footprint("b", seconds=50), footprint("c", seconds=40)], agents=2)
    assert found.lanes == (("b",), ("c", "a"))
    assert "as asked" in " ".join(found.reasons)


def test_another_agent_that_gains_nothing_is_not_taken() -> None:
    found = routed([footprint("a", seconds=1000), *(footprint(f"b{n}", seconds=20) for n in range(5))])
    assert found.agents == 2


def test_a_fan_out_waits_for_its_root_in_other_lanes_under_preorder() -> None:
    found = routed([footprint("a"), *(footprint(name, after=("a",)) for name in "bc")])
    assert found.agents == 2
    assert found.seconds == 120.0
    assert [(wait.after) for wait in found.waits] == ["a"]
    assert found.policy == "preorder"


def test_a_task_that_changes_very_many_files_is_kept_apart() -> None:
    touches = frozenset(Touch(Place(f"m{n}.py", ""), known=True) for n in range(WIDE_FILES))
    wide = TaskFootprint(task=task("wide", "w"), touches=touches)
    found = routed([footprint("a"), wide])
    assert found.policy == "isolated"
    assert "wide changes so many files" in found.reasons[-1]
    assert routed([footprint("a"), footprint("b", known=False)]).policy == "open"


def test_a_circle_is_named() -> None:
    with pytest.raises(CycleError) as refused:
        routed(
            [footprint("x"), footprint("a", after=("c",)), footprint("b", after=("a",)), footprint("c", after=("b",))]
        )
    assert set(refused.value.tasks) == {"a", "b", "c"}


@st.composite
def works(draw: st.DrawFn) -> tuple[list[TaskFootprint], dict[tuple[str, str], str]]:
    count = draw(st.integers(1, 9))
    names = [f"t{n}" for n in range(count)]
    footprints = [
        footprint(
            name,
            after=tuple(draw(st.sets(st.sampled_from(names[:n]), max_size=2))) if n else (),
            seconds=draw(st.integers(1, 100)),
        )
        for n, name in enumerate(names)
    ]
    pairs = list(combinations(names, 2))
    coupled = draw(st.sets(st.sampled_from(pairs), max_size=5)) if pairs else set()
    return draw(st.permutations(footprints)), {pair: draw(st.sampled_from(["", *pair])) for pair in coupled}


@given(works(), st.integers(1, 5))
def test_any_work_is_all_done_in_order_never_slower_than_one_agent(
    work: tuple[list[TaskFootprint], dict[tuple[str, str], str]], agents: int
) -> None:
    footprints, coupled = work
    found = routed(footprints, coupled, agents)
    names = {each.task.id for each in footprints}
    lane_of = {name: number for number, lane in enumerate(found.lanes) for name in lane}
    assert sorted(name for lane in found.lanes for name in lane) == sorted(names)
    assert found.agents <= agents
    assert found.bound_seconds - 1e-6 <= found.seconds <= found.serial_seconds + 1e-6
    met = {(a.task.id, b.task.id) for a, b in combinations(footprints, 2)}
    assert all(lane_of[a] == lane_of[b] for a, b in coupled if (a, b) in met)
    assert finishes(found, {each.task.id: each for each in footprints}) == pytest.approx(found.seconds)


def finishes(found: Route, tasks: dict[str, TaskFootprint]) -> float:
    """When all is done, by playing the lanes with what each task is after; fails when they stand still."""
    done: dict[str, float] = {}
    lanes = [list(lane) for lane in found.lanes]
    free = [0.0] * len(lanes)
    while any(lanes):
        ready = [n for n, lane in enumerate(lanes) if lane and all(one in done for one in tasks[lane[0]].task.after)]
        assert ready, "nobody can go on"
        for n in ready:
            name = lanes[n].pop(0)
            start = max([free[n], *(done[one] for one in tasks[name].task.after)])
            free[n] = done[name] = start + seconds_of(tasks[name])
    return max(done.values())
