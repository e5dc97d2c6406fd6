"""Evaluations with synthetic agents: every trial once, the same again, and told apart from what failed by itself."""

from pathlib import Path

import pytest

from coroom.core.evolve import evolve
from coroom.core.policies import POLICIES
from coroom.core.state import RoomState
from coroom.evaluate.campaign import (
    Budget,
    Evaluation,
    EvaluationError,
    coupling,
    keys_of,
    play_trial,
)
from coroom.evaluate.conditions import CONDITIONS, LADDER
from coroom.evaluate.grading import Grade, GradingError
from coroom.evaluate.report.tables import against, rows
from coroom.evaluate.results import Results, ResultsError, unpacked
from coroom.evaluate.suite import EvalTask, load
from coroom.evaluate.synthetic.hand import MODELS, Traits
from coroom.evaluate.synthetic.play import Play
from coroom.evaluate.trial import TrialKey

EXCHANGE = next(task for task in load("six").tasks if task.id == "exchange")
HERE = [name for name, condition in CONDITIONS.items() if condition.policy in POLICIES]
PERFECT = MODELS["synthetic-perfect"]


def asked(**other: object) -> Evaluation:
    plain: dict[str, object] = {
        "suites": ("six",),
        "conditions": ("solo", "full"),
        "agents": (1, 2),
        "trials": 2,
        "agent": "synthetic-perfect",
    }
    return Evaluation(**{**plain, **other})  # type: ignore[arg-type]


class Alike:
    """A grader that runs nothing: a unit passes when its files are the reference's."""

    def grade(self, task: EvalTask, tree: dict[str, bytes]) -> object:
        solved = task.solved()
        return Grade(units={u.id: (int(all(tree.get(p) == solved[p] for p in u.files)), 1) for u in task.units})


def key_of(condition: str, agents: int, number: int = 0, agent: str = "synthetic") -> TrialKey:
    return TrialKey(suite="six", task="exchange", condition=condition, agents=agents, agent=agent, number=number)


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("agents", [1, 2, 7])
def test_agents_without_fault_do_the_whole_task_under_every_condition(name: str, agents: int) -> None:
    played = Play(EXCHANGE, CONDITIONS[name], agents, PERFECT, "seed", wall_s=10_000).run()
    assert {path: played.tree[path] for path in EXCHANGE.reference} == EXCHANGE.reference
    assert not played.out_of_time
    state = RoomState()
    for event in played.events:
        state = evolve(state, event)
    assert not state.open_held()


@pytest.mark.parametrize("name", HERE)
def test_the_same_seed_is_the_same_trial_to_the_byte_and_another_is_another(name: str) -> None:
    def once(seed: str) -> list[object]:
        return list(Play(EXCHANGE, CONDITIONS[name], 3, Traits(), seed).run().events)

    assert once("a") == once("a")
    assert once("a") != once("b")


def test_with_tools_nobody_does_what_another_does() -> None:
    counted = {}
    for name in ("shared-only", "full"):
        results = [play_trial(key_of(name, 4, n), EXCHANGE, Budget(), Alike())[0] for n in range(20)]  # type: ignore[arg-type]
        counted[name] = sum(r.metrics["duplicate_work"] for r in results)
    assert counted["full"] < counted["shared-only"] / 4


def test_what_an_agent_is_told_a_turn_is_lost_in_what_it_reads_anyway_from_2_agents_to_16() -> None:
    def told(agents: int) -> tuple[float, float]:
        results = [play_trial(key_of("full", agents, n), EXCHANGE, Budget(), Alike())[0] for n in range(20)]  # type: ignore[arg-type]
        names = ("told_tokens_a_turn", "read_tokens_a_turn")
        notices, read = (sum(r.metrics[name] for r in results) / len(results) for name in names)
        return notices, read

    (few, read_by_two), (many, read_by_all) = told(2), told(16)
    assert max(few, many) < MODELS["synthetic"].prompt_tokens / 100
    assert MODELS["synthetic"].prompt_tokens < read_by_two < read_by_all < 1.1 * read_by_two


def test_a_lone_agent_that_gives_up_has_abandoned_and_a_pair_goes_on() -> None:
    weak = Traits(gives_up=0.15, blunders=0, guesses_wrong=0)
    alone = [Play(EXCHANGE, CONDITIONS["solo"], 1, weak, str(n)).run() for n in range(40)]
    pairs = [Play(EXCHANGE, CONDITIONS["full"], 2, weak, str(n)).run() for n in range(40)]

    def missing(played: list[object]) -> int:
        return sum(any(p not in one.tree for p in EXCHANGE.reference) for one in played)  # type: ignore[attr-defined]

    assert missing(list(alone)) > 2 * missing(list(pairs))


def test_a_budget_of_tokens_stops_everybody() -> None:
    played = Play(EXCHANGE, CONDITIONS["full"], 4, PERFECT, "s", tokens=12_000).run()
    assert played.out_of_time
    assert sum(p.usage.input_tokens + p.usage.output_tokens for p in played.players) < 20_000
    assert Budget("usd", 600, None, 0.3).token_limit() == 71_428


def test_coupling_is_known_before_anybody_works() -> None:
    found = {task.id: coupling(task) for task in load("six").tasks}
    assert all(0 <= value <= 1 for value in found.values())
    assert found["visualizer"] < found["pomodoro"]


def test_solo_is_one_agent_whatever_numbers_are_asked_for() -> None:
    keys = keys_of(asked(conditions=LADDER, agents=(1, 2, 16)), [load("six")])
    assert {key.agents for key in keys if key.condition == "solo"} == {1}
    assert {key.agents for key in keys if key.condition == "full"} == {1, 2, 16}
    assert len(set(map(str, keys))) == len(keys)
    with pytest.raises(EvaluationError, match="no condition 'duo'"):
        keys_of(asked(conditions=("duo",)), [load("six")])


def test_a_results_file_takes_no_other_evaluation(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.sqlite")
    results.about(asked().about())
    results.about(asked(trials=9).about())
    with pytest.raises(ResultsError, match="seed = 0, not 5"):
        results.about(asked(seed=5).about())
    (tmp_path / "other").write_bytes(b"no database" * 100)
    with pytest.raises(ResultsError, match="no results file"):
        Results(tmp_path / "other")


class Broken:
    def grade(self, _task: EvalTask, _tree: dict[str, bytes]) -> object:
        message = "the process that runs hidden tests has died"
        raise GradingError(message)


def test_what_failed_by_itself_is_no_score_and_is_tried_again(tmp_path: Path) -> None:
    failed, log = play_trial(key_of("full", 2), EXCHANGE, Budget(), Broken())  # type: ignore[arg-type]
    assert "has died" in failed.infrastructure
    results = Results(tmp_path / "results.sqlite")
    results.add([(failed, log)])
    row = rows(results.all())[0]
    assert (row.trials, row.infrastructure) == (0, 1)
    assert str(failed.key) not in results.known()
    good, log = play_trial(key_of("full", 2), EXCHANGE, Budget(), Alike())  # type: ignore[arg-type]
    results.add([(good, log)])
    assert [r.infrastructure for r in results.all()] == [""]


def test_the_report_has_its_tables_plots_replays_and_what_may_not_be_concluded(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.sqlite")
    for name in ("solo", "full", "shared-only"):
        for number in range(6):
            agents = 1 if name == "solo" else 2
            results.add([play_trial(key_of(name, agents, number), EXCHANGE, Budget(), Alike())])  # type: ignore[arg-type]
    from coroom.evaluate.report.write import replay_page, write_report  # noqa: PLC0415 - plots are slow to import

    written = write_report(results, tmp_path, str(Budget()))
    page, text = written.page.read_text(), written.markdown.read_text()
    for words in (
        "The agents are synthetic",
        "Against solo",
        "Fingerprint",
        "The harness took",
        "standard deviations at 80 % power",
        "seconds to all passing",
        "shared-only",
        "coroom",
    ):
        assert words in page
        assert words in text
    assert page.count("<svg") == 7
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert written.replays == 18
    assert {c.condition for c in against(list(results.all()), "solo")} == {"full", "shared-only"}
    key = str(key_of("full", 2, 0))
    log = results.log(key)
    assert log
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert "agent-1" in (replay_page(results, key) or "")
    assert replay_page(results, "six/none") is None


def test_a_log_comes_back_from_its_few_kilobytes() -> None:
    _, log = play_trial(key_of("full", 2), EXCHANGE, Budget(), Alike())  # type: ignore[arg-type]
    assert len(log) < 20_000
    assert unpacked(log) == Play(EXCHANGE, CONDITIONS["full"], 2, Traits(), key_of("full", 2).luck).run().events
