"""A commit taken out of a later one's ground: the tree that the data's labels were made on."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from coroom.git.command import Git

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "bench"), ("EMAIL", "bench@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}


@contextmanager
def taken_out(git: Git, first: str, second: str) -> Iterator[tuple[Git, str]]:
    """What `second` was made on without `first`, and the git that sees it.

    It is a tree that no commit has: `first` is reverted on the parent of `second`. Where it cannot be, it is the tree
    before `first`. What is made for that lies in a directory of its own and is gone at the end; the repository is only
    read.

    Raises:
        GitFailed: one of the commits is missing or has no parent.
    """
    objects = git.line("rev-parse", "--path-format=absolute", "--git-path", "objects")
    with tempfile.TemporaryDirectory(prefix="coroom-bench-") as scratch:
        places = {"GIT_OBJECT_DIRECTORY": scratch, "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects}
        aside = Git(git.directory, {**_NOBODY, **places})
        yield aside, _reverted(aside, first, f"{second}^") or aside.line("rev-parse", f"{first}^^{{tree}}")


def _reverted(git: Git, commit: str, onto: str) -> str:
    """The tree of `onto` without what `commit` changed; empty where others have changed the same since."""
    base = git.line("commit-tree", "-m", "with it", f"{commit}^{{tree}}")
    sides = [git.line("commit-tree", "-p", base, "-m", "a side", f"{each}^{{tree}}") for each in (onto, f"{commit}^")]
    merged = git.run("merge-tree", "--write-tree", "--no-messages", *sides, expect=(0, 1))
    return "" if merged.code else merged.line.splitlines()[0]
