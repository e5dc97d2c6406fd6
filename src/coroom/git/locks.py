"""Locks that a killed git left behind: found, told from those in use, and removed."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

STALE_AFTER_S = 10.0
"""Git holds a ref's lock for milliseconds."""


def clear_stale_locks(
    git_directory: Path, *, older_than_s: float = STALE_AFTER_S, ours_only: bool = False
) -> list[Path]:
    """Remove the lock files of a repository that no process can still be using; returns them.

    A lock is left alone while it is young, or while any process works in that repository or cannot be looked at: then
    git says who it waits for, which is better than two writers.

    Args:
        git_directory: the repository's own directory, `.git` or a bare one.
        older_than_s: seconds since the lock was made.
        ours_only: in somebody's clone: only what Coroom's own commands lock there.
    """
    listed = _our_locks(git_directory) if ours_only else _locks(git_directory)
    found = [path for path in listed if _age_s(path) >= older_than_s]
    if not found or _in_use(git_directory.resolve()):
        return []
    for path in found:
        path.unlink(missing_ok=True)
    return found


def _locks(git_directory: Path) -> Iterator[Path]:
    for name in ("HEAD", "packed-refs", "index", "config", "shallow", "FETCH_HEAD", "ORIG_HEAD"):
        path = git_directory / f"{name}.lock"
        if path.is_file():
            yield path
    yield from (path for path in (git_directory / "refs").rglob("*.lock") if path.is_file())
    yield from (git_directory / "objects" / "info").glob("*.lock")


def _our_locks(git_directory: Path) -> Iterator[Path]:
    """Of refs that nobody else has, and of the file that any ref's end is written to."""
    if (git_directory / "packed-refs.lock").is_file():
        yield git_directory / "packed-refs.lock"
    yield from (path for path in (git_directory / "refs" / "coroom").rglob("*.lock") if path.is_file())


def _age_s(path: Path) -> float:
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _in_use(git_directory: Path) -> bool:
    """Whether a git may be at work there: one that stands in it or has a file of it open, or that hides both."""
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or not _is_git(entry.path):
            continue
        try:
            places = [os.readlink(f"{entry.path}/cwd")]
            places += [_link(f"{entry.path}/fd/{name}") for name in os.listdir(f"{entry.path}/fd")]
        except FileNotFoundError:
            continue
        except PermissionError:
            return True
        above = git_directory.parent if git_directory.name == ".git" else git_directory
        if any(Path(place).is_relative_to(above) for place in places):
            return True
    return False


def _is_git(process: str) -> bool:
    try:
        with open(f"{process}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().startswith("git")
    except OSError:
        return False


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
