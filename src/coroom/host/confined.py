"""Tests of what agents wrote, in an isolation like the agents' own: what they see, and what is said about it."""

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from coroom.checks.suites.command import SuiteCommand
from coroom.checks.suites.suite import Start, inherited
from coroom.core.errors import Code, Refused
from coroom.launch.choose import launcher
from coroom.launch.isolation import KEPT, AgentProcess, Bounds, Isolation, Launcher, Unavailable, Wrapped
from coroom.launch.leftover import OPEN, forget, gated, remember
from coroom.launch.plain import Plain
from coroom.launch.readable import environment_places, named_places

NAME = "tests"


@dataclass(frozen=True, slots=True)
class Confined:
    """How the tests of a tree are started. `readable` are places that they need to see beside programs and the tree."""

    launcher: Launcher = field(default_factory=Plain)
    readable: tuple[Path, ...] = ()

    @property
    def isolation(self) -> Isolation:
        """What stands between the tests and the machine."""
        return self.launcher.isolation

    @property
    def is_plain(self) -> bool:
        """Whether nothing does."""
        return self.isolation is Isolation.PLAIN

    @property
    def said(self) -> str:
        """What is in force, in sentences."""
        if self.is_plain:
            first = (
                "The tests run as you, in no isolation: they can read and change what you can, and reach the network."
            )
        else:
            first = (
                f"The tests run in {self.named}: they change the tree under test and a home of their own, see programs "
                "and the repository's objects read-only, and have no network."
            )
        return f"{first} {self.launcher.bounds_kept}"

    @property
    def named(self) -> str:
        """It in a word or two."""
        return "a container" if self.isolation is Isolation.CONTAINER else self.isolation.value

    @property
    def hint(self) -> str:
        """What somebody should know whose tests fail in it; empty where they run as ever."""
        if self.is_plain:
            return ""
        return (
            f"They ran in {self.named}, without network and with little of this machine to be seen; what they need to "
            "read: --test-reads DIR, and where they need all of it: --isolation plain."
        )

    def start(
        self,
        command: SuiteCommand,
        tree: Path,
        home: Path,
        *,
        readable: Iterable[Path] = (),
        kept: Iterable[Path] = (),
        noted: bool = False,
    ) -> Start:
        """The command as a process in the isolation.

        Args:
            command: what to run.
            tree: where, and all of the machine that it may change beside `home`.
            home: for its settings and caches.
            readable: further places that it sees.
            kept: what of the tree it only reads.
            noted: keep beside the home which process it is, so that after a kill `end_leftover` ends it.

        Raises:
            OSError: the home cannot be made.
        """
        whole = inherited(command.environment)
        if self.is_plain:
            env = whole
        else:
            env = {**{name: whole[name] for name in KEPT if name in whole}, "CI": "true", **command.environment}
        paths = (Path(one) for one in env.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(one))
        seen = (*self.readable, *readable, *(path for path in paths if not path.is_relative_to(tree)))
        process = AgentProcess(
            agent=NAME,
            argv=command.argv,
            env=env,
            workspace=tree,
            home=home,
            readable=(*seen, *named_places(_words(command))),
            kept=tuple(path for path in kept if path.exists()),
        )
        wrapped = self.launcher.wrap(process)
        start = Start(argv=wrapped.argv, env=wrapped.env, close=wrapped.close)
        return _noted(start, home, wrapped) if noted and not wrapped.mortal else start


def _noted(start: Start, home: Path, wrapped: Wrapped) -> Start:
    def opens(pid: int) -> bytes:
        remember(home, pid, wrapped.ends)
        return OPEN

    def close() -> None:
        start.close()
        forget(home)

    return replace(start, argv=gated(start.argv), opens=opens, close=close)


def _words(command: SuiteCommand) -> list[str]:
    """The words of a command, also of a line for the shell."""
    if command.argv[:2] != ("/bin/sh", "-c"):
        return list(command.argv)
    try:
        return shlex.split(command.argv[2])
    except ValueError:
        return []


def confined(asked: str, bounds: Bounds, checkout: Path, readable: Iterable[Path] = ()) -> Confined | Refused:
    """Tests in the isolation that `asked` names, or not at all; empty: bubblewrap where it works, else plain.

    Args:
        asked: its name.
        bounds: on everything that one run of the tests starts.
        checkout: whose virtual environment has what the tests import.
        readable: further places that they need to see.
    """
    found = launcher(asked, bounds)
    if isinstance(found, Unavailable):
        return Refused(Code.BAD_INPUT, found.why, found.next_step)
    return Confined(found, (*environment_places(checkout), *(place.absolute() for place in readable)))
