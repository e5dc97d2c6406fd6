"""Which tests a change may affect, so that those run first. For speed only: what lands has passed the whole suite."""

import ast
import os
import re
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from coroom.checks.program import INSTALLED

FILES_MAX = 5_000
"""Looking through more costs more than it saves."""

FILE_BYTES_MAX = 4 << 20
"""A program of more was made by a program."""

_TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
"""What pytest collects. `is_test` is wider: it also takes what tests are made with."""

_SKIPPED = INSTALLED | {"build", "dist"}


def affected_tests(tree: Path, changed: Collection[str]) -> list[str]:
    """The test files that import what has changed, directly or through others, and those that have its name.

    Args:
        tree: a checkout.
        changed: paths in it, which may be gone.

    Returns:
        Paths of Python test files, sorted; none when the change touches nothing that a test is known to use.
    """
    files = list(_python_files(tree))
    if len(files) > FILES_MAX:
        return []
    importers = _importers(tree, files)
    reached, ahead = set(changed), deque(changed)
    while ahead:
        for path in importers.get(ahead.popleft(), ()):
            if path not in reached:
                reached.add(path)
                ahead.append(path)
    stems = {PurePosixPath(path).stem for path in changed} - {"__init__", "conftest"}
    named = {path for path in files if _subject(path) in stems}
    return sorted(path for path in {*reached, *named} if _TEST_FILE.search(path) and (tree / path).is_file())


def _python_files(tree: Path) -> Iterator[str]:
    for directory, names, files in os.walk(tree):
        names[:] = [name for name in names if name not in _SKIPPED and not name.startswith(".")]
        for name in files:
            if name.endswith(".py"):
                yield os.path.relpath(os.path.join(directory, name), tree).replace(os.sep, "/")


def _subject(path: str) -> str:
    stem = PurePosixPath(path).stem
    return stem.removeprefix("test_").removesuffix("_test") if _TEST_FILE.search(path) else ""


def _importers(tree: Path, files: Collection[str]) -> Mapping[str, set[str]]:
    """Who imports each file. A module is known by every tail of its path, since roots of packages are not told."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for path in files:
        parts = path.removesuffix(".py").split("/")
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        for start in range(len(parts)):
            by_name[".".join(parts[start:])].add(path)
    importers: dict[str, set[str]] = defaultdict(set)
    for path in files:
        for name in _imported(tree / path, path):
            for target in by_name.get(name, ()):
                if target != path:
                    importers[target].add(path)
        if path.endswith("/conftest.py") or path == "conftest.py":
            below = path.removesuffix("conftest.py")
            importers[path] |= {one for one in files if one.startswith(below) and _TEST_FILE.search(one)}
    return importers


def _imported(file: Path, path: str) -> Iterator[str]:
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > FILE_BYTES_MAX:
            return
        module = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _prefixes(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = path.split("/")[: -node.level]
                base = ".".join([*above, *([base] if base else [])])
            yield from _prefixes(base)
            for alias in node.names:
                yield f"{base}.{alias.name}" if base else alias.name


def _prefixes(name: str) -> Iterator[str]:
    """Importing a.b also runs a."""
    parts = name.split(".") if name else []
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])
