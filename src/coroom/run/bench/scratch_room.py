"""What is measured: a scratch repository, and the real daemon over it in a process of its own."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx2

from coroom.agents.room_client import certificates_for
from coroom.core.errors import Fault
from coroom.git.command import Git
from coroom.git.repository import NotUsable, Repository, inspect
from coroom.host.seat import Seat
from coroom.host.served import Serving, state_directory
from coroom.run.daemon.guard import OPERATOR_HEADER

ROOM = "main"

START_WITHIN_S = 30.0
"""Twenty times what it should take; then something is wrong with it."""

STOP_WITHIN_S = 20.0

LOOK_S = 0.002
"""How often a thing that is awaited is looked at: what a figure can be too large by."""


def scratch_repository(directory: Path, files: int) -> Repository:
    """A repository of that many small source files, forty a directory, with one commit.

    Raises:
        GitFailed: git could not make it.
    """
    for number in range(files):
        path = directory / path_of(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"def f{number}_{line}(value: int) -> int:\n    return value + {line}\n\n" for line in range(12))
        path.write_text("".join(lines), encoding="utf-8")
    git = Git(directory)
    author = {"user.name": "bench", "user.email": "bench@coroom.local"}
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("add", "--all")
    git.run("commit", "--quiet", "--message=What the benchmark works on", config=author)
    found = inspect(directory)
    if isinstance(found, NotUsable):
        raise Fault(f"{found.why} {found.next_step}")
    return found


def path_of(number: int) -> str:
    """The name of the file of that number."""
    return f"src/part{number // 40:03}/file{number:05}.py"


@dataclass(slots=True)
class Daemon:
    """`coroom up` over a repository, as a user starts it. Use in `async with`: the process ends with the block."""

    repository: Repository
    mirrors: Path
    url: str = ""
    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        told = self._told.open("wb")
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "coroom.cli", "up", str(self.repository.toplevel)),
                *("--port", "0", "--mirrors", str(self.mirrors)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                start_new_session=True,
            )
        finally:
            told.close()
        try:
            self.url = await self._served()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """The daemon's process."""
        assert self._process
        return self._process.pid

    @property
    def _told(self) -> Path:
        return self.mirrors.parent / f"{self.mirrors.name}.daemon"

    @property
    def _state(self) -> Path:
        return state_directory(self.repository, ROOM)

    async def _served(self) -> str:
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            serving = Serving.read(self._state)
            if serving is not None and serving.pid == self.pid:
                return serving.url
            if self._process is None or self._process.returncode is not None:
                break
            await asyncio.sleep(LOOK_S)
        raise Fault(f"The daemon did not start: {self._told.read_text(encoding='utf-8', errors='replace')[-600:]}")

    async def admit(self, agent: str) -> Seat:
        """A seat for an agent, as `coroom join` gets it.

        Raises:
            Fault: the room refused it.
        """
        key = (self._state / "operator.token").read_text(encoding="ascii").strip()
        headers, verify = {OPERATOR_HEADER: key}, certificates_for(self.url)
        async with httpx2.AsyncClient(headers=headers, timeout=60, verify=verify) as http:
            answer = await http.post(f"{self.url}/operator/admit", json={"agent": agent, "client": "bench"})
        told = answer.json()
        if answer.status_code != 200:
            raise Fault(f"No seat for {agent}: {told.get('why')}")
        return Seat(told["agent"], told["token"], Path(told["directory"]))

    async def admit_all(self, count: int) -> list[Seat]:
        """Seats for `count` agents, one after the other."""
        return [await self.admit(f"a{number:02}") for number in range(count)]

    def memory_mb(self) -> tuple[float, float]:
        """The daemon's resident memory now and at its highest, in megabytes (10^6 bytes)."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as facts:
            sizes = dict(line.split(":", 1) for line in facts)
        return _mb(sizes["VmRSS"]), _mb(sizes["VmHWM"])

    def cpu_s(self) -> float:
        """The processor time that the daemon has used, in seconds, in steps of the system's clock tick."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as facts:
            user, system = facts.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    async def stop(self) -> None:
        """End the daemon as Ctrl-C does, or by force when that takes too long."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _mb(kilobytes: str) -> float:
    return int(kilobytes.split(maxsplit=1)[0]) * 1024 / 1e6


@asynccontextmanager
async def room(directory: Path, *, files: int, agents: int) -> AsyncIterator[tuple[Daemon, list[Seat]]]:
    """A fresh room below `directory`, served, with that many agents seated."""
    repository = await asyncio.to_thread(scratch_repository, made(directory / "repository"), files)
    async with Daemon(repository, directory / "mirrors") as daemon:
        yield daemon, await daemon.admit_all(agents)


def made(directory: Path) -> Path:
    """The directory, made if it is not there."""
    os.makedirs(directory, exist_ok=True)
    return directory
