"""What a checkout has changed: committed since it left a branch, or not committed at all."""

import os
from pathlib import Path

from coroom.git.command import Git, GitFailed

BASES = ("origin/main", "main", "origin/master", "master")


def changed_here(directory: Path, base: str = "") -> list[str]:
    """The paths, relative to `directory`, that differ from where HEAD left `base`; those that git ignores are left out.

    Args:
        directory: anywhere in a checkout.
        base: a branch or commit; by default the first of main and master that there is.

    Returns:
        Paths in git's order, also of files that are gone; none when this is no repository or there is no such base.
    """
    git = Git(directory)
    try:
        since = next((found for name in ([base] if base else BASES) if (found := _left(git, name))), "HEAD")
        tracked = git.run("diff", "--name-only", "-z", "--relative", "--no-renames", "--no-ext-diff", since, "--").out
        fresh = git.run("ls-files", "-z", "--others", "--exclude-standard").out
    except (GitFailed, OSError):
        return []
    return [os.fsdecode(path) for path in (tracked + fresh).split(b"\0") if path]


def _left(git: Git, base: str) -> str:
    found = git.run("merge-base", "HEAD", base, expect=(0, 1, 128))
    return found.line if found.code == 0 else ""
