"""Rooms that are wrong on purpose, each in one way, and the schedule that shows it."""

from pathlib import Path

import pytest
from tests.schedules.language import schedule_from
from tests.schedules.test_schedules import lines_of

from coroom.core.decide import reorder
from coroom.core.ordering import plan
from coroom.core.ordering.call import Order, OrderedCall, applied
from coroom.core.ordering.trajectory import closure, stands_on
from coroom.simulate.schedule.play import played

Calls = tuple[OrderedCall, ...]


def right(name: str) -> bool:
    file = next(Path(__file__).parent.glob(f"{name}_*.txt"))
    player = played(schedule_from(file.stem, lines_of(file)), "preorder")
    return player.objects.values == player.serial().objects


def only_direct(order: Order, roots: Calls) -> Calls:
    found = [c for c in applied(order) if c in roots or any(stands_on(order, root, c) for root in roots)]
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
    monkeypatch.setattr(plan, "closure", mutant)
    assert not right(schedule)


@pytest.mark.parametrize("schedule", ["S03", "S04", "S11", "S12", "S13"])
def test_without_notices_agents_keep_what_is_not_so(monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    assert right(schedule)
    monkeypatch.setattr(reorder, "_told", lambda _state, _since: ())
    assert not right(schedule)
