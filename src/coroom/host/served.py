"""Where a room keeps what it has, and where it is served: what a command asks that opens no room itself."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from coroom.core.quick import dataclass
from coroom.git.repository import Repository


def state_directory(repository: Repository, room: str) -> Path:
    """Where a room keeps its log: beside the repository's objects, so that every work tree of it finds one room."""
    return repository.common / "coroom" / room


def mirrors_directory(repository: Repository, room: str) -> Path:
    """Where mirrors are made by default: outside `.git`, which agents' sandboxes and search tools shut out."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    mark = hashlib.sha256(str(repository.common).encode()).hexdigest()[:8]
    return Path(base) / "coroom" / f"{repository.toplevel.name}-{mark}" / room


def barred(path: Path) -> str:
    """What keeps us from writing in the directory `path`, or from making it first; empty when nothing does."""
    there = _nearest_to(path)
    if not there.is_dir():
        return f"{there} is no directory"
    return "" if _may_write(there) else f"nothing may be written in {there}"


def read_only_in(repository: Repository, refs: Iterable[str]) -> str:
    """Where in a repository nothing may be written that its new commits, or these refs, need; empty for nowhere."""
    places = [Path("objects"), Path("objects/pack"), *(Path(ref).parent for ref in refs)]
    nearest = (_nearest_to(repository.common / place) for place in places)
    # What is in the way of a ref is another ref, or git keeps them all in one table.
    return next((str(there) for there in nearest if there.is_dir() and not _may_write(there)), "")


def _nearest_to(path: Path) -> Path:
    """`path`, or what there is of the way to it."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _may_write(directory: Path) -> bool:
    return os.access(directory, os.W_OK | os.X_OK)


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a room is served right now, as other commands find it."""

    pid: int
    url: str

    def write(self, directory: Path) -> None:
        """Leave word in the room's directory."""
        (directory / "host.json").write_text(json.dumps({"pid": self.pid, "url": self.url}), encoding="utf-8")

    @staticmethod
    def read(directory: Path) -> "Serving | None":
        """The word left there, if the process that left it is alive."""
        try:
            found = json.loads((directory / "host.json").read_text(encoding="utf-8"))
            os.kill(found["pid"], 0)
        except (OSError, ValueError, KeyError):
            return None
        return Serving(found["pid"], found["url"])
