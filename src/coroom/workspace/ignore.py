"""Which paths stay local: git's ignore rules, from every `.gitignore` and from `.git/info/exclude`.

Rule files are read when a directory is first asked about, so an ignored tree costs one question.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress

from pathspec import GitIgnoreSpec, RegexPattern

from coroom.workspace.beneath import Root
from coroom.workspace.names import Refusal, is_git_directory, is_under, parent_of
from coroom.workspace.states import Kind

RULES_NAME = ".gitignore"
_EXCLUDE = ".git/info/exclude"
_RULES_BYTES_MAX = 1 << 20
# Names of short-lived files must not fill the memory.
_VERDICTS_MAX = 200_000

# The last line of a file comes first; with each, whether it ignores or takes back.
_Rules = list[tuple[re.Pattern[str], bool]]


class Ignore:
    """The ignore rules of one workspace, as they were when each rule file was first needed. Not thread-safe."""

    def __init__(self, root: Root, tracked: Iterable[str] = ()) -> None:
        """Read the rules of `root` as they are asked for; see `load`."""
        self._root = root
        self._tracked = frozenset(tracked)
        self._above_tracked = frozenset(above for path in self._tracked for above in _parents(path))
        self._rules: dict[str, _Rules] = {}
        self._with_rules: set[str] = set()
        self._exclude: _Rules = []
        self._verdicts: dict[str, bool] = {}
        self._directories: dict[str, bool] = {}
        self.reload()

    @classmethod
    def load(cls, root: Root, tracked: Iterable[str] = ()) -> "Ignore":
        """Return the rules of a workspace.

        Args:
            root: the workspace.
            tracked: paths that git tracks; as for git, no rule ignores them.
        """
        return cls(root, tracked)

    def reload(self) -> None:
        """Forget everything that was read: call it after a change for which `is_rules` holds, and after the renaming or
        removal of a directory for which `has_rules` does.
        """
        self._rules.clear()
        self._with_rules.clear()
        self._verdicts.clear()
        self._directories.clear()
        self._exclude = self._read(_EXCLUDE)

    def is_rules(self, path: str) -> bool:
        """Whether a change of this path changes the rules."""
        return path == _EXCLUDE or path.rpartition("/")[2] == RULES_NAME

    def has_rules(self, directory: str) -> bool:
        """Whether rules have been read from this directory or from one below it."""
        return any(is_under(ruled, directory) for ruled in self._with_rules)

    def ignores(self, path: str, is_dir: bool) -> bool:  # noqa: FBT001  the shape that Root.walk calls
        """Whether a path stays local: git ignores it or a directory above it, or it lies in a `.git` directory."""
        known = self._directories if is_dir else self._verdicts
        verdict = known.get(path)
        if verdict is None:
            verdict = self._judge(path, is_dir=is_dir)
            if len(known) >= _VERDICTS_MAX:
                known.clear()
            known[path] = verdict
        return verdict

    def _judge(self, path: str, *, is_dir: bool) -> bool:
        if not path:
            return False
        above = parent_of(path)
        if is_git_directory(path[len(above) + 1 if above else 0 :]):
            return True
        if path in (self._above_tracked if is_dir else self._tracked):
            return False
        if self.ignores(above, is_dir=True):
            return True
        # The rules nearest to the path decide; within one file, the last that matches.
        directory = above
        while True:
            verdict = _verdict(self._rules_of(directory), path, directory, is_dir=is_dir)
            if verdict is not None:
                return verdict
            if not directory:
                return bool(_verdict(self._exclude, path, "", is_dir=is_dir))
            directory = parent_of(directory)

    def has_no_rules(self, directory: str) -> None:
        """A look at the directory has found no rule file in it, so that none need be looked for."""
        self._rules.setdefault(directory, [])

    def _rules_of(self, directory: str) -> _Rules:
        if directory not in self._rules:
            self._rules[directory] = self._read(f"{directory}/{RULES_NAME}" if directory else RULES_NAME)
            if self._rules[directory]:
                self._with_rules.add(directory)
        return self._rules[directory]

    def _read(self, path: str) -> _Rules:
        state = self._root.read(path, _RULES_BYTES_MAX, allow_git=path == _EXCLUDE)
        # As for git, a rule file that is a link is no rule file.
        if isinstance(state, Refusal) or state.data is None or state.kind is not Kind.FILE:
            return []
        lines = os.fsdecode(state.data.removeprefix(b"\xef\xbb\xbf")).split("\n")
        return _compile(line.removesuffix("\r") for line in lines)


def _compile(lines: Iterable[str]) -> _Rules:
    compiled: _Rules = []
    for line in lines:
        # As for git, a pattern that cannot be understood matches nothing and spoils none of the others.
        with suppress(ValueError):
            for pattern in GitIgnoreSpec.from_lines((line,)).patterns:
                if isinstance(pattern, RegexPattern) and pattern.regex and pattern.include is not None:
                    compiled.append((pattern.regex, pattern.include))
    compiled.reverse()
    return compiled


def _verdict(rules: _Rules, path: str, directory: str, *, is_dir: bool) -> bool | None:
    relative = path[len(directory) + 1 :] if directory else path
    for regex, include in rules:
        if _matches_itself(regex, relative, is_dir=is_dir):
            return include
    return None


def _matches_itself(regex: re.Pattern[str], path: str, *, is_dir: bool) -> bool:
    # The library's patterns also match all that lies below a match, and then their one group holds the slash after it.
    # For git that is a matter of the directory's own verdict, which a nearer rule may have reversed.
    found = regex.search(path)
    if found is not None and (not regex.groups or found.group(1) is None):
        return True
    if not is_dir or not regex.groups:
        return False
    return any(found.end(1) == len(path) + 1 for found in regex.finditer(path + "/"))


def _parents(path: str) -> Iterable[str]:
    above = parent_of(path)
    while above:
        yield above
        above = parent_of(above)
