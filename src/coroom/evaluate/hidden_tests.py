"""The process that runs hidden tests: loads pytest once, then forks for each job that comes on standard input.

A job is one JSON line, {"folder", "groups", "within_s"}, each group a list of test files; the answer is one line with
how many tests of each group passed, empty when they did not come to an end. The child has its own process group, so
that whatever the code under test has started ends with it.

The code under test runs where its tests run, so what the child says is not taken for it. This process, which never
imports that code, adds controls: tests of names that nobody knows before, which cannot pass. It counts what passed by
itself, and counts nothing of a child that does not say of every control that it failed. So code that makes tests pass,
ends the process, writes the answer itself or puts other tests in the place of the hidden ones gains nothing. Code that
knows of the controls can still lie: their names have a form, and stand in their file and in the process's memory.
"""

import gc
import json
import os
import secrets
import select
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NoReturn

import pytest

from coroom.processes.groups import kill_group

_WITHOUT = (
    # These collect all garbage at the end, to tell of warnings that nobody reads here.
    *("unraisableexception", "threadexception"),
    # These do nothing here and are set up for each run.
    *("cacheprovider", "doctest", "faulthandler", "junitxml", "legacypath", "logging", "pastebin"),
    *("setuponly", "setupplan", "stepwise"),
)
_OPTIONS = (
    "-q",
    "--assert=plain",
    "--tb=no",
    *(part for name in _WITHOUT for part in ("-p", f"no:{name}")),
    "--confcutdir=hidden",
    "-c",
    "/dev/null",
    "--rootdir=.",
    "-W",
    "ignore",
)
"""Nothing of the graded tree configures its own test: no ini file, no conftest above the hidden folder."""


_CONTROLS = """
import unittest

class {name}(unittest.TestCase):
    def test_{name}(self):
        raise AssertionError
"""
_CONTROL = """
def test_{name}():
    assert "{name}" == ""
"""


class _Reports:
    """What became of each test: whether it passed."""

    def __init__(self) -> None:
        self.passed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.passed[report.nodeid] = report.passed

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        # Nobody reads what it says, and of a file that cannot be imported it parses every source on the way.
        config.pluginmanager.unregister(name="terminalreporter")


def main() -> None:
    """Answer jobs until the input ends."""
    _warm_up()
    for line in sys.stdin:
        answer = _forked(json.loads(line))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _warm_up() -> None:
    """Load what pytest loads when it first runs, and leave all that there is alone: no child has to do either again."""
    # Whatever `--tb` says, pytest writes out what has failed, for which it parses each source on the way.
    pytest.ExceptionInfo.getrepr = lambda *_args, **_named: ""  # type: ignore[method-assign,assignment]
    said, here = os.dup(1), Path.cwd()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    with tempfile.TemporaryDirectory(prefix="coroom-grade-") as folder:
        test = Path(folder) / "hidden" / "test_nothing.py"
        test.parent.mkdir()
        test.write_text("def test_nothing(tmp_path, capsys, monkeypatch):\n    pass\n")
        os.chdir(folder)
        pytest.main([*_OPTIONS, "hidden/test_nothing.py"])
        os.chdir(here)
    sys.stdout.flush()
    os.dup2(said, 1)
    os.close(said)
    os.close(silence)
    sys.modules.pop("test_nothing", None)
    gc.freeze()


def _forked(job: Mapping[str, Any]) -> str:
    asked, controls = _with_controls(job)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _child(os.path.realpath(job["folder"]), asked, writer)
    os.close(writer)
    line = _line(reader, job["within_s"])
    os.close(reader)
    kill_group(child)
    # Before it leads a group of its own, it is in none that could be ended.
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return _counted(line, job["groups"], controls)


def _with_controls(job: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What pytest is to run, with a control after each file of tests; and the controls alone."""
    tests = list(dict.fromkeys(test for group in job["groups"] for test in group))
    names = [f"x{secrets.token_hex(8)}" for _ in range(len(tests) + 1)]
    file = f"hidden/test_{names[0]}.py"
    text = _CONTROLS.format(name=names[0]) + "".join(_CONTROL.format(name=name) for name in names[1:])
    (Path(job["folder"]) / file).write_text(text, encoding="ascii")
    controls = [f"{file}::test_{name}" for name in names[1:]]
    last = f"{file}::{names[0]}::test_{names[0]}"
    return [*(one for pair in zip(tests, controls, strict=True) for one in pair), last], [*controls, last]


def _counted(line: bytes, groups: Sequence[Sequence[str]], controls: Sequence[str]) -> str:
    """How many tests of each group passed; nothing where a control has not failed."""
    try:
        passed = json.loads(line)
        believed = all(passed[control] is False for control in controls)
    except (ValueError, KeyError, TypeError):
        return ""
    if not believed:
        return ""
    files = [test.partition("::")[0] for test, did in passed.items() if did is True]
    return " ".join(str(sum(files.count(file) for file in dict.fromkeys(group))) for group in groups)


def _line(reader: int, within_s: float) -> bytes:
    """The first line that comes in this time; what comes after it was not asked for."""
    said, end = b"", time.monotonic() + within_s
    while b"\n" not in said and select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
        more = os.read(reader, 1 << 16)
        if not more:
            return b""
        said += more
    return said.partition(b"\n")[0]


def _child(folder: str, asked: Sequence[str], writer: int) -> NoReturn:
    os.setsid()
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)
    os.chdir(folder)
    sys.path.insert(0, folder)
    _hold(Path(folder))
    reports = _Reports()
    try:
        pytest.main([*_OPTIONS, *asked], plugins=[reports])
    finally:
        os.write(writer, json.dumps(reports.passed).encode() + b"\n")
        os._exit(0)


def _hold(folder: Path) -> None:
    """From now on the hidden modules are what they are at this moment, whatever is written over them."""
    held = {str(path): path.read_bytes() for path in folder.glob("hidden/**/*.py")}
    hidden, read = f"{folder / 'hidden'}{os.sep}", SourceFileLoader.get_data

    def get_data(loader: SourceFileLoader, path: str) -> bytes:
        if path in held:
            return held[path]
        if path.startswith(hidden) and path.endswith(".pyc"):
            raise FileNotFoundError(path)
        return read(loader, path)

    SourceFileLoader.get_data = get_data  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    main()
