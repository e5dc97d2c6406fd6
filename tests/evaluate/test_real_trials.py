"""Real trials piece by piece: what a condition asks of `coroom run`, what counts, what stops everything."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.evaluate.tiny_suite import ONE, tiny_suite

from coroom.cli import main
from coroom.evaluate.campaign import Budget, Evaluation, EvaluationError
from coroom.evaluate.conditions import CONDITIONS
from coroom.evaluate.grading import Grader
from coroom.evaluate.real.arrange import Crew, Place, argv, make_ready
from coroom.evaluate.real.assignment import Files
from coroom.evaluate.real.attempt import Setting, StoppedError, who_failed
from coroom.evaluate.real.campaign import Caps, Told, enough, evaluate_real, keys_for, some_at_once
from coroom.evaluate.real.untouched import Untouched
from coroom.evaluate.report.real import real_notes, setting_lines
from coroom.evaluate.results import Results, packed
from coroom.evaluate.suite import EvalTask, load
from coroom.evaluate.trial import TrialKey, TrialResult
from coroom.git.command import Git

CREW = Crew(kinds=("claude",), model="sonnet", price="3/15")


def key(number: int = 0, condition: str = "full") -> TrialKey:
    return TrialKey(suite="s", task="t", condition=condition, agents=2, agent="claude", number=number)


def switches(condition: str, crew: Crew = CREW) -> str:
    budget = Budget("tokens", 60, tokens=900, usd=2)
    return " ".join(argv(Place(Path("place")), CONDITIONS[condition], 2, crew, budget))


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("solo", "--policy open --coordination none --limit"),
        ("pipeline", "--policy open --coordination none --in-turn --limit"),
        ("parallel-merge", "--policy isolated --coordination none --limit"),
        ("shared-only", "--policy open --coordination none --limit"),
        ("shared+prompt", "--policy open --coordination prompt --limit"),
        ("full", "--policy open --coordination room --limit"),
        ("serial", "--policy serial --coordination room --limit"),
        ("isolated", "--policy isolated --coordination room --limit"),
        ("locking", "--policy locking --coordination room --limit"),
    ],
)
def test_every_condition_is_switches_of_one_command(condition: str, wanted: str) -> None:
    said = switches(condition)
    assert wanted in said
    assert "--self-test --leash --agents 2" in said
    assert "--limit seconds=60,tokens=900,usd=2 --agent claude --model sonnet" in said
    builtin = Crew(kinds=("builtin",), model="openai:x", isolation="plain", price="3/15")
    assert "--isolation plain --price 3/15" in switches(condition, builtin)


def test_a_crew_is_called_by_what_it_is() -> None:
    named = [Crew(kinds=("claude",)), CREW, Crew(kinds=("tape:/x/ann.jsonl", "tape:/x/b.jsonl"))]
    named += [Crew(kinds=("command:/bin/tool -x {prompt}",)), Crew(kinds=("builtin",), model="openai:gpt")]
    assert [one.label for one in named] == ["claude", "claude:sonnet", "tape:ann", "command:tool", "builtin:gpt"]


def test_tapes_are_as_many_agents_as_there_are_of_them() -> None:
    evaluation = Evaluation(suites=("six",), conditions=("full",), agents=(1, 2, 4), trials=1, agent="tape:a")
    two = Crew(kinds=("tape:a", "tape:b"))
    assert {one.agents for one in keys_for(evaluation, [load("six")], two)} == {2}
    alone = Evaluation(suites=("six",), conditions=("solo",), agents=(1,), trials=1, agent="tape:a")
    with pytest.raises(EvaluationError, match="2 tapes are 2 agents, and solo has one"):
        keys_for(alone, [load("six")], two)


@pytest.fixture
def ready(tmp_path: Path) -> tuple[Place, Untouched, EvalTask]:
    suite = load(tiny_suite(tmp_path / "tiny"))
    place = Place(tmp_path / "place")
    place.root.mkdir()
    with Grader(tmp_path / "grades") as grader:
        commit = make_ready(place, Files(suite.tasks[0], grader))
    (place.mirrors / "ann").mkdir(parents=True)
    return place, Untouched.around(place, commit, suite.tasks[0].start, [tmp_path / "tiny"]), suite.tasks[0]


def test_what_agents_do_in_their_own_directories_is_inside(ready: tuple[Place, Untouched, EvalTask]) -> None:
    place, untouched, _ = ready
    (place.mirrors / "ann" / "a.py").write_text(ONE)
    place.room.mkdir(parents=True)
    (place.room / "room.sqlite3").touch()
    assert untouched.broken() == ""


def _into_the_repository(place: Place, _suite: Path) -> str:
    (place.repository / "CONTRACT.md").write_text("Anything will do.\n")
    return "repository/CONTRACT.md"


def _a_new_file(place: Place, _suite: Path) -> str:
    (place.repository / "p" / "a.py").write_text(ONE)
    return "repository/p/a.py"


def _onto_main(place: Place, _suite: Path) -> str:
    Git(place.repository).run("update-ref", "-d", "refs/heads/main")
    return "the branch main of"


def _beside_the_mirrors(place: Place, _suite: Path) -> str:
    (place.root / "stray.txt").touch()
    return "place/stray.txt"


def _into_the_hidden_tests(_place: Place, suite: Path) -> str:
    (suite / "hidden" / "test_a.py").write_text("def test_one() -> None: ...\n")
    return "hidden/test_a.py"


@pytest.mark.parametrize(
    "does", [_into_the_repository, _a_new_file, _onto_main, _beside_the_mirrors, _into_the_hidden_tests]
)
def test_what_is_written_outside_the_agents_directories_is_found_and_named(
    ready: tuple[Place, Untouched, EvalTask], tmp_path: Path, does: Callable[[Place, Path], str]
) -> None:
    place, untouched, _ = ready
    where = does(place, tmp_path / "tiny")
    assert untouched.broken().startswith("an agent wrote outside its directory: ")
    assert where in untouched.broken()


def test_only_what_was_not_an_agent_s_own_doing_makes_a_trial_fail() -> None:
    def ended(cause: str) -> dict[str, str]:
        return {"agent": "ann", "cause": cause, "error": "it went wrong"}

    assert who_failed({"agents": [ended(""), ended("agent"), ended("limit")]}) == ""
    assert who_failed({"agents": [ended("agent"), ended("infrastructure")]}) == "ann: it went wrong"
    told = {"agent": "ann", "cause": "infrastructure", "error": "No.\n\nTry\nanother."}
    assert who_failed({"agents": [told]}) == "ann: No. Try another."
    assert who_failed({"agents": [], "refused": "Port 1 cannot be served."}) == "Port 1 cannot be served."


def result(number: int, *, failed: str = "", tokens: float = 100, usd: float = 1, seconds: float = 10) -> TrialResult:
    return TrialResult(key=key(number), infrastructure=failed, seconds=seconds, metrics={"tokens": tokens, "usd": usd})


def test_no_further_trial_begins_when_what_all_may_use_is_used() -> None:
    done = [result(0), result(1, failed="no key")]
    for caps, said in (
        (Caps(), ""),
        (Caps(tokens=201, usd=3, seconds=21), ""),
        (Caps(tokens=200), "200 of 200 tokens are used"),
        (Caps(usd=2), "2.00 of 2 US dollars are spent"),
        (Caps(seconds=20), "the agents have worked for 20 of 20 seconds"),
    ):
        assert caps.reached(done) == said


def test_failures_in_a_row_stop_everything_and_one_between_scores_does_not() -> None:
    bad, good = result(0, failed="no key"), result(1)
    assert enough([bad, good, bad, bad], Caps()) == ""
    assert "3 trials in a row failed for reasons of infrastructure, the last: no key" in enough(
        [good, bad, bad, bad], Caps()
    )


def test_so_many_trials_run_at_once_and_when_it_is_enough_no_more_begin() -> None:
    both, begun, ended = threading.Barrier(2), list[int](), list[int]()

    def one(which: TrialKey) -> tuple[TrialResult, bytes]:
        begun.append(which.number)
        if which.number < 2:
            both.wait(30)
        return result(which.number), b""

    keys = [key(number) for number in range(6)]
    for found, _ in some_at_once(keys, one, 2, lambda: "enough" if len(ended) >= 2 else "", threading.Event()):
        ended.append(found.key.number)
    assert sorted(begun) == sorted(ended)
    assert len(ended) in {2, 3}, "when the first of two is seen to have ended alone, one more has begun"


def test_who_is_stopped_meanwhile_counts_for_nothing() -> None:
    stop, running = threading.Event(), threading.Event()

    def one(which: TrialKey) -> tuple[TrialResult, bytes]:
        if which.number:
            running.set()
            stop.wait(30)
            raise StoppedError
        running.wait(30)
        return result(0), b""

    found = some_at_once([key(0), key(1)], one, 2, lambda: "", stop)
    assert next(found)[0].key.number == 0
    found.close()  # type: ignore[attr-defined]
    assert stop.is_set()


def test_a_trial_that_was_cut_off_is_done_again_in_a_folder_of_its_own_and_a_finished_one_never(
    tmp_path: Path,
) -> None:
    suite = tiny_suite(tmp_path / "tiny")
    tape = tmp_path / "ann.jsonl"
    steps = [
        {"tool": "task", "args": {"do": "next"}},
        {"tool": "native_write", "args": {"path": "p/a.py", "text": ONE}},
    ]
    tape.write_text("".join(json.dumps(step) + "\n" for step in steps))
    crew = Crew(kinds=(f"tape:{tape}",))
    evaluation = Evaluation(suites=(suite,), conditions=("shared-only",), agents=(1,), trials=2, agent=crew.label)
    results = Results(tmp_path / "out" / "results.sqlite")
    finished = result(0)
    done = replace(finished, key=keys_for(evaluation, [load(suite)], crew)[0])
    results.add([(done, packed(()))])
    cut_off = tmp_path / "out" / "trials" / "tiny/tiny/shared-only/1xtape_ann/1" / "attempt-1"
    (cut_off / "repository").mkdir(parents=True)
    said: list[str] = []
    setting, told = Setting(crew=crew, budget=Budget(wall_s=120)), Told(say=said.append)
    assert evaluate_real(evaluation, setting, results, tmp_path / "out", caps=Caps(), told=told) == ""
    first, second = results.all()
    assert first == done
    assert (second.score, second.infrastructure, second.abandoned) == (0.5, "", True)
    assert 0 < second.metrics["harness_share"] <= 1
    assert len(said) == 1
    assert not (cut_off / "repository").exists()
    assert (cut_off.parent / "attempt-2" / "room" / "room.sqlite3").exists()
    assert not (cut_off.parent / "attempt-2" / "mirrors").exists()


def test_the_report_says_who_worked_what_the_harness_took_and_what_may_not_be_concluded() -> None:
    trials = [replace(result(n), metrics={"harness_s": n, "harness_share": n / 100}) for n in (1, 2, 4)]
    about = {
        "agent": "claude",
        "model": "sonnet",
        "versions": "claude 2.1",
        "isolation": "plain",
        "bounds": "seconds=9",
    }
    lines = setting_lines([*trials, result(5, failed="no key")], about)
    assert lines == [
        "Agents: claude (claude 2.1), model sonnet; isolation plain; bounds seconds=9.",
        "Harness: 2.0 s a trial (median; at most 4.0 s), 2.0% of its wall time (at most 4.0%).",
    ]
    assert setting_lines([], {"agent": "synthetic"}) == []
    assert [len(real_notes([agent])) for agent in ("synthetic", "tape:ann", "claude")] == [0, 1, 1]


def test_without_a_key_the_trial_is_a_failure_and_the_call_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "COROOM_MODEL_URL"):
        monkeypatch.delenv(name, raising=False)
    words = ["evaluate", tiny_suite(tmp_path / "tiny"), "--agent", "builtin", "--model", "anthropic:x", "--agents", "1"]
    told = CliRunner().invoke(main, [*words, "--conditions", "full", "--out", str(tmp_path / "out")])
    assert told.exit_code == 2
    assert "No trial has ended with a score; 1 failed for reasons of infrastructure, the last: The" in told.stderr
    assert "ANTHROPIC_API_KEY is not set" in told.stderr
    (failed,) = Results(tmp_path / "out" / "results.sqlite").all()
    assert failed.infrastructure.startswith("The built-in agent has no key for anthropic")
