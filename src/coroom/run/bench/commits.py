"""What a commit changed, said as a task says what it touches."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme, parse
from coroom.git.command import Git
from coroom.git.repository import read_blobs, tree_files
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.task import names_in
from coroom.syntax import MODULE, grammar_of, symbols_touched


def programs_of(git: Git, commit: str) -> Mapping[str, bytes]:
    """The files of a tree that are in a language that is known, by path."""
    return contents_of(git, commit, {file.path for file in tree_files(git, commit) if grammar_of(file.path)})


def contents_of(git: Git, commit: str, paths: Collection[str]) -> Mapping[str, bytes]:
    """What is in those of these files that a tree has, by path."""
    wanted = {file.path: file.oid for file in tree_files(git, commit) if file.path in paths and not file.symlink}
    blobs = dict(read_blobs(git, dict.fromkeys(wanted.values())))
    return {path: blobs[oid] for path, oid in wanted.items()}


_ADDS = re.compile(rb"^@@ -\d+(?:,\d+)? \+\d+(?:,(\d+))? @@")


def added_lines(git: Git, commit: str, paths: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """The lines that a commit adds, each after the name of its file; where files are named, in these alone."""
    asked = ("diff-tree", "-p", "-U0", "--no-renames", "--no-commit-id", commit, "--", *paths)
    path, left = "", 0
    for line in git.run(*asked).out.split(b"\n"):
        if left:
            # What is taken out stands before it.
            if line.startswith(b"+"):
                left -= 1
                yield path, line[1:]
        elif line.startswith(b"+++ "):
            # Git ends a name with a space in it by a tab.
            path = os.fsdecode(line.removeprefix(b"+++ b/").rstrip(b"\t"))
        elif adds := _ADDS.match(line):
            left = int(adds[1] or 1)


def names_said(git: Git, commit: str) -> frozenset[str]:
    """The names in the lines that a commit adds to sources, tests among them."""
    lines = (line for path, line in added_lines(git, commit) if grammar_of(path) is not None)
    return frozenset(name for line in lines for name in names_in(line.decode(errors="replace")))


def subject_of(git: Git, commit: str) -> str:
    """The first line of its message."""
    return git.run("log", "-1", "--format=%s", commit).out.decode(errors="replace").strip()


def touches_of(git: Git, commit: str) -> Iterator[Resource]:
    """What a commit changed: of code the definitions, of anything else the file."""
    listed = git.run("diff-tree", "--no-commit-id", "--name-only", "--no-renames", "-r", "-z", commit).out
    for path in (os.fsdecode(one) for one in listed.split(b"\0") if one):
        texts = [_text(git, f"{side}:{path}") for side in (f"{commit}^", commit)] if grammar_of(path) else []
        symbols = sorted(symbols_touched(path, *texts)) if texts else []
        for text in [f"symbol:{path}#{symbol}" for symbol in symbols] or [f"file:{path}"]:
            found = parse(text)
            if not isinstance(found, Refused):
                yield found


_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? ", re.MULTILINE)


def lines_of(git: Git, commit: str, tree: str, index: SymbolIndex) -> Iterator[Resource]:
    """What a commit changed in lines of that tree, the definitions that it made, and other files."""
    for touch in touches_of(git, commit):
        path = touch.path or ""
        if (
            touch.scheme is not Scheme.SYMBOL
            or index.inventory(path) is None
            or (
                index.symbol(Place(path, touch.name.partition("#")[2])) is None
                and not touch.name.endswith(f"#{MODULE}")
            )
        ):
            yield touch
    listed = git.run("diff-tree", "--no-commit-id", "--name-only", "--no-renames", "-r", "-z", commit).out
    for path in (os.fsdecode(one) for one in listed.split(b"\0") if one):
        if index.inventory(path) is None:
            continue
        told = git.run("diff-tree", "-p", "-U0", "--no-renames", "--no-commit-id", commit, "--", path).out
        there = _lines_there(*(_text(git, f"{each}:{path}").splitlines() for each in (tree, f"{commit}^")))
        for hunk in _HUNK.finditer(told.decode(errors="replace")):
            start, count = int(hunk[1]), int(hunk[2] or 1)
            found = parse(f"file:{path}#{_said(there, start, count)}")
            if not isinstance(found, Refused):
                yield found


def _said(there: Callable[[int], tuple[int, int]], start: int, count: int) -> str:
    """Lines as a task says them: those that are changed, or the one that new ones come after."""
    if count:
        return f"L{there(start)[0]}-L{there(start + count - 1)[1]}"
    above = there(start) if start else (0, 0)
    return f"L{above[1]}+"


def _lines_there(before: Sequence[str], after: Sequence[str]) -> Callable[[int], tuple[int, int]]:
    """The lines of an earlier text that a line of a later one stands for, from 1: one, or those that it replaced."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()

    def there(line: int) -> tuple[int, int]:
        for kind, start, end, new, new_end in blocks:
            if new < line <= new_end:
                same = start + line - new
                return (same, same) if kind == "equal" else (start + 1, max(start + 1, end))
        return max(1, len(before)), max(1, len(before))

    return there


def _text(git: Git, name: str) -> str:
    found = git.run("cat-file", "blob", name, expect=(0, 128))
    return "" if found.code else found.out.decode(errors="replace")
