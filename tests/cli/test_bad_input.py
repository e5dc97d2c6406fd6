"""Whatever is wrong with a call: what, why and what next in words, exit code 2, and nothing is changed."""

import errno
import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tests.cli.commands import Place, place_at, serving
from tests.git.repositories import git, picture, write

from coroom.cli import COMMANDS, main
from coroom.cli.place import WrongCallError

POLICIES = "isolated, locking, open, optimistic, preorder, serial"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = place_at(tmp_path)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(place.repository)
    return place


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    for part in parts:
        assert part in result.stderr
    assert "Traceback" not in result.stderr


def detach(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")


def dirty(repository: Path) -> None:
    write(repository, {"a.txt": b"changed\n"})


@pytest.mark.parametrize("command", ["run", "up"])
@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (detach, ("detached", "git switch -c")),
        (dirty, ("uncommitted changes in a.txt", "git stash", "out of the room")),
    ],
)
def test_a_checkout_to_begin_no_work_from_is_refused_and_left_alone(
    place: Place, command: str, spoil: Callable[[Path], None], parts: tuple[str, ...]
) -> None:
    spoil(place.repository)
    before = picture(place.repository)
    refused(call(*(["run", "a task"] if command == "run" else ["up", "--port", "0"])), *parts)
    assert picture(place.repository) == before
    assert not place.kept().parent.exists()


@pytest.mark.parametrize("words", [["run", "a task"], ["run", "--resume"], ["up", "--port", "0"], ["join", "ann"]])
def test_a_directory_without_a_repository_is_refused(
    place: Place, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.home)
    refused(call(*words), "repository", "git init")
    assert list(place.home.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["run"], ("No tasks given", "--resume")),
        (["run", "a task", "--policy", "sideways"], ("no policy 'sideways'", POLICIES)),
        (["up", "--port", "0", "--policy", "sideways"], ("no policy 'sideways'", POLICIES)),
        (["up", "--port", "99999"], ("99999", "65535")),
        (["run", "a task", "--agent", "hal"], ("'hal' is no kind of agent", "claude, codex")),
        (["run", "a task", "--agent", "tape:none.jsonl"], ("none.jsonl is no tape", "no such file")),
        (["run", "a task", "--agent", "command:'"], ("no command line", "quotes")),
        (["run", "a task", "--agent", "command:"], ("names no program", "command:'PROGRAM")),
        (["run", "a task", "--agent", "builtin"], ("speaks to anthropic and openai", "--model anthropic:NAME")),
        (
            ["run", "a task", "--agent", "builtin", "--model", "anthropic:claude-x"],
            ("ANTHROPIC_API_KEY is not set", "Set it"),
        ),
        (["run", "a task", "--toolsmith", "anthropic:x"], ("makes tools for a directory", "--tools FILE")),
        (
            ["run", "a task", "--tools", "tools.yaml", "--toolsmith", "hal"],
            ("--toolsmith hal", "speaks to anthropic and openai"),
        ),
        (["run", "--resume"], ("no run in room 'run' to resume", "coroom run TASKS")),
        (
            ["run", "a task", "--agent", "command:true", "--branch", "a..b"],
            ("'a..b' is no name of a branch", "--branch"),
        ),
        (["run", "a task", "--agent", "command:true", "--branch", "main"], ("main is checked out in", "--branch")),
        (["up", "--port", "0", "--branch", "HEAD"], ("'HEAD' is no name of a branch", "--branch")),
        (["bench", "pairs", "x=."], ("history", "holds no pairs", "whole clone")),
        (["bench", "pairs", "x"], ("'x' is no NAME=DIRECTORY", "click=../click")),
        (["bench", "pairs", "x=none"], ("no directory none", "click=../click")),
        (["bench", "pairs", "x=../home"], ("home is not in a git repository. Give a whole clone",)),
        (["bench", "pairs", "x=../empty"], ("empty has no commit yet. Give a whole clone",)),
        (["bench", "plan", "a.txt", "x=../home"], ("home is not in a git repository. Give a whole clone",)),
        (["bench", "plan", "../binary", "x=."], ("binary: it is no UTF-8 text. Give the pairs",)),
        (["plan", ".", "../binary"], ("binary cannot be read: it is no UTF-8 text; name a file of tasks",)),
        (["plan", ".", "../empty"], ("empty is there and is no file of tasks",)),
        (["run", "a task", "--agent", "tape:../binary"], ("binary is no tape: it is no UTF-8 text.",)),
        (["up", "--port", "0", "--tools", "../binary"], ("binary cannot be read: it is no UTF-8 text. Name",)),
        (["run", "a task", "--agent", "command:true", "--tools", "none"], ("none cannot be read: no such file",)),
        (["up", "--port", "0", "--test", "'"], ("--test is no command for the shell: ", "quote", "Check its quotes")),
        (["run", "a task", "--test", "pytest ("], ("--test is no command for the shell: ", "Check its quotes")),
        (["up", "--socket", "../none/x"], ("../none/x cannot be served: No such file or directory. Choose",)),
        (["setup", "claude", "--project", "../none", "--yes"], ("'../none' does not exist. Try: ",)),
        (["setup", "claude", "--url", "7333", "--yes"], ("'7333' is no address of a room. Give what coroom up",)),
        (["setup"], ("gemini, cursor. Try: ",)),
        (["gate", "install", "."], ("is not bare", "git clone --bare makes one")),
        (["check", "--branches", "", "main"], ("'' is no branch or commit here",)),
        (["bench", "plan", "a.txt", "x=."], ("a.txt: line 1 is no pair",)),
        (["up", "--port", "0", "--branch", "main/x"], ("Git cannot have main/x beside the branch main",)),
        (["run", "tasks.md"], ("tasks.md is no file", "say the task in words")),
        (["run", "a task", "--agent", "command:true", "--room", "../out"], ("no room name", "letters")),
        (["join", "ann"], ("No room 'main' is running here", "coroom up")),
        (["demo", "--agent", "hal"], ("'hal' is no kind of agent",)),
    ],
)
def test_a_call_that_cannot_be_is_refused_before_anything_is_made(
    place: Place, words: list[str], parts: tuple[str, ...]
) -> None:
    git(place.root, "init", "--quiet", "empty")
    (place.root / "binary").write_bytes(b"\x82\xff")
    before = picture(place.repository)
    refused(call(*words), *parts)
    assert picture(place.repository) == before
    assert not place.kept().parent.exists()


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("t.md", "nothing to see\n", ("no list items", "begins with '- '")),
        ("t.json", "{", ("is not JSON",)),
        ("t.json", "{}", ("holds no list of tasks",)),
        ("t.json", '[{"name": "x"}]', ("task 1 has no title",)),
        ("t.json", '[{"title": "x", "touches": "a.py"}]', ("'touches' of task 1 is no list",)),
        ("t.json", '[{"title": "x", "touches": ["ftp:x"]}]', ("task 1", "ftp")),
        ("t.json", '[{"title": "x", "after": ["y"]}]', ("There is no task y to come after", "Post that one first")),
        ("t.yaml", "- title: [", ("is not YAML",)),
        ("t.json", "[" * 100_000, ("is not JSON", "recursion")),
        ("t.yaml", "[\n" * 5_000, ("is not YAML", "recursion")),
        ("t.json", '[{"title": "x"}, {"title": "\\ud800"}]', ("task 2 holds what is no text",)),
        ("t.json", '[{"title": " "}]', ("the task has no title",)),
        ("t.json", '[{"title": "' + "x" * 20_001 + '"}]', ("a title of 20,001 characters", "in its description")),
        ("t.yaml", "- {title: x, description: [y]}", ("'description' of task 1 is no text",)),
        ("t.json", json.dumps([{"title": "x", "description": "y" * 20_001}]), ("in 20,001 characters", "20,000")),
        ("t.md", "- same thing\n- same thing\n", ("the task 'same thing' twice",)),
    ],
)
def test_a_file_of_tasks_that_cannot_be_is_refused_with_the_place(
    place: Place, name: str, text: str, parts: tuple[str, ...]
) -> None:
    file = place.root / name
    file.write_text(text)
    result = call("run", str(file))
    refused(result, name, *parts)
    assert len(result.stderr.splitlines()) == 1
    assert not place.kept().parent.exists()


def test_a_file_that_is_no_text_is_refused(place: Place) -> None:
    (place.root / "t.md").write_bytes(b"\xff\xfe- x")
    refused(call("run", str(place.root / "t.md")), "it is no UTF-8 text")


def test_a_line_of_a_tape_that_is_no_step_is_named(place: Place) -> None:
    (place.root / "x.jsonl").write_text('{"tool": "task", "args": {"do": "next"}}\n{"tool": "fly"}\n')
    refused(
        call("run", "a task", "--agent", f"tape:{place.root}/x.jsonl"), "x.jsonl:2 is no step", "unknown tool 'fly'"
    )


@pytest.mark.parametrize(
    "words", [["up", "--port"], ["run", "a task", "--agents", "1", "--agent", "command:true", "--port"]]
)
def test_a_port_that_is_taken_is_named(place: Place, words: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(call(*words, port), f"Port {port} cannot be served", "Address already in use", "--port")
    assert not place.kept().parent.exists()


@pytest.mark.parametrize("words", [["run", "a task", "--agent", "command:true"], ["up", "--port", "0"]])
def test_where_no_mirrors_can_be_made_is_said_before_anything_is(
    place: Place, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.root / "state").write_text("in the way")
    before = picture(place.repository)
    refused(call(*words), "agents' directories cannot be made", f"{place.root}/state is no directory", "--mirrors")
    assert picture(place.repository) == before
    assert not place.kept().parent.exists()


@pytest.mark.parametrize("command", ["doctor", "roles", "plan . x", "history a"])
def test_a_directory_that_has_been_removed_is_told(place: Place, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = place.root / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    refused(call(*command.split()), "called in has been removed. Go into one that is there")
    monkeypatch.chdir(place.root)


def test_what_needs_no_working_directory_goes_on_where_it_has_been_removed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.root / "a.py").write_text("x = 1\n")
    gone = place.root / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    merged = call("merge", *[str(place.root / "a.py")] * 3, "--json")
    planned = call("plan", str(place.root), "a task", "--json")
    monkeypatch.chdir(place.root)
    assert (merged.exit_code, json.loads(merged.stdout)["status"]) == (0, "clean")
    assert (planned.exit_code, json.loads(planned.stdout)["policy"]) == (0, "serial")


def test_a_repository_that_takes_no_room_is_told(place: Place) -> None:
    place.kept().parent.write_text("in the way")
    refused(
        call("up", "--port", "0"), "A room is kept in the repository", ".git/coroom is no directory", "clone it where"
    )


def test_a_home_that_takes_no_configuration_is_told_and_a_doctor_finds_it(place: Place) -> None:
    (place.home / ".config").write_text("in the way")
    (place.root / "state").write_text("in the way")
    result = call("setup", "claude", "--yes")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert ".config" in result.stderr
    assert [one.name for one in place.home.iterdir()] == [".config"]
    seen = call("doctor")
    assert seen.exit_code == 1
    assert "✗ a place for agents' directories" in seen.stdout


@pytest.mark.parametrize("words", [["check", "--tree", ".", "--json"], ["roles"]])
def test_what_cannot_be_written_out_is_told_and_is_no_finding(place: Place, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "coroom.cli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=place.repository,
            text=True,
            check=False,
        )
    assert (process.returncode, len(process.stderr.splitlines())) == (2, 1)
    assert "No space left on device. Make room there" in process.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        WrongCallError("It cannot be read: gone.. Name another."),
        click.ClickException("It cannot be read: gone. . Name another."),
        click.UsageError("It cannot be read: gone.."),
        OSError(errno.ENOSPC, "It cannot be read: gone.", "x"),
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_another_s_full_stop_is_not_told_beside_ours(
    place: Place, wrong: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise wrong

    monkeypatch.setattr("coroom.cli.check.tree_in", failing)
    told = call("check", "--tree", ".").stderr
    assert "gone. " in told
    assert ".." not in told
    assert ". ." not in told


def test_ctrl_c_is_told_from_a_finding(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("coroom.cli.check.tree_in", interrupted)
    result = call("check", "--tree", ".")
    assert (result.exit_code, result.stderr.strip()) == (130, "Stopped.")


def test_a_second_host_on_a_room_is_refused_with_the_process_that_has_it(place: Place) -> None:
    with serving(place) as first:
        pid = str(first.pid)
        refused(call("up", "--port", "0"), f"process {pid}", "Stop that host")
        refused(call("run", "a task", "--room", "main", "--agent", "command:true"), f"process {pid}", "Stop that host")
    assert not (place.kept("main") / "run.json").exists()


def test_every_command_explains_itself() -> None:
    shown = call("--help")
    assert shown.exit_code == 0
    for name in COMMANDS:
        assert name in shown.stdout
        assert call(name, "--help").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["merge", "a"], "Error: Missing argument 'OURS'. Try: coroom merge --help"),
        (["check", "--branches", "a"], "Error: Option '--branches' requires 2 arguments. Try: coroom check --help"),
        (["plan", ".", "x", "--bogus"], "Error: No such option '--bogus'. Try: coroom plan --help"),
        (["--bogus"], "Error: No such option '--bogus'. Try: coroom --help"),
        (["bench", "room", "--zz"], "Error: No such option '--zz'. Try: coroom bench room --help"),
    ],
)
def test_a_call_that_is_not_understood_is_told_in_the_contracts_one_line(words: list[str], said: str) -> None:
    result = CliRunner().invoke(main, words, prog_name="coroom")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{said}\n")


def test_an_unknown_command_is_refused() -> None:
    refused(call("fly"), "No such command 'fly'")


def test_join_gives_a_seat_that_the_room_knows_and_json_is_one_document(place: Place) -> None:
    with serving(place):
        seat = json.loads(call("join", "ann", "--json").stdout)
        assert seat["agent"] == "ann"
        assert (Path(seat["directory"]) / "a.txt").exists()
        told = call("join", "bob")
        assert told.exit_code == 0, told.stderr
        lines = told.stdout.splitlines()
        assert [line.partition("=")[0] for line in lines[:3]] == [
            "export COROOM_TOKEN",
            "export COROOM_URL",
            "export COROOM_AGENT",
        ]
        assert lines[3].startswith("cd ")
        refused(call("join", "not a name"), "no agent name", "letters")
        refused(call("join", "eve", "--role", "king"), "'king' is not one of", "implementer")
        refused(call("join", "cat", "--", "no-such-program-here"), "cannot be started", "installed")
        assert sorted(path.name for path in Path(seat["directory"]).parent.iterdir()) == ["ann", "bob"]


def test_an_agent_that_is_not_installed_is_said_once_and_before_anything_is_made(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.cli.crew.shutil.which", lambda _: None)
    told = call("run", "a task", "--agent", "claude", "--agents", "3")
    refused(told, "claude is not installed", "npm install -g")
    assert told.stderr.count("npm install") == 1
    assert not place.kept().exists()


def test_join_finds_a_room_that_is_served_on_a_unix_socket(place: Place) -> None:
    path = str(place.root / "s")
    with serving(place, "--socket", path):
        seat = json.loads(call("join", "ann", "--json").stdout)
        assert seat["url"] == f"unix:{path}"
        assert (Path(seat["directory"]) / "a.txt").exists()
        refused(call("join", "not a name"), "no agent name", "letters")


def test_a_room_that_fails_to_give_a_seat_is_named_with_what_it_answered(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.cli.join.asked", lambda *_: (500, None))
    with serving(place):
        refused(call("join", "ann"), "HTTP 500", "coroom up printed")


def test_a_damaged_log_is_told_with_where_it_is_and_what_to_do(place: Place) -> None:
    with serving(place):
        call("join", "ann")
    room = place.kept("main") / "room.sqlite3"
    with closing(sqlite3.connect(room)) as log:
        log.execute("update event set at_ms = at_ms + 1 where seq = 1")
        log.execute("delete from view")
        log.commit()
    told = call("up", "--port", "0")
    assert told.exit_code == 1
    for part in ("damaged at event 1", str(place.kept("main")), "copy", "coroom doctor"):
        assert part in told.stderr
    assert ".." not in told.stderr


def test_a_unix_socket_left_by_a_killed_host_is_served_again(place: Place) -> None:
    path = str(place.root / "s")
    with serving(place, "--socket", path) as process:
        process.kill()
    with serving(place, "--socket", path):
        assert Path(path).is_socket()


@pytest.mark.parametrize("words", [("--seeds", "-3"), ("--seeds", "0"), ("--steps", "0"), ("--agents", "0")])
def test_a_simulation_of_nothing_is_refused_and_no_success(words: tuple[str, str]) -> None:
    refused(call("simulate", *words), f"'{words[0]}'", "x>=1")
