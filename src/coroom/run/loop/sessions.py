"""Sessions of an agent's command line: each started in its isolation, listened to, bounded, and ended as a whole."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from coroom.agents.adapter import AgentAdapter, AgentOutput, Launch, Missing, Session
from coroom.launch.isolation import Wrapped
from coroom.launch.leftover import OPEN, forget, gated, remember
from coroom.processes.groups import end_group
from coroom.run.isolating import Isolating
from coroom.run.loop.bounds import Account
from coroom.run.worker import agent_environment

LOG_BYTES_MAX = 4 << 20
"""Of one session: its first half, and its last."""

LINE_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """How a session went. `error` says what went wrong, empty when nothing did; `cut`: it was ended at a bound."""

    seconds: float
    error: str = ""
    cut: bool = False
    last_words: str = ""


class CappedLog:
    """A log of bounded size: what came first, and what came last, with a line about what was between."""

    def __init__(self, file: BinaryIO, bytes_max: int = LOG_BYTES_MAX) -> None:
        self._file = file
        self._half = max(1, bytes_max // 2)
        self._first = 0
        self._last: deque[bytes] = deque()
        self._held = 0
        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Take in more."""
        room = max(0, self._half - self._first)
        self._file.write(data[:room])
        self._first += len(data[:room])
        rest = data[room:]
        if rest:
            self._last.append(rest[-self._half :])
            self._held += len(self._last[-1])
            self._dropped += len(rest) - len(self._last[-1])
        while self._held > self._half:
            gone = self._last.popleft()
            self._held -= len(gone)
            self._dropped += len(gone)

    def close(self) -> None:
        """Write what came last."""
        if self._dropped:
            self._file.write(b"\n[%d bytes left out]\n" % self._dropped)
        for piece in self._last:
            self._file.write(piece)
        self._last.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Where and as what sessions of one agent are started."""

    agent: str
    adapter: AgentAdapter
    isolating: Isolating
    home: Path

    async def run(
        self,
        session: Session,
        log: Path,
        timeout_s: float,
        account: Account,
        show: Callable[[str], None],
        room: str = "",
    ) -> SessionEnd:
        """One session from its start to its end; cancelled, it is ended with all that it started.

        Args:
            session: what is started.
            log: what it prints is kept there.
            timeout_s: until it is ended.
            account: told of what it uses; it is ended when that says that a bound is reached.
            show: told of what it says.
            room: the address of the room that it may reach, as it is outside of its isolation.
        """
        launch = self.adapter.prepare(session)
        if isinstance(launch, Missing):
            return SessionEnd(seconds=0.0, error=f"{launch.what} is not installed. {launch.install}")
        for path, text in launch.files.items():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
        began = time.monotonic()
        with log.open("wb") as file:
            kept = CappedLog(file)
            try:
                return await self._listened(launch, kept, timeout_s, _Hearing(account, show), began, room)
            finally:
                kept.close()

    async def shell(self, line: str, cwd: Path, timeout_s: float = 300.0) -> tuple[int, str]:
        """Run a line for the shell as the agent, in its isolation: exit code, and the end of what it said."""
        launch = Launch(argv=("/bin/sh", "-c", line), env={}, cwd=cwd)
        async with AsyncExitStack() as stack:
            process, _ = await self._start(launch, stack, "", gate=False)
            try:
                async with asyncio.timeout(timeout_s):
                    out, _ = await process.communicate()
            except TimeoutError:
                return 124, f"out of time after {timeout_s:g} s"
            finally:
                await end_group(process)
        assert process.returncode is not None
        return process.returncode, out.decode("utf-8", "replace")[-1_000:]

    async def _start(
        self, launch: Launch, stack: AsyncExitStack, room: str, *, gate: bool = True
    ) -> tuple[asyncio.subprocess.Process, Wrapped]:
        environment = agent_environment(launch.env)
        started = self.isolating.process(launch, self.agent, self.home, room, environment)
        wrapped = await stack.enter_async_context(started)
        process = await asyncio.create_subprocess_exec(
            *(gated(wrapped.argv) if gate else wrapped.argv),
            cwd=launch.cwd,
            env=wrapped.env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_BYTES_MAX,
            start_new_session=True,
        )
        return process, wrapped

    async def _listened(
        self, launch: Launch, log: CappedLog, timeout_s: float, hearing: "_Hearing", began: float, room: str
    ) -> SessionEnd:
        async with AsyncExitStack() as stack:
            try:
                process, wrapped = await self._start(launch, stack, room)
            except OSError as problem:
                return SessionEnd(seconds=0.0, error=f"{launch.argv[0]} cannot be started: {problem}")
            try:
                remember(self.home, process.pid, wrapped.ends)
                async with asyncio.timeout(timeout_s):
                    await self._heard(process, launch, log, hearing)
            except TimeoutError:
                hearing.cut = f"it was stopped after {timeout_s:g} s"
            finally:
                await end_group(process)
                forget(self.home)
            error = hearing.cut or hearing.error
            return SessionEnd(
                seconds=time.monotonic() - began, error=error, cut=bool(hearing.cut), last_words=hearing.words
            )

    async def _heard(
        self, process: asyncio.subprocess.Process, launch: Launch, log: CappedLog, hearing: "_Hearing"
    ) -> None:
        """Listen to the end, or until a bound is reached."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(OPEN + launch.stdin.encode())
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            log.write(line)
            hearing.take(self.adapter.read_output(line.decode("utf-8", "replace")))
            if hearing.cut:
                return
        code = await process.wait()
        if code and not hearing.error:
            hearing.error = f"it ended with exit code {code}" if code > 0 else f"it was killed by signal {-code}"


class _Hearing:
    """What has been heard of one session."""

    def __init__(self, account: Account, show: Callable[[str], None]) -> None:
        self._account = account
        self._show = show
        self.error = ""
        self.words = ""
        self.cut = ""

    def take(self, told: AgentOutput | None) -> None:
        """Take in what a line told, and whether it is the session's last for having reached a bound."""
        if told is None:
            return
        bound = self._account.take(told)
        self.error = told.error or self.error
        if told.text:
            self.words = " ".join(told.text.split())[:400]
            self._show(self.words[:200])
        if told.limited or (bound and not told.final):
            self.cut = f"it was stopped: {bound or self.error}"
