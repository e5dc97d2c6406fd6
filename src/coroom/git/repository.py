"""A look at the repository that a room is to be made of: whether it can be used, and what is in it."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from coroom.core.quick import dataclass
from coroom.git.command import Git, GitFailed, GitMissing

GIT_MIN = (2, 39)
"""`merge-tree --write-tree` as the landing train needs it, and the security fixes of local clones."""

SHOWN_MAX = 5
"""Names in a message; the rest are counted."""

BLOBS_A_CALL = 1_000
"""Objects read by one process: what they hold together must fit into memory."""

_IN_PROGRESS = {
    "MERGE_HEAD": ("merge", "git merge --abort"),
    "CHERRY_PICK_HEAD": ("cherry-pick", "git cherry-pick --abort"),
    "REVERT_HEAD": ("revert", "git revert --abort"),
    "rebase-merge": ("rebase", "git rebase --abort"),
    "rebase-apply": ("rebase", "git rebase --abort"),
}


class Problem(StrEnum):
    """Why a directory cannot be made a room."""

    NO_GIT = "no-git"
    GIT_TOO_OLD = "git-too-old"
    NO_DIRECTORY = "no-directory"
    NOT_A_REPOSITORY = "not-a-repository"
    NOT_YOURS = "not-yours"
    INSIDE_GIT_DIRECTORY = "inside-git-directory"
    BARE = "bare"
    NO_COMMIT = "no-commit"
    IN_PROGRESS = "in-progress"
    DETACHED = "detached"
    DIRTY = "dirty"
    DAMAGED = "damaged"


_CONVERTS = re.compile(rb"^[^#\n]*\s(?:eol=crlf|working-tree-encoding=|filter=(?!lfs\b))", re.MULTILINE)


class Caution(StrEnum):
    """What can be used, but not as somebody may expect."""

    SUBMODULES = "submodules"
    LFS = "lfs"
    CONVERTED = "converted"
    UNTRACKED = "untracked"
    SHALLOW = "shallow"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class NotUsable:
    """The directory cannot be made a room: what is wrong, why that matters, and one thing to do now."""

    what: Problem
    why: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.why} {self.next_step}"


@dataclass(frozen=True, slots=True)
class Warned:
    """One caution, in a sentence that can be shown."""

    what: Caution
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A usable repository. `common` is where its objects and refs are (that of the main work tree), `git` runs in
    `toplevel`, and `unfit` is why no work should begin from the checkout as it is.
    """

    toplevel: Path
    common: Path
    commit: str
    branch: str
    object_format: str
    warnings: tuple[Warned, ...] = ()
    unfit: NotUsable | None = None

    @property
    def git(self) -> Git:
        """Git at the top of the work tree."""
        return Git(self.toplevel)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file of a commit. A path that is not UTF-8 carries its bytes as surrogate escapes."""

    path: str
    mode: str
    oid: str
    size: int

    @property
    def executable(self) -> bool:
        """Whether git says that it may be run."""
        return self.mode == "100755"

    @property
    def symlink(self) -> bool:
        """Whether its content is the text of a link."""
        return self.mode == "120000"


def inspect(
    directory: str | os.PathLike[str], *, strict: bool = True, detached: bool = False
) -> Repository | NotUsable:
    """Look at `directory` and say whether a room can be made of it. Changes nothing, not even the index.

    Args:
        directory: anywhere in a checkout.
        strict: also refuse a checkout to begin no work from: dirty, detached, or in the middle of an operation.
        detached: a checkout that is on no branch will do.

    Returns:
        The repository with its facts and cautions, or the first problem found. Untracked files are a caution only:
        they are no part of the commit that the room starts from.
    """
    git = Git(directory)
    if not Path(directory).is_dir():
        return NotUsable(Problem.NO_DIRECTORY, f"{directory} is no directory.", "Name the directory of a checkout.")
    try:
        return _too_old() or _inspected(git, strict=strict, detached=detached)
    except GitMissing:
        return NotUsable(Problem.NO_GIT, "There is no git on the path.", "Install git 2.39 or newer.")
    except GitFailed as failed:
        return NotUsable(Problem.DAMAGED, f"Git cannot read this repository: {failed.why}.", "Run git fsck there.")


def version_of(text: str) -> tuple[int, int]:
    """The two numbers that count in what `git version` says."""
    numbers = [int(part) for part in text.split()[2].split(".")[:2] if part.isdigit()]
    return numbers[0], numbers[1]


def _too_old() -> NotUsable | None:
    found = _version(os.environ.get("PATH", ""))
    if version_of(found) >= GIT_MIN:
        return None
    least = ".".join(map(str, GIT_MIN))
    return NotUsable(Problem.GIT_TOO_OLD, f"This is {found}; the room needs {least}.", "Install a newer git.")


@lru_cache(1)
def _version(path: str) -> str:  # noqa: ARG001  the git that is found on one path is asked once
    return Git(os.sep).line("version")


def _inspected(git: Git, *, strict: bool, detached: bool) -> Repository | NotUsable:
    place = _place(git)
    if isinstance(place, NotUsable):
        return place
    toplevel, git_directory, common, object_format = place
    git = Git(toplevel)
    now = _status(git)
    if not now.commit:
        return NotUsable(Problem.NO_COMMIT, f"{toplevel} has no commit yet.", "Commit something first.")
    here = now.branch or (now.commit if detached else "")
    unfit = _unfit(toplevel, git_directory, now.commit, here, now.changed)
    if strict and unfit:
        return unfit
    return Repository(
        toplevel=toplevel,
        common=common,
        commit=now.commit,
        branch=now.branch,
        object_format=object_format,
        warnings=tuple(_warnings(git, common, now.commit, now.untracked)),
        unfit=unfit,
    )


def _unfit(toplevel: Path, git_directory: Path, commit: str, branch: str, changed: list[str]) -> NotUsable | None:
    for name, (operation, abort) in _IN_PROGRESS.items():
        if (git_directory / name).exists():
            why = f"A {operation} is in progress in {toplevel}."
            return NotUsable(Problem.IN_PROGRESS, why, f"Finish it, or take it back with {abort}.")
    if not branch:
        why = f"{toplevel} is on no branch (HEAD is detached at {commit[:12]})."
        return NotUsable(Problem.DETACHED, why, "Check out a branch: git switch -c NAME.")
    if changed:
        why = f"{toplevel} has uncommitted changes in {_names(changed)}."
        return NotUsable(
            Problem.DIRTY, why, "Commit them, or put them aside with git stash, which keeps them out of the room."
        )
    return None


def _place(git: Git) -> tuple[Path, Path, Path, str] | NotUsable:
    about = ("--is-bare-repository", "--is-inside-work-tree", "--show-object-format", "--absolute-git-dir")
    wanted = ("--path-format=absolute", "--git-common-dir", "--show-toplevel")
    # Where there is no checkout, all is told but its top.
    found = git.run("rev-parse", *about, *wanted, expect=(0, 128))
    told = os.fsdecode(found.out).split("\n")[:-1]
    if len(told) < len(about):
        return _no_repository(git, found.err)
    bare, inside, object_format, *places = told
    if bare == "true":
        why = f"{git.directory} is a bare repository: it has no checkout."
        return NotUsable(Problem.BARE, why, "Clone it, and name the clone.")
    if inside != "true":
        why = f"{git.directory} lies inside a git directory."
        return NotUsable(Problem.INSIDE_GIT_DIRECTORY, why, "Name the directory of the checkout itself.")
    if len(places) != 3:  # the name of a directory has several lines
        places = [git.line("rev-parse", wanted[0], each) for each in (about[-1], *wanted[1:])]
    own, common, top = map(Path, places)
    return top, own, common, object_format


def _no_repository(git: Git, err: bytes) -> NotUsable:
    if b"dubious ownership" in err:
        why = f"{git.directory} belongs to another user, so git does not read it."
        step = f"If you trust it: git config --global --add safe.directory {git.directory.resolve()}"
        return NotUsable(Problem.NOT_YOURS, why, step)
    if b"not a git repository" in err:
        why = f"{git.directory} is not in a git repository."
        return NotUsable(Problem.NOT_A_REPOSITORY, why, "Make one there: git init, git add, git commit.")
    raise GitFailed(("rev-parse",), 128, err.decode("utf-8", "replace").strip()[-300:])


@dataclass(frozen=True, slots=True)
class _Status:
    """Where a checkout stands: its commit, if there is one, its branch, if it is on one, and what differs from it."""

    commit: str
    branch: str
    changed: list[str]
    untracked: list[str]


def _status(git: Git) -> _Status:
    asked = ("--porcelain=v2", "--branch", "--no-ahead-behind", "-z", "--no-renames", "--untracked-files=normal")
    entries = [os.fsdecode(entry) for entry in git.run("status", *asked).out.split(b"\0") if entry]
    facts = dict(entry.split(" ", 2)[1:] for entry in entries if entry.startswith("# "))
    commit, branch = facts["branch.oid"], facts["branch.head"]
    return _Status(
        "" if commit == "(initial)" else commit,
        "" if branch == "(detached)" else branch,
        [entry.split(" ", before)[before] for entry in entries if (before := _BEFORE_PATH.get(entry[0]))],
        [entry[2:] for entry in entries if entry.startswith("? ")],
    )


_BEFORE_PATH = {"1": 8, "u": 10}
"""The fields before the path of an entry that differs, and of one that was not merged."""


def _names(paths: list[str]) -> str:
    shown = ", ".join(path.encode("utf-8", "replace").decode() for path in paths[:SHOWN_MAX])
    return shown + (f" and {len(paths) - SHOWN_MAX} more" if len(paths) > SHOWN_MAX else "")


def _warnings(git: Git, common: Path, commit: str, untracked: list[str]) -> Iterator[Warned]:
    if untracked:
        yield Warned(Caution.UNTRACKED, f"Not tracked by git, so not in the room: {_names(untracked)}.")
    entries = _entries(git, commit, sized=False)
    modules = [entry.path for entry in entries if entry.mode == "160000"]
    if modules:
        yield Warned(Caution.SUBMODULES, f"Submodules stay empty in the mirrors: {_names(modules)}.")
    attributes = [entry.oid for entry in entries if entry.path.rpartition("/")[2] == ".gitattributes"]
    rules = [data for _, data in read_blobs(git, attributes)]
    if any(b"filter=lfs" in data for data in rules):
        yield Warned(
            Caution.LFS, "Files in Git LFS are carried as the pointers that git has, not as what they stand for."
        )
    if any(_CONVERTS.search(data) for data in rules):
        said = "What .gitattributes has git convert (line ends, encodings, filters) is not converted in the mirrors:"
        yield Warned(Caution.CONVERTED, f"{said} agents read and write the bytes that git stores.")
    if (common / "shallow").exists():
        yield Warned(Caution.SHALLOW, "The history is shallow; older commits are not there.")
    if _may_be_partial(common) and git.run("config", "--get-regexp", _PROMISOR, expect=(0, 1)).out:
        yield Warned(Caution.PARTIAL, "The clone is partial; a file that was never fetched cannot be carried.")


_PROMISOR = r"^remote\..*\.promisor$"


def _may_be_partial(common: Path) -> bool:
    """Whether git need be asked: its settings name such a remote here, or in a file that is named here."""
    try:
        settings = (common / "config").read_bytes().lower()
    except OSError:
        return True
    return any(word in settings for word in (b"promisor", b"include", b"worktreeconfig"))


def _entries(git: Git, commit: str, *, sized: bool) -> list[TreeFile]:
    """Everything in a commit. For sizes git looks into every object; without, each is 0."""
    listed = git.run("ls-tree", "-r", "-z", *(("-l",) if sized else ()), "--full-tree", commit)
    entries = []
    for line in listed.out.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, _, oid, *size = facts.decode().split()
        entries.append(TreeFile(os.fsdecode(path), mode, oid, 0 if size in ([], ["-"]) else int(size[0])))
    return entries


def tree_files(git: Git, commit: str) -> list[TreeFile]:
    """Every file and link of a commit in git's order; submodules are left out.

    Raises:
        GitFailed: there is no such commit.
    """
    return [entry for entry in _entries(git, commit, sized=True) if entry.mode != "160000"]


def read_blobs(git: Git, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The content of each object, in the order asked for, as git stores it: no filter and no line ending is applied.

    Raises:
        GitFailed: an object is missing or is no blob.
    """
    wanted = list(oids)
    for first in range(0, len(wanted), BLOBS_A_CALL):
        some = wanted[first : first + BLOBS_A_CALL]
        out = git.run("cat-file", "--batch", "--buffer", stdin="".join(f"{oid}\n" for oid in some).encode()).out
        at = 0
        for oid in some:
            end = out.index(b"\n", at)
            found = out[at:end].split()
            if len(found) != 3 or found[1] != b"blob":
                raise GitFailed(("cat-file", "--batch"), 0, f"no blob: {out[at:end].decode()}")
            size = int(found[2])
            yield oid, out[end + 1 : end + 1 + size]
            at = end + 1 + size + 1


def object_places(git: Git) -> tuple[Path, ...]:
    """Where the repository's objects are: its own and those that it borrows.

    Raises:
        GitFailed: it is no repository.
    """
    ahead = [Path(git.line("rev-parse", "--path-format=absolute", "--git-path", "objects"))]
    found: list[Path] = []
    while ahead:
        place = ahead.pop()
        if place not in found and place.is_dir():
            found.append(place)
            with suppress(OSError):
                borrowed = (place / "info" / "alternates").read_text(encoding="utf-8", errors="surrogateescape")
                ahead += [(place / line).resolve() for line in borrowed.splitlines() if line and line[0] not in '#"']
    return tuple(found)
