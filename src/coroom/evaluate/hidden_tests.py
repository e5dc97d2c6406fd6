"""The process that runs hidden tests: loads pytest once, then forks for each job that comes on standard input.

A job is one JSON line, {"folder", "tests", "within_s"}; the answer is one line with how many tests passed. The child
has its own process group, so that whatever the code under test has started ends with it.
"""

import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from typing import Any

import pytest

_OPTIONS = (
    "-q",
    "--assert=plain",
    "-p",
    "no:cacheprovider",
    "--confcutdir=hidden",
    "-c",
    "/dev/null",
    "--rootdir=.",
    "-W",
    "ignore",
)
"""Nothing of the graded tree configures its own test: no ini file, no conftest above the hidden folder."""


class _Count:
    passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.when == "call" and report.passed


def main() -> None:
    """Answer jobs until the input ends."""
    for line in sys.stdin:
        answer = _forked(json.loads(line))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _forked(job: Mapping[str, Any]) -> int:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _child(job, writer)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], job["within_s"])
    text = os.read(reader, 64) if ready else b""
    os.close(reader)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return int(text or b"0")


def _child(job: Mapping[str, Any], writer: int) -> None:
    os.setsid()
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)
    os.chdir(job["folder"])
    sys.path.insert(0, job["folder"])
    count = _Count()
    try:
        pytest.main([*_OPTIONS, *job["tests"]], plugins=[count])
    finally:
        os.write(writer, str(count.passed).encode())
        os._exit(0)


if __name__ == "__main__":
    main()
