"""Where a room keeps what it has, and where it is served: what a command asks that opens no room itself."""

import hashlib
import json
import os
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
    there = path
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return f"{there} is no directory"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"nothing may be written in {there}"


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
