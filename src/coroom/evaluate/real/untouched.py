"""What a trial may not touch: looked at before and after, so that a score rests on nothing that was tampered with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coroom.evaluate.real.arrange import Place
from coroom.evaluate.real.on_live_state import FOLDER
from coroom.evaluate.suite import Tree
from coroom.git.command import Git, GitFailed

SHOWN = 3
"""Paths named in the sentence about what was touched."""

_OURS = frozenset({"repository", "mirrors", "tasks.json", "run.log", FOLDER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """The state of everything beside the agents' own directories.

    Args:
        place: the trial's folder, in which nothing but `coroom run` itself writes beside the mirrors.
        commit: what the repository was begun with.
        start: its files.
        watched: folders that no trial changes, such as that of the suite.
    """

    place: Place
    commit: str
    start: Tree
    watched: tuple[Path, ...]
    before: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def around(cls, place: Place, commit: str, start: Tree, watched: Iterable[Path]) -> "Untouched":
        """Everything beside the agents' own directories, as it stands now."""
        kept = tuple(watched)
        return cls(place=place, commit=commit, start=start, watched=kept, before=_seen(kept))

    def broken(self) -> str:
        """What was written outside the agents' directories, in words; empty when nothing was."""
        touched = [*self._in_place(), *self._in_repository(), *self._in_watched()]
        if not touched:
            return ""
        more = f" and {len(touched) - SHOWN} more" if len(touched) > SHOWN else ""
        return f"an agent wrote outside its directory: {', '.join(touched[:SHOWN])}{more}"

    def _in_place(self) -> list[str]:
        return sorted(str(entry) for entry in self.place.root.iterdir() if entry.name not in _OURS)

    def _in_repository(self) -> list[str]:
        repository = self.place.repository
        try:
            moved = Git(repository).line("rev-parse", "refs/heads/main") != self.commit
        except (GitFailed, OSError):
            moved = True
        touched = [f"the branch main of {repository}"] if moved else []
        found = {
            path.relative_to(repository).as_posix(): path
            for path in repository.rglob("*")
            if path.is_file() and ".git" not in path.relative_to(repository).parts
        }
        for name in sorted(found.keys() | self.start.keys()):
            path = found.get(name)
            if path is None or path.read_bytes() != self.start.get(name):
                touched.append(str(repository / name))
        return touched

    def _in_watched(self) -> list[str]:
        now = _seen(self.watched)
        return sorted(str(path) for path in now.keys() | self.before.keys() if now.get(path) != self.before.get(path))


def _seen(folders: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if "__pycache__" in path.parts or path.is_dir():
                continue
            facts = path.lstat()
            found[path] = (facts.st_mtime_ns, facts.st_size)
    return found
