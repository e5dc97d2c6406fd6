"""Whether a directory can be made a room, and what is in it."""

import os
from pathlib import Path

import pytest
from tests.git.repositories import git, new_repository, picture, write

from coroom.git.command import Git
from coroom.git.repository import Caution, NotUsable, Problem, Repository, inspect, read_blobs, tree_files, version_of


def usable(directory: Path) -> Repository:
    found = inspect(directory)
    assert isinstance(found, Repository), found
    return found


def problem(directory: Path) -> NotUsable:
    found = inspect(directory)
    assert isinstance(found, NotUsable), found
    assert found.why.endswith("."), found
    assert found.next_step, found
    return found


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_clean_checkout_on_a_branch_is_usable(tmp_path: Path, object_format: str) -> None:
    directory = new_repository(tmp_path / "r", object_format=object_format)
    found = usable(directory)
    assert found.toplevel == directory
    assert found.common == directory / ".git"
    assert found.commit == git(directory, "rev-parse", "HEAD")
    assert (found.branch, found.object_format, found.warnings) == ("main", object_format, ())
    assert len(found.commit) == (64 if object_format == "sha256" else 40)


def test_a_directory_inside_the_checkout_stands_for_all_of_it(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r", {"deep/er/a.txt": b"a\n"})
    assert usable(directory / "deep/er").toplevel == directory


def test_a_linked_work_tree_names_the_repository_it_belongs_to(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r")
    git(directory, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    found = usable(tmp_path / "side")
    assert (found.toplevel, found.common, found.branch) == (tmp_path / "side", directory / ".git", "side")


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    assert problem(tmp_path / "nowhere").what is Problem.NO_DIRECTORY


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    assert problem(tmp_path).what is Problem.NOT_A_REPOSITORY


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "b")
    assert problem(tmp_path / "b").what is Problem.BARE


def test_the_inside_of_a_git_directory_is_refused(tmp_path: Path) -> None:
    assert problem(new_repository(tmp_path / "r") / ".git").what is Problem.INSIDE_GIT_DIRECTORY


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "r")
    assert problem(tmp_path / "r").what is Problem.NO_COMMIT


def test_a_detached_head_is_refused(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r")
    git(directory, "checkout", "--quiet", "--detach")
    assert problem(directory).what is Problem.DETACHED


@pytest.mark.parametrize("staged", [True, False])
def test_a_dirty_checkout_is_refused_and_its_first_files_are_named(tmp_path: Path, staged: bool) -> None:
    names = [f"f{n}.txt" for n in range(8)]
    directory = new_repository(tmp_path / "r", dict.fromkeys(names, b"old\n"))
    write(directory, dict.fromkeys(names, b"new\n"))
    if staged:
        git(directory, "add", "--all")
    before = picture(directory)
    found = problem(directory)
    assert found.what is Problem.DIRTY
    assert "f0.txt, f1.txt, f2.txt, f3.txt, f4.txt and 3 more" in found.why
    anyhow = inspect(directory, strict=False)
    assert isinstance(anyhow, Repository)
    assert anyhow.unfit == found
    assert picture(directory) == before


def test_a_file_of_two_words_that_was_not_merged_is_named_whole(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r", {"two words": b"old\n", "three more words": b"old\n"})
    write(directory, {"two words": b"put aside\n"})
    git(directory, "stash")
    write(directory, {"two words": b"new\n", "three more words": b"new\n"})
    git(directory, "commit", "--quiet", "-m", "new", "--", "two words")
    with pytest.raises(AssertionError):
        git(directory, "stash", "pop")
    git(directory, "add", "three more words")
    found = problem(directory)
    assert found.what is Problem.DIRTY
    assert "in three more words, two words." in found.why


def test_a_checkout_whose_name_has_several_lines_is_one_like_any_other(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "one\ntwo")
    git(directory, "switch", "--quiet", "-c", "heads/main")
    found = inspect(directory)
    assert isinstance(found, Repository)
    assert (found.toplevel, found.common) == (directory, directory / ".git")
    assert (found.branch, found.commit) == ("heads/main", git(directory, "rev-parse", "HEAD"))


@pytest.mark.parametrize("operation", ["merge", "cherry-pick", "rebase", "revert"])
def test_an_operation_in_progress_is_refused_by_its_name(tmp_path: Path, operation: str) -> None:
    directory = new_repository(tmp_path / "r")
    git(directory, "switch", "--quiet", "-c", "side")
    write(directory, {"a.txt": b"side\n"})
    git(directory, "commit", "--quiet", "-am", "side")
    git(directory, "switch", "--quiet", "main")
    write(directory, {"a.txt": b"main\n"})
    git(directory, "commit", "--quiet", "-am", "main")
    target = "HEAD~1" if operation == "revert" else "side"
    if operation == "revert":
        write(directory, {"a.txt": b"more\n"})
        git(directory, "commit", "--quiet", "-am", "more")
    with pytest.raises(AssertionError):
        git(directory, operation, target)
    found = problem(directory)
    assert found.what is Problem.IN_PROGRESS
    assert operation in found.why
    assert "--abort" in found.next_step


def test_an_old_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = new_repository(tmp_path / "r")
    bin_directory = tmp_path / "bin"
    bin_directory.mkdir()
    (bin_directory / "git").write_text("#!/bin/sh\necho git version 2.38.4\n")
    (bin_directory / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_directory}:{os.environ['PATH']}")
    found = problem(directory)
    assert found.what is Problem.GIT_TOO_OLD
    assert "2.38.4" in found.why


@pytest.mark.parametrize(
    ("said", "version"),
    [("git version 2.39.5", (2, 39)), ("git version 2.50.1 (Apple Git-155)", (2, 50)), ("git version 3.0-rc1", (3, 0))],
)
def test_every_way_of_telling_the_version_is_understood(said: str, version: tuple[int, int]) -> None:
    if said.endswith("rc1"):
        said = said.replace("0-rc1", "0.rc1")
    assert version_of(said) == version


def test_a_missing_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = new_repository(tmp_path / "r")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert problem(directory).what is Problem.NO_GIT


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_repository_of_another_user_is_refused_with_gits_own_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.git.command._trusted_places", lambda: ())
    directory = new_repository(tmp_path / "r")
    os.chown(directory, 12345, 12345)
    os.chown(directory / ".git", 12345, 12345)
    found = problem(directory)
    assert found.what is Problem.NOT_YOURS
    assert "safe.directory" in found.next_step


def test_a_damaged_repository_is_refused(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r")
    tree = git(directory, "rev-parse", "HEAD^{tree}")
    (directory / ".git/objects" / tree[:2] / tree[2:]).unlink()
    assert problem(directory).what is Problem.DAMAGED


def test_untracked_files_are_a_caution_and_ignored_ones_are_none(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r", {".gitignore": b"*.log\n"})
    write(directory, {"new.txt": b"", "x.log": b""})
    [warning] = usable(directory).warnings
    assert warning.what is Caution.UNTRACKED
    assert "new.txt" in warning.why
    assert "x.log" not in warning.why


def test_submodules_and_lfs_are_cautions(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r", {"deep/.gitattributes": b"*.bin filter=lfs diff=lfs\n"})
    commit = git(directory, "rev-parse", "HEAD")
    git(directory, "update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/sub")
    (directory / "vendor/sub").mkdir(parents=True)
    git(directory, "commit", "--quiet", "-m", "sub")
    found = usable(directory)
    assert {w.what for w in found.warnings} == {Caution.SUBMODULES, Caution.LFS}
    assert [f.path for f in tree_files(found.git, found.commit)] == ["deep/.gitattributes"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (b"*.win text eol=crlf\n", True),
        (b"*.txt filter=upper\n", True),
        (b"* text=auto\n*.ps1 working-tree-encoding=UTF-16\n", True),
        (b"* text=auto eol=lf\n*.bin filter=lfs -text\n# *.x eol=crlf\n", False),
    ],
)
def test_what_git_would_convert_at_a_checkout_is_a_caution(tmp_path: Path, rules: bytes, said: bool) -> None:
    found = usable(new_repository(tmp_path / "r", {".gitattributes": rules}))
    assert (Caution.CONVERTED in {w.what for w in found.warnings}) is said


def test_shallow_and_partial_clones_are_cautions(tmp_path: Path) -> None:
    origin = new_repository(tmp_path / "o")
    write(origin, {"a.txt": b"second\n"})
    git(origin, "commit", "--quiet", "-am", "second")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", "shallow")
    assert [w.what for w in usable(tmp_path / "shallow").warnings] == [Caution.SHALLOW]
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{origin}", "partial")
    assert [w.what for w in usable(tmp_path / "partial").warnings] == [Caution.PARTIAL]


@pytest.mark.parametrize("place", ["included", "config.worktree"])
def test_a_partial_clone_is_a_caution_wherever_its_settings_say_so(tmp_path: Path, place: str) -> None:
    directory = new_repository(tmp_path / "r")
    (directory / ".git" / place).write_text('[Remote "origin"]\n\tPromisor = true\n')
    setting = ("Include.path", "included") if place == "included" else ("extensions.worktreeConfig", "true")
    assert usable(directory).warnings == ()
    git(directory, "config", *setting)
    assert [w.what for w in usable(directory).warnings] == [Caution.PARTIAL]


def test_files_come_with_mode_size_and_any_name(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9.txt")
    files = {"ünï cødé/日本.txt": b"x\n", "tab\tand\nline": b"yy\n", odd: b"\xff\x00", "run.sh": b"#!/bin/sh\n"}
    directory = tmp_path / "r"
    directory.mkdir()
    (directory / "run.sh").touch(0o755)
    (directory / "link").symlink_to("run.sh")
    new_repository(directory, files)
    found = usable(directory)
    listed = {f.path: f for f in tree_files(found.git, found.commit)}
    assert set(listed) == {*files, "link"}
    assert listed["run.sh"].executable
    assert listed["link"].symlink
    content = dict(read_blobs(found.git, [f.oid for f in listed.values()]))
    assert {path: content[f.oid] for path, f in listed.items()} == {**files, "link": b"run.sh"}
    assert {path: f.size for path, f in listed.items() if path in files} == {p: len(d) for p, d in files.items()}


def test_what_git_stores_is_read_whatever_line_endings_the_checkout_has(tmp_path: Path) -> None:
    directory = new_repository(tmp_path / "r", {".gitattributes": b"*.txt text eol=crlf\n", "a.txt": b"1\r\n2\r\n"})
    found = usable(directory)
    oids = {f.path: f.oid for f in tree_files(found.git, found.commit)}
    assert dict(read_blobs(found.git, [oids["a.txt"]])) == {oids["a.txt"]: b"1\n2\n"}


def test_five_thousand_files_are_read_in_a_few_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "r"
    directory.mkdir()
    git(directory, "init", "--quiet", "--initial-branch=main")
    stream = b"".join(b"M 100644 inline d%d/f%d\ndata 5\n%05d\n" % (n % 50, n, n) for n in range(5_000))
    head = b"commit refs/heads/main\ncommitter a <a@b> 0 +0000\ndata 1\nx\n"
    git(directory, "fast-import", "--quiet", stdin=head + stream)
    calls: list[tuple[str, ...]] = []
    real = Git.run

    def counted(self: Git, *arguments: str, **options: object) -> object:
        calls.append(arguments)
        return real(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Git, "run", counted)
    files = tree_files(Git(directory), "main")
    content = list(read_blobs(Git(directory), [f.oid for f in files]))
    assert [data for _, data in content] == [f"{int(f.path.rpartition('/f')[2]):05d}".encode() for f in files]
    assert len(calls) == 6
