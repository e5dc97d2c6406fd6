"""A task of files: a contract in units, hidden tests for each, a reference that passes and mutants that must not."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from coroom.evaluate.commands import Command
from coroom.workspace.merge import merge

Tree = Mapping[str, bytes]
"""A directory as path -> content."""

Change = Callable[[str, Tree], Mapping[str, bytes]]
"""A unit's id and the tree as it stands to the files that the unit changes in it; nothing when it is done."""

CONTRACT = "CONTRACT.md"
"""Where the agents find what is asked of them."""


class SuiteError(Exception):
    """A suite cannot be used as it lies on the disk; says which file, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A part of a task that one agent can do: its files, its contract, and the units it builds on."""

    id: str
    title: str
    files: tuple[str, ...]
    contract: str
    after: tuple[str, ...]
    tests: tuple[str, ...]
    reads: tuple[str, ...] = ()
    """Files that it goes by and does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One place of the reference changed so that the hidden tests have to fail."""

    path: str
    old: str
    new: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalTask:
    """One task of a suite. `start` is what agents begin with, `hidden` what they never see."""

    id: str
    title: str
    brief: str
    units: tuple[Unit, ...]
    start: Tree
    reference: Tree
    hidden: Tree
    mutants: tuple[Mutant, ...]
    commands: Mapping[str, Command] = field(default_factory=dict)
    """By unit: how its hidden tests are run where that is not by pytest in a process of ours."""
    change: Change | None = None
    """What a unit makes of the files as they stand, where several units share them."""
    alone: Mapping[str, Tree] = field(default_factory=dict)
    """By unit: the files that it changes, as they are when it alone was done from the start."""

    @property
    def fingerprint(self) -> str:
        """Changes with whatever a grade depends on."""
        digest = sha256()
        for tree in (self.start, self.hidden):
            for path in sorted(tree):
                digest.update(path.encode() + b"\0" + tree[path] + b"\0")
        digest.update(repr([(unit.id, unit.tests) for unit in self.units]).encode())
        digest.update(repr(sorted(self.commands.items())).encode() if self.commands else b"")
        return digest.hexdigest()[:16]

    @property
    def is_shared(self) -> bool:
        """Whether units change the same files, each going by what stands there."""
        return self.change is not None or bool(self.alone)

    def changed(self, unit: str, tree: Tree) -> dict[str, bytes]:
        """What the unit makes of the tree as it stands: the files that it changes, nothing when it is done.

        Where units share files it is worked out from what stands there; else the unit's files are the reference's.
        """
        if self.change:
            return dict(self.change(unit, tree))
        if unit in self.alone:
            return {path: text for path, text in self._laid_in(unit, tree) if tree.get(path) != text}
        mine = next(each for each in self.units if each.id == unit)
        return {path: self.reference[path] for path in mine.files if tree.get(path) != self.reference[path]}

    def _laid_in(self, unit: str, tree: Tree) -> Iterator[tuple[str, bytes]]:
        """The unit's own change, merged with what others have made of the same files; the reference where it cannot."""
        for path, mine in self.alone[unit].items():
            standing, begun = tree.get(path), self.start.get(path)
            if standing in (None, begun):
                yield path, mine
                continue
            merged = merge(begun, standing, mine, path, doubts=False)
            yield path, merged.text if merged.status == "clean" else self.reference.get(path, mine)

    def solved(self) -> dict[str, bytes]:
        """The reference laid over the start."""
        return {**self.start, **self.reference}

    def mutated(self, mutant: Mutant) -> dict[str, bytes]:
        """The reference with one mutant in it."""
        text = self.reference[mutant.path].decode().replace(mutant.old, mutant.new)
        return {**self.solved(), mutant.path: text.encode()}


def contract_of(task: EvalTask) -> str:
    """The contract as the agents read it."""
    parts = [f"# {task.title}\n", task.brief.strip() + "\n"]
    for unit in task.units:
        after = f" (builds on {', '.join(unit.after)})" if unit.after else ""
        parts.append(
            f"## {unit.id}: {unit.title}{after}\n\nFiles: {', '.join(unit.files)}\n\n{unit.contract.strip()}\n"
        )
    return "\n".join(parts)


def laid_together(task: EvalTask) -> EvalTask:
    """The task with its contract among the files that agents begin with, and the packages that it is to be in."""
    packages = {
        Path(path).parts[0] for unit in task.units for path in unit.files if path.endswith(".py") and "/" in path
    }
    if task.commands:
        # A repository of somebody's own has its packages.
        packages = set()
    made = {f"{package}/__init__.py": b"" for package in packages} | {CONTRACT: contract_of(task).encode()}
    return replace(task, start={**made, **task.start})


def tree_of(folder: Path) -> dict[str, bytes]:
    """The files below a folder, without what Python leaves there; nothing when there is no folder."""
    if not folder.is_dir():
        return {}
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and not re.search(r"__pycache__|\.pyc$", str(p)))
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}
