"""Cases of two changes to one program, and their proof by execution."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from checks.semantic.projects import PROJECTS

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
    kind: str = field(default="")

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
        exec(compile(self._tree[path], path, "exec", dont_inherit=True), module.__dict__)


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
        except Exception:
            return False
    return True
