"""The project's own type checker: what it says of the merged tree and of neither side."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zlib import crc32

from coroom.checks.engine import CannotRunError
from coroom.checks.finding import Finding
from coroom.core.quick import dataclass

if TYPE_CHECKING:
    from coroom.checks.sides import Four

TIMEOUT_S = 300.0
"""A checker that takes longer for one tree is stopped, and that is told."""

CHECKERS = ("mypy", "pyright", "tsc")

CONFIGURATIONS = frozenset(
    {"pyproject.toml", "setup.cfg", "mypy.ini", ".mypy.ini", "pyrightconfig.json", "tsconfig.json", "package.json"}
)
"""Files that say how types are checked."""

_SHOWN = re.compile(
    r"^(?P<path>[^:(\n]+)[:(](?P<line>\d+)[^:]*?\)?: ?(?:\d+: )?(?P<level>error|warning)?:? ?(?P<text>.*)$"
)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint; `line` is no part of what makes two of them the same."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class TypeChecker:
    """The check. `wanted` is a checker's name, or `auto` for the one that the project is set up for."""

    wanted: str
    home: Path
    name: str = "type checker"
    fast: bool = False

    def findings(self, four: "Four") -> Iterator[Finding]:
        """The diagnostics of the merged tree that neither side has.

        Raises:
            CannotRunError: there is no checker, it fails, or it takes too long.
        """
        names = [self.wanted] if self.wanted != "auto" else configured(four.merged.texts)
        if not names:
            raise CannotRunError("the project is set up for none of mypy, pyright and tsc; name one with --types")
        for name in names:
            for each in _new(four, name, _command(name, self.home)):
                yield Finding(
                    kind="type-error", path=each.path, line=each.line, symbol=name, confidence=0.96,
                    message=f"{name}: {each.text}", ours=_near(four, 0, each), theirs=_near(four, 1, each),
                )  # fmt: skip


def _new(four: "Four", name: str, argv: list[str]) -> Iterator[Diagnostic]:
    """What a checker says of the merged tree and of neither side. What it keeps of files and libraries that do not
    change from tree to tree it works out once for all three.
    """
    with TemporaryDirectory(prefix="coroom-types-") as kept:
        known: Counter[tuple[str, str]] = Counter()
        for side in four.sides:
            known |= Counter((each.path, each.text) for each in _run(name, argv, side.tree.texts, kept))
        for each in _run(name, argv, four.merged.texts, kept):
            if known[each.path, each.text] > 0:
                known[each.path, each.text] -= 1
                continue
            yield each


def _near(four: "Four", place: int, each: Diagnostic) -> tuple[str, ...]:
    side = four.sides[place]
    return (f"{each.path}:{each.line}",) if each.path in side.paths else tuple(f"{path}:1" for path in side.paths[:3])


def configured(texts: Mapping[str, bytes]) -> list[str]:
    """The checkers that a tree is set up for."""
    project = texts.get("pyproject.toml", b"")
    told = {
        "mypy": b"[tool.mypy" in project
        or b"[mypy" in texts.get("setup.cfg", b"")
        or bool({"mypy.ini", ".mypy.ini"} & texts.keys()),
        "pyright": b"[tool.pyright" in project or "pyrightconfig.json" in texts,
        "tsc": "tsconfig.json" in texts,
    }
    return [name for name, is_so in told.items() if is_so]


def _command(name: str, home: Path) -> list[str]:
    places = [home / "node_modules/.bin" / name, home / ".venv/bin" / name, home / "venv/bin" / name]
    found = next((str(each) for each in places if each.exists()), shutil.which(name))
    if found is None and name == "mypy" and find_spec("mypy") is not None:
        return [sys.executable, "-m", "mypy"]
    if found is None:
        raise CannotRunError(f"there is no {name} in the project or on the path; install it or leave --types out")
    return [found]


def _run(name: str, argv: list[str], texts: Mapping[str, bytes], kept: str) -> list[Diagnostic]:
    with TemporaryDirectory(prefix="coroom-types-") as place:
        for path, text in texts.items():
            target = Path(place, path)
            if ".." in target.parts or Path(path).is_absolute():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
            # What mypy keeps of a file it takes for true while size and second of writing stay the same.
            age_s = crc32(text)
            os.utime(target, (age_s, age_s))
        extra = _ARGUMENTS[name](kept, texts)
        try:
            done = subprocess.run(
                [*argv, *extra], cwd=place, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise CannotRunError(f"{name} took longer than {TIMEOUT_S:g} s for one tree") from late
        except OSError as fault:
            raise CannotRunError(f"{name} cannot be started: {fault.strerror}") from fault
        found = list(_read(name, done.stdout, place))
        if done.returncode not in {0, 1, 2} or (done.returncode and not found):
            said = (done.stderr or done.stdout).strip().splitlines()
            raise CannotRunError(
                f"{name} failed with exit code {done.returncode}: {said[-1] if said else 'it said nothing'}"
            )
        return found


_ARGUMENTS: Mapping[str, Callable[[str, Mapping[str, bytes]], list[str]]] = {
    "mypy": lambda kept, texts: [
        "--no-error-summary", "--no-color-output", "--hide-error-context", "--no-pretty", "--explicit-package-bases",
        "--ignore-missing-imports", "--cache-dir", kept,
        *([] if "mypy" in configured(texts) else ["--check-untyped-defs"]), ".",
    ],
    "pyright": lambda kept, texts: ["--outputjson"],  # noqa: ARG005 - one signature for all
    "tsc": lambda kept, texts: ["--noEmit", "--pretty", "false", *_scripts(texts)],  # noqa: ARG005
}  # fmt: skip


def _scripts(texts: Mapping[str, bytes]) -> list[str]:
    if "tsconfig.json" in texts:
        return []
    return ["--strict", "--target", "es2022", *sorted(path for path in texts if path.endswith((".ts", ".tsx")))]


def _read(name: str, out: str, place: str) -> Iterator[Diagnostic]:
    if name == "pyright":
        try:
            listed = json.loads(out or "{}").get("generalDiagnostics", [])
        except ValueError as fault:
            raise CannotRunError(f"pyright gave no JSON: {fault}") from fault
        for each in listed:
            if each.get("severity") == "error":
                path = str(each.get("file", "")).removeprefix(f"{place}/")
                yield Diagnostic(path, int(each["range"]["start"]["line"]) + 1, str(each.get("message", "")))
        return
    for line in out.splitlines():
        match = _SHOWN.match(line.strip())
        if match is not None and (match["level"] == "error" or name == "tsc"):
            yield Diagnostic(match["path"].removeprefix("./"), int(match["line"]), match["text"])
