"""Suites by name or folder: those that ship, one of your own, and the public data of others."""

import runpy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from coroom.evaluate.cooperbench import is_data, load_cooperbench
from coroom.evaluate.eval_task import (
    CONTRACT,
    Change,
    EvalTask,
    Mutant,
    SuiteError,
    Tree,
    Unit,
    contract_of,
    laid_together,
    tree_of,
)
from coroom.evaluate.live.cluster import CLUSTER
from coroom.evaluate.live.office import OFFICE
from coroom.evaluate.live.task import LiveTask
from coroom.evaluate.yours import FILE, load_yours

__all__ = [
    "CONTRACT",
    "ON_LIVE_STATE",
    "SHIPPED",
    "EvalTask",
    "Mutant",
    "Suite",
    "SuiteError",
    "Tree",
    "Unit",
    "contract_of",
    "load",
]

SHIPPED = ("six", "ledger", "races")
"""Suites of files that come with Coroom."""

ON_LIVE_STATE = ("office", "cluster")
"""Suites of rows and objects, which are changed through a room's tools."""


_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where PyYAML was built with it, takes a tenth of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Tasks under a name: of files, or (`live`) on live state."""

    name: str
    tasks: tuple[EvalTask, ...] = ()
    live: tuple[LiveTask, ...] = ()


def load(name_or_folder: str) -> Suite:
    """A suite that ships with Coroom, by name, or one of your own, by its folder; `six/pomodoro` is one task of a suite
    that ships.

    A folder with `suite.yaml` is a repository of your own with a task list and a test command (`yours`). A folder of
    CooperBench's data is that suite; `cooperbench:FOLDER#SUBSET` names one of its lists. Else a suite is a folder of
    tasks; a task is a folder with `task.yaml` (title, brief, units, hidden, mutants), `hidden/` and, where there are
    any, `start/` and `reference/`. A folder that is itself a task is a suite of one.

    Raises:
        SuiteError: there is no such suite, or it cannot be used.
    """
    whole, _, one = name_or_folder.partition("/")
    if one and whole in {*SHIPPED, *ON_LIVE_STATE}:
        return _only(load(whole), one)
    if name_or_folder in ON_LIVE_STATE:
        return Suite(name=name_or_folder, live={"office": OFFICE, "cluster": CLUSTER}[name_or_folder])
    named, _, subset = name_or_folder.removeprefix("cooperbench:").partition("#")
    if name_or_folder in SHIPPED:
        root = Path(str(resources.files("coroom.evaluate"))) / "suites" / name_or_folder
    else:
        root = Path(named)
    if not root.is_dir() and name_or_folder.startswith("cooperbench:"):
        raise SuiteError(f"there is no folder {root}: name CooperBench's dataset/ folder, or a task of it")
    if not root.is_dir():
        names = ", ".join((*SHIPPED, *ON_LIVE_STATE))
        message = f"there is no suite '{name_or_folder}': name one of {names}, or a folder of your own"
        raise SuiteError(message)
    if (root / FILE).exists():
        return Suite(name=root.resolve().name, tasks=(load_yours(root),))
    if is_data(root) or name_or_folder.startswith("cooperbench:"):
        return Suite(name="cooperbench", tasks=load_cooperbench(root, subset))
    folders = [root] if (root / "task.yaml").exists() else sorted(p.parent for p in root.glob("*/task.yaml"))
    if not folders:
        message = (
            f"{root} holds no task: a suite of your own has suite.yaml (tasks, repository, test), "
            f"or folders with a task.yaml and a hidden/ folder of tests"
        )
        raise SuiteError(message)
    return Suite(name=root.name, tasks=tuple(_task(folder) for folder in folders))


def _only(suite: Suite, task: str) -> Suite:
    known = [*(one.id for one in suite.tasks), *(one.id for one in suite.live)]
    if task not in known:
        message = f"{suite.name} has no task '{task}': there are {', '.join(known)}"
        raise SuiteError(message)
    tasks = tuple(one for one in suite.tasks if one.id == task)
    return replace(suite, tasks=tasks, live=tuple(one for one in suite.live if one.id == task))


def _task(folder: Path) -> EvalTask:
    try:
        found = yaml.load((folder / "task.yaml").read_text(encoding="utf-8"), Loader=_SAFE)  # noqa: S506 - it is one of the safe ones
        hidden: dict[str, Any] = found["hidden"]
        units = tuple(_unit(entry, hidden.get(entry["id"], ())) for entry in found["units"])
        start, reference = tree_of(folder / "start"), tree_of(folder / "reference")
        task = EvalTask(
            id=folder.name,
            title=found["title"],
            brief=found.get("brief", ""),
            units=units,
            start=start,
            reference=reference,
            hidden={f"hidden/{path}": content for path, content in tree_of(folder / "hidden").items()},
            mutants=tuple(
                Mutant(path=m["file"], old=m["old"], new=m["new"], why=m["why"]) for m in found.get("mutants", ())
            ),
            change=_change(folder / "change.py"),
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as problem:
        message = f"{folder / 'task.yaml'} is no task: {type(problem).__name__} {problem}"
        raise SuiteError(message) from problem
    _verify(task, folder)
    return laid_together(task)


def _change(path: Path) -> Change | None:
    """What `change.py` of a task's folder does, if there is one; the folder's own code, as its hidden tests are."""
    if not path.exists():
        return None
    change = runpy.run_path(str(path))["change"]

    def of_bytes(unit: str, tree: Tree) -> Mapping[str, bytes]:
        texts = {name: content.decode(errors="replace") for name, content in tree.items()}
        return {name: str(text).encode() for name, text in change(unit, texts).items()}

    return of_bytes


def _unit(entry: Mapping[str, Any], tests: Sequence[str]) -> Unit:
    return Unit(
        id=entry["id"],
        title=entry["title"],
        files=tuple(entry["files"]),
        contract=entry["contract"],
        after=tuple(entry.get("after", ())),
        tests=tuple(tests),
        reads=tuple(entry.get("reads", ())),
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
