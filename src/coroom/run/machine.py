"""What a room needs of the machine: looked at, and said in one line each."""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from coroom.git.command import Git, GitFailed
from coroom.git.repository import GIT_MIN, version_of
from coroom.host.served import barred
from coroom.launch.choose import launcher
from coroom.launch.isolation import Isolation, Unavailable
from coroom.log.schema import wal_reset_warning
from coroom.run.selftest import Check
from coroom.workspace.beneath import KernelResolver, Root
from coroom.workspace.swap import KernelSwap, best_swap

PYTHON = (3, 11)
WATCHES_MIN = 8_192
INSTANCES_MIN = 64
FREE_BYTES_MIN = 1 << 30
WRITABLE = "a place for agents' directories"


def machine_checks(place: Path) -> list[Check]:
    """Look at Python, git, SQLite, the kernel's limits, and the file system of `place`, where mirrors would be made."""
    there = nearest_directory(place)
    return [_python(), _git(there), _sqlite(), *_inotify(), *_place(place), _space(there), *_isolation()]


def _place(place: Path) -> Iterator[Check]:
    why = barred(place)
    if why:
        yield Check(WRITABLE, False, why, "Set XDG_STATE_HOME to another, or name one with --mirrors.")
        return
    there = nearest_directory(place)
    yield Check(WRITABLE, True, str(there))
    yield from _file_system(there)


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", sys.version_info >= PYTHON, found, "Install Python 3.11, 3.12 or 3.13.")


def _git(place: Path) -> Check:
    try:
        text = Git(place).line("version")
    except (GitFailed, OSError) as fault:
        return Check("git", False, str(fault), "Install git.")
    least = ".".join(map(str, GIT_MIN))
    return Check("git", version_of(text) >= GIT_MIN, text, f"Install git {least} or later.")


def _sqlite() -> Check:
    warning = wal_reset_warning()
    return Check("SQLite", True, warning or sqlite3.sqlite_version)


def _inotify() -> Iterator[Check]:
    for name, least in (("max_user_watches", WATCHES_MIN), ("max_user_instances", INSTANCES_MIN)):
        try:
            found = int(Path("/proc/sys/fs/inotify", name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            yield Check(f"inotify {name}", True, "not here: trees are scanned instead, and changes seen a little later")
            continue
        yield Check(f"inotify {name}", found >= least, str(found), f"As root: sysctl fs.inotify.{name}={least * 8}")
    if sys.platform.startswith("linux"):
        yield _instance()


def _instance() -> Check:
    """Each mirror takes an instance of those that all programs of one user share: there may be none left."""
    from inotify_simple import INotify  # noqa: PLC0415  exists on Linux only

    try:
        INotify().close()
    except OSError as error:
        why = f"none to be had ({error.strerror}): trees are scanned instead, and changes seen a little later"
        more = f"sysctl fs.inotify.max_user_instances={INSTANCES_MIN * 16}"
        return Check("an inotify instance", False, why, f"End other programs that watch files, or as root: {more}")
    return Check("an inotify instance", True, "to be had; a host takes one")


def _file_system(place: Path) -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="coroom-doctor-", dir=place) as directory, Root(directory) as root:
        kernel = KernelResolver.works(root.fd)
        yield Check("paths beneath a root", True, "openat2" if kernel else "no openat2: paths are walked step by step")
        exchange = isinstance(best_swap(root.fd), KernelSwap)
        fallback = "no exchange by renameat2 here: by link and rename, which is weaker against saves by rename"
        yield Check("puts that destroy nothing", True, "renameat2" if exchange else fallback)


def _isolation() -> Iterator[Check]:
    """What agents can be isolated by; one that is not there is no fault of the machine."""
    for kind in (Isolation.BUBBLEWRAP, Isolation.CONTAINER):
        found = launcher(kind, look=True)
        if isinstance(found, Unavailable):
            yield Check(f"isolation by {kind.value}", True, f"not here: {found}")
        else:
            yield Check(f"isolation by {kind.value}", True, " ".join(found.in_force))


def _space(place: Path) -> Check:
    free = shutil.disk_usage(place).free
    return Check("disk space", free >= FREE_BYTES_MIN, f"{free >> 20} MiB free at {place}", "Make room there.")


def nearest_directory(path: Path) -> Path:
    """`path`, or what exists of the way to it."""
    while not os.path.isdir(path):
        path = path.parent
    return path
