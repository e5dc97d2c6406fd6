"""Pairs of nearby commits of a history, and whether the second needs the first: what `coroom bench plan` judges by."""

import random
import re
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from coroom.core.codec import Json
from coroom.git.command import Git
from coroom.run.bench.commits import added_lines
from coroom.run.bench.taken_out import applied, reverted, set_aside
from coroom.run.bench.verdicts import TEXTUAL
from coroom.syntax import definitions, every, grammar_of, is_test

FILES_MAX = 20
"""A commit of more files is no single task."""

NEAR = 3
SAME_FILE_WITHIN = 7
SPEAKS_WITHIN = 12
"""How many commits lie between the two at most: of any two, of two that change one file, of one that says a name that
the other makes."""

TRIES = 40
"""For each pair that is wanted."""

MISSES_MAX = 200
"""In a row; then the history is taken to have none of that sort, and gives of the others."""

SORTS = ("near", "near", "file", "near", "file", "speaks", "near", "file", "near", "speaks", "near", "file")
_PROSE = (".md", ".rst", ".txt")
_NAME_LETTERS = 4
_WORD = re.compile(rb"\w+")


_Oid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4,64}$")]


class KnownPair(BaseModel, frozen=True):
    """A pair of commits of which it is known whether the second needs the first, and by what signs, if that is said."""

    repo: str
    a: _Oid = Field(alias="A")
    b: _Oid = Field(alias="B")
    label: Literal["coupled", "independent"]
    why: tuple[str, ...] | None = None


def known_pairs(text: str) -> list[KnownPair]:
    """Pairs as they are written: one JSON object a line, with `repo`, the commits `A` and `B`, `label` and maybe `why`.

    Raises:
        ValueError: there is none, or a line is no pair.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found.append(KnownPair.model_validate_json(line))
            except ValidationError as wrong:
                first = wrong.errors()[0]
                where = ".".join(map(str, first["loc"]))
                message = f"line {number} is no pair: {where}{': ' if where else ''}{first['msg']}"
                raise ValueError(message) from wrong
    if not found:
        message = "it holds no pairs"
        raise ValueError(message)
    return found


class _Commit(NamedTuple):
    oid: str
    sources: frozenset[str]


def pairs_of(git: Git, repo: str, count: int, seed: int) -> Iterator[dict[str, Json]]:
    """Pairs of a repository's history in a mixture like that of the data: `count` of them, fewer from a short history.

    `coupled` is one whose second commit does not apply to what it was made on without the first (`why`: textual), or
    adds a name that only the first defines (`why`: name). Neither types are checked nor tests are run.

    Args:
        git: a whole clone.
        repo: what the pairs shall call it.
        count: so many.
        seed: the same seed gives the same pairs.

    Raises:
        GitFailed: it is no repository.
    """
    chance = random.Random(seed)  # noqa: S311 - a sample
    seen: set[tuple[str, str]] = set()
    with set_aside(git) as aside:
        history = _History(aside)
        starts = len(history.commits) - SPEAKS_WITHIN
        missed, sorts = 0, list(SORTS)
        for _ in range(count * TRIES + len({*SORTS}) * MISSES_MAX if starts > 0 else 0):
            if not sorts:
                return
            sort = sorts[len(seen) % len(sorts)]
            if missed == MISSES_MAX:
                missed, sorts = 0, [each for each in sorts if each != sort]
                continue
            at = chance.randrange(starts)
            first, second = history.commits[at], history.after(at, sort, chance)
            missed += 1
            if second is None or (first.oid, second.oid) in seen:
                continue
            found = history.needs(first, second)
            if found is not None:
                missed = 0
                seen.add((first.oid, second.oid))
                label = "coupled" if found else "independent"
                yield {"repo": repo, "A": first.oid, "B": second.oid, "label": label, "why": [*found]}
            if len(seen) == count:
                return


def _commits(git: Git) -> list[_Commit]:
    """The commits with one parent, oldest first, that change sources."""
    listed = git.run(
        *("log", "--min-parents=1", "--max-parents=1", "--reverse", "--no-renames", "--name-only", "--format=%x01%H"),
        config={"core.quotePath": "false"},
    ).out.decode(errors="surrogateescape")
    found = []
    for each in listed.split("\x01")[1:]:
        oid, *lines = each.split("\n")
        paths = [path for path in lines if path]
        sources = frozenset(path for path in paths if grammar_of(path) and not is_test(path))
        if sources and len(paths) <= FILES_MAX:
            found.append(_Commit(oid, sources))
    return found


class _History:
    """The commits of a repository, and what each of them makes and adds."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self.commits = _commits(git)
        self._made: dict[str, frozenset[bytes]] = {}
        self._added: dict[str, frozenset[bytes]] = {}

    def after(self, at: int, sort: str, chance: random.Random) -> _Commit | None:
        """A later commit that makes a pair of that sort with the one at that place."""
        first, later = self.commits[at], self.commits[at + 1 : at + 1 + SPEAKS_WITHIN]
        if sort == "near":
            return chance.choice(later[:NEAR])
        if sort == "file":
            return next((each for each in later[:SAME_FILE_WITHIN] if each.sources & first.sources), None)
        made = self.made(first)
        return next((each for each in later if self.added(each) & made), None) if made else None

    def needs(self, first: _Commit, second: _Commit) -> tuple[str, ...] | None:
        """Why the second needs the first, nothing when it does not; None when that cannot be told."""
        if self._git.run("merge-base", "--is-ancestor", first.oid, second.oid, expect=(0, 1)).code:
            return None
        ground = reverted(self._git, first.oid, second.oid)
        if ground.conflicts:
            return None
        if any(not path.endswith(_PROSE) for path in applied(self._git, second.oid, ground.tree).conflicts):
            return (TEXTUAL,)
        names = (self.made(first) & self.added(second)) - self.made(second)
        return ("name",) if any(not self._stands(name, ground.tree) for name in sorted(names)) else ()

    def _stands(self, word: bytes, tree: str) -> bool:
        """Whether that word is anywhere in a tree."""
        asked = ("grep", "--quiet", "--word-regexp", "--fixed-strings", "-e", word.decode(), tree)
        return self._git.run(*asked, expect=(0, 1)).code == 0

    def made(self, commit: _Commit) -> frozenset[bytes]:
        """Names of definitions that its sources have after a commit and had not before."""
        if commit.oid not in self._made:
            sides = [
                {each.name for path in commit.sources for each in every(definitions(self._text(side, path), path))}
                for side in (f"{commit.oid}^", commit.oid)
            ]
            fresh = (name.encode() for name in sides[1] - sides[0] if len(name) >= _NAME_LETTERS)
            self._made[commit.oid] = frozenset(fresh)
        return self._made[commit.oid]

    def added(self, commit: _Commit) -> frozenset[bytes]:
        """The words in the lines that a commit adds to sources."""
        if commit.oid not in self._added:
            lines = added_lines(self._git, commit.oid, sorted(commit.sources))
            self._added[commit.oid] = frozenset(word for _, line in lines for word in _WORD.findall(line))
        return self._added[commit.oid]

    def _text(self, commit: str, path: str) -> bytes:
        return self._git.run("cat-file", "blob", f"{commit}:{path}", expect=(0, 128)).out
