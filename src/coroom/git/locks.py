"""Locks that a killed git left behind: found, told from those in use, and removed."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from coroom.core.quick import dataclass
from coroom.git.sightings import Sightings, boottime_ms

STALE_AFTER_S = 10.0
"""Git holds a ref's lock for milliseconds."""


@dataclass(frozen=True, slots=True)
class Lockable:
    """A repository's own directory, `.git` or a bare one. `ours_only`: somebody's clone, where only what Coroom's own
    commands lock is looked at.
    """

    directory: Path
    ours_only: bool = False


def clear_stale_locks(
    places: Iterable[Lockable],
    seen: Path,
    *,
    older_than_s: float = STALE_AFTER_S,
    now_ms: Callable[[], int] = boottime_ms,
) -> list[Path]:
    """Remove the lock files of repositories that no process can still be using; returns them.

    A lock is left alone until the very same file was seen there for so long, and while any process works in that
    repository or cannot be looked at: then git says who it waits for, which is better than two writers. What times
    files bear says nothing, since a clock may have been set since; how long a lock was seen is counted by a clock that
    nobody can set.

    Args:
        places: where to look.
        seen: a file of one's own, in which is kept since when locks have been seen, for whoever looks next.
        older_than_s: how long one must have been seen; 0 where only a killed process can have left one.
        now_ms: that clock.
    """
    found = {path: place.directory for place in places for path in _listed(place)}
    sightings = Sightings(seen, now_ms)
    # Others note their locks in the same file: what is known stays known as long as it is there.
    named = {*map(str, found), *sightings.names}
    sightings.look({name: which for name in named if (which := _identity(Path(name)))})
    stale = [path for path in found if sightings.left_ms(str(path), round(older_than_s * 1_000)) <= 0]
    in_use = {place: _in_use(place.resolve()) for place in {found[path] for path in stale}}
    return [path for path in stale if not in_use[found[path]] and _removed(path, sightings)]


def _listed(place: Lockable) -> Iterator[Path]:
    return _our_locks(place.directory) if place.ours_only else _locks(place.directory)


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


def _identity(path: Path) -> str:
    """Which file stands there, among all that ever bear that name; empty when none does."""
    with suppress(OSError):
        found = path.lstat()
        return f"{found.st_dev}:{found.st_ino}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    return ""


def _removed(path: Path, sightings: Sightings) -> bool:
    """Remove the lock if it is still the one that was seen."""
    if _identity(path) != sightings.value(str(path)):
        return False
    path.unlink(missing_ok=True)
    return True


def _in_use(git_directory: Path) -> bool:
    """Whether a git may be at work there: one that stands in it or has a file of it open, or that hides both."""
    above = git_directory.parent if git_directory.name == ".git" else git_directory
    with os.scandir("/proc") as entries:
        return any(_works_below(entry.path, above) for entry in entries if entry.name.isdigit())


def _works_below(process: str, directory: Path) -> bool:
    if not _is_git(process):
        return False
    try:
        places = [os.readlink(f"{process}/cwd")]
        places += [_link(f"{process}/fd/{name}") for name in os.listdir(f"{process}/fd")]
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    return any(Path(place).is_relative_to(directory) for place in places)


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
