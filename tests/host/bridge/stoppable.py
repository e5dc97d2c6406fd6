"""A host in a process of its own, which a test stops, goes on with, kills and starts again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coroom.git.repository import Repository


class Victim:
    """The host's process, killed and started again."""

    def __init__(self, repository: Repository, mirrors: Path, agents: str) -> None:
        here = Path(__file__).parent
        command = (sys.executable, str(here / "victim.py"), str(repository.toplevel), str(mirrors), *agents.split())
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self) -> int:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return int(next(line for line in self._lines() if line.strip().isdigit()))

    def says(self, words: str) -> None:
        """Until its host says so."""
        next(line for line in self._lines() if line.strip() == words)

    def serving(self) -> None:
        self.says("serving")

    def stop(self, pid: int) -> None:
        """All its threads stand still when this returns."""
        os.kill(pid, signal.SIGSTOP)
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            os.sched_yield()

    def go_on(self, pid: int) -> None:
        os.kill(pid, signal.SIGCONT)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.says("gone")

    def _lines(self) -> Iterator[str]:
        assert self.process.stdout
        while line := self.process.stdout.readline():
            yield line
        raise AssertionError("the host's process has ended by itself")

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()


@contextmanager
def victim_of(repository: Repository, mirrors: Path, agents: str) -> Iterator[Victim]:
    victim = Victim(repository, mirrors, agents)
    try:
        yield victim
    finally:
        victim.end()
