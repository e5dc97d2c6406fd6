"""Where the gate's tests run: clones that are kept from one test to the next, so that their caches stay warm."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from coroom.checks.affected import affected_tests
from coroom.checks.suite import Ending, NoCommand, SuiteCommand, SuiteResult, find_command, run_suite
from coroom.git.command import Git, GitFailed
from coroom.git.gate import Definition, TreeVerdict, made_whole
from coroom.git.repository import read_blobs, tree_files
from coroom.syntax.parse import parses

AFFECTED_SHARE_MAX = 0.5
"""When more of the test files are affected, the whole suite says as much in little more time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How a tree is tested: the command, empty to find it out for each tree; seconds it may take; the checkout whose
    virtual environment has what the tests import.
    """

    test: str = ""
    timeout_s: float
    checkout: Path | None = None

    @property
    def definition(self) -> Definition:
        """What a verdict of this suite is for."""
        return Definition((self.test or "found out for each tree",), self.timeout_s)


class Runners:
    """A fixed number of clones, each used by one test at a time."""

    def __init__(self, source: Git, directory: Path, count: int, suite: Suite) -> None:
        """Clone from `source` into `directory`, when first needed. Only one process may use the directory."""
        self._source = source
        self._directory = directory
        self._suite = suite
        self._free: asyncio.Queue[int] = asyncio.Queue()
        for number in range(count):
            self._free.put_nowait(number)

    async def judge(self, commit: str, base: str, log: Path) -> TreeVerdict:
        """Test the tree of a commit: the tests that its changes since `base` affect first, then all.

        Promises: whatever the tests do, they are over when this returns or is cancelled.

        Raises:
            GitFailed: the commit cannot be checked out.
            OSError: the disk is full.
        """
        async with self._clone(commit) as tree:
            command = find_command(tree, self._suite.test, self._suite.checkout)
            if isinstance(command, NoCommand):
                return TreeVerdict(passed=False, summary=f"{command.why} {command.next_step}")
            for one in (*await asyncio.to_thread(self._first, command, tree, base, commit), command):
                result = await run_suite(one, tree, log, timeout_s=self._suite.timeout_s)
                if not result.passed:
                    return _verdict(one, result)
            return _verdict(command, result)

    @asynccontextmanager
    async def _clone(self, commit: str) -> AsyncIterator[Path]:
        number = await self._free.get()
        try:
            place = self._directory / str(number)
            await asyncio.to_thread(self._prepare, place, commit)
            yield place
        finally:
            self._free.put_nowait(number)

    def _prepare(self, place: Path, commit: str) -> None:
        """Have exactly the commit's files there, beside whatever its own ignore rules leave out: that is the cache."""
        try:
            made_whole(place, self._make)
            (place / ".git" / "index.lock").unlink(missing_ok=True)
            self._check_out(place, commit)
        except (GitFailed, OSError):
            shutil.rmtree(place, ignore_errors=True)
            made_whole(place, self._make)
            self._check_out(place, commit)

    def _make(self, place: Path) -> None:
        source = self._source.line("rev-parse", "--path-format=absolute", "--git-common-dir")
        arguments = ("clone", "--quiet", "--shared", "--no-checkout", "--template=", "--", source, str(place))
        Git(place.parent).run(*arguments, config={"protocol.file.allow": "always"})

    def _check_out(self, place: Path, commit: str) -> None:
        git = Git(place, {"GIT_CEILING_DIRECTORIES": str(self._directory)})
        git.run("checkout", "--quiet", "--force", "--detach", commit, "--")
        git.run("clean", "-ffdq")

    def _first(self, command: SuiteCommand, tree: Path, base: str, commit: str) -> Sequence[SuiteCommand]:
        """The same command on the affected tests alone, where that can be said and is worth it."""
        if not (command.argv[-3:-1] == ("-m", "pytest") or command.argv[-2:] == ("-m", "pytest")):
            return ()
        changed = changed_paths(self._source, base, commit)
        tests = affected_tests(tree, changed)
        every = [one for one in tree.rglob("*.py") if one.name.startswith("test_") or one.name.endswith("_test.py")]
        if not tests or len(tests) > len(every) * AFFECTED_SHARE_MAX:
            return ()
        return (SuiteCommand((*command.argv, "--", *tests), "affected", command.environment),)


def _verdict(command: SuiteCommand, result: SuiteResult) -> TreeVerdict:
    said = f"{command.shown[:200]}: {result.summary} ({result.seconds:.1f} s)"
    if result.ending is Ending.TIMED_OUT:
        said = f"{command.shown[:200]} did not end and was {result.summary}"
    return TreeVerdict(passed=result.passed, summary=said, tail=result.tail, log=str(result.log))


def changed_paths(git: Git, base: str, commit: str) -> list[str]:
    """What differs between two commits, under both names where something was renamed.

    Raises:
        GitFailed: there is no such commit.
    """
    out = git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, commit).out
    return [name.decode("utf-8", "surrogateescape") for name in out.split(b"\0") if name]


def broken_by_merge(git: Git, base: str, commit: str, tips: Sequence[str]) -> str:
    """The first file that does not parse in `commit` and did wherever it came from; empty when there is none.

    Raises:
        GitFailed: a commit is missing.
    """
    changed = set(changed_paths(git, base, commit))
    merged = _texts(git, commit, changed)
    bad = {path for path, text in merged.items() if parses(text, path) is False}
    if not bad:
        return ""
    for source in (base, *tips):
        bad -= {path for path, text in _texts(git, source, bad).items() if parses(text, path) is False}
    return min(bad, default="")


def _texts(git: Git, commit: str, paths: set[str]) -> dict[str, bytes]:
    files = [file for file in tree_files(git, commit) if file.path in paths and not file.symlink]
    return {file.path: data for file, (_, data) in zip(files, read_blobs(git, [f.oid for f in files]), strict=True)}
