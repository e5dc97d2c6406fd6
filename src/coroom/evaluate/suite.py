"""A suite: tasks with a contract, hidden tests, a reference that passes them and mutants that must not."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from coroom.evaluate.live.cluster import CLUSTER
from coroom.evaluate.live.office import OFFICE
from coroom.evaluate.live.task import LiveTask

Tree = Mapping[str, bytes]
"""A directory as path -> content."""

CONTRACT = "CONTRACT.md"
"""Where the agents find what is asked of them."""

SHIPPED = ("six", "ledger")
"""Suites of files that come with Coroom."""

ON_LIVE_STATE = ("office", "cluster")
"""Suites of rows and objects, which are changed through a room's tools."""


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

    @property
    def fingerprint(self) -> str:
        """Changes with whatever a grade depends on."""
        digest = sha256()
        for tree in (self.start, self.hidden):
            for path in sorted(tree):
                digest.update(path.encode() + b"\0" + tree[path] + b"\0")
        digest.update(repr([(unit.id, unit.tests) for unit in self.units]).encode())
        return digest.hexdigest()[:16]

    def solved(self) -> dict[str, bytes]:
        """The reference laid over the start."""
        return {**self.start, **self.reference}

    def mutated(self, mutant: Mutant) -> dict[str, bytes]:
        """The reference with one mutant in it."""
        text = self.reference[mutant.path].decode().replace(mutant.old, mutant.new)
        return {**self.solved(), mutant.path: text.encode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Tasks under a name: of files, or (`live`) on live state."""

    name: str
    tasks: tuple[EvalTask, ...] = ()
    live: tuple[LiveTask, ...] = ()


def load(name_or_folder: str) -> Suite:
    """A suite that ships with Coroom, by name, or one of your own, by its folder.

    A suite is a folder of tasks; a task is a folder with `task.yaml` (title, brief, units, hidden, mutants), `hidden/`
    and, where there are any, `start/` and `reference/`. A folder that is itself a task is a suite of one.

    Raises:
        SuiteError: there is no such suite, or it cannot be used.
    """
    if name_or_folder in ON_LIVE_STATE:
        return Suite(name=name_or_folder, live={"office": OFFICE, "cluster": CLUSTER}[name_or_folder])
    if name_or_folder in SHIPPED:
        root = Path(str(resources.files("coroom.evaluate"))) / "suites" / name_or_folder
    else:
        root = Path(name_or_folder)
    if not root.is_dir():
        names = ", ".join((*SHIPPED, *ON_LIVE_STATE))
        message = f"there is no suite '{name_or_folder}': name one of {names}, or a folder of your own"
        raise SuiteError(message)
    folders = [root] if (root / "task.yaml").exists() else sorted(p.parent for p in root.glob("*/task.yaml"))
    if not folders:
        message = f"{root} holds no task: each is a folder with a task.yaml and a hidden/ folder of tests"
        raise SuiteError(message)
    return Suite(name=root.name, tasks=tuple(_task(folder) for folder in folders))


def contract_of(task: EvalTask) -> str:
    """The contract as the agents read it."""
    parts = [f"# {task.title}\n", task.brief.strip() + "\n"]
    for unit in task.units:
        after = f" (builds on {', '.join(unit.after)})" if unit.after else ""
        parts.append(
            f"## {unit.id}: {unit.title}{after}\n\nFiles: {', '.join(unit.files)}\n\n{unit.contract.strip()}\n"
        )
    return "\n".join(parts)


def _task(folder: Path) -> EvalTask:
    try:
        found = yaml.safe_load((folder / "task.yaml").read_text(encoding="utf-8"))
        hidden: dict[str, Any] = found["hidden"]
        units = tuple(_unit(entry, hidden.get(entry["id"], ())) for entry in found["units"])
        start, reference = _tree(folder / "start"), _tree(folder / "reference")
        task = EvalTask(
            id=folder.name,
            title=found["title"],
            brief=found.get("brief", ""),
            units=units,
            start=start,
            reference=reference,
            hidden={f"hidden/{path}": content for path, content in _tree(folder / "hidden").items()},
            mutants=tuple(
                Mutant(path=m["file"], old=m["old"], new=m["new"], why=m["why"]) for m in found.get("mutants", ())
            ),
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as problem:
        message = f"{folder / 'task.yaml'} is no task: {type(problem).__name__} {problem}"
        raise SuiteError(message) from problem
    _verify(task, folder)
    return _with_contract(task)


def _with_contract(task: EvalTask) -> EvalTask:
    packages = {Path(path).parts[0] for unit in task.units for path in unit.files if "/" in path}
    made = {f"{package}/__init__.py": b"" for package in packages} | {CONTRACT: contract_of(task).encode()}
    start = {**made, **task.start}
    return EvalTask(
        id=task.id,
        title=task.title,
        brief=task.brief,
        units=task.units,
        start=start,
        reference=task.reference,
        hidden=task.hidden,
        mutants=task.mutants,
    )


def _unit(entry: Mapping[str, Any], tests: Sequence[str]) -> Unit:
    return Unit(
        id=entry["id"],
        title=entry["title"],
        files=tuple(entry["files"]),
        contract=entry["contract"],
        after=tuple(entry.get("after", ())),
        tests=tuple(tests),
    )


def _verify(task: EvalTask, folder: Path) -> None:
    known: set[str] = set()
    for unit in task.units:
        if missing := [test for test in unit.tests if test not in task.hidden] or not unit.tests:
            what = f"names {missing[0]}, which is not there" if isinstance(missing, list) else "has no hidden test"
            message = f"{folder.name}: unit '{unit.id}' {what}; a unit without hidden tests cannot be scored"
            raise SuiteError(message)
        if unknown := set(unit.after) - known:
            message = f"{folder.name}: unit '{unit.id}' comes after {sorted(unknown)}, which is no unit above it"
            raise SuiteError(message)
        known.add(unit.id)
    for mutant in task.mutants:
        if task.reference.get(mutant.path, b"").decode().count(mutant.old) != 1:
            message = f"{folder.name}: the mutant '{mutant.why}' does not stand exactly once in {mutant.path}"
            raise SuiteError(message)


def _tree(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and not re.search(r"__pycache__|\.pyc$", str(p)))
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}
