"""Processes that outlived a run: when it is killed its agents and tests go on writing; the next run ends them first.

However early the kill comes, a process that acts has been noted: it waits at a gate until the note is written, and
gives up when nobody is left to open it. The note stands beside its home, where none that is isolated can write.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from coroom.processes.groups import kill_group, signal_group

ENDED_WITHIN_S = 60
"""A container engine may be slow."""

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


def note_of(home: Path) -> Path:
    """Where the process is noted whose home this is."""
    return home.with_name(f"{home.name}.process.json")


def remember(home: Path, pid: int, ends: Sequence[str] = ()) -> None:
    """Note the process, which leads a group of its own, as the one with this home.

    Args:
        home: its own, and nobody else's at the same time.
        pid: its number.
        ends: a command that ends what does not end with the group.
    """
    note_of(home).write_text(json.dumps({"pid": pid, "born": born(pid), "ends": list(ends)}), encoding="ascii")


def forget(home: Path) -> None:
    """The process has ended in the ordinary way."""
    note_of(home).unlink(missing_ok=True)


def end_leftover(home: Path) -> bool:
    """End the process that is noted and its group, if it is still the same one. Says whether there was one. Waits."""
    try:
        found = json.loads(note_of(home).read_text(encoding="ascii"))
        pid, noted, ends = int(found["pid"]), found["born"], tuple(map(str, found.get("ends", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    # A number is given to other processes later; the time of birth tells them apart.
    there = noted is not None and born(pid) == noted
    if there:
        signal_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while born(pid) == noted and time.monotonic() < deadline:
            time.sleep(0.02)
        kill_group(pid)
    if ends:
        # A container goes on without whoever started it.
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(ends, capture_output=True, timeout=ENDED_WITHIN_S, check=False)
    # Only now: were this run killed meanwhile, the next one would still find it.
    forget(home)
    return there or bool(ends)


def born(pid: int) -> str | None:
    """When the process began, in ticks since the machine started; None where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
