"""Commits made beside every checkout, and refs moved by compare-and-swap."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.git.repositories import fsck, git, new_repository, picture

from coroom.core.file import FileKind
from coroom.git.command import Git, GitFailed
from coroom.git.commits import (
    BadPath,
    Built,
    Change,
    Moved,
    NotMoved,
    Part,
    build,
    export_tree,
    good_branch,
    in_the_way,
    move_ref,
    read_ref,
    remove_ref,
)

PIN = "refs/coroom/landing/r/1"
NOW_S = 1_700_000_000


def text(data: bytes, *, executable: bool = False) -> Change:
    return Change(FileKind.TEXT, data, executable)


GONE = Change(FileKind.ABSENT)


def part(changes: dict[str, Change], task: str = "t1") -> Part:
    return Part(task=task, agent="ann", title=f"Do {task}", summary="It is done.", changes=changes)


def built(directory: Path, *parts: Part, base: str = "main") -> Built:
    commit = git(directory, "rev-parse", base)
    return build(Git(directory), commit, parts, room="r", pin=PIN, now_s=NOW_S)


def files_of(directory: Path, commit: str) -> dict[str, tuple[str, bytes]]:
    entries = [line.partition("\t") for line in git(directory, "ls-tree", "-r", "-z", commit).split("\0")[:-1]]
    asked = "".join(f"{facts.split()[2]}\n" for facts, _, _ in entries).encode()
    batch = ("git", "cat-file", "--batch")
    told = subprocess.run(batch, cwd=directory, input=asked, capture_output=True, check=True).stdout
    found = {}
    for facts, _, path in entries:
        head, _, told = told.partition(b"\n")
        oid, kind, size = head.decode().split()
        assert facts.split()[1:] == [kind, oid]
        found[path] = (facts.split()[0], told[: int(size)])
        told = told[int(size) + 1 :]
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "r", {"a.txt": b"one\n", "d/b.txt": b"b\n", "run": b"#!/bin/sh\n"})


@pytest.mark.promise("git:sound")
def test_each_part_becomes_one_commit_on_the_one_before(directory: Path) -> None:
    before = picture(directory)
    made = built(directory, part({"a.txt": text(b"two\n")}, "t1"), part({"c/d.txt": text(b"new\n")}, "t2"))
    assert git(directory, "rev-list", "--reverse", f"main..{made.commit}").split() == list(made.commits)
    assert git(directory, "rev-parse", f"{made.commit}^{{tree}}") == made.tree
    assert git(directory, "diff-tree", "-r", "--no-commit-id", "--name-only", made.commits[0]) == "a.txt"
    assert git(directory, "diff-tree", "-r", "--no-commit-id", "--name-only", made.commits[1]) == "c/d.txt"
    assert picture(directory) == before
    fsck(directory)


def test_a_commit_names_task_agent_and_room_where_git_finds_them(directory: Path) -> None:
    one = Part(
        task="t7",
        agent="ann",
        title="Parse dates\nand <more>",
        summary="First.\n\nCoroom-Task: forged\n\x1b[31mlast",
        changes={"a.txt": text(b"two\n")},
        also=("t3", "bob"),
        at_s=NOW_S - 60,
    )
    commit = built(directory, one).commit
    assert git(directory, "log", "-1", "--format=%an|%ae|%at|%cn|%ce|%ct|%s", commit) == (
        f"ann|ann@coroom.local|{NOW_S - 60}|Coroom|coroom@coroom.local|{NOW_S}|Parse dates and (more)"
    )
    trailers = git(directory, "log", "-1", "--format=%(trailers:only,unfold)", commit).splitlines()
    assert trailers == ["Coroom-Task: t7", "Coroom-Agent: ann", "Coroom-Room: r", "Coroom-Also: t3", "Coroom-Also: bob"]
    assert "\x1b" not in git(directory, "log", "-1", "--format=%B", commit)


def test_a_part_without_changes_is_a_commit_with_the_same_tree(directory: Path) -> None:
    made = built(directory, part({}))
    assert made.tree == git(directory, "rev-parse", "main^{tree}")
    fsck(directory)


def test_modes_links_binary_and_any_name_are_stored_as_given(directory: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    changes = {
        "run": text(b"#!/bin/sh\n", executable=True),
        "link": Change(FileKind.SYMLINK, b"d/b.txt"),
        "blob.bin": Change(FileKind.BINARY, bytes(range(256))),
        "日本/ü ä.txt": text(b"x"),
        'quo"te\\back\nline\ttab ': text(b"y"),
        " leading": text(b""),
        odd: text(b"z"),
        "-dash": text(b"D a.txt\n"),
    }
    found = files_of(directory, built(directory, part(changes)).commit)
    assert {path: found[path] for path in changes} == {path: (c.mode, c.data) for path, c in changes.items()}
    assert found["run"][0] == "100755"
    assert found["link"][0] == "120000"
    assert set(found) == {*changes, "a.txt", "d/b.txt"}
    fsck(directory)


def test_a_file_gives_way_to_a_directory_and_back(directory: Path) -> None:
    there = part({"a.txt": GONE, "a.txt/x": text(b"x"), "d/b.txt": GONE, "d": text(b"d")}, "t1")
    back = part({"a.txt/x": GONE, "a.txt": text(b"one\n"), "d": GONE, "d/b.txt": text(b"b\n")}, "t2")
    made = built(directory, there, back)
    assert set(files_of(directory, made.commits[0])) == {"a.txt/x", "d", "run"}
    assert made.tree == git(directory, "rev-parse", "main^{tree}")
    fsck(directory)


def test_deleting_the_last_file_leaves_no_empty_directory(directory: Path) -> None:
    made = built(directory, part({"d/b.txt": GONE}))
    assert git(directory, "ls-tree", "--name-only", made.commit).split() == ["a.txt", "run"]
    everything = part({"d/b.txt": GONE, "a.txt": GONE, "run": GONE, "never/was": GONE})
    assert files_of(directory, built(directory, everything).commit) == {}
    fsck(directory)


@pytest.mark.parametrize("path", ["", "/a", "a//b", "../a", "a/./b", "a/../b", ".git/config", "x/.GIT/y", "a\0b", "a/"])
def test_a_path_that_no_repository_may_hold_makes_nothing(directory: Path, path: str) -> None:
    with pytest.raises(BadPath):
        built(directory, part({path: text(b"x")}))
    assert read_ref(Git(directory), PIN) == ""


def test_an_unknown_base_makes_nothing(directory: Path) -> None:
    with pytest.raises(GitFailed):
        build(Git(directory), "f" * 40, [part({})], room="r", pin=PIN, now_s=NOW_S)
    assert read_ref(Git(directory), PIN) == ""


def test_sha256_repositories_are_built_in_too(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r", object_format="sha256")
    made = built(directory, part({"a.txt": text(b"two\n")}))
    assert len(made.commit) == 64
    moved = move_ref(Git(directory), "refs/heads/coroom/r", made.commit, "")
    assert isinstance(moved, Moved)
    fsck(directory)


PATHS = st.sampled_from(["a.txt", "d/b.txt", "d", "d/b.txt/c", "n", "n/m", "ü"])
CHANGES = st.one_of(
    st.just(GONE),
    st.builds(text, st.binary(max_size=8), executable=st.booleans()),
    st.builds(Change, st.just(FileKind.SYMLINK), st.binary(min_size=1, max_size=8).filter(lambda b: b"\0" not in b)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(PATHS, CHANGES, max_size=4), min_size=1, max_size=3))
@pytest.mark.promise("git:sound")
def test_the_tree_is_what_the_changes_say_whatever_they_are(directory: Path, steps: list[dict[str, Change]]) -> None:
    """Against a model: a dictionary in which a file and a directory of one name push each other out."""
    model = files_of(directory, "main")
    parts = []
    for number, step in enumerate(steps):
        kept = {p: c for p, c in step.items() if not any(_clash(p, q) for q, d in step.items() if d.mode and c.mode)}
        parts.append(part(kept, f"t{number}"))
        for path in [p for p, c in kept.items() if not c.mode]:
            model = {p: v for p, v in model.items() if p != path and not p.startswith(path + "/")}
        for path, change in kept.items():
            if change.mode:
                model = {p: v for p, v in model.items() if not _clash(p, path)}
                model[path] = (change.mode, change.data)
    made = built(directory, *parts)
    assert files_of(directory, made.commit) == model
    fsck(directory)


def _clash(a: str, b: str) -> bool:
    return a != b and (a.startswith(b + "/") or b.startswith(a + "/"))


@pytest.mark.promise("git:sound")
def test_a_ref_moves_only_from_where_it_was_expected(directory: Path) -> None:
    git_ = Git(directory)
    one = built(directory, part({"a.txt": text(b"1\n")}, "t1")).commit
    two = built(directory, part({"a.txt": text(b"2\n")}, "t2")).commit
    ref = "refs/heads/coroom/r"
    assert move_ref(git_, ref, one, "") == Moved(ref, one)
    assert move_ref(git_, ref, two, "") == NotMoved(ref, one, f"coroom/r stands at {one[:12]}")
    assert move_ref(git_, ref, two, git(directory, "rev-parse", "main")).__class__ is NotMoved
    assert move_ref(git_, ref, one, "") == Moved(ref, one), "asking again for what is done is no failure"
    assert move_ref(git_, ref, two, one) == Moved(ref, two)
    git(directory, "update-ref", "-d", ref)
    assert move_ref(git_, ref, one, two) == NotMoved(ref, "", "coroom/r does not exist")
    with pytest.raises(GitFailed):
        move_ref(git_, ref, "f" * 40, "")
    assert read_ref(git_, ref) == ""


@pytest.mark.parametrize("dirty", [True, False])
def test_a_branch_that_is_checked_out_is_never_moved(directory: Path, tmp_path: Path, dirty: bool) -> None:
    git(directory, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    if dirty:
        (directory / "a.txt").write_bytes(b"mine\n")
    commit = built(directory, part({"a.txt": text(b"1\n")})).commit
    main = git(directory, "rev-parse", "main")
    before = picture(directory)
    for ref, place in (("refs/heads/main", directory), ("refs/heads/side", tmp_path / "side")):
        refused = move_ref(Git(directory / ".git"), ref, commit, main)
        assert isinstance(refused, NotMoved)
        assert str(place) in refused.why
    assert picture(directory) == before


def test_a_branch_that_is_a_directory_of_another_is_told_of(directory: Path) -> None:
    commit = built(directory, part({"a.txt": text(b"1\n")})).commit
    git(directory, "branch", "coroom")
    assert in_the_way(Git(directory), "coroom/r") == "coroom"
    refused = move_ref(Git(directory), "refs/heads/coroom/r", commit, "")
    assert isinstance(refused, NotMoved)
    assert "coroom" in refused.why
    git(directory, "branch", "-m", "coroom", "x/y/z")
    assert in_the_way(Git(directory), "x/y") == "x/y/z"
    assert in_the_way(Git(directory), "coroom/r") == ""


def test_a_lock_that_somebody_left_is_told_of_and_kept(directory: Path) -> None:
    commit = built(directory, part({"a.txt": text(b"1\n")})).commit
    lock = directory / ".git/refs/heads/coroom/r.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    refused = move_ref(Git(directory), "refs/heads/coroom/r", commit, "")
    assert isinstance(refused, NotMoved)
    assert "r.lock" in refused.why
    assert lock.exists()


_RACER = (
    "import sys\n"
    "from coroom.git.command import Git\n"
    "from coroom.git.commits import Moved, move_ref\n"
    "sys.stdin.readline()\n"
    "for new in sys.argv[2:]:\n"
    "    number, commit = new.split(':')\n"
    "    won = isinstance(move_ref(Git(sys.argv[1]), f'refs/heads/race/{number}', commit, ''), Moved)\n"
    "    print(number, int(won), flush=True)\n"
)


@pytest.mark.promise("git:sound")
def test_of_several_processes_exactly_one_wins_each_ref(directory: Path) -> None:
    rounds, racers = 6, 4
    commits = [built(directory, part({"a.txt": text(b"%d\n" % n)}, f"t{n}")).commit for n in range(racers)]
    processes = [
        subprocess.Popen(
            (sys.executable, "-c", _RACER, str(directory), *(f"{r}:{commit}" for r in range(rounds))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for commit in commits
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].split("\n")[:-1] for process in processes]
    for number in range(rounds):
        winners = [n for n in range(racers) if f"{number} 1" in said[n]]
        assert len(winners) == 1
        assert git(directory, "rev-parse", f"refs/heads/race/{number}") == commits[winners[0]]


@pytest.mark.parametrize(
    ("branch", "good"),
    [
        ("coroom/r", True),
        ("main", True),
        ("a b", False),
        ("-d", False),
        ("a..b", False),
        ("x.lock", False),
        ("HEAD", False),
        ("@", False),
        ("refs/heads/y", False),
        ("", False),
    ],
)
def test_names_of_branches_are_judged_by_git(directory: Path, branch: str, good: bool) -> None:
    assert good_branch(Git(directory), branch) is good


def test_a_pin_keeps_commits_and_goes_without_a_trace(directory: Path) -> None:
    made = built(directory, part({"a.txt": text(b"1\n")}))
    git(directory, "gc", "--quiet", "--prune=now")
    assert git(directory, "cat-file", "-t", made.commit) == "commit"
    remove_ref(Git(directory), made.pin)
    remove_ref(Git(directory), made.pin)
    assert git(directory, "for-each-ref", "refs/coroom") == ""


def test_an_exported_tree_is_a_fresh_checkout_and_touches_no_other(tmp_path: Path) -> None:
    files = {".gitattributes": b"*.bat text eol=crlf\nskip export-ignore\n", "go.bat": b"a\nb\n", "skip/t.py": b"x\n"}
    directory = new_repository(tmp_path / "r", files)
    changes = {"run": text(b"#!/bin/sh\n", executable=True), "link": Change(FileKind.SYMLINK, b"run")}
    commit = built(directory, part(changes)).commit
    before = picture(directory)
    place = tmp_path / "tree"
    place.mkdir()
    export_tree(Git(directory / ".git"), commit, place, tmp_path / "index")
    assert sorted(p.name for p in place.rglob("*")) == sorted(
        [".gitattributes", "go.bat", "link", "run", "skip", "t.py"]
    )
    assert (place / "go.bat").read_bytes() == b"a\r\nb\r\n"
    assert os.access(place / "run", os.X_OK)
    assert os.readlink(place / "link") == "run"
    assert picture(directory) == before


def test_a_tree_that_leads_out_of_its_directory_is_not_exported(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r")
    blob = git(directory, "rev-parse", "HEAD:a.txt")
    inner = git(directory, "mktree", stdin=f"100644 blob {blob}\tescaped\n".encode())
    tree = git(directory, "mktree", stdin=f"040000 tree {inner}\t..\n".encode())
    commit = git(directory, "commit-tree", "-m", "evil", tree)
    place = tmp_path / "tree"
    place.mkdir()
    with pytest.raises(GitFailed):
        export_tree(Git(directory / ".git"), commit, place, tmp_path / "index")
    assert not (tmp_path / "escaped").exists()
