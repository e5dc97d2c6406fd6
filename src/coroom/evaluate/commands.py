"""A test command that is not ours: runs in a copy of a tree, is stopped when its time is over, and is counted."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coroom.git.command import Git
from coroom.processes.groups import kill_group

TREE, HIDDEN = "{tree}", "{hidden}"
"""Stand for the copy of the tree and for the hidden files, in a command's words."""

WITHIN_S = 600.0
OUTPUT_BYTES_MAX = 1 << 22

_SUMMARIES = (
    # pytest, and what prints like it
    (re.compile(r"\b(\d+) passed\b"), re.compile(r"\b(\d+) (?:failed|errors?)\b")),
    # unittest
    (re.compile(r"^Ran (\d+) tests?", re.MULTILINE), re.compile(r"(?:failures|errors)=(\d+)")),
)
_LINES = (
    # go test -v, cargo test
    (re.compile(r"^\s*--- PASS: ", re.MULTILINE), re.compile(r"^\s*--- FAIL: ", re.MULTILINE)),
    (re.compile(r"^test .* \.\.\. ok$", re.MULTILINE), re.compile(r"^test .* \.\.\. FAILED$", re.MULTILINE)),
)
_NONE_FOUND = re.compile(
    r"^=*\s*no tests ran\b|^NO TESTS RAN|^Ran 0 tests|\[no test files\]|^No tests? (?:files )?found", re.MULTILINE
)
_JEST = re.compile(r"^\s*Tests:?\s+(?:(\d+) failed[,|]?\s*)?(?:\d+ \w+[,|]\s*)*?(\d+) passed", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How the hidden tests of one unit are run.

    Args:
        words: the program and its arguments; `{tree}` and `{hidden}` are put in.
        laid_over: the hidden files are laid over the tree; else they lie in a folder of their own.
        as_repository: the copy is a git repository with the tree as its one commit.
        within_s: then it is stopped, and passes nothing.
        as_one: its tests count as one, which passes when all do.
    """

    words: tuple[str, ...]
    laid_over: bool = True
    as_repository: bool = False
    within_s: float = WITHIN_S
    as_one: bool = False


class CommandError(Exception):
    """The command could not be started at all; says why."""


def counted(command: Command, tree: Mapping[str, bytes], hidden: Mapping[str, bytes]) -> tuple[int, int]:
    """Run the command on a copy of a tree: how many tests passed, of how many.

    Where its output has no count that is known (pytest, unittest, go test, cargo test, jest and vitest), it is one test
    that passes when the command ends with 0. A command that ends otherwise has not passed all, whatever it printed. One
    that says that it found no test has run (0, 0).

    Raises:
        CommandError: there is no such program.
    """
    with TemporaryDirectory(prefix="coroom-grade-") as name:
        folder, beside = Path(name) / "tree", Path(name) / "hidden"
        bare = {path.removeprefix("hidden/"): content for path, content in hidden.items()}
        _lay(folder, tree)
        if command.as_repository:
            _commit(folder)
        _lay(folder if command.laid_over else beside, bare)
        code, output = _run(command, folder, beside)
    passed, failed = counts_in(output)
    if passed + failed == 0:
        return (0, 0) if _NONE_FOUND.search(output) else (int(code == 0), 1)
    if code != 0 and failed == 0:
        failed = 1
    return (int(failed == 0), 1) if command.as_one else (passed, passed + failed)


def counts_in(output: str) -> tuple[int, int]:
    """Passed and failed tests that the output of a test runner tells; (0, 0) when it tells none."""
    if found := _JEST.search(output):
        return int(found[2]), int(found[1] or 0)
    for good, bad in _LINES:
        passed, failed = len(good.findall(output)), len(bad.findall(output))
        if passed + failed:
            return passed, failed
    for number, (good, bad) in enumerate(_SUMMARIES):
        passed, failed = (sum(map(int, pattern.findall(output))) for pattern in (good, bad))
        if passed + failed:
            # unittest says how many ran, pytest how many passed.
            return (max(passed - failed, 0), failed) if number else (passed, failed)
    return 0, 0


def _lay(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if content.startswith(b"#!"):
            target.chmod(0o755)


def _commit(folder: Path) -> None:
    git = Git(
        folder,
        {"GIT_AUTHOR_NAME": "tree", "GIT_AUTHOR_EMAIL": "", "GIT_COMMITTER_NAME": "tree", "GIT_COMMITTER_EMAIL": ""},
    )
    git.run("init", "-q")
    git.run("add", "-A", "-f")
    git.run("commit", "-q", "--allow-empty", "-m", "the tree that is tested")


def _run(command: Command, folder: Path, beside: Path) -> tuple[int, str]:
    words = [word.replace(TREE, str(folder)).replace(HIDDEN, str(beside)) for word in command.words]
    kept = ("PATH", "LANG", "HOME", "TMPDIR", "UV_CACHE_DIR", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "SSL_CERT_FILE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    with (folder.parent / "output").open("wb+") as output:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
            )
        except OSError as problem:
            message = f"the test command '{words[0]}' cannot be started: {problem.strerror or problem}"
            raise CommandError(message) from problem
        try:
            code = process.wait(command.within_s)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        finally:
            _end(process)
        output.seek(0)
        return code, output.read(OUTPUT_BYTES_MAX).decode(errors="replace")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Whatever the tests have started ends with them."""
    kill_group(process.pid)
    process.wait()
