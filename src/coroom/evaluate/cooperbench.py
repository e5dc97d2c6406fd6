"""The suite `cooperbench`: the public CooperBench data as it lies on a disk, two features of one repository a task.

The data (github.com/cooperbench/CooperBench, `dataset/`) has a folder for each repository and task with `setup.sh`,
`run_tests.sh`, `combined.patch` and a folder for each feature with `feature.md`, `feature.patch` and `tests.patch`. The
repositories themselves are not in it: `setup.sh`, run in its task's folder, checks one out. A trial asks for both
features of a pair; what the agents leave is one tree, on which the data's own script runs the tests of both.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from coroom.evaluate.commands import HIDDEN, TREE, Command
from coroom.evaluate.eval_task import EvalTask, SuiteError, Unit, laid_together
from coroom.evaluate.yours import committed
from coroom.git.command import Git, GitFailed

WITHIN_S = 1_800.0
"""The data's script makes an environment of its own for each run; that takes minutes."""

_NAMED = {
    "name": re.compile(r'^REPO_NAME="?([^"\n]+)"?', re.MULTILINE),
    "commit": re.compile(r'^BASE_COMMIT="?([0-9a-f]{7,40})"?', re.MULTILINE),
    "url": re.compile(r"git clone (?:--\S+ )*(\S+)"),
}
_PAIR = re.compile(r"(\d+)-(\d+)")
_TEST = re.compile(r"(^|/)(tests?|__tests__)/|(^|/)test_[^/]*$|_test\.\w+$|\.(test|spec)\.\w+$")

Patch = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One task's folder, and where its repository is checked out."""

    folder: Path
    commit: str
    git: Git

    def patch(self, feature: int, name: str) -> Patch:
        path = self.folder / f"feature{feature}" / name
        try:
            return path.read_bytes()
        except OSError as problem:
            message = f"{path} is missing ({problem.strerror}): a feature has feature.md, feature.patch and tests.patch"
            raise SuiteError(message) from problem


def is_data(place: Path) -> bool:
    """Whether this is the data, a repository's folder of it, or a task's folder."""
    return any(any(place.glob(f"{depth}feature[0-9]*/feature.patch")) for depth in ("", "task*/", "*_task/task*/"))


def load_cooperbench(place: Path, subset: str = "") -> tuple[EvalTask, ...]:
    """The pairs of features below a place, a task each.

    Args:
        place: the data, a repository's folder in it, or a task's folder.
        subset: the name of a list in `subsets/`, or two features of a task, `3-7`; empty: `lite` where the whole data
            has it, else every pair.

    Raises:
        SuiteError: there are none, or something that a task needs is missing; says what, and how to get it.
    """
    pairs = list(_pairs(place, subset))
    if not pairs:
        message = f"{place} holds no pair of features: name CooperBench's dataset/ folder, or a task of it"
        raise SuiteError(message)
    sources = {folder: _source(folder) for folder in dict.fromkeys(folder for folder, _ in pairs)}
    made = {folder: _Trees.of(source) for folder, source in sources.items()}
    return tuple(_task(made[folder], pair) for folder, pair in pairs)


@dataclass(slots=True)
class _Trees:
    """What many pairs of one task have in common, made once: the start, each feature alone, all of them together."""

    source: _Source
    start: Mapping[str, bytes]
    _alone: dict[int, Mapping[str, bytes]] = field(default_factory=dict)
    _combined: Mapping[str, bytes] | None = None

    @classmethod
    def of(cls, source: _Source) -> "_Trees":
        return cls(source, committed(source.git, source.commit))

    def alone(self, feature: int) -> Mapping[str, bytes]:
        """What a feature changes."""
        if feature not in self._alone:
            self._alone[feature] = self._changed([self.source.patch(feature, "feature.patch")])
        return self._alone[feature]

    def together(self, pair: Sequence[int]) -> Mapping[str, bytes]:
        """What both features change: the data's own solution of all features, else one patch after the other."""
        if self._combined is None and (self.source.folder / "combined.patch").exists():
            try:
                self._combined = self._changed([(self.source.folder / "combined.patch").read_bytes()])
            except SuiteError:
                self._combined = {}
        return self._combined or self._changed([self.source.patch(feature, "feature.patch") for feature in pair])

    def _changed(self, patches: Sequence[Patch]) -> Mapping[str, bytes]:
        tree = _patched(self.source, self.start, patches)
        return {path: content for path, content in tree.items() if self.start.get(path) != content}


def _pairs(place: Path, subset: str) -> Iterator[tuple[Path, tuple[int, int]]]:
    if alone := _PAIR.fullmatch(subset):
        pair = int(alone[1]), int(alone[2])
        if not all((place / f"feature{number}").is_dir() for number in pair):
            message = f"{place} has no features {pair[0]} and {pair[1]}: name a task's folder and two of its features"
            raise SuiteError(message)
        yield place, pair
        return
    named = place / "subsets" / f"{subset or 'lite'}.json"
    if subset and not named.exists():
        message = f"there is no subset '{subset}': {named} is missing"
        raise SuiteError(message)
    if named.exists():
        for entry in json.loads(named.read_text(encoding="utf-8"))["tasks"]:
            folder = place / entry["repo"] / f"task{entry['task_id']}"
            yield from ((folder, (pair[0], pair[1])) for pair in entry["pairs"])
        return
    for depth in ("feature[0-9]*", "task*/feature[0-9]*", "*_task/task*/feature[0-9]*"):
        for folder in sorted({found.parent for found in place.glob(depth)}):
            numbers = sorted(int(found.name.removeprefix("feature")) for found in folder.glob("feature[0-9]*"))
            yield from ((folder, pair) for pair in itertools.combinations(numbers, 2))


def _source(folder: Path) -> _Source:
    for name in ("setup.sh", "run_tests.sh"):
        if not (folder / name).exists():
            message = f"{folder} has no {name}: fetch the data whole"
            raise SuiteError(message)
    setup = (folder / "setup.sh").read_text(encoding="utf-8")
    found = {part: pattern.search(setup) for part, pattern in _NAMED.items()}
    named, commit = found["name"], found["commit"]
    if not named or not commit:
        message = f"{folder / 'setup.sh'} does not say REPO_NAME and BASE_COMMIT; fetch the data again"
        raise SuiteError(message)
    checkout = folder / named[1]
    url = found["url"][1] if found["url"] else "its repository"
    how = f"run 'bash setup.sh' in {folder}, or: git clone {url} {checkout} (commit {commit[1][:12]})"
    if not checkout.is_dir():
        message = f"the repository of {folder.parent.name}/{folder.name} is not there: {how}"
        raise SuiteError(message)
    git = Git(checkout)
    try:
        git.run("cat-file", "-e", f"{commit[1]}^{{commit}}")
    except GitFailed as problem:
        message = f"{checkout} does not have commit {commit[1][:12]}: {how}"
        raise SuiteError(message) from problem
    return _Source(folder=folder, commit=commit[1], git=git)


def _task(made: _Trees, pair: tuple[int, int]) -> EvalTask:
    source = made.source
    units = tuple(_unit(source, feature, made.alone(feature)) for feature in pair)
    hidden = {f"hidden/feature{n}/tests.patch": source.patch(n, "tests.patch") for n in pair}
    script = (source.folder / "run_tests.sh").read_bytes()
    return laid_together(
        EvalTask(
            id=f"{source.folder.parent.name.removesuffix('_task')}-{source.folder.name.removeprefix('task')}-f{pair[0]}-f{pair[1]}",
            title=f"Two features of {source.folder.parent.name.removesuffix('_task')}",
            brief="Build both features in this repository. Each has hidden tests; both run on what you leave together.",
            units=units,
            start=made.start,
            reference=made.together(pair),
            hidden={**hidden, "hidden/run_tests.sh": script},
            mutants=(),
            commands={
                f"feature{n}": Command(
                    words=("bash", f"{HIDDEN}/run_tests.sh", TREE, f"{HIDDEN}/feature{n}/tests.patch"),
                    laid_over=False,
                    as_repository=True,
                    within_s=WITHIN_S,
                    # Its files of tests hold the repository's own too, which pass before anything was done.
                    as_one=True,
                )
                for n in pair
            },
            alone={f"feature{n}": made.alone(n) for n in pair},
        )
    )


def _unit(source: _Source, feature: int, alone: Mapping[str, bytes]) -> Unit:
    words = source.patch(feature, "feature.md").decode(errors="replace")
    title = re.search(r"\*\*Title\*\*:?\s*(.+)", words)
    return Unit(
        id=f"feature{feature}",
        title=title[1].strip() if title else f"feature {feature}",
        files=tuple(path for path in alone if not _TEST.search(path)),
        contract=words,
        after=(),
        tests=(),
    )


def _patched(source: _Source, start: Mapping[str, bytes], patches: Sequence[Patch]) -> dict[str, bytes]:
    with TemporaryDirectory(prefix="coroom-patch-") as scratch:
        git = Git(source.git.directory, {"GIT_INDEX_FILE": f"{scratch}/index"})
        try:
            git.run("read-tree", source.commit)
            for patch in patches:
                git.run("apply", "--cached", "--3way", "--ignore-whitespace", "-", stdin=patch)
            tree = git.run("write-tree").line
        except GitFailed as problem:
            message = f"a patch of {source.folder} does not fit its repository: {problem.why}"
            raise SuiteError(message) from problem
        found = committed(git, tree)
    # Submodules and links are no files of ours; what the start has is what counts.
    return {path: content for path, content in found.items() if content != start.get(path)} | {
        path: content for path, content in start.items() if found.get(path) == content
    }
