"""What a watcher tells: hints at what to look at, never the truth, which `scan` finds."""

from enum import StrEnum

from coroom.core.quick import dataclass
from coroom.workspace.names import is_under


class RescanReason(StrEnum):
    """Why hints are not enough any more and the whole workspace must be scanned."""

    OVERFLOW = "more changed than the kernel could queue"
    WATCH_LIMIT = "the system allows no more watches: changes below some directories are not seen"
    ROOT_LOST = "the workspace directory was moved, removed or unmounted"


@dataclass(frozen=True, slots=True)
class Changed:
    """A file or link may be new or different. `complete`: its writer has closed it or renamed it into place.

    When not complete, look twice some 20 ms apart before believing what is there.
    """

    path: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """A file, link or directory with all below it is no longer there."""

    path: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A file, link or directory with all below it has a new name. It may be one that nobody knew under the old name.

    What has been looked at under the old name since `drain` last told nothing may have been looked at only after it had
    moved: look again, under the new name.
    """

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Rescan:
    """Hints were lost, or will be; scan everything."""

    reason: RescanReason


Hint = Changed | Gone | Moved | Rescan


class Batch:
    """Collects hints in order and folds those about one path into the last that matters."""

    def __init__(self) -> None:
        """Begin empty."""
        self._hints: dict[str | int, Hint] = {}
        self._born: set[str] = set()
        self._count = 0

    def hints(self) -> list[Hint]:
        """Return what is to be told, oldest first."""
        return list(self._hints.values())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not self._hints

    def created(self, path: str) -> None:
        """A name that was free has been taken; its content is still to come."""
        if not isinstance(self._hints.get(path), Gone):
            self._born.add(path)
        self.changed(path, complete=False)

    def changed(self, path: str, *, complete: bool | None) -> None:
        """A file changed; `complete` None when that cannot be told from this event."""
        before = self._hints.pop(path, None)
        if complete is None:
            complete = isinstance(before, Changed) and before.complete
        self._hints[path] = Changed(path, complete)

    def gone(self, path: str, *, is_dir: bool = False) -> None:
        """A file or directory went; a file that was made within this batch leaves no trace."""
        for below in self._under(path):
            del self._hints[below]
        if path in self._born:
            self._born.discard(path)
            return
        self._born = {born for born in self._born if not is_under(born, path)}
        if is_dir:
            # What comes under that name later does not undo it.
            self._add(Gone(path))
        else:
            self._hints[path] = Gone(path)

    def moved_file(self, old: str, new: str) -> None:
        """A file was renamed; if it was made within this batch, that is how many editors save `new`."""
        self._hints.pop(old, None)
        if old in self._born:
            self._born.discard(old)
        else:
            self._born.discard(new)
            self._add(Moved(old, new))
        self.changed(new, complete=True)

    def moved_directory(self, old: str, new: str) -> None:
        """A directory was renamed; changes told of paths below it are told of their new names."""
        below = [(path, self._hints.pop(path)) for path in self._under(old)]
        born = {path for path in self._born if is_under(path, old)}
        self._born = {path for path in self._born - born if not is_under(path, new)}
        self._born |= {new + path[len(old) :] for path in born}
        # What went before the rename went under the old name, whatever takes that name later.
        for path, hint in below:
            if isinstance(hint, Gone):
                self._add(Gone(path))
        self._add(Moved(old, new))
        for path, hint in below:
            if isinstance(hint, Changed):
                renamed = new + path[len(old) :]
                self._hints[renamed] = Changed(renamed, hint.complete)

    def rescan(self, reason: RescanReason) -> None:
        """Hints are not enough; told once for each reason."""
        hint = Rescan(reason)
        if hint not in self._hints.values():
            self._add(hint)

    def _add(self, hint: Hint) -> None:
        self._count += 1
        self._hints[self._count] = hint

    def _under(self, directory: str) -> list[str]:
        return [path for path in self._hints if isinstance(path, str) and is_under(path, directory)]
