"""The words for isolation: what an agent is started with, what may be asked for, and what is really in force."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "COLUMNS", "LINES")
"""What an isolated agent gets of the user's own variables; the rest may hold keys."""


class Isolation(StrEnum):
    """What stands between an agent and the machine."""

    PLAIN = "plain"
    BUBBLEWRAP = "bubblewrap"
    CONTAINER = "container"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one agent may use up, with everything that it starts."""

    memory_bytes: int = 4 << 30
    """A compiler and a test suite; more on one machine starves the other agents."""

    processes: int = 512
    """A parallel build and its tests; a fork bomb ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProcess:
    """A process to be started for an agent.

    `env` is its whole environment. `workspace` and `home` are its own, and all that it can change but for what of them
    is `kept`; `readable` are further places it needs to see.
    `doors` leads from a port on 127.0.0.1, as the agent has it, to a Unix socket outside.
    """

    agent: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    workspace: Path
    home: Path
    readable: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    doors: Mapping[int, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """What to start instead. `env` is the whole environment; `close` ends what is left and clears up, once it ended.
    `ends` is a command that ends what does not end with its own processes, for whoever comes after a kill; with
    `mortal` nothing of it outlives whoever starts it.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    close: Callable[[], None] = lambda: None
    ends: tuple[str, ...] = ()
    mortal: bool = False


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An isolation that was asked for and cannot be had here: why, and what to do. Nothing else is taken for it."""

    why: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.why} {self.next_step}"


class Launcher(Protocol):
    """One way of starting agents."""

    @property
    def isolation(self) -> Isolation:
        """Which it is."""
        ...

    @property
    def has_own_programs(self) -> bool:
        """Whether agents have programs of their own in place of this machine's."""
        ...

    @property
    def in_force(self) -> tuple[str, ...]:
        """What holds for agents started this way on this machine, as sentences; what does not hold is said, too."""
        ...

    @property
    def bounds_kept(self) -> str:
        """Of these sentences the one about bounds."""
        ...

    def wrap(self, process: AgentProcess) -> Wrapped:
        """How to start it so."""
        ...
