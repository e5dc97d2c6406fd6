"""The project's own type checker and tests, on the merged tree."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from coroom.checks.engine import Report, judge
from coroom.checks.sides import Four
from coroom.checks.suites.check import SuiteCheck, affected
from coroom.checks.types import TypeChecker

BASE = {
    "a.py": "def size() -> int:\n    return 1003\n",
    "test_a.py": "from a import size\n\n\ndef test_size():\n    assert size()\n",
}
OURS = {**BASE, "a.py": "def size() -> str:\n    return '10'\n"}
THEIRS = {
    **BASE,
    "b.py": "from a import size\n\n\ndef double() -> int:\n    return size() // 1\n",
    "test_b.py": "from b import double\n\n\ndef test_double():\n    assert double() == 1003\n",
}


def four(ours: Mapping[str, str], theirs: Mapping[str, str], base: Mapping[str, str] = BASE) -> Four:
    trees = (base, ours, theirs, {**theirs, "a.py": ours["a.py"]})
    return Four(*({path: text.encode() for path, text in tree.items()} for tree in trees))


def run(check: TypeChecker | SuiteCheck, trees: Four) -> Report:
    return judge(trees, [check])


def test_what_the_type_checker_says_of_the_merged_tree_alone_is_found(tmp_path: Path) -> None:
    report = run(TypeChecker("mypy", tmp_path), four(OURS, THEIRS))
    assert [(each.kind, each.path, each.line) for each in report.findings] == [("type-error", "b.py", 5)]
    assert report.notes == ()


def test_what_a_type_checker_keeps_of_one_tree_is_not_taken_for_another_text_of_the_same_size(tmp_path: Path) -> None:
    assert len(OURS["a.py"]) == len(THEIRS["a.py"])
    noting = tmp_path / ".venv/bin/mypy"
    noting.parent.mkdir(parents=True)
    noting.write_text(f"#!/bin/sh\nstat -c %Y a.py >> {tmp_path}/written\n")
    noting.chmod(0o755)
    assert run(TypeChecker("mypy", tmp_path), four(OURS, THEIRS)).notes == ()
    one, other, merged = (tmp_path / "written").read_text().split()
    assert one == merged != other


def test_a_project_without_a_type_checker_is_told_so(tmp_path: Path) -> None:
    report = run(TypeChecker("auto", tmp_path), four(OURS, THEIRS))
    assert report.findings == ()
    assert "set up for none" in report.notes[0]


def test_a_type_checker_that_is_not_there_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    report = run(TypeChecker("pyright", tmp_path), four(OURS, THEIRS))
    assert report.findings == ()
    assert report.checked == ()
    assert "there is no pyright" in report.notes[0]


def test_a_type_checker_that_crashes_is_told_with_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / ".venv/bin/mypy"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\necho out of memory >&2\nexit 9\n")
    broken.chmod(0o755)
    report = run(TypeChecker("mypy", tmp_path), four(OURS, THEIRS))
    assert "exit code 9: out of memory" in report.notes[0]


def test_tests_that_pass_on_each_side_and_fail_together_are_found(tmp_path: Path) -> None:
    trees = four(OURS, THEIRS)
    assert affected(trees) == ["test_a.py", "test_b.py"]
    report = run(SuiteCheck(f"{sys.executable} -m pytest -q -p no:cacheprovider", tmp_path), trees)
    assert [(each.kind, each.path, each.confidence) for each in report.findings] == [("tests-fail", "test_b.py", 1.0)]


@pytest.mark.parametrize("command", ["exit 1", "no-such-program-here"])
def test_a_side_that_fails_by_itself_is_a_note_and_no_finding(tmp_path: Path, command: str) -> None:
    report = run(SuiteCheck(command, tmp_path), four(OURS, THEIRS))
    assert report.findings == ()
    assert "fails its own tests already" in report.notes[0]
