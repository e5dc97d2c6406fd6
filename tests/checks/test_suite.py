"""The repository's own tests: found, run, bounded and ended."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from coroom.checks.suites.command import NoCommand, SuiteCommand, find_command
from coroom.checks.suites.suite import Ending, SuiteResult, run_suite, summary_of, tail_of


def found(tree: Path, explicit: str = "") -> SuiteCommand:
    command = find_command(tree, explicit)
    assert isinstance(command, SuiteCommand), command
    assert command.reason
    return command


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ({"Makefile": "all:\n\ntest: all\n\ttrue\n", "go.mod": ""}, "make test"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "python3 -m pytest -q"),
        ({"setup.py": "", "tests/test_a.py": ""}, "python3 -m pytest -q"),
        ({"pyproject.toml": "[broken", "test_a.py": ""}, "python3 -m pytest -q"),
        ({"package.json": '{"scripts": {"test": "vitest"}}'}, "npm test --silent"),
        ({"go.mod": "module x\n"}, "go test ./..."),
        ({"Cargo.toml": "[package]\n"}, "cargo test --quiet"),
    ],
)
def test_the_files_of_a_tree_say_how_it_is_tested(tmp_path: Path, files: dict[str, str], shown: str) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert found(tmp_path).shown == shown


def test_tox_is_used_where_it_is_set_up_and_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tox.ini").write_text("[tox]\n")
    (tmp_path / "tests").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert found(tmp_path).shown == "python3 -m pytest -q"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/tox").touch(0o755)
    assert found(tmp_path).shown == "tox"


@pytest.mark.parametrize("name", ["test_a.py", "a_test.py", "tests/test_a.py", "test/a_test.py"])
def test_a_tree_that_has_nothing_but_tests_of_python_is_tested_by_pytest(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    command = found(tmp_path)
    assert command.argv[1:] == ("-m", "pytest", "-q")
    assert command.reason == f"there is {name}"
    assert command.environment["PYTHONPATH"].startswith(str(tmp_path))


def test_the_users_virtual_environment_runs_the_tests(tmp_path: Path) -> None:
    (tmp_path / "tree/tests").mkdir(parents=True)
    (tmp_path / "tree/setup.py").touch()
    python = tmp_path / "checkout/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    command = find_command(tmp_path / "tree", "", tmp_path / "checkout")
    assert isinstance(command, SuiteCommand)
    assert command.argv[0] == str(python)


@pytest.mark.parametrize("name", ["Makefile", "pyproject.toml", "package.json"])
def test_a_link_to_an_endless_device_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/dev/zero")
    assert isinstance(find_command(tmp_path), NoCommand)


def test_the_command_that_was_given_comes_first(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("test:\n")
    command = found(tmp_path, " make check && true ")
    assert command.argv == ("/bin/sh", "-c", "make check && true")
    assert command.shown == "make check && true"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"Makefile": "test := 1\ntests:\n"},
        {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'},
        {"package.json": "[1]"},
        {"package.json": "{"},
        {"pyproject.toml": "[project]\n"},
    ],
)
def test_where_nothing_says_so_the_answer_says_what_to_pass(tmp_path: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    none = find_command(tmp_path)
    assert isinstance(none, NoCommand)
    assert "--test" in none.next_step


async def run(tmp_path: Path, script: str, **options: float) -> SuiteResult:
    tree = tmp_path / "tree"
    tree.mkdir(exist_ok=True)
    return await run_suite(found(tree, script), tree, tmp_path / "logs/x.log", **options)  # type: ignore[arg-type]


async def test_a_suite_that_passes_says_so_in_its_own_words(tmp_path: Path) -> None:
    result = await run(tmp_path, "pwd; printf '\\033[32m==== 12 passed in 0.3s ====\\033[0m\\n' >&2")
    assert (result.passed, result.ending, result.summary) == (True, Ending.PASSED, "12 passed in 0.3s")
    assert result.log.read_text().startswith(f"{tmp_path}/tree\n")
    assert result.tail == ""


async def test_a_suite_that_fails_shows_what_failed(tmp_path: Path) -> None:
    result = await run(tmp_path, "seq 500; echo 'FAILED tests/a.py::b'; seq 40; echo '1 failed, 3 passed'; exit 1")
    assert (result.ending, result.summary) == (Ending.FAILED, "1 failed, 3 passed")
    assert result.tail == "FAILED tests/a.py::b\n1 failed, 3 passed"


async def test_a_silent_failure_is_named_by_its_code(tmp_path: Path) -> None:
    assert (await run(tmp_path, "exit 7")).summary == "exit code 7"
    assert (await run(tmp_path, "kill -9 $$")).summary == "killed by signal 9"


async def test_a_command_that_cannot_be_started_is_a_result(tmp_path: Path) -> None:
    result = await run_suite(SuiteCommand(("/nonexistent/x",), "test"), tmp_path, tmp_path / "log")
    assert result.ending is Ending.NOT_STARTED
    assert "there is no /nonexistent/x" in result.summary
    assert not result.passed


async def test_a_suite_out_of_time_is_ended_with_all_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.checks.suites.suite.GRACE_S", 0.2)
    script = f"trap '' TERM; (trap '' TERM; echo $$ > {tmp_path}/pid; sleep 600) & sleep 600"
    result = await run(tmp_path, script, timeout_s=1)
    assert result.ending is Ending.TIMED_OUT
    assert ended(tmp_path)


async def test_a_cancelled_suite_leaves_no_process(tmp_path: Path) -> None:
    task = asyncio.create_task(run(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 600"))
    async with asyncio.timeout(20):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended(tmp_path)


async def test_a_daemon_that_keeps_the_pipe_open_holds_nothing_up(tmp_path: Path) -> None:
    daemon = f"{sys.executable} -c 'import os,time; os.setsid(); time.sleep(20)'"
    async with asyncio.timeout(15):
        result = await run(tmp_path, f"{daemon} & echo fine")
    assert result.passed


def ended(tmp_path: Path) -> bool:
    pid = int((tmp_path / "pid").read_text())
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


async def test_a_flood_of_output_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    result = await run(tmp_path, "echo first; yes | head -c 3000000; echo last", log_bytes_max=10_000)
    log = result.log.read_bytes()
    assert log.startswith(b"first\n")
    assert log.endswith(b"last\n")
    assert b"bytes left out" in log
    assert len(log) < 10_100
    left_out = int(log.partition(b"\n[")[2].partition(b" ")[0])
    assert left_out + len(log) - len(b"\n[%d bytes left out]\n" % left_out) == 3_000_000 + len("first\nlast\n")


async def test_the_tests_see_the_tree_and_not_the_rooms_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COROOM_TOKEN", "secret")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    tree = tmp_path / "tree"
    (tree / "src/pkg").mkdir(parents=True)
    (tree / "pyproject.toml").write_text("")
    (tree / "src/pkg/__init__.py").write_text("where = __file__\n")
    script = f"{sys.executable} -c 'import os, pkg; print(sorted(os.environ)); print(pkg.where)'"
    result = await run_suite(found(tree, script), tree, tmp_path / "log")
    assert result.summary == str(tree / "src/pkg/__init__.py")
    said = result.log.read_text()
    assert "COROOM_TOKEN" not in said
    assert "GIT_DIR" not in said
    assert os.environ["PATH"]


def test_summary_and_tail_of_nothing_are_nothing() -> None:
    assert summary_of("\n== \n") == ""
    assert tail_of("") == ""
