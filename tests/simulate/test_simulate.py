import gc
import subprocess
import sys

import pytest

from coroom.simulate.chance import Chance
from coroom.simulate.checkers import CHECKERS, check, meet
from coroom.simulate.history import Ack, History, Line
from coroom.simulate.mutants import MUTANTS
from coroom.simulate.run import LIVE, OPEN, judged, play, shortest, simulate, simulate_all
from coroom.simulate.steps import WEIGHTS, parse, schedule

SEEDS = 60
CAUGHT_WITHIN = 400


@pytest.mark.promise(
    "claim:exclusive",
    "claim:fenced",
    "claim:released",
    "doc:nothing-lost",
    "doc:converges",
    "notice:delivered",
    "log:durable",
    "log:prefix",
    "main:green",
    "call:once",
    "task:one-holder",
    "door:authentic",
)
def test_every_promise_holds_in_schedules_with_all_faults() -> None:
    outcomes = [simulate(seed) for seed in range(SEEDS)]
    assert [outcome.replay for outcome in outcomes if outcome.violations] == []
    assert sum(outcome.events for outcome in outcomes) > 100 * SEEDS


@pytest.mark.parametrize("agents", [1, 2, 8])
def test_promises_hold_for_few_and_for_many_agents(agents: int) -> None:
    assert [o.replay for o in (simulate(seed, agents=agents) for seed in range(6)) if o.violations] == []


RARE = """\
send 2 296291406
deliver 1 788852922
send 0 957720774
crash 1 26319743
send 1 102675631
"""
"""Seed 19104, cut down: a merge with a version that a crash took back, and whose number it gave away."""


@pytest.mark.promise("doc:nothing-lost")
def test_an_edit_merged_with_what_was_not_durable_would_lose_text_after_a_crash() -> None:
    _, sound = judged(parse(RARE))
    _, found = judged(parse(RARE), mutant="merges-before-storing")
    assert sound == ()
    assert "doc:nothing-lost" in {violation.promise for violation in found}


@pytest.mark.parametrize("mutant", sorted(set(MUTANTS) - {"merges-before-storing"}))
def test_a_room_that_is_wrong_on_purpose_is_caught(mutant: str) -> None:
    caught = next((s for s in range(CAUGHT_WITHIN) if simulate(s, mutant=mutant).violations), None)
    assert caught is not None


@pytest.mark.promise("sim:reproducible")
def test_a_seed_gives_the_same_log_whenever_and_wherever_it_is_played() -> None:
    here = simulate(7).log_hash
    assert simulate(7).log_hash == here
    code = "from coroom.simulate.run import simulate; print(simulate(7).log_hash)"
    for hash_seed in ("0", "1"):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.strip() == here


def test_another_seed_is_another_run() -> None:
    assert len({simulate(seed).log_hash for seed in range(5)}) == 5


def test_a_failing_schedule_is_cut_down_to_a_short_one_that_fails_alike() -> None:
    outcome = simulate(0, mutant="no-version-check")
    promise = outcome.violations[0].promise
    steps = shortest(outcome)
    assert len(steps) < 20
    assert promise in {v.promise for v in check(play(steps, outcome.agents, outcome.mutant))}
    assert check(play(steps, outcome.agents)) == []
    assert parse("\n".join(map(str, steps))) == steps


def test_a_core_that_raises_is_a_violation_and_not_the_end_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(MUTANTS["two-holders"], "decide", broken)
    (violation,) = simulate(0, mutant="two-holders").violations
    assert str(violation) == "core:total: the core raised RuntimeError('out of order')"


def test_a_schedule_that_was_printed_wrongly_is_refused() -> None:
    with pytest.raises(ValueError, match="no step is called"):
        parse("dance 1 2")
    with pytest.raises(ValueError, match=r".+"):
        parse("call 1")


def test_every_kind_of_step_is_drawn_and_played() -> None:
    drawn = {step.kind for seed in range(20) for step in schedule(seed, 200, 3)}
    assert drawn == set(WEIGHTS)


def test_faults_really_happen_in_the_schedules_that_are_tested() -> None:
    histories = [play(schedule(seed, 200, 3)) for seed in range(20)]
    kinds = {line.kind for history in histories for line in history.lines}
    wanted = {"edit-held", "claim-refused", "claim-ended", "task-returned", "landed", "agent-left", "action-failed"}
    assert wanted <= kinds
    assert sum(len(history.recoveries) for history in histories) > 5
    assert any(ack.refused for history in histories for ack in history.acks)


def test_chance_follows_from_its_seed_and_reaches_every_choice() -> None:
    first, second = Chance(5), Chance(5)
    assert [first.below(100) for _ in range(20)] == [second.below(100) for _ in range(20)]
    assert {Chance(seed).pick("abcd") for seed in range(100)} == set("abcd")


@pytest.mark.parametrize("count", [0, 1, 3, 599, 600, 601, 1500])
def test_many_choices_at_once_are_those_that_come_one_by_one(count: int) -> None:
    for seed in (0, 1, 7, (1 << 64) - 1, 1 << 70):
        one_by_one, at_once = Chance(seed), Chance(seed)
        assert at_once.draws(count) == [one_by_one.below(1 << 31) for _ in range(count)]
        assert at_once.below(1 << 31) == one_by_one.below(1 << 31)


def test_the_checkers_know_nothing_of_the_core() -> None:
    module = sys.modules[check.__module__]
    assert module.__file__ is not None
    with open(module.__file__, encoding="utf-8") as source:
        assert "coroom.core" not in source.read()
    assert len(CHECKERS) >= 10


def test_plain_names_meet_as_files_and_directories_do() -> None:
    src, a, b = {"scheme": "dir", "name": "src/"}, {"scheme": "file", "name": "src/a"}, {"scheme": "file", "name": "b"}
    assert meet(src, a)  # type: ignore[arg-type]
    assert meet(a, src)  # type: ignore[arg-type]
    assert meet(src, {"scheme": "dir", "name": "src/deep/"})  # type: ignore[arg-type]
    assert not meet(src, b)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "promise"),
    [
        (Line(2, 5, "a1", "room-closed", '{"reason":""}'), "log:prefix"),
        (Line(1, 5, "a1", "task-done", '{"task":"t1","agent":"a1"}'), "task:one-holder"),
    ],
)
def test_a_log_that_breaks_a_promise_is_told(line: Line, promise: str) -> None:
    assert promise in {v.promise for v in check(History(lines=[line]))}


def test_an_answer_whose_event_is_gone_is_told() -> None:
    history = History(acks=[Ack("a1", 1, "a1.1", "yes", refused=False, head=3, line="{}")])
    assert "log:durable" in {v.promise for v in check(history)}


@pytest.mark.parametrize("policy", [OPEN, *LIVE])
def test_a_run_leaves_nothing_that_only_a_collector_would_free(policy: str) -> None:
    list(simulate_all(range(4), policy=policy, jobs=1))
    gc.collect()
    list(simulate_all(range(4), policy=policy, jobs=1))
    assert gc.collect() == 0
