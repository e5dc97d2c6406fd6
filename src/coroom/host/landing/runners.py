"""Where the gate's tests run: clones that are kept from one test to the next, so that their caches stay warm."""

import asyncio
import os
import re
import shlex
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from coroom.checks.suites.affected import affected_tests
from coroom.checks.suites.command import NoCommand, SuiteCommand, find_command
from coroom.checks.suites.suite import Ending, Starter, SuiteResult, run_suite
from coroom.git.command import Git, GitFailed
from coroom.git.gate import Definition, TreeVerdict, made_whole
from coroom.git.repository import object_places, read_blobs, tree_files
from coroom.host.confined import Confined
from coroom.launch.leftover import end_leftover
from coroom.syntax import grammar_of, parses

AFFECTED_SHARE_MAX = 0.5
"""When more of the test files are affected, the whole suite says as much in little more time."""

AFFECTED = "affected"

PATHS = "{paths}"
"""In a command for affected tests: where the paths that have changed are put, as words for the shell."""

PATHS_CHARS_MAX = 100_000
"""A line for the shell may have 128 KiB. A change of more than that affects everything."""

PYTEST_FOUND_NONE = 5
"""The exit code of pytest when it has run nothing."""

HOMES = "homes"

OUTPUT_BYTES_MAX = 4 << 20
"""Of what the tests printed, what a rule is shown: the end, where they name what failed."""

_PYTEST = re.compile(r"(?:[\w./+-]*python[\w.]* -m pytest|(?:[\w./+-]*/)?pytest)(?: -[\w=:.,/+-]+| \d+)*")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule makes of a run of the tests, and what it says about it."""

    passed: bool
    said: str = ""


class Rule(Protocol):
    """What may fail all the same."""

    @property
    def name(self) -> str:
        """It in a few words; a verdict is for one rule."""
        ...

    def judge(self, git: Git, commit: str, output: str, *, passed: bool, whole: bool) -> Ruling:
        """Judge the tests of a commit in `git` by what they printed; `whole`: all of them have run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How a tree is tested: the command, empty to find it out for each tree; seconds it may take; the checkout whose
    virtual environment has what the tests import; in what isolation. `affected` is the user's own command for the tests
    that a change affects, with `{paths}` where what has changed is put; `rule` says what may fail all the same.
    """

    test: str = ""
    timeout_s: float
    checkout: Path | None = None
    affected: str = ""
    confined: Confined = field(default_factory=Confined)
    rule: Rule | None = None

    @property
    def definition(self) -> Definition:
        """What a verdict of this suite is for. What passes with a network may not without."""
        isolation = "" if self.confined.is_plain else f"in {self.confined.named}"
        apart = filter(None, (isolation, self.rule.name if self.rule else ""))
        return Definition((self.test or "found out for each tree", *apart), self.timeout_s)


class Runners:
    """A fixed number of clones, each used by one test at a time."""

    def __init__(
        self, source: Git, directory: Path, count: int, suite: Suite, say: Callable[[str], None] = lambda _text: None
    ) -> None:
        """Clone from `source` into `directory`, when first needed. Only one process may use the directory. `say` hears
        once what cannot be done with this suite.
        """
        self._source = source
        self._directory = directory
        self._suite = suite
        self._say = say
        self._said = ""
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
            start = await asyncio.to_thread(self._starter, tree)
            for one in (*await asyncio.to_thread(self._first, command, tree, base, commit), command):
                ran = await run_suite(one, tree, log, timeout_s=self._suite.timeout_s, start=start)
                result = await asyncio.to_thread(self._ruled, ran, commit, whole=one is command)
                if _has_failed(one, result):
                    return self._verdict(one, result)
            return self._verdict(command, result)

    def _ruled(self, result: SuiteResult, commit: str, *, whole: bool) -> SuiteResult:
        """What the suite's rule makes of a run that ended by itself."""
        rule = self._suite.rule
        if rule is None or result.code is None:
            return result
        output = result.log.read_bytes()[-OUTPUT_BYTES_MAX:].decode("utf-8", "replace")
        ruling = rule.judge(self._source, commit, output, passed=result.passed, whole=whole)
        return replace(
            result,
            ending=Ending.PASSED if ruling.passed else Ending.FAILED,
            summary=ruling.said or result.summary,
            tail="" if ruling.passed else "\n".join(filter(None, (result.tail, ruling.said))),
        )

    def _starter(self, tree: Path) -> Starter:
        """The tests see the objects that the clone stands on, and do not change what git is told in it."""
        seen = object_places(self._source)
        start = self._suite.confined.start
        return partial(start, home=self._home(tree), readable=seen, kept=(tree / ".git",), noted=True)

    def _home(self, tree: Path) -> Path:
        return self._directory / HOMES / tree.name

    def _verdict(self, command: SuiteCommand, result: SuiteResult) -> TreeVerdict:
        shown = command.shown[:200]
        said = f"{shown}: {result.summary} ({result.seconds:.1f} s)"
        if result.ending is Ending.TIMED_OUT:
            said = f"{shown} did not end and was {result.summary}"
        tail = "\n".join(filter(None, (result.tail, "" if result.passed else self._suite.confined.hint)))
        return TreeVerdict(passed=result.passed, summary=said, tail=tail, log=str(result.log))

    @asynccontextmanager
    async def _clone(self, commit: str) -> AsyncIterator[Path]:
        number = await self._free.get()
        try:
            place = self._directory / str(number)
            # Tests of a gate that was killed may still write there.
            await asyncio.to_thread(end_leftover, self._home(place))
            await asyncio.to_thread(self._prepare, place, commit)
            yield place
        finally:
            self._free.put_nowait(number)

    def _prepare(self, place: Path, commit: str) -> None:
        """Have exactly the commit's files there, beside whatever its own ignore rules leave out: that is the cache."""
        try:
            is_kept = place.exists()
            made_whole(place, self._make)
            (place / ".git" / "index.lock").unlink(missing_ok=True)
            self._check_out(place, commit, clean=is_kept)
        except (GitFailed, OSError):
            shutil.rmtree(place, ignore_errors=True)
            made_whole(place, self._make)
            self._check_out(place, commit)

    def _make(self, place: Path) -> None:
        asked = ("rev-parse", "--path-format=absolute", "--git-common-dir", "--show-object-format")
        source, kind = self._source.line(*asked).splitlines()
        arguments = ("clone", "--quiet", "--shared", "--no-checkout", "--template=", "--", source, str(place))
        # A repository without branches does not tell its clones what its ids are.
        Git(place.parent, {"GIT_DEFAULT_HASH": kind}).run(*arguments, config={"protocol.file.allow": "always"})

    def _check_out(self, place: Path, commit: str, *, clean: bool = True) -> None:
        git = Git(place, {"GIT_CEILING_DIRECTORIES": str(self._directory)})
        git.run("checkout", "--quiet", "--force", "--detach", commit, "--")
        if clean:
            git.run("clean", "-ffdq")

    def _first(self, command: SuiteCommand, tree: Path, base: str, commit: str) -> Sequence[SuiteCommand]:
        """What runs first, on the affected tests alone, where that can be said and is worth it."""
        if self._suite.affected:
            return self._users_own(command, changed_paths(self._source, base, commit))
        if not takes_files(command):
            self._tell(
                f"the tests that a change affects are known for pytest only: {command.shown[:80]} is run whole each "
                "time. Name a command for them with --affected 'CMD {paths}'"
            )
            return ()
        tests = affected_tests(tree, changed_paths(self._source, base, commit))
        every = [one for one in tree.rglob("*.py") if one.name.startswith("test_") or one.name.endswith("_test.py")]
        if not tests or len(tests) > len(every) * AFFECTED_SHARE_MAX:
            return ()
        return (on_files(command, tests),)

    def _users_own(self, command: SuiteCommand, changed: Sequence[str]) -> Sequence[SuiteCommand]:
        paths = shlex.join(changed)
        if not paths or len(paths) > PATHS_CHARS_MAX:
            return ()
        line = self._suite.affected.replace(PATHS, paths)
        return (SuiteCommand(("/bin/sh", "-c", line), AFFECTED, command.environment),)

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say(text)


def takes_files(command: SuiteCommand) -> bool:
    """Whether the command is pytest with nothing but options, so that it can be given files to run."""
    return _PYTEST.fullmatch(command.shown) is not None


def on_files(command: SuiteCommand, tests: Sequence[str]) -> SuiteCommand:
    """The same command on these files alone."""
    if command.argv[:2] == ("/bin/sh", "-c"):
        argv: tuple[str, ...] = (*command.argv[:2], f"{command.argv[2]} -- {shlex.join(tests)}")
    else:
        argv = (*command.argv, "--", *tests)
    return SuiteCommand(argv, AFFECTED, command.environment)


def _has_failed(command: SuiteCommand, result: SuiteResult) -> bool:
    """Whether a run says anything against the tree: of the affected files all tests may be left out by options."""
    is_empty = command.reason == AFFECTED and result.code == PYTEST_FOUND_NONE
    return not (result.passed or is_empty)


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
    brought = {path: oid for path, oid in _brought(git, base, commit) if grammar_of(path) is not None}
    texts = zip(brought, read_blobs(git, brought.values()), strict=True)
    bad = {path for path, (_, text) in texts if parses(text, path) is False}
    if not bad:
        return ""
    for source in (base, *tips):
        bad -= {path for path, text in _texts(git, source, bad).items() if parses(text, path) is False}
    return min(bad, default="")


def _brought(git: Git, base: str, commit: str) -> Iterator[tuple[str, str]]:
    """The files, links left out, that `commit` has otherwise than `base`, each with its object."""
    fields = git.run("diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev", base, commit).out.split(b"\0")
    for facts, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, oid, _ = facts.decode().split()
        if mode.startswith("100"):
            yield os.fsdecode(path), oid


def _texts(git: Git, commit: str, paths: set[str]) -> dict[str, bytes]:
    files = [file for file in tree_files(git, commit) if file.path in paths and not file.symlink]
    return {file.path: data for file, (_, data) in zip(files, read_blobs(git, [f.oid for f in files]), strict=True)}
