"""The score of a tree: what share of each unit's hidden tests passes, found by running them."""

import ast
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from coroom.evaluate.commands import CommandError, counted
from coroom.evaluate.eval_task import EvalTask, Tree, Unit

WITHIN_S = 60.0
"""What the hidden tests of one unit may take; code that never ends has not passed."""


class GradingError(Exception):
    """The grader itself failed: an infrastructure failure, never a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Passed and existing hidden tests by unit. A unit's file that cannot be imported passes none of its tests."""

    units: Mapping[str, tuple[int, int]]

    @property
    def score(self) -> float:
        """The mean over units of the share that passes: 1.0 is everything."""
        shares = [passed / total for passed, total in self.units.values()]
        return sum(shares) / len(shares)

    @property
    def whole(self) -> bool:
        """Whether every test of every unit passes."""
        return all(passed == total for passed, total in self.units.values())


class Grader:
    """Runs hidden tests in a process that has pytest loaded and forks for each unit; remembers what it has seen.

    Args:
        cache: where grades are kept between runs; two processes may share it.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        cache.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, int] = {}
        self._counts: dict[str, tuple[int, int]] = {}
        self._totals: dict[tuple[str, str], int] = {}
        self._tasks: dict[int, tuple[EvalTask, str]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _value: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    def grade(self, task: EvalTask, tree: Tree) -> Grade:
        """Grade a tree, without what it may hold below `hidden/`.

        Raises:
            GradingError: the reference itself could not be counted, or the grader died.
        """
        return Grade(units={unit.id: self.grade_unit(task, unit, tree) for unit in task.units})

    def grade_unit(self, task: EvalTask, unit: Unit, tree: Tree) -> tuple[int, int]:
        """Passed and existing hidden tests of one unit.

        Raises:
            GradingError: the reference itself could not be counted, or the grader died.
        """
        if unit.id in task.commands:
            return self._by_command(task, unit, tree)
        total = self._total(task, unit)
        if not total:
            message = f"the reference of {task.id} passes no test of unit {unit.id}: its hidden tests are no measure"
            raise GradingError(message)
        mine = {path: content for path, content in tree.items() if not path.startswith("hidden/")}
        return min(self._passed(task, unit, mine), total), total

    def ready(self, task: EvalTask) -> None:
        """See that the hidden tests are a measure, before anybody is paid for work on them.

        Raises:
            GradingError: there are none, or the reference does not pass them.
        """
        for unit in task.units:
            self.grade_unit(task, unit, task.solved())

    def _total(self, task: EvalTask, unit: Unit) -> int:
        """What the reference passes, looked up once."""
        key = self._fingerprint(task), unit.id
        if key not in self._totals:
            self._totals[key] = self._passed(task, unit, task.solved())
        return self._totals[key]

    def _fingerprint(self, task: EvalTask) -> str:
        known = self._tasks.get(id(task))
        if known is None or known[0] is not task:
            known = self._tasks[id(task)] = task, task.fingerprint
        return known[1]

    def _by_command(self, task: EvalTask, unit: Unit, tree: Tree) -> tuple[int, int]:
        """As many tests as the reference passes are what there is to pass; without one, as many as were run."""
        found = self._counted(task, unit, tree)
        if not task.reference:
            if not self._counted(task, unit, task.start)[1]:
                words = " ".join(task.commands[unit.id].words)
                message = (
                    f"'{words}' finds no test for unit {unit.id} of {task.id}: put tests into the repository, or "
                    "into a folder that `hidden` names in suite.yaml"
                )
                raise GradingError(message)
            return found if found[1] else (0, 1)
        total, ran = self._counted(task, unit, task.solved())
        if total < ran or not total:
            message = (
                f"the reference of {task.id} passes {total} of {ran} tests of unit {unit.id}: "
                f"its tests are no measure, or what they need is not installed"
            )
            raise GradingError(message)
        return min(found[0], total), total

    def _counted(self, task: EvalTask, unit: Unit, tree: Tree) -> tuple[int, int]:
        key = _key(self._fingerprint(task), unit, tree)
        if key not in self._counts:
            kept = self._cache / key[:2] / key
            try:
                passed, total = map(int, kept.read_text(encoding="ascii").split())
            except (OSError, ValueError):
                try:
                    passed, total = counted(task.commands[unit.id], tree, task.hidden)
                except CommandError as problem:
                    raise GradingError(str(problem)) from problem
                _keep(kept, f"{passed} {total}")
            self._counts[key] = passed, total
        return self._counts[key]

    def close(self) -> None:
        """End the grader's process."""
        process, self._process = self._process, None
        if process and process.stdin and process.stdout:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()

    def _passed(self, task: EvalTask, unit: Unit, tree: Tree) -> int:
        # Who shares files reads them in more ways than by importing them.
        needed = tree if task.change else _needed(tree, task.hidden, unit.tests)
        key = _key(self._fingerprint(task), unit, needed)
        if key not in self._known:
            try:
                self._known[key] = int((self._cache / key[:2] / key).read_text(encoding="ascii"))
            except (OSError, ValueError):
                # What goes by the whole tree anyway is run at once.
                for one, passed in self._ran(task, task.units if task.change else (unit,), tree):
                    known = _key(self._fingerprint(task), one, needed)
                    self._known[known] = passed
                    _keep(self._cache / known[:2] / known, str(passed))
        return self._known[key]

    def _ran(self, task: EvalTask, units: Sequence[Unit], tree: Tree) -> Iterable[tuple[Unit, int]]:
        """What passes of each unit; where they do not come to an end together, each by itself."""
        found = self._run({**tree, **task.hidden}, [unit.tests for unit in units])
        if len(found) == len(units):
            return zip(units, found, strict=True)
        if len(units) == 1:
            return ((units[0], 0),)
        return (pair for unit in units for pair in self._ran(task, (unit,), tree))

    def _run(self, tree: Tree, groups: Sequence[Iterable[str]]) -> list[int]:
        folder = self._started()
        for path, content in tree.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return list(map(int, self._ask({"groups": list(map(list, groups)), "within_s": WITHIN_S}).split()))

    def _started(self) -> Path:
        """Where the process that runs hidden tests wants the tree of the next job; it is started if it does not run."""
        if self._process is None:
            kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME", "TMPDIR") if name in os.environ}
            once = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            self._process = subprocess.Popen(  # the interpreter that runs us, with nothing of our secrets
                [sys.executable, "-m", "coroom.evaluate.hidden_tests"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**kept, **once},
            )
            self._folder = Path(self._answer(self._process))
        return self._folder

    def _ask(self, job: Mapping[str, object]) -> str:
        process = self._process
        assert process
        assert process.stdin
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        return self._answer(process)

    def _answer(self, process: "subprocess.Popen[bytes]") -> str:
        assert process.stdout
        limit = time.monotonic() + WITHIN_S + 30
        while not select.select([process.stdout], [], [], 1)[0]:
            if process.poll() is not None or time.monotonic() > limit:
                break
        answer = process.stdout.readline() if process.poll() is None else b""
        if not answer:
            process.kill()
            self.close()
            message = "the process that runs hidden tests has died"
            raise GradingError(message)
        return os.fsdecode(answer).strip("\n")


def _keep(place: Path, text: str) -> None:
    place.parent.mkdir(exist_ok=True)
    fresh = place.with_suffix(f".{os.getpid()}")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(place)


def _key(fingerprint: str, unit: Unit, needed: Mapping[str, bytes]) -> str:
    digest = sha256(f"{fingerprint} {unit.id}".encode())
    for path in sorted(needed):
        digest.update(path.encode() + b"\0" + sha256(needed[path]).digest())
    return digest.hexdigest()[:40]


def _needed(tree: Tree, hidden: Tree, tests: Iterable[str]) -> dict[str, bytes]:
    """The files that tests can reach by import statements, also through the hidden files that they share; everything
    when one of them does not parse.
    """
    beside = {path.removeprefix("hidden/"): content for path, content in hidden.items()}
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    waiting = [hidden[test] for test in tests]
    while waiting:
        modules = _imports(waiting.pop())
        if modules is None:
            return dict(tree)
        for module in modules - seen:
            seen.add(module)
            name = module.replace(".", "/")
            for path in (f"{name}.py", f"{name}/__init__.py"):
                waiting += [source[path] for source in (tree, beside) if path in source]
                if path in tree:
                    found[path] = tree[path]
    return found


@lru_cache(maxsize=4096)
def _imports(source: bytes) -> frozenset[str] | None:
    """Every module that a text names in imports, with those above it; None when it does not parse."""
    try:
        parsed = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2))
