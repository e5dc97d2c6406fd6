"""Calls on live state under the seeded scheduler, and that its checkers catch rooms that are wrong on purpose."""

import sys

import pytest
from click.testing import CliRunner

from coroom.cli.simulate import simulate as command
from coroom.simulate.live import checkers, ledger
from coroom.simulate.live.mutants import LIVE_MUTANTS
from coroom.simulate.live.steps import TURNS, WEIGHTS
from coroom.simulate.live.world import LiveWorld
from coroom.simulate.run import judged_live, shortest, simulate
from coroom.simulate.steps import schedule

SEEDS = 24
CAUGHT_BY = {
    "nothing-undone": 0,
    "only-what-meets": 0,
    "undone-from-below": 8,
    "own-forgotten": 1,
    "nothing-put-back": 0,
    "no-notices": 0,
    "nearest-told": 0,
    "stale-notices": 0,
    "final-too-early": 1,
    "gates-open": 8,
    "gone-stay": 4,
    "reads-anything": 0,
    "repairs-forgotten": 4,
    "hasty-store": 7,
    "forgets-operations": 0,
    "locks-nothing": 0,
    "copies-apart": 3060,
    "refusals-forgotten": 6,
}
"""A seed that shows each; found by playing them from 0 on, as docs/simulation.md tells."""

WHERE_THEY_WAIT = {"locks-nothing", "copies-apart", "refusals-forgotten"}
"""Those that are played under `locking`: they show where agents are told to wait."""


@pytest.mark.promise("run:serializable", "run:no-upward-leak", "log:durable", "call:once")
@pytest.mark.parametrize("policy", ["preorder", "locking", "optimistic", "serial"])
def test_calls_end_as_in_a_serial_order_through_crashes_and_a_network_that_loses_and_repeats(policy: str) -> None:
    outcomes = [simulate(seed, agents=4, policy=policy) for seed in range(SEEDS)]
    assert [(o.replay, str(o.violations[0])) for o in outcomes if o.violations] == []
    assert sum(outcome.events for outcome in outcomes) > 40 * SEEDS


@pytest.mark.promise("run:serializable")
@pytest.mark.parametrize(
    ("policy", "seed"),
    [("serial", 5519), ("serial", 9014), ("serial", 11724), ("serial", 12134), ("locking", 8489), ("locking", 19144)],
)
def test_a_seed_that_once_failed_comes_to_rest(policy: str, seed: int) -> None:
    """Beside a fence the rest of a repair was dropped (`serial`); all began again in turn (`locking`)."""
    assert simulate(seed, agents=4, policy=policy).violations == ()


@pytest.mark.promise("run:serializable")
def test_who_is_given_up_while_a_call_above_is_about_to_act_takes_nothing_of_that_along() -> None:
    assert simulate(1156, agents=4, policy="preorder").violations == ()


@pytest.mark.promise("run:serializable", "call:once")
@pytest.mark.parametrize(
    ("policy", "seed"),
    [("locking", 3060), ("locking", 19068), ("serial", 15062)],
)
def test_a_call_that_was_refused_is_not_made_by_a_copy_that_another_one_overtook(policy: str, seed: int) -> None:
    assert simulate(seed, agents=4, policy=policy).violations == ()


def test_every_mutant_has_a_seed_that_shows_it() -> None:
    assert CAUGHT_BY.keys() == LIVE_MUTANTS.keys()


@pytest.mark.parametrize("mutant", sorted(CAUGHT_BY))
def test_a_room_that_puts_calls_in_order_wrongly_is_caught(mutant: str) -> None:
    policy = "locking" if mutant in WHERE_THEY_WAIT else "preorder"
    assert simulate(CAUGHT_BY[mutant], agents=4, policy=policy, mutant=mutant).violations


def test_what_the_schedules_are_there_for_really_happens() -> None:
    played = [LiveWorld(seed, "preorder", 4).play(schedule(seed, 200, 4, TURNS)) for seed in range(30)]
    kinds = {line.kind for evidence in played for line in evidence.history.lines}
    assert {"call-undone", "repair-begun", "order-noticed", "order-notices-judged", "agent-abandoned"} <= kinds
    assert {"call-fenced", "agent-paused", "order-committed"} <= kinds
    assert sum(len(evidence.history.recoveries) for evidence in played) > 30
    assert any(evidence.sent for evidence in played)
    assert {step.kind for seed in range(20) for step in schedule(seed, 200, 4, TURNS)} == set(WEIGHTS)


@pytest.mark.promise("sim:reproducible")
def test_a_seed_on_live_state_gives_the_same_log_again() -> None:
    assert simulate(3, agents=4, policy="preorder").log_hash == simulate(3, agents=4, policy="preorder").log_hash


def test_the_checkers_of_live_state_know_nothing_of_the_core() -> None:
    for module in (checkers, ledger):
        assert module.__file__ is not None
        with open(module.__file__, encoding="utf-8") as source:
            assert "coroom.core" not in source.read()
    assert "coroom.core" in sys.modules


def test_a_failing_run_on_live_state_prints_the_line_that_plays_it_again_and_is_cut_down() -> None:
    ran = CliRunner().invoke(
        command, ["--seed", "0", "--agents", "4", "--policy", "preorder", "--mutant", "no-notices"]
    )
    assert ran.exit_code == 1
    line = next(line for line in ran.output.splitlines() if line.startswith("coroom simulate"))
    again = CliRunner().invoke(command, line.split("#")[0].split()[2:])
    assert again.exit_code == 1
    outcome = simulate(0, agents=4, policy="preorder", mutant="no-notices")
    steps = shortest(outcome)
    assert len(steps) < 40
    assert judged_live(0, steps, 4, "preorder", "no-notices")[1]
    assert not judged_live(0, steps, 4, "preorder")[1]


def test_a_mutant_of_files_is_none_of_calls() -> None:
    ran = CliRunner().invoke(command, ["--policy", "preorder", "--mutant", "two-holders"])
    assert ran.exit_code == 2
    assert "--policy open" in ran.output
