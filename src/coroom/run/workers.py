"""The two kinds of worker: a tape played in this process, and an agent's command line started as one of its own."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from coroom.agents.adapter import AgentAdapter, Launch, Missing, ModelApi, Session
from coroom.agents.room_client import RoomClient
from coroom.agents.scripted import Marks, ScriptedAgent, Step
from coroom.host.rooms import Seat
from coroom.run.session import Work, agent_environment, role_prompt

LINE_BYTES_MAX = 16 << 20
"""Clients print whole tool results on one line."""

SESSIONS_MAX = 20
"""Fresh sessions of one agent: one that ends again and again without finishing is stuck."""

STOP_WITHIN_S = 5.0
"""From the request to end to the kill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeWorker:
    """Plays a tape."""

    name: str
    steps: Sequence[Step]
    marks: Marks
    environment: Mapping[str, str]
    speed: float = 1.0
    client: str = "tape"

    async def work(self, seat: Seat, url: str, show: Callable[[str], None]) -> Work:
        """Play it once."""
        began = time.monotonic()
        async with RoomClient(url, seat.token) as client:
            player = ScriptedAgent(
                self.name,
                seat.directory,
                client,
                marks=self.marks,
                show=show,
                environment={**self.environment, "PWD": str(seat.directory)},
                speed=self.speed,
            )
            await player.play(self.steps)
        return Work(seconds=time.monotonic() - began)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessWorker:
    """Starts an agent's command line, in fresh sessions until the board is done.

    `left` says whether there is still something to do; `home` is where its configuration and logs go.
    """

    name: str
    adapter: AgentAdapter
    home: Path
    left: Callable[[], bool]
    prompt: str = ""
    model: str | None = None
    api: ModelApi | None = None
    search_path: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def client(self) -> str:
        """The adapter's name."""
        return self.adapter.name

    async def work(self, seat: Seat, url: str, show: Callable[[str], None]) -> Work:
        """Run sessions until nothing is left, one fails, or there have been too many."""
        began = time.monotonic()
        totals = Work()
        for number in range(1, SESSIONS_MAX + 1):
            launch = self.adapter.prepare(self._session(seat, url))
            if isinstance(launch, Missing):
                return Work(error=f"{launch.what} is not installed. {launch.install}")
            one = await self._run(launch, number, show)
            totals = Work(
                seconds=time.monotonic() - began,
                error=one.error,
                input_tokens=totals.input_tokens + one.input_tokens,
                output_tokens=totals.output_tokens + one.output_tokens,
                cost_usd=totals.cost_usd + one.cost_usd,
            )
            if one.error or not self.left():
                return totals
        return totals

    def _session(self, seat: Seat, url: str) -> Session:
        return Session(
            agent=self.name,
            mirror=seat.directory,
            room_url=url,
            token=seat.token,
            prompt=self.prompt or role_prompt(self.name),
            home=self.home,
            model=self.model,
            api=self.api,
            env=self.extra,
            search_path=self.search_path,
        )

    async def _run(self, launch: Launch, number: int, show: Callable[[str], None]) -> Work:
        for path, text in launch.files.items():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
        logs = self.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"session-{number}.out").open("wb") as out, (logs / f"session-{number}.err").open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                *launch.argv,
                cwd=launch.cwd,
                env=agent_environment(launch.env),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=err,
                limit=LINE_BYTES_MAX,
                start_new_session=True,
            )
            try:
                return await self._listen(process, launch, out.write, show)
            finally:
                await _end(process)

    async def _listen(
        self,
        process: asyncio.subprocess.Process,
        launch: Launch,
        keep: Callable[[bytes], object],
        show: Callable[[str], None],
    ) -> Work:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(launch.stdin.encode())
        if not launch.stay_open:
            process.stdin.close()
        tokens_in = tokens_out = 0
        cost, error = 0.0, ""
        async for line in process.stdout:
            keep(line)
            told = self.adapter.read_output(line.decode("utf-8", "replace"))
            if told is None:
                continue
            tokens_in += told.input_tokens or 0
            tokens_out += told.output_tokens or 0
            cost += told.cost_usd or 0.0
            error = told.error or error
            if told.text:
                show(" ".join(told.text.split())[:200])
            if told.final and launch.stay_open:
                process.stdin.close()
        code = await process.wait()
        if code and not error:
            error = f"{launch.argv[0]} ended with exit code {code}; see {self.home / 'logs'}"
        return Work(error=error, input_tokens=tokens_in, output_tokens=tokens_out, cost_usd=cost)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the whole group: a client that restarts itself, and what its tools have left running."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
