"""Bounds on memory and processes: by control groups where this user may make them, else by process limits."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from coroom.core.quick import dataclass
from coroom.launch.isolation import Bounds
from coroom.launch.leftover import born

GROUPS = Path("/sys/fs/cgroup")

_JOIN = (
    'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done; exec "$@"'
)
"""Enters the groups first, so that nothing the program starts is outside."""

REMOVE_WITHIN_S = 2.0

_OURS = "coroom-"
_OWNER = re.compile(rf"{_OURS}.*-(?P<among>\d+)\.(?P<pid>\d+)\.(?P<born>\d+)\.[0-9a-f]{{8}}")


@dataclass(frozen=True, slots=True)
class Bounded:
    """A command that keeps the bounds, and how to clear up after it."""

    argv: tuple[str, ...]
    close: Callable[[], None]


def bounded(argv: tuple[str, ...], bounds: Bounds, agent: str) -> Bounded:
    """The command under these bounds, by the best means there is here."""
    groups = _made(bounds, agent)
    if groups:
        joined = ("/bin/sh", "-c", _JOIN, "coroom", str(len(groups)), *map(str, groups))
        return Bounded((*joined, *argv), lambda: _remove(groups))
    if _systemd():
        scope = ("systemd-run", "--user", "--scope", "--quiet", "--collect")
        limits = ("-p", f"MemoryMax={bounds.memory_bytes}", "-p", f"TasksMax={bounds.processes}")
        return Bounded((*scope, *limits, "--", *argv), lambda: None)
    return Bounded((*limits_argv(bounds), *argv), lambda: None)


def limits_argv(bounds: Bounds) -> tuple[str, ...]:
    """The bounds as limits of each process, which hold inside any isolation."""
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        return ()
    return (prlimit, f"--as={bounds.memory_bytes * 4}", f"--nproc={bounds.processes}", "--core=0", "--")


def means(bounds: Bounds) -> str:
    """By what the bounds are kept here, in a sentence."""
    what = f"{bounds.memory_bytes / (1 << 30):.1f} GiB of memory and {bounds.processes} processes"
    kind = _kind()
    if kind:
        return f"At most {what} together, by control groups ({kind})."
    if _systemd():
        return f"At most {what} together, by a systemd scope."
    if shutil.which("prlimit") is None:
        return "Memory and processes are NOT bounded: no control groups, no systemd, no prlimit here."
    root = " (the number of processes does NOT bind root)" if os.geteuid() == 0 else ""
    return f"At most {4 * bounds.memory_bytes / (1 << 30):.1f} GiB for each process and {what}, by prlimit{root}."


def _made(bounds: Bounds, agent: str) -> list[Path]:
    """Groups for one agent: one in each hierarchy that is needed; none when they cannot be made."""
    name = f"{_OURS}{agent}-{_owner()}"
    groups: list[Path] = []
    try:
        for parent, limits in _hierarchies(bounds):
            _sweep(parent)
            group = parent / name
            group.mkdir()
            groups.append(group)
            for file, value in limits:
                (group / file).write_text(str(value), encoding="ascii")
    except OSError:
        _remove(groups)
        return []
    return groups


def _sweep(parent: Path) -> None:
    """End what processes of ours that were killed have left running in their groups, and remove these."""
    _remove([Path(entry.path) for entry in os.scandir(parent) if _is_left(entry.name)])


def _owner() -> str:
    """What tells from a group's name which process has made it: no clock is needed to see whether it still may use it.

    A number is given to other processes later, and means another one among the processes of a container.
    """
    pid = os.getpid()
    return f"{_among()}.{pid}.{born(pid)}.{secrets.token_hex(4)}"


def _is_left(name: str) -> bool:
    """Whether this is a group of ours whose maker is gone; one that cannot be seen from here is not."""
    found = _OWNER.fullmatch(name)
    if found is None or found["among"] != _among():
        return False
    return born(int(found["pid"])) != found["born"]


@cache
def _among() -> str:
    """Among which processes numbers are given here."""
    return str(os.stat("/proc/self/ns/pid").st_ino)


def _hierarchies(bounds: Bounds) -> list[tuple[Path, list[tuple[str, int]]]]:
    kind = _kind()
    if kind == "v2":
        own = _own_groups().get("", "/").lstrip("/")
        return [(GROUPS / own, [("memory.max", bounds.memory_bytes), ("pids.max", bounds.processes)])]
    if kind == "v1":
        groups = _own_groups()
        memory = [("memory.limit_in_bytes", bounds.memory_bytes)]
        return [
            (GROUPS / "memory" / groups["memory"].lstrip("/"), memory),
            (GROUPS / "pids" / groups["pids"].lstrip("/"), [("pids.max", bounds.processes)]),
        ]
    return []


@cache
def _kind() -> str:
    """Which control groups this process may make children of, both for memory and for processes."""
    own = _own_groups()
    for kind in ("v2", "v1"):
        if kind == "v2":
            places = [GROUPS / own.get("", "/").lstrip("/")]
            with suppress(OSError):
                if not {"memory", "pids"} <= set(
                    (places[0] / "cgroup.subtree_control").read_text(encoding="ascii").split()
                ):
                    continue
        else:
            places = [GROUPS / name / own.get(name, "/").lstrip("/") for name in ("memory", "pids") if name in own]
        needed = 1 if kind == "v2" else 2
        if len(places) == needed and all(_may_make(place) for place in places):
            return kind
    return ""


def _may_make(place: Path) -> bool:
    try:
        trial = place / f"{_OURS}trial-{_owner()}"
        trial.mkdir()
        bound = any((trial / name).exists() for name in ("memory.max", "memory.limit_in_bytes", "pids.max"))
        trial.rmdir()
    except OSError:
        return False
    return bound


def _own_groups() -> dict[str, str]:
    """The group of this process in each hierarchy, by controller; that of version 2 has no name."""
    found: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
            _, controllers, path = line.split(":", 2)
            for name in controllers.split(","):
                found[name] = path
    return found


@cache
def _systemd() -> bool:
    if shutil.which("systemd-run") is None:
        return False
    try:
        words = ("systemd-run", "--user", "--scope", "--quiet", "--collect", "true")
        return subprocess.run(words, capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _remove(groups: list[Path]) -> None:
    """End whoever is left in the groups, and remove them."""
    deadline = time.monotonic() + REMOVE_WITHIN_S
    for group in groups:
        while group.exists():
            with suppress(OSError):
                for pid in (group / "cgroup.procs").read_text(encoding="ascii").split():
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            with suppress(OSError):
                group.rmdir()
            if time.monotonic() > deadline:
                break
            time.sleep(0.005)
