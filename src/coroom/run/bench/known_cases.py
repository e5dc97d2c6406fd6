"""Cases whose fate is known: two changes of one program, what they became together, and whether that works."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

BASES = "bases"
"""Beside the folder of cases that only say what they change: the programs, a folder each."""

_TREES = ("base", "a", "b", "merged")


class BrokenCaseError(Exception):
    """A file says the fate of a case and does not hold the whole of it; the text names what is missing."""


def known_cases(data: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """The cases in a folder, by name: JSON with `label` and the trees `base`, `a`, `b` and `merged`, path to text.

    A case without `base` names its `project` instead, a folder of `bases` beside its own; its trees hold what differs
    from that, null where a file is gone. JSON without `label` is something else and passed over.

    Raises:
        BrokenCaseError: a case without one of its trees, or without its program; a file that is no JSON.
    """
    bases: dict[Path, dict[str, object]] = {}
    for path in sorted(data.glob("*.json")) or sorted(data.glob("*/*.json")):
        read = _read(path)
        if "label" not in read:
            continue
        if "base" not in read:
            read = _whole(read, _base(path, read, bases))
        missing = [name for name in _TREES if not isinstance(read.get(name), dict)]
        if missing:
            message = f"{path.name} has no {' and no '.join(missing)}: give each tree as an object of paths and texts."
            raise BrokenCaseError(message)
        yield path.stem, read


def _read(path: Path) -> dict[str, object]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        message = f"{path.name} cannot be read: {problem}."
        raise BrokenCaseError(message) from problem
    return read if isinstance(read, dict) else {}


def _base(path: Path, case: Mapping[str, object], bases: dict[Path, dict[str, object]]) -> dict[str, object]:
    program = path.parent.parent / BASES / str(case.get("project", ""))
    if "project" not in case or not program.is_dir():
        message = f"{path.name} has no base, and its project is no folder of {path.parent.parent / BASES}."
        raise BrokenCaseError(message)
    if program not in bases:
        bases[program] = _program(program)
    return bases[program]


def _program(folder: Path) -> dict[str, object]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _whole(case: Mapping[str, object], base: Mapping[str, object]) -> dict[str, object]:
    trees: dict[str, object] = {"base": base}
    for name in _TREES[1:]:
        changes = case.get(name)
        if isinstance(changes, dict):
            trees[name] = {path: text for path, text in {**base, **changes}.items() if text is not None}
    return {**case, **trees}
