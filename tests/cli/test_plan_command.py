"""`coroom plan` reads tasks, prints a plan for people or as the contract's JSON, and says what is wrong in one line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.git.repositories import git, new_repository, write

from coroom.cli import main
from coroom.cli.plan import plan
from coroom.run.board import read_tasks
from coroom.testing import Call, ModelServer, Script, Turn

FILES = {
    "app/parser.py": b"from app.lexer import tokens\n\n\ndef parse(text):\n    return tokens(text)\n",
    "app/lexer.py": b"def tokens(text):\n    return text.split()\n",
    "app/report.py": b"def render(rows):\n    return rows\n",
}
TASKS = [
    {"id": "t1", "title": "Faster tokens", "touches": ["symbol:app/lexer.py#tokens"]},
    {"id": "t2", "title": "Tokens with places", "touches": ["symbol:app/lexer.py#tokens"]},
    {"id": "t3", "title": "Render the report as a table", "after": []},
]


def called(*words: str) -> Result:
    return CliRunner().invoke(plan, words)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository", FILES)


def tasks_file(tmp_path: Path, tasks: object) -> str:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks))
    return str(path)


def test_the_json_has_the_contract_s_keys_and_nothing_else_on_standard_output(repository: Path, tmp_path: Path) -> None:
    done = called(str(repository), tasks_file(tmp_path, TASKS), "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["lanes"] == [["t1", "t2"], ["t3"]]
    assert (found["policy"], found["agents"]) == ("open", 2)
    assert found["tasks"][0] | {"touches": ["symbol:app/lexer.py#tokens"], "predicted": False} == found["tasks"][0]
    assert found["tasks"][2]["predicted"]
    pairs = {(pair["a"], pair["b"]): pair for pair in found["pairs"]}
    assert pairs["t1", "t2"]["coupled"]
    assert not pairs["t1", "t3"]["coupled"]
    assert all(pair["reasons"] and 0 <= pair["score"] <= 1 for pair in pairs.values())


def test_people_get_lanes_and_reasons(repository: Path, tmp_path: Path) -> None:
    done = called(str(repository), tasks_file(tmp_path, TASKS))
    assert "lane 1" in done.stdout
    assert "both change tokens (app/lexer.py)" in done.stdout
    assert "\x1b" not in done.stdout


def test_markdown_and_yaml_are_read_and_agents_are_a_limit(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "todo.md").write_text("- Faster tokens\n- Render the report\n- Parse quotes\n")
    assert (
        json.loads(called(str(repository), str(tmp_path / "todo.md"), "--json", "--agents", "1").stdout)["agents"] == 1
    )
    (tmp_path / "todo.yaml").write_text("- title: Faster tokens\n  touches: [app/lexer.py#tokens]\n")
    found = json.loads(called(str(repository), str(tmp_path / "todo.yaml"), "--json").stdout)
    assert found["tasks"][0]["touches"] == ["symbol:app/lexer.py#tokens"]


def test_history_is_used_where_there_is_one_and_missed_in_words_where_not(repository: Path, tmp_path: Path) -> None:
    assert "hardly any history" in called(str(repository), tasks_file(tmp_path, TASKS)).stderr
    for n in range(2):
        write(repository, {"app/parser.py": b"# %d\n" % n, "app/report.py": b"# %d\n" % n})
        git(repository, "commit", "--quiet", "--all", "--message=both")
    assert "history" not in called(str(repository), tasks_file(tmp_path, TASKS)).stderr
    plain = tmp_path / "plain"
    write(plain, FILES)
    done = called(str(plain), tasks_file(tmp_path, TASKS))
    assert done.exit_code == 0
    assert "not in a git repository" in done.stderr


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(repository: Path, tmp_path: Path) -> None:
    write(
        repository,
        {"broken.py": b"def f(:\n", "big.py": b"x = 1\n" * 200_000, "b.cob": b"", "c.cob": b"", "d.cob": b""},
    )
    write(repository, {f"{n}.cob": b"" for n in range(4)})
    done = called(str(repository), tasks_file(tmp_path, [*TASKS, {"id": "t4", "title": "qqq zzz"}]), "--json")
    notes = " | ".join(json.loads(done.stdout)["notes"])
    assert "do not parse: broken.py" in notes
    assert "too large: big.py" in notes
    assert ".cob" in notes
    assert "answers to t4 (qqq zzz)" in notes
    many = [{"title": f"{word} {word}"} for word in ("qqa", "qqb", "qqc", "qqd", "qqe")]
    several = called(str(repository), tasks_file(tmp_path, many)).stderr
    assert "answers to t1 (qqa qqa), t2 (qqb qqb), t3 (qqc qqc) and 2 more; say what they touch" in several


def test_keys_of_ones_own_beside_those_that_are_read_are_noted_and_not_refused(
    repository: Path, tmp_path: Path
) -> None:
    own = {"uid": 5, "_id": "x", "subtitle": "s", "title_en": "t", "short_description": "d", "descriptions": []}
    done = called(str(repository), tasks_file(tmp_path, [{"title": "x", "description": "y", **own}]), "--json")
    assert (done.exit_code, [task["id"] for task in json.loads(done.stdout)["tasks"]]) == (0, ["t1"])
    assert "'_id', 'descriptions', 'short_description' and 3 more are not read" in done.stderr


def test_a_task_may_have_the_number_0(repository: Path, tmp_path: Path) -> None:
    done = called(
        str(repository), tasks_file(tmp_path, [{"id": 0, "title": "x"}, {"title": "y", "after": [0]}]), "--json"
    )
    assert [task["id"] for task in json.loads(done.stdout)["tasks"]] == ["0", "t1"]


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ([{"id": "a", "title": "x", "after": ["b"]}, {"id": "b", "title": "y", "after": ["a"]}], "in a circle"),
        ([{"id": "a", "title": "x", "after": ["nobody"]}], "is no task of it"),
        ([{"id": "a", "title": "x"}, {"id": "a", "title": "y"}], "two tasks with the id 'a'"),
        ([{"id": "a", "title": "x", "touches": ["file:../x"]}], "names no resource"),
        ([{"id": "a", "title": "x", "seconds": "long"}], "no positive number"),
        ([], "no list of tasks"),
        ({"no": "list"}, "no list of tasks"),
        ([{"title": f"task {number}"} for number in range(501)], "holds 501 tasks"),
        ([{"title": "x", "description": "y" * 20_001}], "in 20,001 characters"),
        ([{"title": "\ud800"}], "holds what is no text"),
        ([{"title": "x", "touch": []}], "'touch' of task 1 means nothing; write 'touches'"),
        ([{"title": "x", "touches": ["a.py"] * 100_000}], "touches 100,000 resources, at most 2,000 are read"),
    ],
)
def test_wrong_tasks_are_one_line_and_exit_2(repository: Path, tmp_path: Path, tasks: object, why: str) -> None:
    done = called(str(repository), tasks_file(tmp_path, tasks), "--json")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert why in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("touched", "told"),
    [
        ("app/lexer.py#L2-L1", "ends before it begins. Planned as its lines 1 to 2: #L1-L2"),
        ("app/lexer.py#L99999+", "app/lexer.py has 2 lines. Planned as the whole file: new"),
        ("file:lexer.py#L7-L9", "app/lexer.py has 2 lines. Planned as the whole file: new"),
        ("app/lexer.py#L2-L9", "Planned as its lines from 2 on: #L2-L2"),
        ("app/lexer.py#L0-L1", "lines are counted from 1. Planned as the whole file"),
        ("file:app/lexer.py#Lx+", "it says no lines. Planned as the whole file: #L10, #L10-L40, or"),
        ("file:app/none.py#L3", "a touches what is not there yet: file:app/none.py#L3"),
        ("notes.txt#L2", "notes.txt has 1 line. Planned"),
    ],
)
def test_lines_that_cannot_be_are_told_and_planned_as_what_may_be_meant(
    repository: Path, tmp_path: Path, touched: str, told: str
) -> None:
    (repository / "notes.txt").write_text("one line without an end")
    tasks = [
        {"id": "a", "title": "first", "touches": [touched]},
        {"id": "b", "title": "x", "touches": TASKS[0]["touches"]},
    ]
    found = json.loads(called(str(repository), tasks_file(tmp_path, tasks), "--json").stdout)
    assert [note for note in found["notes"] if told in note]
    assert [name.removeprefix("file:") for name in found["tasks"][0]["unknown"]] == [touched.removeprefix("file:")]


def test_nothing_in_a_task_reaches_the_controls_of_a_terminal(repository: Path, tmp_path: Path) -> None:
    odd = "red\x1b[31m \u202eback"
    tasks: list[dict[str, object]] = [
        {"id": f"a{odd}", "title": odd, "touches": ["app/lexer.py#L9+"]},
        {"id": "b", "title": f"{odd} too"},
    ]
    for listed in (tasks, [tasks[0] | {"after": [odd]}], [tasks[0] | {odd: 1}]):
        done = CliRunner().invoke(main, ["plan", str(repository), tasks_file(tmp_path, listed)])
        told = done.stdout + done.stderr
        assert "red" in told
        assert "\x1b" not in told
        assert "\u202e" not in told


def test_what_is_not_yaml_is_told_with_its_line_and_no_more(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("- title: a\n  touches: [1\n")
    done = called(str(repository), str(tmp_path / "t.yaml"))
    assert "t.yaml is not YAML: line 3: expected ',' or ']', but got '<stream end>'." in done.stderr


def test_lines_that_are_there_are_told_of_by_nothing(repository: Path, tmp_path: Path) -> None:
    lines = ["app/lexer.py#L1-L2", "file:app/lexer.py#L2+", "file:app/parser.py:4", "app/report.py#L0+"]
    done = called(str(repository), tasks_file(tmp_path, [{"id": "a", "title": "x", "touches": lines}]), "--json")
    found = json.loads(done.stdout)
    assert found["tasks"][0]["unknown"] == []
    assert not [note for note in found["notes"] if "touches" in note]


def test_many_touches_that_cannot_be_are_told_in_few_lines(repository: Path, tmp_path: Path) -> None:
    lines = [f"app/lexer.py#L{number}+" for number in range(10, 20)]
    done = called(str(repository), tasks_file(tmp_path, [{"id": "a", "title": "x", "touches": lines}]))
    assert done.stderr.count("has 2 lines") == 3
    assert "a touches 7 more that cannot be" in done.stderr


def test_a_key_of_somebody_s_own_is_said_to_be_unread(repository: Path, tmp_path: Path) -> None:
    own = [{"id": "a", "title": "x", "priority": 1, "predicted": True}, {"title": "y", "labels": []}]
    done = called(str(repository), tasks_file(tmp_path, own), "--json")
    assert done.exit_code == 0
    unread = "'labels', 'priority' are not read; a task has id, title, description, touches, after, seconds"
    assert unread in done.stderr
    assert "not read" not in called(str(repository), tasks_file(tmp_path, TASKS)).stderr


def test_a_wrong_directory_is_told(tmp_path: Path) -> None:
    done = called(str(tmp_path / "none"), tasks_file(tmp_path, TASKS))
    assert done.exit_code == 2
    assert "is no directory" in done.stderr


def test_a_model_splits_one_task_into_a_list_that_a_run_takes(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [
        {"id": "a", "title": "Places in tokens", "description": "As pairs.", "touches": ["symbol:app/lexer.py#tokens"]},
        {"id": "b", "title": "A table", "touches": ["symbol:app/report.py#render"], "after": ["a"]},
    ]
    with ModelServer(
        {"key": Script((Turn(calls=(Call("propose", {"tasks": parts}),), expect="Tables of tokens"),))}
    ) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        done = called(str(repository), "Tables of tokens", "--model", "anthropic:claude-scripted", "--json")
        assert server.failures() == ()
    assert done.exit_code == 0, done.stderr
    path = tmp_path / "split.json"
    path.write_text(done.stdout)
    first, second = read_tasks(str(path))
    assert (first.task, first.description, [str(one) for one in first.touches]) == (
        "a",
        "As pairs.",
        ["symbol:app/lexer.py#tokens"],
    )
    assert second.after == ("a",)


def test_a_plan_is_mended_by_the_model_only_where_the_code_has_moved(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = tmp_path / "split.json"
    part = {"id": "a", "title": "Places in tokens", "touches": ["symbol:app/lexer.py#tokens"]}
    new = {"id": "b", "title": "Spans", "touches": ["file:app/spans.py"], "after": ["a"]}
    new["makes"] = new["touches"]
    mended = {**part, "touches": ["symbol:app/lexer.py#scan"]}
    splits = Turn(calls=(Call("propose", {"tasks": [part, new]}),))
    mends = Turn(
        calls=(Call("propose", {"tasks": [mended, new]}),), expect="No longer there: symbol:app/lexer.py#tokens"
    )
    with ModelServer({"key": Script((splits,)), "later": Script((mends,))}) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        call = (str(repository), "Tables of tokens", "--model", "anthropic:claude-scripted", "--json")
        first = called(*call)
        assert first.exit_code == 0, first.stderr
        earlier.write_text(first.stdout)
        assert json.loads(earlier.read_text())["made"] == ["file:app/spans.py"]
        kept = called(*call, "--again", str(earlier))
        assert kept.exit_code == 0, kept.stderr
        assert [each["touches"] for each in json.loads(kept.stdout)["tasks"]] == [part["touches"], new["touches"]]
        assert json.loads(kept.stdout)["made"] == ["file:app/spans.py"]
        assert "has moved: it is kept" in kept.stderr
        write(repository, {"app/lexer.py": b"def scan(text):\n    return text.split()\n"})
        monkeypatch.setenv("ANTHROPIC_API_KEY", "later")
        again = called(*call, "--again", str(earlier))
        assert server.failures() == ()
    assert json.loads(again.stdout)["tasks"][0]["touches"] == ["symbol:app/lexer.py#scan"]


def test_what_is_no_earlier_plan_and_a_plan_without_a_model_are_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    other = tmp_path / "notes.md"
    other.write_text("- a task\n")
    call = (str(repository), "Tables of tokens", "--again", str(other))
    done = called(*call, "--model", "anthropic:claude-scripted")
    assert (done.exit_code, "is no earlier plan" in done.stderr) == (2, True)
    done = called(*call)
    assert (done.exit_code, "--again needs --model" in done.stderr) == (2, True)


def test_a_model_without_a_key_or_with_a_list_is_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    done = called(str(repository), "Tables of tokens", "--model", "anthropic:claude-scripted")
    assert (done.exit_code, "has no key" in done.stderr) == (2, True)
    done = called(str(repository), tasks_file(tmp_path, TASKS), "--model", "anthropic:claude-scripted")
    assert (done.exit_code, "splits one task" in done.stderr) == (2, True)


def test_given_durations_decide_how_lanes_are_filled(repository: Path, tmp_path: Path) -> None:
    tasks = [
        {"title": "Faster tokens", "touches": ["app/lexer.py#tokens"], "seconds": 100},
        {"title": "A parser", "touches": ["app/parser.py#parse"], "seconds": 60},
        {"title": "A table", "touches": ["app/report.py#render"], "seconds": 30},
    ]
    found = json.loads(called(str(repository), tasks_file(tmp_path, tasks), "--json", "--agents", "2").stdout)
    assert found["lanes"] == [["t1"], ["t2", "t3"]]
    assert (found["seconds"], found["serial_seconds"]) == (100, 190)
