"""Cases of two changes to one program, and their proof by execution.

A file of cases is read line by line: `## name`, `project name`, then edits and tests. `ours path` or `theirs path`
begins an edit: lines with `-` are text of the file, lines with `+` what takes its place; without `-` the file is new.
`our test` and `their test` are followed by lines with `|`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from tests.checks.semantic.projects import PROJECTS

Edit = tuple[str, str, str]
"""A path, a text that is in it once, and what takes its place; an empty text for a file that is new."""


@dataclass(frozen=True)
class Case:
    """Two changes of one program. Each side alone passes its own test; `conflict` says that both together fail one."""

    name: str
    project: str
    conflict: bool
    ours: Sequence[Edit]
    theirs: Sequence[Edit]
    our_test: str
    their_test: str

    def trees(self) -> dict[str, dict[str, str]]:
        """Base, both sides and both together."""
        base = PROJECTS[self.project]
        ours, theirs = apply(base, self.ours), apply(base, self.theirs)
        return {
            "base": dict(base),
            "ours": ours,
            "theirs": theirs,
            "merged": apply(apply(base, self.ours), self.theirs),
        }


def cases_in(path: Path, *, conflict: bool) -> list[Case]:
    """The cases of a file."""
    return [_case(part, conflict=conflict) for part in path.read_text().split("\n## ")[1:]]


def _case(text: str, *, conflict: bool) -> Case:
    name, *lines = text.splitlines()
    edits: dict[str, list[Edit]] = {"ours": [], "theirs": []}
    tests: dict[str, list[str]] = {"our": [], "their": []}
    project, at = "", 0
    while at < len(lines):
        words = lines[at].split()
        at += 1
        taken: dict[str, list[str]] = {"-": [], "+": [], "|": []}
        while at < len(lines) and lines[at][:1] in taken:
            taken[lines[at][0]].append(lines[at][1:])
            at += 1
        if words[:1] == ["project"]:
            project = words[1]
        elif words[1:] == ["test"]:
            tests[words[0]] = taken["|"]
        elif words:
            edits[words[0]].append((words[1], "\n".join(taken["-"]), "\n".join(taken["+"])))
    ours, theirs = ("\n".join(tests[side]) for side in ("our", "their"))
    return Case(name, project, conflict, edits["ours"], edits["theirs"], ours, theirs)


def apply(tree: Mapping[str, str], edits: Sequence[Edit]) -> dict[str, str]:
    """The tree with the edits made."""
    made = dict(tree)
    for path, old, new in edits:
        if not old:
            assert path not in made, path
            made[path] = new
            continue
        assert made[path].count(old) >= 1, (path, old)
        made[path] = made[path].replace(old, new, 1)
    return made


class _Sources(MetaPathFinder, Loader):
    def __init__(self, tree: Mapping[str, str]) -> None:
        self._tree = tree

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if f"{name}.py" in self._tree else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        path = f"{module.__name__}.py"
        exec(_compiled(self._tree[path], path), module.__dict__)


@lru_cache(maxsize=1024)
def _compiled(text: str, path: str) -> CodeType:
    """Most files of most cases are those of their project."""
    return compile(text, path, "exec", dont_inherit=True)


@contextmanager
def _importing(tree: Mapping[str, str]) -> Iterator[None]:
    finder = _Sources(tree)
    names = [path.removesuffix(".py") for path in tree]
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def passes(tree: Mapping[str, str], test: str) -> bool:
    """Whether a test passes in a tree."""
    with _importing(tree):
        try:
            exec(compile(test, "test", "exec", dont_inherit=True), {"__name__": "test"})
        except Exception:  # noqa: BLE001 - whatever a test raises is a failure
            return False
    return True


def script_results(clients_path: str, runs: Sequence[tuple[Mapping[str, str], str]]) -> list[str]:
    """What each test of a tree of TypeScript ends with, all of them in one process: nothing, or the error."""
    told = subprocess.run(
        ["node", "--no-warnings", "--experimental-vm-modules", Path(__file__).with_name("run_scripts.mjs")],
        input=json.dumps([{"tree": dict(tree), "test": test} for tree, test in runs]),
        env={"PATH": clients_path},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[str] = json.loads(told.stdout)
    return found


def wrong_trees(
    home: Path, place: Path, trees: Mapping[tuple[int, str], Mapping[str, str]]
) -> frozenset[tuple[int, str]]:
    """The trees of TypeScript that the compiler in a folder of modules does not take when it is strict."""
    for (number, name), tree in trees.items():
        for path, text in tree.items():
            file = place / f"{number}" / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    options = {
        "strict": True, "noEmit": True, "target": "es2022", "lib": ["es2023"], "skipLibCheck": True,
        "module": "preserve", "moduleResolution": "bundler", "types": [],
    }  # fmt: skip
    (place / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["**/*.ts"]}))
    told = subprocess.run(
        ["node", home / "node_modules/typescript/bin/tsc", "-p", "."],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    lines = [line for line in told.stdout.splitlines() if ": error TS" in line]
    assert all(line[0].isdecimal() for line in lines), told.stdout[:2000]
    return frozenset((int(number), name) for number, name, *_ in (line.split("/") for line in lines))
