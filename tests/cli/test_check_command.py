"""`coroom check`: its JSON, its exit codes, its words."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.git.repositories import git, new_repository, write

from coroom.cli import main

BASE = {"prices.py": "def total(cents):\n    return cents\n", "note.txt": "hello\n"}
RENAMED = {**BASE, "prices.py": "def total_cents(cents):\n    return cents\n"}
CALLER = {**BASE, "bill.py": "from prices import total\n\n\ndef bill(cents):\n    return total(cents)\n"}


def trees(place: Path, **given: Mapping[str, str]) -> list[str]:
    """The trees as directories, as options of the command."""
    options = []
    for name, texts in given.items():
        for path, text in texts.items():
            target = place / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        options += [f"--{name}", str(place / name)]
    return options


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_a_renamed_function_that_the_other_side_imports_is_found_and_exits_1(tmp_path: Path) -> None:
    options = trees(tmp_path, base=BASE, ours=RENAMED, theirs=CALLER, merged={**RENAMED, "bill.py": CALLER["bill.py"]})
    result = check(*options, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(each["kind"], each["path"], each["symbol"]) for each in found["findings"]] == [
        ("removed-name-used", "bill.py", "total")
    ]
    assert found["findings"][0]["theirs"] == ["bill.py:1"]
    assert found["findings"][0]["confidence"] > 0.9
    assert found["checked"]
    assert found["seconds"] >= 0


def test_two_changes_that_fit_exit_0_with_no_finding(tmp_path: Path) -> None:
    both = {**CALLER, "more.py": "def more():\n    return 1\n"}
    result = check(*trees(tmp_path, base=BASE, ours={**BASE, "more.py": both["more.py"]}, theirs=CALLER, merged=both))
    assert result.exit_code == 0
    assert "nothing found" in result.stderr


def test_a_call_without_all_trees_says_what_to_give(tmp_path: Path) -> None:
    result = check(*trees(tmp_path, base=BASE, ours=BASE))
    assert result.exit_code == 2
    assert "--merged" in result.stderr


def test_a_directory_that_is_none_is_named(tmp_path: Path) -> None:
    options = trees(tmp_path, base=BASE, ours=BASE, theirs=BASE)
    result = check(*options, "--merged", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "nowhere is no directory" in result.stderr


def test_a_file_that_does_not_parse_is_told_and_the_rest_is_checked(tmp_path: Path) -> None:
    broken = {"half.py": "def half(:\n"}
    options = trees(
        tmp_path, base=BASE, ours={**RENAMED, **broken}, theirs=CALLER,
        merged={**RENAMED, **broken, "bill.py": CALLER["bill.py"]},
    )  # fmt: skip
    result = check(*options)
    assert result.exit_code == 1
    assert "half.py: it does not parse" in result.stderr
    assert "bill.py:1: removed-name-used" in result.stdout


def test_what_is_looked_at_as_text_alone_or_not_at_all_is_said_of_one_tree_and_of_four(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree, {"pay.cob": b"<<<<<<< ours\n", "large.py": b"x = 1\n" * 200_000, "huge.py": b"x = 1\n" * 1_000_000})
    alone = check("--tree", str(tree))
    assert "pay.cob:1: leaked-markup" in alone.stdout
    assert "their language is not read: .cob files" in alone.stderr
    assert "as text alone, for they are too large: large.py" in alone.stderr
    assert "not looked at, for they are too large: huge.py" in alone.stderr
    four = check(*(word for side in ("base", "ours", "theirs", "merged") for word in (f"--{side}", str(tree))))
    assert "not looked at, for they are too large: huge.py" in four.stderr


def test_a_name_of_a_file_neither_breaks_a_line_nor_reaches_the_controls_of_a_terminal(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree, {"odd\n\x1b[31m\u202ename.py": b"x = nothing_has_it\n"})
    alone = check("--tree", str(tree))
    assert alone.exit_code == 1
    assert alone.stdout.startswith("odd name.py:1: undefined-name: ")
    assert "\x1b" not in alone.stdout
    assert [line[:4] for line in alone.stdout.splitlines()] == ["odd ", "    ", "    "]


def test_a_changed_program_in_a_language_that_is_not_read_is_told_and_a_changed_text_is_none(tmp_path: Path) -> None:
    changed = {"pay.cob": "STOP RUN.\n", "notes.md": "# new\n", "NOTICE": "mine\n"}
    options = trees(tmp_path, base=BASE, ours=BASE | changed, theirs=BASE, merged=BASE | changed)
    result = check(*options)
    assert "pay.cob: its language is not one that is read" in result.stderr
    assert "notes.md" not in result.stderr + result.stdout
    assert "NOTICE" not in result.stderr + result.stdout


def branches(place: Path) -> None:
    """A repository with one branch that renames a function and one that newly calls it."""
    new_repository(place, {path: text.encode() for path, text in BASE.items()})
    git(place, "branch", "start")
    for name, texts in {"renamer": RENAMED, "caller": CALLER}.items():
        git(place, "checkout", "-q", "-b", name, "start")
        write(place, {path: text.encode() for path, text in texts.items()})
        git(place, "add", "-A")
        git(place, "commit", "-q", "-m", name)
    git(place, "checkout", "-q", "start")


def test_two_branches_are_merged_in_memory_and_nothing_of_the_repository_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = git(tmp_path, "for-each-ref")
    result = check("--branches", "renamer", "caller", "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)["findings"]
    assert (found["kind"], found["path"], found["symbol"]) == ("removed-name-used", "bill.py", "total")
    assert (found["ours"], found["theirs"]) == (["prices.py:1"], ["bill.py:1"])
    assert git(tmp_path, "for-each-ref") == before
    assert git(tmp_path, "status", "--porcelain") == ""


def test_a_branch_that_is_none_exits_2_and_says_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    branches(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = check("--branches", "renamer", "nowhere")
    assert result.exit_code == 2
    assert "nowhere is no branch" in result.stderr


def test_a_type_checker_and_tests_that_were_asked_for_are_named_in_the_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches(tmp_path)
    monkeypatch.chdir(tmp_path)
    test = f'{sys.executable} -c \'import os; os.path.exists("bill.py") and __import__("bill")\''
    document = json.loads(check("--branches", "renamer", "caller", "--types", "auto", "--test", test, "--json").stdout)
    assert "tests-fail" in {each["kind"] for each in document["findings"]}
    assert "tests" in document["checked"]
    assert any("The tests run" in each for each in document["notes"])
    assert any("type checker: " in note and "set up for none" in note for note in document["notes"])


def plug_in(place: Path, body: str) -> None:
    """A package, as pip installs it, that names a check."""
    (place / "house_check.py").write_text(body)
    installed = place / "house_check-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: house-check\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[coroom.checks]\nhouse = house_check:House\n")


HOUSE = """from coroom.checks.finding import Finding


class House:
    name = "house"
    fast = True

    def findings(self, four):
        for side in four.sides:
            for path in side.paths:
                yield Finding(kind="house", path=path, line=1, symbol="", message="looked at", confidence=0.6)
"""


def test_a_check_that_an_installed_package_names_runs_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    plug_in(tmp_path / "site", HOUSE)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "house_check", raising=False)
    both = {**CALLER, "more.py": "def more():\n    return 1\n"}
    result = check(
        *trees(tmp_path, base=BASE, ours={**BASE, "more.py": both["more.py"]}, theirs=CALLER, merged=both), "--json"
    )
    document = json.loads(result.stdout)
    assert [(each["kind"], each["path"]) for each in document["findings"]] == [
        ("house", "bill.py"),
        ("house", "more.py"),
    ]
    assert document["checked"][-1] == "house"


@pytest.mark.parametrize(
    ("body", "why"), [("1 / 0\n", "does not load: division by zero"), ("House = dict\n", "gives no check")]
)
def test_a_plug_in_that_is_broken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, why: str
) -> None:
    (tmp_path / "site").mkdir()
    plug_in(tmp_path / "site", body)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "house_check", raising=False)
    result = check(*trees(tmp_path, base=BASE, ours=BASE, theirs=BASE, merged=BASE))
    assert result.exit_code == 2
    assert f"house_check:House {why}" in result.stderr
