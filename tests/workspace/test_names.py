import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coroom.workspace import names
from coroom.workspace.names import (
    Refusal,
    RefusalReason,
    check_name,
    is_git_directory,
    is_under,
    link_stays_beneath,
    parent_of,
)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/etc/passwd",
        "..",
        ".",
        "a/..",
        "../../x",
        "a//b",
        "a/",
        "./a",
        "a\0b",
        "a" * 256,
        "é" * 128,
        "/".join(["a" * 200] * 21),
        "a/../b",
        "\ud800",
        "\udcc3\udca9",
    ],
)
def test_a_name_that_is_not_one_place_inside_the_workspace_is_refused(path: str) -> None:
    found = check_name(path)
    assert isinstance(found, Refusal)
    assert found.reason is RefusalReason.BAD_NAME
    assert found.path == path


@pytest.mark.parametrize(
    "path",
    [
        ".git",
        ".GIT/config",
        "a/.git/hooks/x",
        ".git /x",
        ".git./x",
        ".git . ./x",
        "git~1",
        "GIT~12/config",
        ".g\u200cit/config",
        ".git::$INDEX_ALLOCATION/x",
        "\ufeff.git",
    ],
)
def test_a_git_directory_is_refused_under_every_disguise(path: str) -> None:
    found = check_name(path)
    assert isinstance(found, Refusal)
    assert found.reason is RefusalReason.GIT_DIRECTORY


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "src/a.py",
        ".gitignore",
        ".github/x.yml",
        "git",
        ".gitx",
        "a b",
        "a\nb",
        "é/e\u0301",
        "..a",
        "a..",
        "a" * 255,
        "\udcff.txt",
        "back\\slash",
        "~",
        "-rf",
    ],
)
def test_an_ordinary_or_merely_odd_name_is_taken_unchanged(path: str) -> None:
    assert check_name(path) == path


def test_the_runtime_may_name_its_own_files_inside_git() -> None:
    assert check_name(".git/info/exclude", allow_git=True) == ".git/info/exclude"
    assert isinstance(check_name(".git/../x", allow_git=True), Refusal)


@given(st.text(st.characters(codec=None), max_size=40))
@example("\udcc3\udca9")
def test_a_name_that_is_taken_has_one_spelling_and_stays_below_the_root(path: str) -> None:
    found = check_name(path)
    if isinstance(found, Refusal):
        return
    assert os.fsdecode(os.fsencode(found)) == found
    assert os.path.normpath(found) == found
    assert not os.path.isabs(found)
    assert not found.startswith("..") or found[2:3] not in ("", "/")


@pytest.mark.parametrize("name", [".git", ".GIT", ".git.", ".git ", "git~1", ".g\u200cit"])
def test_what_git_itself_refuses_as_a_path_is_refused_here_too(name: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            "git",
            "-c",
            "core.protectNTFS=true",
            "-c",
            "core.protectHFS=true",
            "update-index",
            "--add",
            "--cacheinfo",
            "100644,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
            f"{name}/x",
        ],
        cwd=_repository(tmp_path),
        capture_output=True,
        check=False,
    )
    assert run.returncode != 0
    assert is_git_directory(name)


def test_parents_and_nesting_are_judged_by_components() -> None:
    assert parent_of("a/b/c") == "a/b"
    assert parent_of("a") == ""
    assert is_under("src/a", "src")
    assert is_under("src", "src")
    assert is_under("src", "")
    assert not is_under("src2/a", "src")


@pytest.mark.parametrize(
    ("path", "target", "stays"),
    [
        ("a", b"b", True),
        ("d/a", b"../b", True),
        ("d/a", b"../../b", False),
        ("a", b"/etc/passwd", False),
        ("a", b"x/../../y", False),
        ("a", b"", False),
        ("d/e/a", b".././../b", True),
    ],
)
def test_a_link_text_is_judged_against_the_place_of_the_link(path: str, target: bytes, *, stays: bool) -> None:
    assert link_stays_beneath(path, target) is stays


def _repository(directory: Path) -> Path:
    subprocess.run(["git", "init", "-q", directory], check=True)
    return directory


def test_a_name_that_is_longer_than_a_path_can_be_is_refused_and_not_kept() -> None:
    kept = names._judged.cache_info().currsize
    refused = check_name("x/" * 5_000_000)
    assert isinstance(refused, Refusal)
    assert "longer than 4096 bytes" in refused.detail
    assert names._judged.cache_info().currsize == kept
