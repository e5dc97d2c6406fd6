"""The checks put together: those over programs with the merge's own, over directories or over two branches."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coroom.checks.builtin import Rule, enactment, fast_checks
from coroom.checks.engine import Check
from coroom.checks.finding import Finding
from coroom.checks.program import INSTALLED
from coroom.checks.sides import Four
from coroom.git.command import Git, GitFailed
from coroom.git.repository import read_blobs, tree_files
from coroom.syntax import grammar_of, parses, script_names
from coroom.workspace import merge_checks
from coroom.workspace.merge import merge

FILES_MAX = 50_000
"""More source files than that are not read into memory at once."""

FILE_BYTES_MAX = 4 << 20
"""A larger file is not read at all."""


class UnreadableError(Exception):
    """What was to be checked cannot be read; its text says what, why and what to do."""


@dataclass(frozen=True, slots=True)
class Branches:
    """Two branches as four trees; `conflicts` are the files that do not merge as text, `huge` those left out."""

    four: Four
    conflicts: tuple[str, ...]
    huge: tuple[str, ...]


def everyday_checks() -> list[Check]:
    """The checks that run nothing: the merge's over each file, those over programs, last the one that takes longer."""
    return [Rule("merge", fast=True, job=in_each_file), *fast_checks(), enactment()]


def in_each_file(four: Four) -> Iterator[Finding]:
    """What the workspace's merge says of each file that both sides changed."""
    both = set(four.ours.paths) & set(four.theirs.paths)
    for path in sorted(both):
        texts = [tree.texts.get(path) for tree in (four.base, four.ours.tree, four.theirs.tree, four.merged)]
        base, ours, theirs, merged = texts
        if merged is not None:
            yield from _declared_twice(path, ours, theirs, merged)
        if ours is None or theirs is None or merged is None:
            continue
        for each in merge_checks.findings(base or b"", ours, theirs, merged, path):
            mine, yours = (_line_of(text, each.symbol) or each.line for text in (ours, theirs))
            yield Finding(
                kind=each.kind,
                path=path,
                line=each.line if each.line > 1 else _line_of(merged, each.symbol) or 1,
                symbol=each.symbol,
                message=each.message,
                ours=(f"{path}:{mine}",),
                theirs=(f"{path}:{yours}",),
                confidence=0.99 if each.kind == "parse" else 0.96,
            )


def _declared_twice(path: str, ours: bytes | None, theirs: bytes | None, merged: bytes) -> Iterator[Finding]:
    """Names of a script that are declared twice in one scope, and on neither side alone."""
    names = script_names(merged, path) if parses(merged, path) else None
    known = {name for text in (ours, theirs) if text and (own := script_names(text, path)) for name, _ in own.doubled}
    for name, line in names.doubled if names is not None else ():
        if name not in known:
            mine, yours = (_line_of(text or b"", name) or 1 for text in (ours, theirs))
            yield Finding(kind="duplicate-definition", path=path, line=line, symbol=name,
                          message=f"{name} is declared by both sides", ours=(f"{path}:{mine}",),
                          theirs=(f"{path}:{yours}",), confidence=0.97)  # fmt: skip


def _line_of(text: bytes, symbol: str) -> int:
    last = symbol.rpartition(".")[2].encode()
    at = text.rfind(last) if last else -1
    return text.count(b"\n", 0, at) + 1 if at >= 0 else 0


def tree_in(directory: Path, huge: list[str] | None = None) -> dict[str, bytes]:
    """The texts below a directory by their paths in it; what is installed there, links and huge files are left out,
    the last of them named in `huge`.

    Raises:
        UnreadableError: it is no directory, cannot be read, or holds too much.
    """
    if not directory.is_dir():
        raise UnreadableError(f"{directory} is no directory. Name the directory of a tree.")
    found: dict[str, bytes] = {}
    for place, folders, names in os.walk(directory):
        folders[:] = sorted(each for each in folders if each not in INSTALLED)
        for name in names:
            path = Path(place, name)
            if path.is_symlink() or not path.is_file():
                continue
            shown = str(path.relative_to(directory))
            try:
                if path.stat().st_size <= FILE_BYTES_MAX:
                    found[shown] = path.read_bytes()
                elif huge is not None:
                    huge.append(shown)
            except OSError as fault:
                raise UnreadableError(f"{path} cannot be read: {fault.strerror}. Mend its permissions.") from fault
            if len(found) > FILES_MAX:
                raise UnreadableError(f"{directory} holds more than {FILES_MAX:,} files. Name a smaller tree.")
    return found


def branches_in(git: Git, one: str, other: str) -> Branches:
    """The merge base of two branches, both, and what git and then the room's own merge make of them.

    Raises:
        UnreadableError: one of them is no commit, or they have nothing in common.
    """
    ours, theirs = _commit(git, one), _commit(git, other)
    try:
        base = git.line("merge-base", ours, theirs)
    except GitFailed as failed:
        raise UnreadableError(f"{one} and {other} have no commit in common. Name branches of one history.") from failed
    merged = git.run("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs, expect=(0, 1))
    tree, *names = [part.decode(errors="surrogateescape") for part in merged.out.split(b"\0") if part]
    blobs: dict[str, bytes] = {}
    huge: set[str] = set()
    texts = [_tree_of(git, each, blobs, huge) for each in (base, ours, theirs, tree)]
    conflicts = []
    for path in names if merged.code else ():
        base_text, one_text, other_text = texts[0].get(path), texts[1].get(path, b""), texts[2].get(path, b"")
        settled = merge(base_text, one_text, other_text, path, doubts=False)
        if settled.status == "clean" and path in texts[1] and path in texts[2]:
            texts[3][path] = settled.text
        else:
            conflicts.append(path)
            texts[3].pop(path, None)
    return Branches(Four(*texts), tuple(conflicts), tuple(sorted(huge)))


def _commit(git: Git, name: str) -> str:
    try:
        return git.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except GitFailed as failed:
        shown = name or "''"
        raise UnreadableError(f"{shown} is no branch or commit here. git branch -a lists those there are.") from failed


def _tree_of(git: Git, tree: str, blobs: dict[str, bytes], huge: set[str]) -> dict[str, bytes]:
    """The texts of one tree; each object is read once for all four. Sources that are too large go into `huge`."""
    files = [each for each in tree_files(git, tree) if not each.symlink]
    huge.update(each.path for each in files if each.size > FILE_BYTES_MAX and grammar_of(each.path) is not None)
    files = [each for each in files if each.size <= FILE_BYTES_MAX]
    kept = [each for each in files if grammar_of(each.path) is not None or each.size <= 1 << 18]
    missing = dict.fromkeys(each.oid for each in kept if each.oid not in blobs)
    blobs.update(read_blobs(git, missing))
    return {each.path: blobs[each.oid] for each in kept}


def conflict_findings(conflicts: Iterable[str]) -> Iterator[Finding]:
    """Files that do not merge as text, as findings."""
    for path in conflicts:
        said = "both sides changed it and it does not merge; what it means together was not judged"
        yield Finding(kind="text-conflict", path=path, line=1, symbol="", message=said,
                      ours=(f"{path}:1",), theirs=(f"{path}:1",), confidence=1.0)  # fmt: skip


__all__ = ["Branches", "UnreadableError", "branches_in", "conflict_findings", "everyday_checks", "tree_in"]
