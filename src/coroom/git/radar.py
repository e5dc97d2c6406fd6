"""The conflict radar over branches: which of those alive now will not merge with one another, found before landing."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from coroom.git.command import Git

LIVE_MAX = 64
"""So many branches make two thousand pairs, of which most have no path in common."""

WORK = "refs/coroom/work"
"""Below it, work that is under way and saved, by agent."""


@dataclass(frozen=True, slots=True)
class Live:
    """A branch that somebody works on: a name to show, and where it stands."""

    name: str
    tip: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two branches that will not merge, and the paths where they meet. It concerns the later one."""

    earlier: Live
    later: Live
    paths: tuple[str, ...]


class BranchRadar:
    """Probes pairs of branches without any checkout; what was found for two tips is remembered."""

    def __init__(self, git: Git) -> None:
        """`git` has the objects of every branch that will be asked for."""
        self._git = git
        self._paths: dict[tuple[str, str], frozenset[str]] = {}
        self._met: dict[tuple[str, str], tuple[str, ...]] = {}
        self.probes = 0

    def meetings(self, main: str, branches: Sequence[Live], about: str = "") -> list[Meeting]:
        """Every pair that will not merge.

        Args:
            main: the commit that all of them will land on.
            branches: the earlier before the later; beyond `LIVE_MAX` only the last are looked at.
            about: only pairs whose later one has this name; empty for all.

        Raises:
            GitFailed: a commit is missing.
        """
        alive = list(branches)[-LIVE_MAX:]
        found = []
        for number, later in enumerate(alive):
            if about and later.name != about:
                continue
            for earlier in alive[:number]:
                if earlier.tip != later.tip and self._changed(main, earlier.tip) & self._changed(main, later.tip):
                    paths = self._probed(earlier.tip, later.tip)
                    if paths:
                        found.append(Meeting(earlier, later, paths))
        return found

    def _changed(self, main: str, tip: str) -> frozenset[str]:
        """What a branch has changed since it left main, under both names where something was renamed."""
        if (main, tip) not in self._paths:
            since = self._git.run("merge-base", main, tip, expect=(0, 1))
            names = b""
            if since.code == 0:
                names = self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", since.line, tip).out
            self._paths[main, tip] = frozenset(os.fsdecode(name) for name in names.split(b"\0") if name)
        return self._paths[main, tip]

    def _probed(self, one: str, other: str) -> tuple[str, ...]:
        if (one, other) not in self._met:
            self.probes += 1
            arguments = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", one, other)
            done = self._git.run(*arguments, expect=(0, 1))
            _, *paths = os.fsdecode(done.out).rstrip("\0").split("\0")
            self._met[one, other] = tuple(dict.fromkeys(paths)) if done.code else ()
        return self._met[one, other]
