"""Starts agents as their adapters say, in directories of their own, with nothing of this machine's user."""

import json
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from coroom.agents.adapter import AgentAdapter, AgentOutput, Launch, ModelApi, Session

_RUN_LIMIT_S = 90.0

# OpenCode would fetch a package of its own at every first start; without the registry it goes on at once.
AS_EVERYWHERE = {
    "npm_config_registry": "http://127.0.0.1:9",
    "npm_config_fetch_retries": "0",
    # Codex keeps no helpers for its sandbox below the directory for temporary files, where the tests' homes are.
    "TMPDIR": "/var/tmp",
    # Gemini CLI would start itself a second time, for more memory than these sessions take.
    "GEMINI_CLI_NO_RELAUNCH": "true",
    # Claude Code and OpenCode are programs of Bun, whose optimizing compiler costs more than sessions this short use.
    "BUN_JSC_useDFGJIT": "0",
}
"""What makes clients behave alike on every machine, and fast: no network, one start, a sandbox also where bubblewrap
is installed.
"""
_OPENCODE_PLUGINS = "@opencode-ai/plugin"


def been_in_by_opencode(home: Path) -> None:
    """Make it look as after OpenCode's first start there, at which it installs a package for plugins that want it."""
    folder = home / ".config" / "opencode"
    (folder / "node_modules").mkdir(parents=True, exist_ok=True)
    locked = {"lockfileVersion": 3, "packages": {"": {"dependencies": {_OPENCODE_PLUGINS: "*"}}}}
    (folder / "package-lock.json").write_text(json.dumps(locked))


@dataclass
class Running:
    """A started agent; what it prints is read as it comes."""

    process: subprocess.Popen[str]
    adapter: AgentAdapter
    launch: Launch
    outputs: list[AgentOutput] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)
            output = self.adapter.read_output(line)
            if output:
                self.outputs.append(output)
            if output and output.final and self.launch.stay_open and self.process.stdin:
                self.process.stdin.close()

    def say(self, text: str) -> None:
        line = self.adapter.message(text)
        assert line is not None
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def end(self) -> int:
        """The exit status."""
        try:
            status = self.process.wait(_RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the agent did not end:\n" + "".join(self.printed)) from None
        self._reader.join(_RUN_LIMIT_S)
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            if stream and not stream.closed:
                stream.close()


@dataclass
class Stage:
    """A directory with a mirror and a home for each agent, and the means to start agents there."""

    root: Path
    path: str
    room_url: str
    model_url: str

    def mirror(self, agent: str, **files: str) -> Path:
        """A repository of the agent's own with these files in it."""
        mirror = self.root / agent / "mirror"
        mirror.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", mirror], check=True)
        for name, text in files.items():
            (mirror / name.replace("__", ".")).write_text(text)
        return mirror

    def session(self, agent: str, *, model: str | None, stay_open: bool = False) -> Session:
        """The session of an agent whose script and token bear its name."""
        return Session(
            agent=agent,
            mirror=self.root / agent / "mirror",
            room_url=self.room_url,
            token=f"token-of-{agent}",
            prompt="Play your part.",
            home=self.root / agent / "home",
            model=model,
            api=ModelApi(self.model_url, agent),
            search_path=self.path,
            stay_open=stay_open,
        )

    def start(self, adapter: AgentAdapter, session: Session) -> Running:
        """The agent, started as its adapter says, in an environment with nothing of this machine's user."""
        launch = adapter.prepare(session)
        assert isinstance(launch, Launch), launch
        for path, text in launch.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        user = self.root / session.agent / "user"
        user.mkdir(parents=True, exist_ok=True)
        if adapter.name == "opencode":
            been_in_by_opencode(user)
        env = {"PATH": self.path, "HOME": str(user), "LANG": "C.UTF-8", **AS_EVERYWHERE, **launch.env}
        process = subprocess.Popen(
            launch.argv,
            cwd=launch.cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(launch.stdin)
        process.stdin.flush()
        if not launch.stay_open:
            process.stdin.close()
        return Running(process, adapter, launch)
