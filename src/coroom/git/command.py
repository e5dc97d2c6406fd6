"""The only file that runs git: plain argument lists, bytes in and out, bounded in time and size.

What the machine or the repository has configured cannot run a program of its choice here: hooks, file system
monitors, pagers, prompts, signing and network protocols are off. Git's own check that the repository belongs to
the caller stays on.
"""

import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, PollSelector
from typing import IO

from coroom.core.errors import Fault
from coroom.core.quick import dataclass
from coroom.processes.groups import kill_group

TIMEOUT_S = 120.0
"""A local git command that takes longer hangs."""

OUT_BYTES_MAX = 1 << 30
"""The content of a large repository's text, whole, and no more."""

ERR_BYTES_MAX = 1 << 16
"""One line of the complaint is shown; git gives it near the end."""

CLOSED_WITHIN_S = 2.0
"""What the pipes of a process that was killed get to close."""

_CHUNK = 1 << 16

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.quotePath": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.filesRefLockTimeout": "2000",
    "core.fsync": "committed,reference",
    "core.fsyncMethod": "batch",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "commit.gpgSign": "false",
    "protocol.allow": "never",
}

_FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C",
}


class GitFailed(Fault):
    """Git ended in a way that nobody expected: what was asked, the exit code (negative: the signal), why, and where."""

    def __init__(self, argv: tuple[str, ...], code: int, why: str, at: Path = Path()) -> None:
        super().__init__(f"git {' '.join(argv)[:300]} ended with {code}: {why}")
        self.argv = argv
        self.code = code
        self.why = why
        self.at = at


class GitMissing(GitFailed):
    """There is no git on this machine's path."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended that was expected to end so."""

    code: int
    out: bytes
    err: bytes

    @property
    def line(self) -> str:
        """Standard output as one line of text."""
        return os.fsdecode(self.out).strip()


class Git:
    """Git in one directory."""

    def __init__(self, directory: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> None:
        """Run in `directory`, with these variables on top of the fixed environment."""
        self.directory = Path(directory)
        self._environment = dict(environment or {})

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        expect: Collection[int] = (0,),
        config: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
        out_bytes_max: int = OUT_BYTES_MAX,
    ) -> Done:
        """Run git and wait for it.

        Args:
            arguments: as on a command line; nothing is expanded.
            stdin: what it reads.
            expect: exit codes that are answers; every other is a fault.
            config: settings for this command only.
            timeout_s: seconds after which it is killed.
            out_bytes_max: bytes of standard output after which it is killed.

        Raises:
            GitFailed: an unexpected exit code, out of time, too much output, or git cannot be started.
        """
        try:
            process = subprocess.Popen(
                ("git", *arguments),
                cwd=self.directory,
                env=environment(self._environment, config),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as problem:
            raise _not_started(arguments, problem, self.directory) from problem
        taken = _Taken(process, out_bytes_max)
        try:
            taken.all(stdin, timeout_s)
        finally:
            # Before it is waited for: until then nobody else can have its number.
            if process.returncode is None:
                kill_group(process.pid)
            process.wait()
            taken.close()
        done = Done(process.returncode, taken.out, taken.err)
        if taken.stopped or done.code not in expect:
            raise GitFailed(arguments, done.code, taken.stopped or reason_of(done.err), self.directory)
        return done

    def line(self, *arguments: str) -> str:
        """The one line that git prints. Raises as `run`."""
        return self.run(*arguments).line


def own_setting(name: str) -> str:
    """What this user has set for all repositories, which git is not let see otherwise; empty when nothing is."""
    given = os.environ.get("GIT_CONFIG_GLOBAL")
    home = Path.home()
    usual = [home / ".gitconfig", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "config"]
    for file in [Path(given)] if given else usual:
        if file.is_file():
            asked = Git(file.parent).run("config", "--file", str(file), "--includes", name, expect=(0, 1, 3, 128))
            if asked.code == 0 and asked.line:
                return asked.line
    return ""


class _Taken:
    """What a process wrote, read as it comes while it is fed, so that neither side can block the other."""

    def __init__(self, process: "subprocess.Popen[bytes]", out_bytes_max: int) -> None:
        self._process = process
        self._out_bytes_max = out_bytes_max
        self._out = bytearray()
        self.err = b""
        self.stopped = ""
        self._end = 0.0

    @property
    def out(self) -> bytes:
        return bytes(self._out)

    def all(self, stdin: bytes, timeout_s: float) -> None:
        """Until its pipes are closed and it has ended; where that takes too long it is killed, with what it started:
        that may hold the pipes when git itself has ended. Whoever left its group and holds them is not waited for.
        """
        self._end = time.monotonic() + timeout_s
        with PollSelector() as waiting:
            for pipe, event, act in self._pipes(stdin):
                waiting.register(pipe, event, (pipe, act))
            while waiting.get_map():
                ready = waiting.select(self._left_s())
                # Something may be ready for ever.
                if not self._left_s():
                    if self.stopped:
                        break
                    self._stop(f"out of time after {timeout_s:g} s")
                for key, _events in ready:
                    pipe, act = key.data
                    if not act():
                        waiting.unregister(pipe)
                        pipe.close()
        try:
            self._process.wait(self._left_s())
        except subprocess.TimeoutExpired:
            self._stop(f"out of time after {timeout_s:g} s")

    def _left_s(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def _pipes(self, stdin: bytes) -> Iterator[tuple[IO[bytes], int, Callable[[], bool]]]:
        """Each with what to wait for and what to do then, which says whether there is more to do."""
        process = self._process
        assert process.stdout
        assert process.stderr
        yield process.stdout, EVENT_READ, partial(self._read_out, process.stdout.fileno())
        yield process.stderr, EVENT_READ, partial(self._read_err, process.stderr.fileno())
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            yield process.stdin, EVENT_WRITE, partial(_feed, process.stdin.fileno(), [memoryview(stdin)])

    def _stop(self, why: str) -> None:
        if not self.stopped:
            self.stopped, self._end = why, time.monotonic() + CLOSED_WITHIN_S
        kill_group(self._process.pid)

    def _read_out(self, pipe: int) -> bool:
        chunk = os.read(pipe, _CHUNK)
        self._out += chunk
        if len(self._out) > self._out_bytes_max:
            self._stop(f"more than {self._out_bytes_max} bytes of output")
            return False
        return bool(chunk)

    def _read_err(self, pipe: int) -> bool:
        chunk = os.read(pipe, _CHUNK)
        self.err = (self.err + chunk)[-ERR_BYTES_MAX:]
        return bool(chunk)

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()


def _feed(pipe: int, left: list[memoryview]) -> bool:
    """Write what the pipe takes."""
    try:
        left[0] = left[0][os.write(pipe, left[0][:_CHUNK]) :]
    except BlockingIOError:
        return True
    except OSError:
        return False  # it ended without reading all; its exit code says whether that was right
    return bool(left[0])


def _not_started(arguments: tuple[str, ...], problem: OSError, at: Path) -> GitFailed:
    if isinstance(problem, FileNotFoundError) and problem.filename == "git":
        return GitMissing(arguments, -1, "there is no git on the path", at)
    return GitFailed(arguments, -1, str(problem), at)


def reason_of(err: bytes) -> str:
    """The line that gives the reason: the last that git marks as fatal or an error, else the last of all."""
    lines = [line.strip() for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (marked or lines or ["it said nothing"])[-1][:500]


def environment(extra: Mapping[str, str], config: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that git sees: the caller's own without any of git's, and the settings fixed here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = [*_CONFIG.items(), *(("safe.directory", place) for place in _trusted_places()), *(config or {}).items()]
    numbered = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        numbered[f"GIT_CONFIG_KEY_{number}"] = name
        numbered[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**kept, **_FIXED, **numbered, **extra}


@cache
def _trusted_places() -> tuple[str, ...]:
    """The directories that the user has told git to trust: the one thing taken from the user's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        found = subprocess.run(
            ("git", "config", "--global", "-z", "--get-all", "safe.directory"),
            env={**kept, "LC_ALL": "C"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(os.fsdecode(place) for place in found.stdout.split(b"\0") if place)
