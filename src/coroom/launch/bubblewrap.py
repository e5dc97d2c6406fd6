"""bubblewrap: the machine read-only and only where programs need it, no network, nobody else's processes or files."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from coroom.launch.bounds import bounded, limits_argv, means
from coroom.launch.isolation import AgentProcess, Bounds, Isolation, Unavailable, Wrapped
from coroom.launch.readable import program_places, system_places

INSIDE = Path(__file__).with_name("inside.py")
_works: set[str] = set()
"""Programs that were tried and work. What is in the way is not kept: it may be installed meanwhile."""


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Implements `Launcher`."""

    bounds: Bounds = field(default_factory=Bounds)
    isolation: Isolation = Isolation.BUBBLEWRAP
    has_own_programs: bool = False

    @property
    def in_force(self) -> tuple[str, ...]:
        """See the port."""
        return (
            "Agents change only their own directory and home, and see programs and the shared repository, read-only.",
            "No network but the room and the model, each through a Unix socket; no process outside is seen.",
            self.bounds_kept,
        )

    @property
    def bounds_kept(self) -> str:
        """See the port."""
        return means(self.bounds)

    def wrap(self, process: AgentProcess) -> Wrapped:
        """See the port."""
        process.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        inside = doored(process, limits_argv(self.bounds))
        words = (
            *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
            *("--hostname", "agent", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"),  # noqa: S108
            *_seen(process),
            *("--chdir", str(process.workspace), "--clearenv"),
            *(word for name, value in environment(process).items() for word in ("--setenv", name, value)),
            *("--", *inside),
        )
        made = bounded(words, self.bounds, process.agent)
        return Wrapped(argv=made.argv, env={"PATH": process.env.get("PATH", "")}, close=made.close, mortal=True)


def environment(process: AgentProcess) -> dict[str, str]:
    """What an isolated agent has in its environment: what it was given, and its own places."""
    trusted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return {**process.env, **trusted, "HOME": str(process.home), "TMPDIR": "/tmp", "USER": process.agent}  # noqa: S108


def doored(process: AgentProcess, limits: tuple[str, ...], python: str = sys.executable) -> tuple[str, ...]:
    """The program behind its doors, which are opened by `python`."""
    doors = (f"{port}={path}" for port, path in process.doors.items())
    return (*limits, python, "-I", "-S", str(INSIDE), *doors, "--", *process.argv)


def places(process: AgentProcess) -> list[Path]:
    """What it sees beside the system, read-only; what is its own comes over it."""
    found = {*program_places(process.argv, process.env), *process.readable}
    seen = {*found, *system_places()}
    # What lies in a place that is seen already is seen with it, and nothing could be mounted there.
    return sorted(place for place in found if place.exists() and not seen & {*place.parents})


def _seen(process: AgentProcess) -> Iterable[str]:
    for place in system_places():
        if place.is_symlink() and place.parent == Path("/"):
            yield from ("--symlink", str(place.readlink()), str(place))
        else:
            yield from ("--ro-bind", str(place), str(place))
    for place in places(process):
        yield from ("--ro-bind", str(place), str(place))
    for own in (process.home, process.workspace):
        yield from ("--bind", str(own), str(own))
    for kept in process.kept:
        yield from ("--ro-bind", str(kept), str(kept))
    for socket in process.doors.values():
        yield from ("--bind", str(socket), str(socket))


def bubblewrap(bounds: Bounds) -> Bubblewrap | Unavailable:
    """Agents in bubblewrap, if it works here."""
    problem = _problem()
    return Unavailable(*problem) if problem else Bubblewrap(bounds)


def _problem() -> tuple[str, str] | None:
    program = shutil.which("bwrap")
    if program in _works:
        return None
    if program is None:
        return "bubblewrap is not installed here.", "Install it (Debian: apt-get install bubblewrap)."
    try:
        trial = (program, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "true")
        done = subprocess.run(trial, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as failed:
        return f"bubblewrap does not work here: {failed}.", "Take --isolation container or plain."
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return (
            f"bubblewrap does not work here: {why}.",
            "This kernel may forbid user namespaces (sysctl kernel.unprivileged_userns_clone=1); or take plain.",
        )
    _works.add(program)
    return None
