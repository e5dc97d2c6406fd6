"""`coroom bench check` counts rightly, and says what to give where there is nothing to count."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from coroom.cli.bench import bench
from coroom.run.bench.check import NoDataError, data_in, measure_check
from coroom.run.bench.figures import machine

BASE = {"prices.py": "def total(cents):\n    return cents\n"}
RENAMED = {"prices.py": "def total_cents(cents):\n    return cents\n"}
CALLER = {**BASE, "bill.py": "from prices import total\n\n\ndef bill(cents):\n    return total(cents)\n"}


def case(place: Path, name: str, a: dict[str, str], merged: dict[str, str], label: str) -> None:
    read = {"base": BASE, "a": a, "b": CALLER, "merged": merged, "label": label, "kind": "rename"}
    (place / f"{name}.json").write_text(json.dumps(read))


def test_conflicts_found_and_missed_and_false_alarms_are_counted_apart(tmp_path: Path) -> None:
    broken = {**RENAMED, "bill.py": CALLER["bill.py"]}
    case(tmp_path, "found", RENAMED, broken, "conflict")
    case(tmp_path, "missed", BASE, CALLER, "conflict")
    case(tmp_path, "clean", BASE, CALLER, "clean")
    case(tmp_path, "alarm", RENAMED, broken, "clean")
    (tmp_path / "other.json").write_text("[]")
    steps: list[tuple[int, int]] = []
    report = measure_check(data_in(tmp_path), edits=1, told=lambda done, of: steps.append((done, of)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    whole = report.cases.whole
    assert (whole.conflicts, whole.found, whole.clean, whole.alarms) == (2, 1, 2, 1)
    assert (whole.recall, whole.precision) == (0.5, 0.5)
    assert report.cases.wrong == ["alarm", "missed"]
    assert report.cases.by_kind["rename"] == whole
    assert report.cases.ms is not None
    assert report.cases.ms.count == 4
    assert report.edit_ms is not None
    assert report.edit_ms.count == 1
    assert json.loads(json.dumps(report.document()))["cases"]["wrong"] == ["alarm", "missed"]


def test_a_case_may_say_only_what_differs_from_a_program_beside_it(tmp_path: Path) -> None:
    (tmp_path / "bases/shop").mkdir(parents=True)
    for path, text in CALLER.items():
        (tmp_path / "bases/shop" / path).write_text(text)
    changes = {"a": RENAMED, "b": {"bill.py": None}, "merged": {**RENAMED, "bill.py": None}}
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/gone.json").write_text(json.dumps({"project": "shop", "label": "clean", **changes}))
    read = data_in(tmp_path).cases
    assert list(read) == ["gone"]
    assert read["gone"]["base"] == CALLER
    assert read["gone"]["a"] == {**RENAMED, "bill.py": CALLER["bill.py"]}
    assert read["gone"]["b"] == BASE
    assert read["gone"]["merged"] == RENAMED


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"project": "none", "a": {}, "b": {}, "merged": {}}, "its project is no folder of"),
        ({"a": {}, "b": {}, "merged": {}}, "has no base"),
        ({"base": {}, "a": {}}, "has no b and no merged"),
        ({"base": {}, "a": {}, "b": [], "merged": {}}, "has no b: give each tree"),
    ],
)
def test_a_case_that_is_not_whole_is_refused_and_never_left_out(
    tmp_path: Path, case: dict[str, object], words: str
) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/astray.json").write_text(json.dumps({"label": "clean", **case}))
    refused = CliRunner().invoke(bench, ["check", str(tmp_path)])
    assert refused.exit_code == 2
    assert words in refused.stderr


def test_a_case_that_is_no_json_is_refused_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/torn.json").write_text('{"label": "clean", "ba')
    refused = CliRunner().invoke(bench, ["check", str(tmp_path)])
    assert refused.exit_code == 2
    assert "torn.json cannot be read: " in refused.stderr


def test_the_tests_of_both_sides_find_on_the_merged_tree_what_the_checks_do_not(tmp_path: Path) -> None:
    added = {"tests/test_b.py": "from bill import bill\nassert bill(7) == 7\n"}
    failing = {"tests/test_b.py": "raise SystemExit(1)\n"}
    case(tmp_path, "missed", BASE, {**CALLER, "bill.py": "def bill(cents):\n    return 0\n", **added}, "conflict")
    case(tmp_path, "clean", BASE, {**CALLER, **added}, "clean")
    case(tmp_path, "red", {**BASE, **failing}, {**CALLER, **failing}, "clean")
    done = CliRunner().invoke(bench, ["check", str(tmp_path), "--tests", "--isolation", "plain", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["cases"]["wrong"] == ["missed"]
    assert report["with_tests"]["wrong"] == report["tests_alone"]["wrong"] == []
    assert (report["with_tests"]["all"]["found"], report["with_tests"]["all"]["recall"]) == (1, 1)
    assert [each.partition(" fails its own tests")[0] for each in report["not_run"]] == ["red: tests: ours"]
    assert "no isolation" in done.stderr
    assert "6 of 6 judged" in done.stderr


def test_a_place_without_cases_or_outputs_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoDataError, match="holds neither cases nor stored outputs"):
        data_in(tmp_path)
    done = CliRunner().invoke(bench, ["check", str(tmp_path), "--tests", "--isolation", "plain"])
    assert done.exit_code == 2
    assert "holds neither cases nor stored outputs" in done.stderr
    assert "no isolation" not in done.stderr, "what tests would run in is said of tests that run"


def test_of_a_history_those_merges_are_judged_that_git_makes_again_and_nobody_mended(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=ann", "-c", "user.email=ann@example.org"]

    def run(*arguments: str) -> None:
        subprocess.run([*git, *arguments], check=True, capture_output=True)

    def commit(files: dict[str, str], name: str) -> None:
        for path, text in files.items():
            (tmp_path / path).write_text(text)
        run("add", ".")
        run("commit", "-q", "-m", name)

    run("init", "-q", "-b", "main")
    commit(BASE, "base")
    for number, theirs in enumerate([{"bill.py": CALLER["bill.py"]}, {"tax.py": "RATE = 2\n"}, {"notes.md": "hi\n"}]):
        run("checkout", "-q", "-b", f"side{number}")
        commit(theirs, f"theirs {number}")
        run("checkout", "-q", "main")
        commit(RENAMED if not number else {f"part{number}.py": "PART = 1\n"}, f"ours {number}")
        run("merge", "-q", "--no-ff", "-m", f"merge {number}", f"side{number}")
    done = CliRunner().invoke(bench, ["check", str(tmp_path), "--merges", "9", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["judged"], said["alarms"], said["blocking"]) == (2, 1, 1), "the third has no source on one side"
    (found,) = said["said"].values()
    assert "removed-name-used" in found[0]
    assert said["ms"]["count"] == 2
    shown = CliRunner().invoke(bench, ["check", str(tmp_path), "--merges", "9"])
    assert "2 merges judged: something said of 1, of 1 something that blocks" in shown.stdout
    assert "a merge, processor time: min " in shown.stdout
    assert f"{machine()['cores']} cores" in shown.stdout
    assert CliRunner().invoke(bench, ["check", str(tmp_path), "--merges", "1", "--tests"]).exit_code == 2


def test_a_history_without_such_a_merge_is_said_to_have_none(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(
        ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one", "--allow-empty"],
        check=True,
    )
    shown = CliRunner().invoke(bench, ["check", str(tmp_path), "--merges", "9"])
    assert shown.exit_code == 0, shown.output
    assert "no merge in its history in which both sides changed source code" in shown.stdout
