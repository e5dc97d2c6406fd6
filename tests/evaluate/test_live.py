"""Tasks on live state: every serial order is right, nothing else is, and the orders of a room give one of them."""

import subprocess
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from coroom.evaluate.campaign import Evaluation, EvaluationError, keys_of
from coroom.evaluate.conditions import LADDER, POLICIES_COMPARED
from coroom.evaluate.live.cluster import CLUSTER, QUOTAS, RELEASE
from coroom.evaluate.live.judge import judge, serial_end
from coroom.evaluate.live.model import key_of, run_alone
from coroom.evaluate.live.office import OFFICE
from coroom.evaluate.live.office_meetings import PUSH_BACK
from coroom.evaluate.live.office_money import INVOICE
from coroom.evaluate.live.office_slots import BOOKING
from coroom.evaluate.live.play import LivePlay
from coroom.evaluate.live.played import LivePlayed, shares_played
from coroom.evaluate.live.served import served
from coroom.evaluate.live.task import LiveTask, WrongEnd, shares
from coroom.evaluate.live.trial import coupling, play_live
from coroom.evaluate.live.world import world_of
from coroom.evaluate.results import unpacked
from coroom.evaluate.suite import SuiteError, load
from coroom.evaluate.synthetic.hand import MODELS, Traits
from coroom.evaluate.trial import TrialKey
from coroom.testing.postgres_server import PostgresServer

TASKS = (*OFFICE, *CLUSTER)
PERFECT = MODELS["synthetic-perfect"]


def played(
    task: LiveTask, policy: str, agents: int, seed: str = "s", traits: Traits = PERFECT, database: str = ""
) -> LivePlayed:
    world = world_of(task, max(agents, 2), database)
    return LivePlay(task, policy, agents, traits, seed, world, 10_000).run()


def is_right(task: LiveTask, one: LivePlayed) -> bool:
    return not one.unfinished and judge(task, shares_played(one), one.end, [one.order] if one.order else []).right


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_serial_order_is_right_and_what_nobody_touched_is_not(task: LiveTask) -> None:
    for agents in (2, 3):
        jobs = shares(task, agents)
        for order in permutations(range(agents)):
            assert judge(task, jobs, serial_end(task, jobs, order)).right
        assert not judge(task, jobs, task.start(agents)).right


@pytest.mark.parametrize(
    ("task", "wrong"),
    [pytest.param(task, wrong, id=f"{task.id}-{wrong.why}") for task in TASKS for wrong in task.wrong],
)
def test_every_wrong_end_is_declined(task: LiveTask, wrong: WrongEnd) -> None:
    jobs = shares(task, 2)
    for order in permutations(range(2)):
        spoilt = wrong.spoil(deepcopy(serial_end(task, jobs, order)))
        assert not judge(task, jobs, spoilt).right


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_one_by_one_the_real_tools_end_where_the_judges_own_model_does(task: LiveTask) -> None:
    one = played(task, "serial", 3)
    assert key_of(one.end) == key_of(serial_end(task, shares(task, 3), range(3)))
    assert is_right(task, one)


@pytest.mark.parametrize("policy", [policy for policy in POLICIES_COMPARED if policy != "open"])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_agents_without_fault_end_in_some_serial_order_under_every_order_of_calls(task: LiveTask, policy: str) -> None:
    one = played(task, policy, 4)
    assert is_right(task, one)
    if policy == "preorder":
        assert key_of(one.end) == key_of(serial_end(task, shares(task, 4), range(4)))


def test_with_nothing_that_orders_them_they_mostly_do_not() -> None:
    ends = [is_right(task, played(task, "open", 4)) for task in TASKS]
    assert sum(ends) < len(ends) / 3


def test_side_by_side_is_faster_than_one_after_the_other() -> None:
    assert played(INVOICE, "preorder", 4).seconds < played(INVOICE, "serial", 4).seconds


def key(task: LiveTask, policy: str, agents: int, number: int = 0, agent: str = "synthetic") -> TrialKey:
    suite = "office" if task in OFFICE else "cluster"
    return TrialKey(suite=suite, task=task.id, condition=policy, agents=agents, agent=agent, number=number)


def test_the_same_trial_is_the_same_to_the_byte_and_its_log_can_be_read() -> None:
    one, other = (play_live(key(INVOICE, "preorder", 3), INVOICE, 600) for _ in range(2))
    assert one == other
    assert one[0].metrics["calls"] > 0
    assert 0 < one[0].metrics["critical_path_s"] <= one[0].seconds
    assert [event.seq for event in unpacked(one[1])] == list(range(1, len(unpacked(one[1])) + 1))
    assert play_live(key(INVOICE, "preorder", 3, 1), INVOICE, 600) != one


def test_a_misjudged_notice_is_what_preorder_ends_wrong_by() -> None:
    careless = Traits(gives_up=0.0, slips=0.0, misjudges=1.0)
    assert not all(is_right(PUSH_BACK, played(PUSH_BACK, "preorder", 3, str(n), careless)) for n in range(3))


def test_what_one_gives_up_another_takes_where_there_is_one() -> None:
    weak = Traits(gives_up=0.4, slips=0.0, misjudges=0.0)
    pairs = [played(BOOKING, "preorder", 2, str(n), weak) for n in range(4)]
    assert all(is_right(BOOKING, one) for one in pairs)
    assert any(len(one.workers) > 2 for one in pairs)
    alone = [played(BOOKING, "preorder", 1, str(n), weak) for n in range(8)]
    assert any(one.given_up and not is_right(BOOKING, one) for one in alone)


def test_a_trial_that_runs_out_of_time_or_tokens_is_not_right() -> None:
    late, _ = play_live(key(BOOKING, "serial", 4), BOOKING, 20)
    poor, _ = play_live(key(BOOKING, "serial", 4), BOOKING, 600, tokens=3_000)
    assert (late.score, poor.score, late.infrastructure) == (0.0, 0.0, "")


def test_coupling_is_known_before_anybody_works() -> None:
    found = {task.id: coupling(task, 4) for task in TASKS}
    assert all(0 < value <= 1 for value in found.values())
    assert found["push-back"] == 1.0
    assert found["invoice"] < found["booking"]


def test_a_suite_on_live_state_compares_policies_and_declines_what_it_cannot_have() -> None:
    asked = Evaluation(suites=("office", "six"), agents=(1, 2), trials=1, agent="synthetic")
    keys = keys_of(asked, [load("office"), load("six")])
    assert {k.condition for k in keys if k.suite == "office"} == set(POLICIES_COMPARED)
    assert {k.condition for k in keys if k.suite == "six"} == set(LADDER)
    with pytest.raises(EvaluationError, match="condition 'solo' has none of"):
        keys_of(
            Evaluation(suites=("office",), conditions=("solo",), agents=(1,), trials=1, agent="synthetic"),
            [load("office")],
        )
    real = replace(asked, suites=("office/booking",), agent="claude")
    keys = keys_of(real, [load("office/booking")])
    assert {(k.task, k.condition) for k in keys} == {("booking", name) for name in POLICIES_COMPARED}
    with pytest.raises(SuiteError, match="office has no task 'nothing': there are booking, push-back"):
        load("office/nothing")


def test_the_office_can_be_a_postgresql() -> None:
    root = Path(__file__).parents[2]
    found = subprocess.run(["scripts/system.sh", "postgres"], cwd=root, capture_output=True, text=True, check=True)
    with PostgresServer(found.stdout.strip()) as server:
        for policy in ("serial", "preorder"):
            one = played(BOOKING, policy, 3, database=server.conninfo())
            assert is_right(BOOKING, one)


def test_a_database_that_does_not_answer_real_agents_is_a_failed_connection(tmp_path: Path) -> None:
    nowhere = "host=127.0.0.1 port=1 user=x"
    with (
        pytest.raises(ConnectionError, match="the database of --database: "),
        served("office", BOOKING.start(2), tmp_path / "live", nowhere),
    ):
        pytest.fail("there is none")


def test_the_model_does_what_each_verb_says() -> None:
    state = BOOKING.start(2)
    run_alone("office", state, BOOKING.jobs(6)[:5])
    assert [row["taken_by"] for row in state["rows"]["slots"].values()] == ["p00", "p01", "p02", "p03"]
    assert list(state["rows"]["waiting"]) == ["p04-04"]


def test_from_2_agents_to_16_nobody_reads_more_a_turn_and_what_goes_wrong_is_an_agents_own_mistake() -> None:
    def trials(agents: int) -> list[Mapping[str, float]]:
        found = [
            play_live(key(task, "preorder", agents, n), task, 600)[0] for task in (QUOTAS, RELEASE) for n in range(2)
        ]
        assert all(r.whole for r in found if not r.metrics["mistakes"])
        return [r.metrics for r in found]

    def mean(name: str, found: list[Mapping[str, float]]) -> float:
        told = [one[name] for one in found if one[name]]
        return sum(told) / len(told)

    few, many = trials(2), trials(16)
    assert any(one["mistakes"] for one in many)
    assert mean("read_tokens_a_turn", many) < 1.1 * mean("read_tokens_a_turn", few)
    told = [mean("told_tokens_a_readers_turn", some) for some in (few, many)]
    assert 0 < told[0] < told[1] * 2
    assert told[1] < told[0] * 1.5
