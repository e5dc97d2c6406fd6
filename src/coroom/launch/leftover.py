"""Agents that outlived a run: when a run is killed its agents go on writing; the next run ends them first.

However early the kill comes, an agent that acts has been noted: its process waits at a gate until the note is written,
and gives up when nobody is left to open it.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FILE = "process.json"

OPEN = b"\n"
"""What opens the gate: the first byte of a gated program's standard input. The program itself never sees it."""

_GATE = """
import os, signal, sys
if not os.read(0, 1):
    sys.exit("the run ended before this was noted")
for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as problem:
    sys.exit(f"{sys.argv[1]} cannot be started: {problem}")
"""

STOP_WITHIN_S = 2.0
"""What it gets to end what it has started itself."""


def gated(argv: Sequence[str]) -> tuple[str, ...]:
    """A command that becomes `argv`, as the same process, once it reads OPEN; at the end of its input it ends."""
    return (sys.executable, "-I", "-S", "-c", _GATE, *argv)


def remember(home: Path, pid: int) -> None:
    """Note the process, which leads a group of its own, as this agent's."""
    (home / FILE).write_text(json.dumps({"pid": pid, "born": born(pid)}), encoding="ascii")


def forget(home: Path) -> None:
    """The process has ended in the ordinary way."""
    (home / FILE).unlink(missing_ok=True)


def end_leftover(home: Path) -> bool:
    """End the process noted there and its group, if it is still the same one. Says whether there was one. Waits."""
    try:
        found = json.loads((home / FILE).read_text(encoding="ascii"))
        pid, noted = int(found["pid"]), found["born"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    # A number is given to other processes later; the time of birth tells them apart.
    if noted is None or born(pid) != noted:
        forget(home)
        return False
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while born(pid) == noted and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(pid, signal.SIGKILL)
    # Only now: were this run killed meanwhile, the next one would still find it.
    forget(home)
    return True


def born(pid: int) -> str | None:
    """When the process began, in ticks since the machine started; None where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
