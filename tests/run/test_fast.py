"""`pytest --fast` in a project of somebody else's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.git.repositories import git, new_repository, write

from coroom.run.fast import share_of

BODY = "\n".join(f"def test_{number}():\n    assert True\n" for number in range(100)).encode()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_repository(
        tmp_path / "p",
        {
            "thing.py": b"x = 1\n",
            "test_many.py": BODY,
            "test_thing.py": b"import thing\n\ndef test_thing():\n    assert thing.x == 1\n",
            ".gitignore": b".pytest_cache\n__pycache__\n",
        },
    )


def run(project: Path, *words: str, **variables: str) -> str:
    """Pytest with this plugin alone."""
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return run_installed(project, "-p", "coroom.run.fast", *words, **variables)


def run_installed(project: Path, *words: str, **variables: str) -> str:
    """Pytest as it is installed here."""
    kept = {k: v for k, v in os.environ.items() if k == "PYTEST_ADDOPTS" or not k.startswith(("COROOM_", "PYTEST_"))}
    argv = (sys.executable, "-m", "pytest", "-q", *words)
    environment = {**kept, "COROOM_EPOCH": "1", "PYTHONPATH": "", **variables}
    done = subprocess.run(argv, cwd=project, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_share_and_what_is_affected_run_first_and_what_failed_runs_again(project: Path) -> None:
    write(project, {"thing.py": b"x = 2\n"})
    said = run(project, "--fast", COROOM_SHARD="3/16")
    [line] = [one for one in said.splitlines() if one.startswith("fast: ")]
    found = re.fullmatch(
        r"fast: (\d+) of 101 tests \(0 failed last, 1 affected, (\d+) of shard 3/16\), 1 failed, .* s; all of it: (.*)",
        line,
    )
    assert found, said
    assert int(found[1]) == int(found[2]) + 1
    assert 3 <= int(found[2]) <= 20
    assert "ERROR test_thing.py::test_thing (call)" in Path(found[3]).read_text()
    git(project, "commit", "--quiet", "--all", "--message=x")
    again = run(project, "--fast", "--fast-cap", "0", COROOM_SHARD="4/16")
    assert "fast: 1 of 101 tests (1 failed last, 0 affected, 0 of shard 4/16, " in again


def test_a_project_with_a_fast_option_of_its_own_keeps_it(project: Path) -> None:
    own = b"def pytest_addoption(parser):\n    parser.addoption('--fast', action='store_true', help='mine')\n"
    write(project, {"conftest.py": own})
    said = run(project, "--fast", "--coroom-fast")
    assert re.search(r"fast: \d+ of 101 tests", said), said
    (project / "conftest.py").write_bytes(own + b"\ndef pytest_configure(config):\n    assert config.option.fast\n")
    assert "101 passed" in run(project, "--fast")


def test_a_pytest_that_does_not_ask_runs_everything_and_loads_nothing(project: Path) -> None:
    write(
        project,
        {
            "test_loaded.py": b"import sys\n\n"
            b"def test_it():\n    assert 'coroom.checks.suites.sample' not in sys.modules\n"
        },
    )
    assert "102 passed" in run_installed(project)


def test_a_shard_that_makes_no_sense_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COROOM_SHARD", "16/16")
    with pytest.raises(pytest.UsageError, match="COROOM_SHARD is '16/16'; it is a number from 0"):
        share_of(0.1)
    monkeypatch.setenv("COROOM_SHARD", "15/16")
    with pytest.raises(pytest.UsageError, match="--fast-part is 2"):
        share_of(2)
    assert share_of(0.1).agent == 15
