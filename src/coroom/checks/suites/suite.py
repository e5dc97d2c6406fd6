"""The repository's own tests, run on a checked-out tree: bounded in time and output, killed as a whole."""

import asyncio
import os
import re
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from coroom.checks.suites.command import SuiteCommand
from coroom.processes.groups import kill_group, signal_group

TIMEOUT_S = 1_800.0
"""Half an hour; a suite that takes longer is told so by whoever runs the room."""

LOG_BYTES_MAX = 8 << 20
"""The first and the last half of this much are kept: the beginning says what ran, the end what failed."""

TAIL_LINES = 30
TAIL_CHARS = 1_500
GRACE_S = 3.0
"""Between asking a suite to stop and killing it."""

_FAILING = re.compile(
    r"^(FAILED|ERROR|E  |--- FAIL|not ok|FAIL[: \t]|AssertionError|error(\[|:)|test .* FAILED|\s*[✗✘✕] )", re.MULTILINE
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A suite as a process: `env` is its whole environment; `close` ends what is left of it and clears up.

    `opens`, where there is one, is told the number of the process before it acts, and gives what it waits for on its
    standard input.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    close: Callable[[], None] = lambda: None
    opens: Callable[[int], bytes] | None = None


Starter = Callable[[SuiteCommand, Path], Start]
"""How a command is started in a tree: plainly, or in an isolation."""


class Ending(StrEnum):
    """How a run of the suite came to its end."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    NOT_STARTED = "not-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """What the suite said. `summary` is one line, `tail` what explains a failure, `log` the whole output; `code` is the
    exit code of one that ended by itself.
    """

    ending: Ending
    summary: str
    seconds: float
    log: Path
    tail: str = ""
    code: int | None = None

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return self.ending is Ending.PASSED


async def run_suite(
    command: SuiteCommand,
    tree: Path,
    log: Path,
    *,
    timeout_s: float = TIMEOUT_S,
    log_bytes_max: int = LOG_BYTES_MAX,
    start: Starter | None = None,
) -> SuiteResult:
    """Run the tests in `tree` and wait for them.

    Promises: when this returns, raises or is cancelled, nothing of the suite's process group runs any more, and
    nothing of what `start` says belongs to it.

    Args:
        command: what to run.
        tree: a directory of its own, which the suite may write to.
        log: receives standard output and error, at most `log_bytes_max` of them.
        timeout_s: seconds until it is stopped, first politely.
        log_bytes_max: see `log`.
        start: how it is started; by default as a process of this user.

    Returns:
        How it ended; a command that cannot be started is a result, too.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    kept = _Output(log_bytes_max)

    def ended(ending: Ending, summary: str, code: int | None = None) -> SuiteResult:
        with log.open("wb") as file:
            kept.write(file)
        tail = "" if ending is Ending.PASSED else tail_of(kept.end())
        took = time.monotonic() - began
        return SuiteResult(ending=ending, summary=summary, seconds=took, log=log, tail=tail, code=code)

    named = "/" not in command.argv[0] or os.path.isabs(command.argv[0])
    if named and shutil.which(command.argv[0]) is None:
        return ended(Ending.NOT_STARTED, f"{command.shown} cannot be started: there is no {command.argv[0]}")
    started = await asyncio.to_thread(start or _plainly, command, tree)
    try:
        return await _run(command, started, tree, kept, timeout_s, ended)
    finally:
        await asyncio.shield(asyncio.to_thread(started.close))


class _Ended(Protocol):
    def __call__(self, ending: Ending, summary: str, code: int | None = None) -> SuiteResult: ...


async def _run(
    command: SuiteCommand,
    started: Start,
    tree: Path,
    kept: "_Output",
    timeout_s: float,
    ended: "_Ended",
) -> SuiteResult:
    out, pipe = os.pipe()
    reading = asyncio.create_task(_read(out, kept.add))
    try:
        process = await asyncio.create_subprocess_exec(
            *started.argv,
            cwd=tree,
            env=dict(started.env),
            stdin=asyncio.subprocess.PIPE if started.opens else asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as problem:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return ended(Ending.NOT_STARTED, f"{command.shown} cannot be started: {problem.strerror}")
    finally:
        os.close(pipe)
    try:
        async with asyncio.timeout(timeout_s):
            if started.opens:
                await _let_in(process, started.opens)
            code = await process.wait()
    except TimeoutError:
        await _stop(process)
        return ended(Ending.TIMED_OUT, f"stopped after {timeout_s:g} s")
    finally:
        kill_group(process.pid)
        await asyncio.shield(_settled(process, reading))
    if code:
        said = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return ended(Ending.FAILED, summary_of(kept.end()) or said, code)
    return ended(Ending.PASSED, summary_of(kept.end()) or "passed", code)


async def _let_in(process: asyncio.subprocess.Process, opens: Callable[[int], bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(await asyncio.to_thread(opens, process.pid))
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.drain()
    process.stdin.close()


def _plainly(command: SuiteCommand, _tree: Path) -> Start:
    return Start(argv=command.argv, env=inherited(command.environment))


def inherited(extra: Mapping[str, str]) -> dict[str, str]:
    """The caller's variables but the room's own secrets and git's: the tests are agents' code."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COROOM_", "GIT_"))}
    return {**kept, "CI": "true", **extra}


async def _read(out: int, add: Callable[[bytes], None]) -> None:
    """A pipe of our own: with one of its, asyncio holds a process for running while a grandchild keeps it open."""
    reader = asyncio.StreamReader()
    with os.fdopen(out, "rb", buffering=0) as file:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), file
        )
        try:
            while chunk := await reader.read(1 << 16):
                add(chunk)
        finally:
            transport.close()


async def _stop(process: asyncio.subprocess.Process) -> None:
    signal_group(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await process.wait()


async def _settled(process: asyncio.subprocess.Process, reading: "asyncio.Task[None]") -> None:
    """A grandchild that left the process group may hold the pipe open for ever; it is not waited for."""
    await process.wait()
    await asyncio.wait([reading], timeout=1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


class _Output:
    """The beginning and the end of a stream, each of at most half the bytes allowed."""

    def __init__(self, bytes_max: int) -> None:
        self._half = max(bytes_max // 2, 1)
        self._first = bytearray()
        self._last: deque[bytes] = deque()
        self._last_bytes = 0
        self._left_out = 0

    def add(self, chunk: bytes) -> None:
        room = self._half - len(self._first)
        self._first += chunk[:room]
        rest = chunk[max(room, 0) :]
        if not rest:
            return
        self._last.append(rest)
        self._last_bytes += len(rest)
        while self._last_bytes - len(self._last[0]) >= self._half:
            gone = self._last.popleft()
            self._last_bytes -= len(gone)
            self._left_out += len(gone)

    def write(self, file: BinaryIO) -> None:
        end = b"".join(self._last)
        left_out = self._left_out + max(0, len(end) - self._half)
        file.write(self._first)
        if left_out:
            file.write(b"\n[%d bytes left out]\n" % left_out)
        file.write(end[-self._half :])

    def end(self) -> str:
        data = (bytes(self._first) + b"".join(self._last))[-(1 << 18) :]
        return _ANSI.sub("", data.decode("utf-8", "replace")).replace("\r\n", "\n")


def summary_of(output: str) -> str:
    """The last line that says something, without decoration; empty when nothing was said."""
    lines = [line.strip(" =-\t") for line in output.splitlines()]
    said = [line for line in lines if line]
    return said[-1][:200] if said else ""


def tail_of(output: str) -> str:
    """The lines that name failures, else the last lines; at most 30 lines and 1,500 characters."""
    lines = output.rstrip().splitlines()
    failing = [line for line in lines if _FAILING.match(line)]
    shown = [*failing[-TAIL_LINES:], *(lines[-1:] if failing and lines[-1] != failing[-1] else [])]
    return "\n".join(line[:300] for line in (shown or lines[-TAIL_LINES:]))[-TAIL_CHARS:]
