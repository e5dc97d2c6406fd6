"""A commit taken out of a later one's ground: the tree that tells whether the later one needs it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from coroom.git.command import Git

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "bench"), ("EMAIL", "bench@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}


class Merged(NamedTuple):
    """What a merge of trees gave, and the files in which it did not work out."""

    tree: str
    conflicts: tuple[str, ...]


@contextmanager
def set_aside(git: Git) -> Iterator[Git]:
    """Git over the same repository; what it makes lies in a directory of its own and is gone at the end."""
    objects = git.line("rev-parse", "--path-format=absolute", "--git-path", "objects")
    with tempfile.TemporaryDirectory(prefix="coroom-bench-") as scratch:
        places = {"GIT_OBJECT_DIRECTORY": scratch, "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects}
        yield Git(git.directory, {**_NOBODY, **places})


@contextmanager
def taken_out(git: Git, first: str, second: str) -> Iterator[tuple[Git, str, bool]]:
    """What `second` was made on without `first`, the git that sees it, and whether it is that.

    It is a tree that no commit has: `first` is reverted on the parent of `second`. Where it cannot be, it is the tree
    before `first`, with False. The repository is only read.

    Raises:
        GitFailed: one of the commits is missing or has no parent.
    """
    with set_aside(git) as aside:
        found = reverted(aside, first, second)
        if found.conflicts:
            yield aside, aside.line("rev-parse", f"{first}^^{{tree}}"), False
        else:
            yield aside, found.tree, True


def reverted(git: Git, first: str, second: str) -> Merged:
    """The tree before `second` without what `first` changed, in a git that is set aside; raises as `taken_out`."""
    return _merged(git, first, f"{second}^", f"{first}^")


def applied(git: Git, second: str, tree: str) -> Merged:
    """A tree with what `second` changed; the same."""
    return _merged(git, f"{second}^", tree, second)


def _merged(git: Git, base: str, ours: str, theirs: str) -> Merged:
    under = git.line("commit-tree", "-m", "base", f"{base}^{{tree}}")
    sides = [git.line("commit-tree", "-p", under, "-m", "side", f"{each}^{{tree}}") for each in (ours, theirs)]
    done = git.run("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", *sides, expect=(0, 1))
    tree, *paths = done.out.decode(errors="surrogateescape").rstrip("\0").split("\0")
    return Merged(tree, tuple(dict.fromkeys(paths)))
