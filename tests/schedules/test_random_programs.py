"""Programs drawn by chance, against a serial replay and a reading of the raw log that share no code with the core."""

import os
from dataclasses import replace

import pytest
from tests.schedules.oracle import Replay

from coroom.core.decide import reorder
from coroom.core.ordering.call import Order
from coroom.core.ordering.index import indexed
from coroom.core.ordering.premises import due
from coroom.simulate.schedule.draw import Shape, drawn
from coroom.simulate.schedule.play import Death, played

PROGRAMS = int(os.environ.get("COROOM_PROGRAMS", "120"))
CALM = Shape(crashes=0, arrivals=0)


@pytest.mark.promise("run:serializable", "run:no-upward-leak")
@pytest.mark.parametrize("part", range(4))
def test_under_preorder_random_programs_end_as_in_rank_order_and_every_read_holds_what_is_below_it(part: int) -> None:
    for seed in range(part, PROGRAMS, 4):
        player = played(drawn(seed), "preorder")
        assert player.objects.values == player.serial().objects, seed
        assert player.sent_as_due(), seed
        replay = Replay(player)
        assert replay.below(None) == player.objects.values, seed
        assert replay.wrong_reads() == [], seed
        assert replay.needless() == [], seed


@pytest.mark.parametrize("policy", ["locking", "optimistic", "serial"])
def test_the_rivals_end_as_in_some_serial_order(policy: str) -> None:
    for seed in range(PROGRAMS // 4):
        result = played(drawn(seed, Shape(agents_max=5)), policy).result()
        assert result["serializable"], seed


def test_without_coordination_many_end_as_in_none() -> None:
    wrong = sum(not played(drawn(seed, CALM), "open").result()["serializable"] for seed in range(40))
    assert wrong >= 10


@pytest.mark.promise("log:durable", "run:serializable")
def test_a_host_that_dies_at_any_step_of_any_call_finishes_from_the_log() -> None:
    shape = Shape(agents_max=3, steps_max=3, crashes=0, arrivals=0, sends=15)
    for seed in range(PROGRAMS // 40):
        schedule = drawn(seed, shape)
        requests = played(schedule).room.requests
        for at in range(1, requests + 1):
            for after in (False, True):
                player = played(schedule, "preorder", Death(at, after))
                assert player.objects.values == player.serial().objects, (seed, at, after)
                assert player.sent_as_due(), (seed, at, after)


def test_who_is_to_be_told_after_a_change_is_who_would_be_if_everything_were_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0

    def as_in_full(order: Order, since: Order) -> object:
        nonlocal compared
        compared += 1
        assert due(order, since) == due(order)
        assert indexed(order) == indexed(replace(order))
        return due(order, since)

    monkeypatch.setattr(reorder, "due", as_in_full)
    for seed in range(PROGRAMS // 8):
        played(drawn(seed), "preorder")
    assert compared > PROGRAMS
