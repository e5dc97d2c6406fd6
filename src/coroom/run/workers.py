"""The two kinds of worker: a tape played in this process, and an agent's command line started as one of its own."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from coroom.agents.adapter import AgentAdapter, Launch, Missing, ModelApi, Session
from coroom.agents.price import Meter, Price
from coroom.agents.room_client import RoomClient
from coroom.agents.scripted import Marks, ScriptedAgent, Step
from coroom.launch.leftover import OPEN, end_leftover, forget, gated, remember
from coroom.processes.groups import end_group
from coroom.run.isolating import Isolating
from coroom.run.worker import Cause, Desk, Work, agent_environment, role_prompt

LINE_BYTES_MAX = 16 << 20
"""Clients print whole tool results on one line."""

IDLE_SESSIONS_MAX = 3
"""Sessions in a row in which an agent finished no task although there was one to do: it is stuck."""

POSITION = "position"
"""The file in a tape's home that counts the steps played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeWorker:
    """Plays a tape. With a `home` it goes on where an earlier run over the same room was cut off."""

    name: str
    steps: Sequence[Step]
    marks: Marks
    environment: Mapping[str, str]
    speed: float = 1.0
    client: str = "tape"
    home: Path | None = None

    def __post_init__(self) -> None:
        self.marks.enter(self.name)

    async def work(self, desk: Desk) -> Work:
        """Play it, once."""
        try:
            return await self._play(desk)
        finally:
            self.marks.leave(self.name)

    async def _play(self, desk: Desk) -> Work:
        began = time.monotonic()
        played = self._played()
        for step in self.steps[:played]:
            if step.label:
                self.marks.reach(self.name, step.label)
        directory = desk.seat.directory
        async with RoomClient(desk.url, desk.seat.token) as client:
            player = ScriptedAgent(
                self.name,
                directory,
                client,
                marks=self.marks,
                show=desk.show,
                environment={**self.environment, "PWD": str(directory)},
                speed=self.speed,
                ended=lambda number: self._keep(played + number),
            )
            await player.play(self.steps[played:])
        return Work(seconds=time.monotonic() - began)

    def _played(self) -> int:
        try:
            return int((self.home / POSITION).read_text(encoding="ascii")) if self.home else 0
        except (OSError, ValueError):
            return 0

    def _keep(self, played: int) -> None:
        if self.home:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self.home / f"{POSITION}.new"
            fresh.write_text(str(played), encoding="ascii")
            fresh.replace(self.home / POSITION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessWorker:
    """Starts an agent's command line, in fresh sessions while there is something for it to do.

    `home` is where its configuration and logs go. `extra` is added to its environment. A `bare` one gets one session,
    without the room's tools. One from which nothing has come for `silence_s` seconds hangs, and is ended; 0: it may
    take its time. `price` is that of its model's tokens, for as long as its client tells no cost of them.
    """

    name: str
    adapter: AgentAdapter
    home: Path
    prompt: str = ""
    model: str | None = None
    api: ModelApi | None = None
    search_path: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    isolating: Isolating = field(default_factory=Isolating)
    bare: bool = False
    silence_s: float = 0.0
    price: Price = field(default_factory=Price)

    @property
    def client(self) -> str:
        """The adapter's name, and what its processes are isolated by."""
        isolation = self.isolating.launcher.isolation.value
        return f"{self.adapter.name} in {isolation}" if self.isolating.isolated else self.adapter.name

    async def work(self, desk: Desk) -> Work:
        """Run sessions until the board is done, one fails, or several in a row got nothing done."""
        began = time.monotonic()
        total = Work(logs=str(self.home / "logs"))
        idle = 0
        if await asyncio.to_thread(end_leftover, self.home):
            desk.show("ended the session that a killed run had left behind")
        while not total.error and (self.bare or await desk.more()):
            if idle == IDLE_SESSIONS_MAX:
                total = replace(total, error=f"{idle} sessions in a row finished no task", cause=Cause.AGENT)
                break
            done = desk.done()
            total = _added(total, await self._once(desk))
            if self.bare:
                break
            idle = idle + 1 if desk.done() == done else 0
        return replace(total, seconds=time.monotonic() - began)

    async def _once(self, desk: Desk) -> Work:
        launch = self.adapter.prepare(self._session(desk))
        if isinstance(launch, Missing):
            missing = f"{launch.what} is not installed. {launch.install}"
            return Work(error=missing, cause=Cause.INFRASTRUCTURE)
        return await self._run(launch, desk)

    def _session(self, desk: Desk) -> Session:
        return Session(
            agent=self.name,
            mirror=desk.seat.directory,
            room_url=self.isolating.room_url(desk.url),
            token=desk.seat.token,
            prompt=self.prompt or role_prompt(self.name),
            home=self.home,
            model=self.model,
            api=self.isolating.api(self.api),
            env=self.extra,
            search_path=self.search_path,
            isolated=self.isolating.isolated,
            elsewhere=self.isolating.elsewhere,
            bare=self.bare,
            budget_usd=desk.left_usd(),
        )

    async def _run(self, launch: Launch, desk: Desk) -> Work:
        for path, text in launch.files.items():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
        out_path, err_path = self._logs()
        environment = agent_environment(launch.env)
        async with AsyncExitStack() as stack:
            out, err = stack.enter_context(out_path.open("wb")), stack.enter_context(err_path.open("wb"))
            started = self.isolating.process(launch, self.name, self.home, desk.url, environment)
            wrapped = await stack.enter_async_context(started)
            try:
                process = await asyncio.create_subprocess_exec(
                    *gated(wrapped.argv),
                    cwd=launch.cwd,
                    env=wrapped.env,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=err,
                    limit=LINE_BYTES_MAX,
                    start_new_session=True,
                )
            except OSError as problem:
                return Work(error=f"{launch.argv[0]} cannot be started: {problem}", cause=Cause.INFRASTRUCTURE)
            try:
                remember(self.home, process.pid, wrapped.ends)
                return await self._listen(process, launch, out.write, desk)
            finally:
                await end_group(process)
                forget(self.home)

    def _logs(self) -> tuple[Path, Path]:
        logs = self.home / "logs"
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = next(n for n in itertools.count(1) if not (logs / f"session-{n}.out").exists())
        return logs / f"session-{number}.out", logs / f"session-{number}.err"

    async def _listen(
        self,
        process: asyncio.subprocess.Process,
        launch: Launch,
        keep: Callable[[bytes], object],
        desk: Desk,
    ) -> Work:
        assert process.stdin is not None
        assert process.stdout is not None
        # A program that ends without reading its prompt says so by its exit code.
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(OPEN + launch.stdin.encode())
            await process.stdin.drain()
        if not launch.stay_open:
            process.stdin.close()
        meter, error, limited, hung = Meter(self.price), "", False, False
        async for line in self._lines(process.stdout, desk):
            if line is None:
                error, hung = f"nothing has come from it for {self.silence_s:g} s: it hangs", True
                break
            keep(line)
            told = self.adapter.read_output(line.decode("utf-8", "replace"))
            if told is None:
                continue
            meter.take(told)
            await desk.spend(told.input_tokens or 0, told.output_tokens or 0, told.cost_usd or 0.0, meter.reckoned_usd)
            error, limited = told.error or error, limited or told.limited
            if told.text:
                desk.show(" ".join(told.text.split())[:200])
            if told.final and launch.stay_open:
                process.stdin.close()
        code = 0 if hung else await process.wait()
        if code and not error:
            error = f"{Path(launch.argv[0]).name} ended with exit code {code}"
        await desk.spend(0, 0, meter.reckoned_usd, 0.0)
        cause = Cause.NONE if not error else Cause.LIMIT if limited else Cause.INFRASTRUCTURE
        used = Work(input_tokens=meter.input_tokens, output_tokens=meter.output_tokens, cost_usd=meter.usd)
        return replace(used, error=error, cause=cause)

    async def _lines(self, stream: asyncio.StreamReader, desk: Desk) -> AsyncIterator[bytes | None]:
        """What it prints, line by line; None when neither a line nor anything at the room has come for too long."""
        while True:
            heard = desk.heard()
            try:
                async with asyncio.timeout(self.silence_s or None):
                    line = await stream.readline()
            except TimeoutError:
                if desk.heard() == heard:
                    yield None
                    return
                continue
            if not line:
                return
            yield line


def _added(total: Work, one: Work) -> Work:
    return replace(
        total,
        error=one.error,
        cause=one.cause,
        input_tokens=total.input_tokens + one.input_tokens,
        output_tokens=total.output_tokens + one.output_tokens,
        cost_usd=total.cost_usd + one.cost_usd,
    )
