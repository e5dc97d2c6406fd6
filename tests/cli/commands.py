"""The command line as a person has it: real processes, with a home and a place of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from tests.git.repositories import new_repository
from tests.warm import Warm

from coroom.cli import main

WITHIN_S = 180.0


@dataclass
class Place:
    """A repository, a home and an environment with nothing of this machine's user."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def kept(self, room: str = "run") -> Path:
        return self.repository / ".git" / "coroom" / room

    def position(self, agent: str, room: str = "run") -> int:
        """How many steps of the agent's tape have been played."""
        try:
            return int((self.kept(room) / "agents" / agent / "position").read_text())
        except (OSError, ValueError):
            return 0

    def tape(self, name: str, *steps: Mapping[str, Any]) -> str:
        path = self.root / f"{name}.jsonl"
        path.write_text("".join(json.dumps(step) + "\n" for step in steps))
        return f"tape:{path}"

    def start(self, *words: str) -> subprocess.Popen[str]:
        return Warm(words, self.repository, self.environment)

    def run(self, *words: str) -> "Done":
        return ended(self.start(*words))

    def call(self, *words: str) -> "Done":
        """The command in this process: what it says and how it ends is the same, and ten times as fast."""
        before = Path.cwd()
        os.chdir(self.repository)
        try:
            done = CliRunner().invoke(main, words, env=self.environment)
        finally:
            os.chdir(before)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Done(done.exit_code, done.stdout, done.stderr)


@dataclass
class Done:
    code: int
    out: str
    err: str


def ended(process: subprocess.Popen[str]) -> Done:
    try:
        out, err = process.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it did not end:\n{out}\n{err}") from None
    return Done(process.returncode, out, err)


def place_at(root: Path, files: dict[str, bytes] | None = None) -> Place:
    new_repository(root / "repository", files)
    (root / "home").mkdir()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(root / "home"),
        "XDG_STATE_HOME": str(root / "state"),
        "LANG": "C.UTF-8",
    }
    return Place(root, environment)


def until(met: Callable[[], object], what: str, process: subprocess.Popen[str] | None = None) -> None:
    """Look until it is so, or fail by a deadline or with the process."""
    deadline = time.monotonic() + WITHIN_S
    while not met():
        if process and process.poll() is not None:
            raise AssertionError(f"it ended before {what}:\n{''.join(process.communicate())}")
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.02)


@contextmanager
def serving(place: Place, *words: str, room: str = "main") -> Iterator[subprocess.Popen[str]]:
    """`coroom up` until the block ends; it must end well by then."""
    process = place.start("up", "--port", "0", *words)
    try:
        until(lambda: _serves(place, room, process.pid), "it serves", process)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WITHIN_S)


def _serves(place: Place, room: str, pid: int) -> bool:
    try:
        found = json.loads((place.kept(room) / "host.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(found["pid"] == pid)


def task(do: str, **more: str) -> dict[str, Any]:
    return {"tool": "task", "args": {"do": do, **more}}


def write(path: str, text: str, **more: Any) -> dict[str, Any]:
    return {"tool": "native_write", "args": {"path": path, "text": text}, **more}


def shell(command: str) -> dict[str, Any]:
    return {"tool": "shell", "args": {"command": command}}


def board(place: Place, titles: Sequence[str]) -> str:
    path = place.root / "todo.md"
    path.write_text("".join(f"- {title}\n" for title in titles))
    return str(path)
