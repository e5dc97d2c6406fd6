"""Rooms that are wrong on purpose, each in one way, and the schedule that shows it."""

import re
from pathlib import Path

import pytest
from tests.schedules.language import schedule_from
from tests.schedules.test_schedules import lines_of

from coroom.core.agent import Agent
from coroom.core.decide import reorder
from coroom.core.ordering import index, premises, repair_plan
from coroom.core.ordering.call import Order, OrderedCall, in_order, is_applied
from coroom.core.ordering.position import family_of
from coroom.core.ordering.trajectory import closure, stands_on, value_at
from coroom.core.table import Table
from coroom.simulate.live.host import LiveRules
from coroom.simulate.live.mutants import GatesOpen, NothingUndone, ReadsAnything
from coroom.simulate.schedule import room
from coroom.simulate.schedule.play import played

Calls = tuple[OrderedCall, ...]


def right(name: str) -> bool:
    file = next(Path(__file__).parent.glob(f"{name}_*.txt"))
    player = played(schedule_from(file.stem, lines_of(file)), "preorder")
    return player.objects.values == player.serial().objects


def only_direct(order: Order, roots: Calls) -> Calls:
    there = in_order(c for c in order.calls.values() if is_applied(c))
    found = [c for c in there if c in roots or any(stands_on(order, root, c) for root in roots)]
    return tuple(sorted(found, key=lambda c: c.position, reverse=True))


def from_below(order: Order, roots: Calls) -> Calls:
    return closure(order, roots)[::-1]


def own_forgotten(order: Order, roots: Calls) -> Calls:
    return tuple(c for c in closure(order, roots) if c in roots or c.agent not in {root.agent for root in roots})


@pytest.mark.parametrize(
    ("schedule", "mutant"),
    [("S08", only_direct), ("S09", from_below), ("S10", own_forgotten)],
    ids=["one level only", "from below", "own forgotten"],
)
def test_a_wrong_closure_is_shown_by_its_schedule(
    monkeypatch: pytest.MonkeyPatch, schedule: str, mutant: object
) -> None:
    assert right(schedule)
    monkeypatch.setattr(repair_plan, "closure", mutant)
    assert not right(schedule)


@pytest.mark.parametrize("schedule", ["S03", "S04", "S11", "S12", "S13"])
def test_without_notices_agents_keep_what_is_not_so(monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    assert right(schedule)
    monkeypatch.setattr(reorder, "_told", lambda _state, _since: ())
    assert not right(schedule)


def as_required(name: str) -> bool:
    file = next(Path(__file__).parent.glob(f"{name}_*.txt"))
    lines = lines_of(file)
    player = played(schedule_from(file.stem, lines), "preorder")
    must = next(line for line in lines if line.startswith("must "))
    return all(player.objects.values[key] == int(value) for key, value in re.findall(r"(\w+)=(-?\d+)", must))


def test_committed_as_soon_as_it_is_done_an_agent_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def early(order: Order, agents: Table[Agent]) -> int:
        done = [family_of(agent.rank) for name, agent in agents.ordered() if order.standing(name).concluded]
        return max([order.watermark, *done])

    assert as_required("S12")
    monkeypatch.setattr(reorder, "committable", early)
    assert not as_required("S12")


def test_with_the_nearest_reader_told_alone_those_above_it_keep_what_is_not_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["x=0 y=0 z=0", "A 1: write x=4", "B 2: read x as v; write y=v", "C 3: read x as v; write z=v"]
    schedule = schedule_from("two readers", [*lines, "order B B C C A"])
    assert played(schedule, "preorder").objects.values == {"x": 4, "y": 4, "z": 4}
    told = reorder._told
    monkeypatch.setattr(reorder, "_told", lambda state, since: told(state, since)[:1])
    assert played(schedule, "preorder").objects.values == {"x": 4, "y": 4, "z": 0}


def test_notices_both_ways_make_the_lower_agent_chase_the_higher_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["x=8 y=8 z=0", "A 1: read y as v; write x=v//2; add z=1", "B 2: read x as v; write y=v//2"]
    schedule = schedule_from("halving", [*lines, "order A B A B A"])
    assert played(schedule, "preorder").objects.values == {"x": 4, "y": 2, "z": 1}
    resting_from = index.resting_from
    monkeypatch.setattr(premises, "value_at", lambda order, what, _position: value_at(order, what, (1_000,)))
    monkeypatch.setattr(index, "resting_from", lambda order, what, _low: resting_from(order, what, ()))
    assert played(schedule, "preorder").objects.values["x"] < 4


def test_a_reader_that_sees_what_is_above_it_copies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert right("S15")
    mutate(monkeypatch, ReadsAnything())
    assert not right("S15")


@pytest.mark.parametrize("schedule", ["S04", "S05", "S08", "S22"])
def test_with_nothing_undone_a_late_write_stands_on_top(monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    assert right(schedule)
    mutate(monkeypatch, NothingUndone())
    assert not right(schedule)


def test_a_gate_that_opens_at_once_sends_what_is_not_so(monkeypatch: pytest.MonkeyPatch) -> None:
    file = next(Path(__file__).parent.glob("S18_*.txt"))
    schedule = schedule_from(file.stem, lines_of(file))
    assert played(schedule, "preorder").sent_as_due()
    mutate(monkeypatch, GatesOpen())
    assert not played(schedule, "preorder").sent_as_due()


def mutate(monkeypatch: pytest.MonkeyPatch, rules: LiveRules) -> None:
    """Have schedules played by the rules of a room of the simulation that is wrong on purpose."""
    monkeypatch.setattr(room, "decide", rules.decide)
    monkeypatch.setattr(room, "Carrier", rules.carrier)
