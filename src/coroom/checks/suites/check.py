"""The project's own tests, those of both sides, run on the merged tree: the affected ones first."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coroom.checks.engine import CannotRunError
from coroom.checks.finding import Finding
from coroom.checks.sides import Four
from coroom.checks.suites.command import NoCommand, SuiteCommand, find_command
from coroom.checks.suites.suite import Ending, Starter, SuiteResult, run_suite
from coroom.syntax import is_test

TIMEOUT_S = 900.0
"""For one run of the tests of one tree."""


@dataclass(frozen=True, slots=True)
class SuiteCheck:
    """The check. `command` is a line for the shell; empty for the one that the tree itself names. `start` is how it is
    started: by default as a process of this user.
    """

    command: str
    home: Path
    start: Starter | None = None
    name: str = "tests"
    fast: bool = False

    def findings(self, four: Four) -> Iterator[Finding]:
        """One finding when the merged tree fails its tests and neither side fails its own.

        Raises:
            CannotRunError: nothing says how to run the tests, they cannot be started, or a side fails by itself.
        """
        failed = self._fails(four.merged.texts, affected(four))
        if failed is None:
            return
        for side in four.sides:
            alone = self._fails(side.tree.texts, [])
            if alone is not None:
                raise CannotRunError(f"{side.name} fails its own tests already: {alone.summary}")
        path, line = _place(failed.tail, four)
        places = [tuple(f"{each}:1" for each in side.paths if not is_test(each))[:3] for side in four.sides]
        yield Finding(kind="tests-fail", path=path, line=line, symbol="", confidence=1.0,
                      message=f"the tests pass on each side and fail together: {failed.summary}",
                      ours=places[0], theirs=places[1])  # fmt: skip

    def _fails(self, texts: Mapping[str, bytes], first: list[str]) -> SuiteResult | None:
        with TemporaryDirectory(prefix="coroom-tests-") as place:
            tree = Path(place, "tree")
            for path, text in texts.items():
                target = tree / path
                if ".." not in Path(path).parts and not Path(path).is_absolute():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(text)
            command = find_command(tree, self.command, self.home)
            if isinstance(command, NoCommand):
                raise CannotRunError(f"{command.why} {command.next_step}")
            for argv in (
                ([*command.argv, *first], list(command.argv)) if first and _by_file(command) else (command.argv,)
            ):
                run = SuiteCommand(tuple(argv), command.reason, command.environment)
                result = asyncio.run(run_suite(run, tree, Path(place, "log"), timeout_s=TIMEOUT_S, start=self.start))
                if result.ending in {Ending.NOT_STARTED, Ending.TIMED_OUT}:
                    raise CannotRunError(result.summary)
                if not result.passed:
                    return result
        return None


def _by_file(command: SuiteCommand) -> bool:
    """Whether the command can be given files to run."""
    return "pytest" in command.argv


def affected(four: Four) -> list[str]:
    """The test files of the merged tree that either side changed, and those that name a changed module."""
    changed = {path for side in four.sides for path in side.paths}
    stems = {Path(path).stem.encode() for path in changed if not is_test(path)}
    found = []
    for path, text in four.merged.texts.items():
        own = is_test(path) and path.endswith(".py") and Path(path).name != "conftest.py"
        if own and (path in changed or any(re.search(rb"\b" + re.escape(stem) + rb"\b", text) for stem in stems)):
            found.append(path)
    return sorted(found)[:50]


def _place(tail: str, four: Four) -> tuple[str, int]:
    for match in re.finditer(r"([\w./-]+\.\w+):(\d+)", tail):
        if match[1] in four.merged.texts:
            return match[1], int(match[2])
    named = [path for path in four.merged.texts if is_test(path) and path in tail]
    return (named[0] if named else next(iter(four.ours.paths), "")), 1
