"""Which files were changed together: the history of a repository as counts."""

from collections import Counter
from collections.abc import Collection, Iterable

FILES_MAX = 40
"""A commit that changed more files than this says nothing about any two of them."""


class CoChange:
    """How often files were changed, and changed together."""

    def __init__(self, commits: Iterable[Collection[str]] = ()) -> None:
        self.commits = 0
        self._alone: Counter[str] = Counter()
        self._with: dict[str, Counter[str]] = {}
        for paths in commits:
            self.commits += 1
            if len(paths) <= FILES_MAX:
                self._alone.update(paths)
                for path in paths:
                    self._with.setdefault(path, Counter()).update(other for other in paths if other != path)

    def together(self, a: str, b: str) -> float:
        """Of the changes of the less often changed file, the share that changed the other too: 0 to 1."""
        fewer = min(self._alone[a], self._alone[b])
        both = self._with[a][b] if a in self._with else 0
        # One commit together is no habit.
        return both / fewer if both > 1 else 0.0

    def companions(self, path: str, share: float) -> list[str]:
        """The files that at least that share of this file's changes changed too, most often first."""
        least = max(2.0, share * self._alone[path])
        return [other for other, count in self._with.get(path, Counter[str]()).most_common() if count >= least]
