"""How a repository is tested: the command that was given, or what the files of its tree say."""

import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

CONFIG_BYTES_MAX = 1 << 20
"""What says how a project is tested is small."""

BARE_TESTS = (
    "test_*.py",
    "*_test.py",
    *(f"{place}/{name}" for place in ("tests", "test") for name in ("test_*.py", "*_test.py")),
)
"""What pytest collects, one directory deep."""


@dataclass(frozen=True, slots=True)
class SuiteCommand:
    """What runs the tests, why we think so, and what it needs in its environment."""

    argv: tuple[str, ...]
    reason: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The command as one would type it."""
        if self.argv[:2] == ("/bin/sh", "-c"):
            return self.argv[2]
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class NoCommand:
    """Nothing says how this tree is tested."""

    why: str
    next_step: str


def find_command(tree: Path, explicit: str = "", checkout: Path | None = None) -> SuiteCommand | NoCommand:
    """The command that tests `tree`: the explicit one, else what the files of the tree say.

    Args:
        tree: a checked-out tree.
        explicit: a line for the shell, as its user would type it.
        checkout: the user's own checkout, whose virtual environment has what the tests import.
    """
    if explicit.strip():
        return SuiteCommand(("/bin/sh", "-c", explicit.strip()), "it was given", _environment(tree))
    for guess in (
        _make,
        _tox,
        partial(_python, checkout=checkout),
        _node,
        _go,
        _cargo,
        partial(_bare_python, checkout=checkout),
    ):
        found = guess(tree)
        if found:
            return found
    return NoCommand(
        "Nothing in the repository says how it is tested.",
        "Give the command, as in --test 'python -m pytest -q'; --test true lands without tests.",
    )


def _make(tree: Path) -> SuiteCommand | None:
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if re.search(r"^test\s*:(?!=)", _text(tree / name), re.MULTILINE):
            return SuiteCommand(("make", "test"), f"{name} has the target test", _environment(tree))
    return None


def _tox(tree: Path) -> SuiteCommand | None:
    told = (tree / "tox.ini").exists() or "[tool.tox" in _text(tree / "pyproject.toml")
    if told and shutil.which("tox"):
        return SuiteCommand(("tox",), "the repository is set up for tox", _environment(tree))
    return None


def _python(tree: Path, checkout: Path | None) -> SuiteCommand | None:
    if not _is_python(tree):
        return None
    try:
        tools = tomllib.loads(_text(tree / "pyproject.toml")).get("tool", {})
    except tomllib.TOMLDecodeError:
        tools = {}
    told = "pytest" in tools or (tree / "pytest.ini").exists() or (tree / "conftest.py").exists()
    tests = [name for name in ("tests", "test", "testing") if (tree / name).is_dir()]
    if not told and not tests and not any(tree.glob("test_*.py")):
        return None
    reason = "pytest is configured" if told else f"there is {tests[0]}/" if tests else "there are test_*.py"
    return _pytest(tree, reason, checkout)


def _bare_python(tree: Path, checkout: Path | None) -> SuiteCommand | None:
    """Tests that pytest would find in a tree that says nothing about Python but by having them."""
    found = next((one for name in BARE_TESTS for one in tree.glob(name) if one.is_file()), None)
    return _pytest(tree, f"there is {found.relative_to(tree)}", checkout) if found else None


def _pytest(tree: Path, reason: str, checkout: Path | None) -> SuiteCommand:
    places = [checkout / name / "bin/python" for name in (".venv", "venv")] if checkout else []
    python = next((str(place) for place in places if place.exists()), "python3")
    return SuiteCommand((python, "-m", "pytest", "-q"), reason, _environment(tree))


def _node(tree: Path) -> SuiteCommand | None:
    try:
        package = json.loads(_text(tree / "package.json") or "{}")
    except ValueError:
        return None
    scripts = package.get("scripts") if isinstance(package, dict) else None
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(script, str) or "no test specified" in script:
        return None
    return SuiteCommand(("npm", "test", "--silent"), "package.json has the script test", _environment(tree))


def _go(tree: Path) -> SuiteCommand | None:
    return SuiteCommand(("go", "test", "./..."), "there is go.mod") if (tree / "go.mod").exists() else None


def _cargo(tree: Path) -> SuiteCommand | None:
    return SuiteCommand(("cargo", "test", "--quiet"), "there is Cargo.toml") if (tree / "Cargo.toml").exists() else None


def _text(path: Path) -> str:
    """The beginning of a plain file: an agent may have put a link to an endless device there."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(CONFIG_BYTES_MAX).decode("utf-8", "replace")


def _is_python(tree: Path) -> bool:
    return any((tree / name).exists() for name in ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini"))


def _environment(tree: Path) -> dict[str, str]:
    """An installed copy of the package, as in somebody's virtual environment, must not be what is tested."""
    if not _is_python(tree) and not any(any(tree.glob(name)) for name in BARE_TESTS):
        return {}
    places = [str(place) for place in (tree / "src", tree) if place.is_dir()]
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([*places, *([before] if before else [])])}
