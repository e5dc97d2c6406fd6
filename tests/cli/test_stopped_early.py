"""Ctrl-C in the first tenths of a second, while Python still imports: one line and 130, and no traceback."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from coroom.__main__ import begin
from coroom.processes.stopped import STOPPED

# Ctrl-C comes when a certain module is looked for, so at the same place on every machine.
BEGUN = """
import os, signal, sys

_, module, heard, *words = sys.argv

class CtrlC:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
if heard == "not heard":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
from coroom.__main__ import begin
sys.argv[:] = ["coroom", *words]
begin()
"""


def begun(module: str, *words: str, heard: str = "heard") -> subprocess.CompletedProcess[str]:
    called = (sys.executable, "-P", "-c", BEGUN, module, heard, *words)
    return subprocess.run(called, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "words"),
    [("click", ["--version"]), ("coroom.cli.bench", ["--help"]), ("coroom.cli.roles", ["roles", "--help"])],
    ids=["the first import", "all commands, for --help", "the command's own import"],
)
def test_ctrl_c_while_modules_are_imported_is_one_line_and_130(module: str, words: list[str]) -> None:
    done = begun(module, *words)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (STOPPED, "", "Stopped.")


def test_ctrl_c_that_nobody_shall_hear_is_not_heard_while_modules_are_imported_either() -> None:
    done = begun("click", "--version", heard="not heard")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_begins_there() -> None:
    (script,) = (one for one in entry_points(group="console_scripts") if one.name == "coroom")
    assert script.load() is begin
