"""Test commands that are not ours: run in a copy, counted, and stopped when their time is over."""

import os
import sys
from pathlib import Path

import pytest

from coroom.evaluate.commands import Command, CommandError, counted, counts_in


@pytest.mark.parametrize(
    ("output", "counts"),
    [
        ("=== 3 passed, 1 warning in 0.10s ===", (3, 0)),
        ("=== 2 failed, 5 passed, 1 error in 1s ===", (5, 3)),
        ("FAILED (failures=1, errors=1)\nRan 5 tests in 0.1s\n", (3, 2)),
        ("Ran 4 tests in 0.1s\n\nOK", (4, 0)),
        ("--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n    --- PASS: TestB/sub", (2, 1)),
        ("test a::b ... ok\ntest a::c ... FAILED\ntest result: FAILED. 1 passed; 1 failed;", (1, 1)),
        ("Tests:       1 failed, 4 passed, 5 total", (4, 1)),
        (" Tests  2 failed | 7 passed (9)", (7, 2)),
        ("      Tests  7 passed (7)", (7, 0)),
        ("hello", (0, 0)),
    ],
)
def test_what_runners_print_is_counted(output: str, counts: tuple[int, int]) -> None:
    assert counts_in(output) == counts


def python(code: str, **other: float) -> Command:
    return Command(words=(sys.executable, "-c", code), **other)  # type: ignore[arg-type]


def test_a_command_without_counts_is_one_test() -> None:
    assert counted(python("open('a.txt').read()"), {"a.txt": b"x"}, {}) == (1, 1)
    assert counted(python("open('a.txt').read()"), {}, {}) == (0, 1)


def test_hidden_files_are_laid_over_the_tree_or_beside_it() -> None:
    look = "import sys, os; sys.exit(not os.path.exists(sys.argv[1]))"
    hidden = {"hidden/t/x.txt": b"x"}
    over = Command(words=(sys.executable, "-c", look, "{tree}/t/x.txt"))
    beside = Command(words=(sys.executable, "-c", look, "{hidden}/t/x.txt"), laid_over=False)
    assert counted(over, {}, hidden) == counted(beside, {}, hidden) == (1, 1)


def test_a_failing_end_after_passing_tests_has_not_passed_all() -> None:
    assert counted(python("print('3 passed'); raise SystemExit(1)"), {}, {}) == (3, 4)


def test_a_command_that_never_ends_passes_nothing_and_leaves_nothing_running(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    code = (
        f"import subprocess, time; pipe = open({str(held)!r}, 'w'); "
        "subprocess.Popen(['sleep', '4343'], pass_fds=[pipe.fileno()]); time.sleep(99)"
    )
    assert counted(python(code, within_s=1.0), {}, {}) == (0, 1)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b"", "a pipe ends when all who could write to it are gone"
    os.close(reader)


def test_a_program_that_is_not_there_is_no_score() -> None:
    with pytest.raises(CommandError, match="cannot be started"):
        counted(Command(words=("no-such-program",)), {}, {})


@pytest.mark.parametrize(
    "said",
    [
        "no tests ran in 0.01s",
        "============ no tests ran in 0.01s =============",
        "Ran 0 tests in 0.000s\n\nOK",
        "?   \texample/shop\t[no test files]",
        "No tests found, exiting with code 1",
    ],
)
def test_who_says_that_it_found_no_test_has_run_none(said: str) -> None:
    assert counted(Command(words=("printf", "%s\n", said)), {}, {}) == (0, 0)
