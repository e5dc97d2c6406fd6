import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coroom.workspace.beneath import Root
from coroom.workspace.ignore import Ignore


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    (tmp_path / "repository").mkdir()
    with Root(str(tmp_path / "repository")) as opened:
        yield opened


def write(root: Root, rules: dict[str, str]) -> None:
    for name, text in rules.items():
        file = Path(root.path) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_git_directories_are_ignored_without_any_rule(root: Root) -> None:
    ignore = Ignore.load(root)
    assert ignore.ignores(".git", is_dir=True)
    assert ignore.ignores(".git/config", is_dir=False)
    assert ignore.ignores("vendored/.git", is_dir=True)
    assert not ignore.ignores(".gitignore", is_dir=False)
    assert not ignore.ignores("", is_dir=True)


def test_what_lies_in_an_ignored_directory_is_ignored_and_cannot_be_taken_back(root: Root) -> None:
    write(root, {".gitignore": "node_modules/\n!node_modules/keep.js\n"})
    ignore = Ignore.load(root)
    assert ignore.ignores("node_modules", is_dir=True)
    assert ignore.ignores("node_modules/keep.js", is_dir=False)
    assert not ignore.ignores("node_modules", is_dir=False)


def test_the_rules_nearest_to_a_path_decide(root: Root) -> None:
    write(root, {".gitignore": "*.log\n", "a/.gitignore": "!keep.log\n", ".git/info/exclude": "*.log\n*.tmp\n!x\n"})
    ignore = Ignore.load(root)
    assert ignore.ignores("keep.log", is_dir=False)
    assert not ignore.ignores("a/keep.log", is_dir=False)
    assert ignore.ignores("a/other.log", is_dir=False)
    assert ignore.ignores("a/b.tmp", is_dir=False)


def test_a_directory_whose_renaming_changes_the_rules_is_known_by_what_was_read_in_it(root: Root) -> None:
    write(root, {"a/b/.gitignore": "*\n", "ab/f": "", "c/.gitignore": "# nothing\n"})
    ignore = Ignore.load(root)
    assert not ignore.has_rules("a")
    assert ignore.ignores("a/b/.gitignore", is_dir=False)
    assert not ignore.ignores("ab/f", is_dir=False)
    assert not ignore.ignores("c/f", is_dir=False)
    assert [path for path in ("", "a", "a/b", "a/b/c", "ab", "c") if ignore.has_rules(path)] == ["", "a", "a/b"]
    ignore.reload()
    assert not ignore.has_rules("a")


def test_changed_rules_hold_after_a_reload(root: Root) -> None:
    ignore = Ignore.load(root)
    assert not ignore.ignores("out/x", is_dir=False)
    write(root, {".gitignore": "out/\n"})
    assert ignore.is_rules(".gitignore")
    assert ignore.is_rules("a/b/.gitignore")
    assert not ignore.is_rules("a.gitignore")
    ignore.reload()
    assert ignore.ignores("out/x", is_dir=False)


def test_a_tracked_file_is_never_ignored_nor_are_the_directories_above_it(root: Root) -> None:
    write(root, {".gitignore": "build/\n"})
    ignore = Ignore.load(root, tracked=["build/kept/file"])
    assert not ignore.ignores("build/kept/file", is_dir=False)
    assert not ignore.ignores("build", is_dir=True)
    assert not ignore.ignores("build/kept", is_dir=True)


def test_rules_behind_a_link_and_patterns_without_sense_match_nothing(root: Root, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("*\n")
    (Path(root.path) / ".gitignore").symlink_to("../outside")
    write(root, {"a/.gitignore": "\\\n!\n[\n*.o\r\n", "b/.gitignore": "\ufeff*.o\n"})
    ignore = Ignore.load(root)
    assert not ignore.ignores("file", is_dir=False)
    assert ignore.ignores("a/x.o", is_dir=False)
    assert ignore.ignores("b/x.o", is_dir=False)


def test_a_flood_of_names_does_not_fill_the_memory(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coroom.workspace.ignore._VERDICTS_MAX", 10)
    ignore = Ignore.load(root)
    for number in range(100):
        assert not ignore.ignores(f"tmp{number}", is_dir=False)
    assert len(ignore._verdicts) <= 10


PATTERNS = st.sampled_from(
    [
        "*.o",
        "!x.o",
        "/a",
        "a/",
        "b",
        "!b",
        "a/b",
        "**/x.o",
        "a/**",
        "!a/b/",
        "/*",
        "!/a",
        "b/*.o",
        "?.o",
        "[ab]",
        "*",
        "!*/",
        "\\!x",
        "a/*",
        "!a/b",
        "#c",
        "",
        "x.o ",
        "**/b/**",
        "/b/",
        "!/b/x.o",
    ],
)
PATHS = [
    *("a", "b", "x.o", "y.o", "!x", "#c"),
    *(f"{directory}/{name}" for directory in ("a", "b", "a/b", "b/a") for name in ("x.o", "y", "c.o")),
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(top=st.lists(PATTERNS, max_size=5), inner=st.lists(PATTERNS, max_size=3))
def test_verdicts_are_those_of_git(top: list[str], inner: list[str], tmp_path: Path) -> None:
    base = tmp_path / "repository"
    if not base.exists():
        subprocess.run(["git", "init", "-q", str(base)], check=True)
        for path in PATHS[-12:]:
            (base / path).parent.mkdir(parents=True, exist_ok=True)
            (base / path).touch()
        for path in ("x.o", "y.o", "!x", "#c"):
            (base / path).touch()
    (base / ".gitignore").write_text("".join(line + "\n" for line in top))
    (base / "a" / ".gitignore").write_text("".join(line + "\n" for line in inner))
    files = [path for path in PATHS if not (base / path).is_dir()]
    answer = subprocess.run(
        ["git", "-c", "core.excludesFile=", "check-ignore", "-z", "--stdin", "--no-index"],
        input=b"\0".join(os.fsencode(path) for path in files),
        cwd=base,
        capture_output=True,
        check=False,
    )
    assert answer.returncode in (0, 1), answer.stderr
    by_git = {os.fsdecode(path) for path in answer.stdout.split(b"\0") if path}
    with Root(str(base)) as root:
        ignore = Ignore.load(root)
        assert {path for path in files if ignore.ignores(path, is_dir=False)} == by_git
