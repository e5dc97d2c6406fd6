"""The process that runs hidden tests: loads pytest once, then forks for each job that comes on standard input.

A job is one JSON line, {"folder", "groups", "within_s"}, each group a list of test files; the answer is one line with
how many tests of each group passed, empty when they did not come to an end. The child has its own process group, so
that whatever the code under test has started ends with it.
"""

import gc
import json
import os
import select
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_WITHOUT = (
    # These collect all garbage at the end, to tell of warnings that nobody reads here.
    *("unraisableexception", "threadexception"),
    # These do nothing here and are set up for each run.
    *("cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "legacypath", "logging", "pastebin"),
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


class _Count:
    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed[report.nodeid.partition("::")[0]] += 1

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
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _child(job, writer)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], job["within_s"])
    text = os.read(reader, 4096) if ready else b""
    os.close(reader)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return text.decode()


def _child(job: Mapping[str, Any], writer: int) -> None:
    os.setsid()
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)
    os.chdir(job["folder"])
    sys.path.insert(0, job["folder"])
    count = _Count()
    try:
        pytest.main([*_OPTIONS, *(test for group in job["groups"] for test in group)], plugins=[count])
    finally:
        passed = (sum(count.passed[test] for test in dict.fromkeys(group)) for group in job["groups"])
        os.write(writer, " ".join(map(str, passed)).encode())
        os._exit(0)


if __name__ == "__main__":
    main()
