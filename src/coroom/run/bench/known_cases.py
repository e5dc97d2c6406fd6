"""Cases whose fate is known: two changes of one program, what they became together, and whether that works."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

BASES = "bases"
"""Beside the folder of cases that only say what they change: the programs, a folder each."""

_TREES = ("base", "a", "b", "merged")


def known_cases(data: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """The cases in a folder, by name: JSON with `label` and the trees `base`, `a`, `b` and `merged`, path to text.

    A case without `base` names its `project` instead, a folder of `bases` beside its own; its trees hold what differs
    from that, null where a file is gone.
    """
    bases: dict[Path, dict[str, object]] = {}
    for path in sorted(data.glob("*.json")) or sorted(data.glob("*/*.json")):
        case = _case(path, bases)
        if case is not None:
            yield path.stem, case


def _case(path: Path, bases: dict[Path, dict[str, object]]) -> dict[str, object] | None:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(read, dict) and "base" not in read and isinstance(read.get("project"), str):
            program = path.parent.parent / BASES / read["project"]
            if program not in bases:
                bases[program] = _program(program)
            read = _whole(read, bases[program])
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) and {*_TREES, "label"} <= read.keys() else None


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
