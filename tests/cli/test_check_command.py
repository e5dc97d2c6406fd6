"""`coroom check`: its JSON, its exit codes, its words."""

import json
from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner, Result

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
