"""The process that runs hidden tests: sets pytest up once, then forks for each job that comes on standard input.

Its first line names the folder where the tree of a job is to lie. A job is one JSON line, {"groups", "within_s"}, each
group a list of test files; the answer is one line with how many tests of each group passed, empty when they did not
come to an end, and then the folder is gone until the next tree is put there. The child has its own process group, so
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
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TextIO

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


class _Template(_Reports):
    """Pytest as it stands before it collects, which is half of its way to a few tests; forked for each job."""

    def __init__(self, folder: Path, jobs: TextIO, answers: TextIO) -> None:
        super().__init__()
        self._folder, self._jobs, self._answers = folder, jobs, answers
        self.writer: int | None = None
        """Of a child: where it says what passed."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Answer jobs until the input ends; in a child, go on to the tests of its job."""
        gc.freeze()
        self._say(str(self._folder))
        for line in self._jobs:
            job = json.loads(line)
            asked, controls = _with_controls(self._folder, job["groups"])
            reader, writer = os.pipe()
            child = os.fork()
            if not child:
                os.close(reader)
                self._become(writer)
                session.config.args = asked
                self._begin(asked)
                return
            os.close(writer)
            told = _told(child, reader, job["within_s"])
            _clear(self._folder)
            self._say(_counted(told, job["groups"], controls))
        # It is where pytest began, and where it goes back to when it ends.
        self._folder.mkdir(exist_ok=True)
        pytest.exit("there are no more jobs")

    def _say(self, line: str) -> None:
        self._answers.write(f"{line}\n")
        self._answers.flush()

    def _become(self, writer: int) -> None:
        self.writer = writer
        self._jobs.close()
        self._answers.close()
        os.setsid()
        os.chdir(self._folder)
        sys.path.insert(0, str(self._folder))
        _hold(self._folder)

    def _begin(self, asked: Sequence[str]) -> None:
        """Where the hidden tests have a conftest, which may have a say in what is set up already: anew."""
        if next(self._folder.glob("hidden/**/conftest.py"), None):
            anew = _Reports()
            try:
                pytest.main([*_OPTIONS, *asked], plugins=[anew])
            finally:
                self.passed = anew.passed
                self.end()

    def end(self) -> None:
        """End a child, with what passed."""
        if self.writer is not None:
            os.write(self.writer, json.dumps(self.passed).encode() + b"\n")
            os._exit(0)


def main() -> None:
    """Answer jobs until the input ends."""
    jobs, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)
    with tempfile.TemporaryDirectory(prefix="coroom-grade-") as place:
        folder = Path(os.path.realpath(place), "tree")
        (folder / "hidden").mkdir(parents=True)
        os.chdir(folder)
        _warm_up()
        template = _Template(folder, jobs, answers)
        try:
            pytest.main([*_OPTIONS, "hidden"], plugins=[template])
        finally:
            template.end()


def _warm_up() -> None:
    """Load what pytest loads when it first runs: no child has to do it again."""
    # Whatever `--tb` says, pytest writes out what has failed, for which it parses each source on the way.
    pytest.ExceptionInfo.getrepr = lambda *_args, **_named: ""  # type: ignore[method-assign,assignment]
    test = Path("hidden", "test_nothing.py")
    test.write_text("def test_nothing(tmp_path, capsys, monkeypatch):\n    pass\n")
    pytest.main([*_OPTIONS, str(test)])
    sys.modules.pop("test_nothing", None)
    test.unlink()


def _told(child: int, reader: int, within_s: float) -> bytes:
    """What the child says in this time; then it ends, with all that it has started."""
    line = _line(reader, within_s)
    os.close(reader)
    kill_group(child)
    # Before it leads a group of its own, it is in none that could be ended.
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return line


def _clear(folder: Path) -> None:
    """Away with the tree, whatever its code has made of it."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as gone, suppress(FileNotFoundError):
        if not folder.is_symlink():
            folder.chmod(0o700)
        folder.rename(Path(gone, "tree"))


def _with_controls(folder: Path, groups: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """What pytest is to run, with a control after each file of tests; and the controls alone."""
    tests = list(dict.fromkeys(test for group in groups for test in group))
    names = [f"x{secrets.token_hex(8)}" for _ in range(len(tests) + 1)]
    file = f"hidden/test_{names[0]}.py"
    text = _CONTROLS.format(name=names[0]) + "".join(_CONTROL.format(name=name) for name in names[1:])
    (folder / file).write_text(text, encoding="ascii")
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
