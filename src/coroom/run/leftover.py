"""Agents that outlived a run: when a run is killed its agents go on writing; the next run ends them first."""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

FILE = "process.json"

STOP_WITHIN_S = 2.0
"""What it gets to end what it has started itself."""


def remember(home: Path, pid: int) -> None:
    """Note the process, which leads a group of its own, as this agent's."""
    (home / FILE).write_text(json.dumps({"pid": pid, "born": _born(pid)}), encoding="ascii")


def forget(home: Path) -> None:
    """The process has ended in the ordinary way."""
    (home / FILE).unlink(missing_ok=True)


def end_leftover(home: Path) -> bool:
    """End the process noted there and its group, if it is still the same one. Says whether there was one. Waits."""
    try:
        found = json.loads((home / FILE).read_text(encoding="ascii"))
        pid, born = int(found["pid"]), found["born"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    forget(home)
    # A number is given to other processes later; the time of birth tells them apart.
    if born is None or _born(pid) != born:
        return False
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while _born(pid) == born and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(pid, signal.SIGKILL)
    return True


def _born(pid: int) -> str | None:
    """When the process began, in ticks since the machine started; None where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
