"""A container by podman or docker: no network, of the machine only programs, what is the agent's own writable."""

import os
import secrets
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from coroom.launch.bubblewrap import doored, environment, places
from coroom.launch.isolation import AgentProcess, Bounds, Isolation, Unavailable, Wrapped
from coroom.launch.readable import system_places

HOST_IMAGE = "coroom-host"
"""An empty image on which the programs of this machine are mounted, read-only: nothing to build or to fetch."""

IMAGE_VARIABLE = "COROOM_IMAGE"
ENGINE_VARIABLE = "COROOM_ENGINE"
ENGINES = ("podman", "docker")
FILES_MAX = 20_000

PYTHON = "python3"
"""What opens the doors in an image of the user's own, which needs to have it: this machine's may not run there."""

USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WITHIN_S = 60
_PODMAN = ("--events-backend=none",)
_answered: dict[str, tuple[str, tuple[str, ...]]] = {}
"""By what COROOM_ENGINE says: the engine that has answered, and the options it needs."""


@dataclass(frozen=True, slots=True)
class Container:
    """Implements `Launcher`. `engine` is the command, `image` what agents see, `runtime` what runs it."""

    engine: str
    image: str
    runtime: tuple[str, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)
    isolation: Isolation = Isolation.CONTAINER

    @property
    def in_force(self) -> tuple[str, ...]:
        """See the port."""
        where = "the programs of this machine, read-only" if self.image == HOST_IMAGE else f"the image {self.image}"
        return (
            f"Agents change only their own directory and home, in {Path(self.engine).name} containers over {where}.",
            "No network but the room and the model, each through a Unix socket.",
            self.bounds_kept,
        )

    @property
    def has_own_programs(self) -> bool:
        """See the port."""
        return self.image != HOST_IMAGE

    @property
    def bounds_kept(self) -> str:
        """See the port."""
        limits = f"{self.bounds.memory_bytes / (1 << 30):.1f} GiB of memory and {self.bounds.processes} processes"
        return f"At most {limits} together, by the container's control groups."

    def wrap(self, process: AgentProcess) -> Wrapped:
        """See the port."""
        process.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"coroom-{process.agent}-{secrets.token_hex(4)}"
        words = (
            # podman's monitor notes a lack of memory as a file where it was started: not in anybody's repository.
            *("env", "--chdir", str(process.home.absolute())),
            *self._command(),
            *("run", "--rm", "--interactive", "--name", name, "--network", "none", "--read-only"),
            *("--cap-drop", "all", "--security-opt", "no-new-privileges", "--hostname", "agent"),
            *("--memory", str(self.bounds.memory_bytes), "--pids-limit", str(self.bounds.processes)),
            *("--ulimit", f"nofile={FILES_MAX}:{FILES_MAX}", "--tmpfs", "/tmp", "--tmpfs", "/run"),  # noqa: S108
            *(("--ulimit", "nproc=32768:32768") if os.geteuid() == 0 and "podman" in self.engine else ()),
            *(word for place in self._mounts(process) for word in ("--volume", place)),
            *("--workdir", str(process.workspace)),
            *(word for one in self._environment(process).items() for word in ("--env", "=".join(one))),
            *(self.image, *doored(process, (), python=PYTHON if self.has_own_programs else sys.executable)),
        )

        ends = (*self._command(), "rm", "--force", name)

        def close() -> None:
            subprocess.run(ends, capture_output=True, timeout=WITHIN_S, check=False)

        return Wrapped(argv=words, env=dict(os.environ), close=close, ends=ends)

    def _environment(self, process: AgentProcess) -> dict[str, str]:
        """As everywhere; where an image keeps its programs need not be on this machine's search path."""
        env = environment(process)
        return env | {"PATH": f"{env.get('PATH', os.defpath)}:{USUAL_PATH}"} if self.has_own_programs else env

    def _command(self) -> tuple[str, ...]:
        return (self.engine, *self.runtime)

    def _mounts(self, process: AgentProcess) -> Iterable[str]:
        system = [one for one in system_places() if not one.is_symlink()] if self.image == HOST_IMAGE else []
        for place in (*system, *places(process)):
            yield f"{place}:{place}:ro"
        for own in (process.home, process.workspace, *process.doors.values()):
            yield f"{own}:{own}"
        for kept in process.kept:
            yield f"{kept}:{kept}:ro"


def container(bounds: Bounds, *, look: bool = False) -> Container | Unavailable:
    """Agents in containers, if there is an engine that works here. COROOM_ENGINE names the one to take, COROOM_IMAGE an
    image of the user's own.
    """
    found = _engine()
    if isinstance(found, str):
        return Unavailable(found, "Install podman (Debian: apt-get install podman runc), or start the docker engine.")
    engine, runtime = found
    image = os.environ.get(IMAGE_VARIABLE) or HOST_IMAGE
    if image == HOST_IMAGE and not look:
        problem = _import_host((engine, *runtime))
        if problem:
            return Unavailable(f"The image {image} cannot be made: {problem}.", f"Name one with {IMAGE_VARIABLE}.")
    return Container(engine, image, runtime, bounds)


def _engine() -> tuple[str, tuple[str, ...]] | str:
    """The first engine that answers, and the options it needs; else what is in the way, which is asked for anew each
    time: it may be installed or started meanwhile.
    """
    asked = os.environ.get(ENGINE_VARIABLE, "")
    if asked in _answered:
        return _answered[asked]
    reasons = []
    if asked not in {"", *ENGINES}:
        return f"{ENGINE_VARIABLE} is '{asked[:40]}', and only {' and '.join(ENGINES)} are spoken to."
    for name in (asked,) if asked else ENGINES:
        engine = shutil.which(name)
        if engine is None:
            continue
        for options in _options(name):
            try:
                done = subprocess.run(
                    (engine, *options, "info"), capture_output=True, text=True, timeout=WITHIN_S, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as failed:
                reasons.append(f"{name}: {failed}")
                continue
            if done.returncode == 0:
                return _answered.setdefault(asked, (engine, options))
            reasons.append(f"{name}: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    if reasons:
        return f"No container engine works here ({'; '.join(reasons)})."
    return f"{asked} is not here." if asked else "Neither podman nor docker is here."


def _options(name: str) -> Iterable[tuple[str, ...]]:
    """The usual runtime of podman refuses machines that mix both versions of control groups; runc does not."""
    if name == "docker":
        return ((),)
    mixed = Path("/sys/fs/cgroup/unified").is_dir()
    runc = ("--runtime", "runc", "--cgroup-manager", "cgroupfs", *_PODMAN)
    return (runc, ()) if mixed and shutil.which("runc") else ((), runc)


def _import_host(command: tuple[str, ...]) -> str:
    """Make the empty image once; what went wrong, or nothing."""
    there = subprocess.run(
        (*command, "image", "inspect", HOST_IMAGE), capture_output=True, timeout=WITHIN_S, check=False
    )
    if there.returncode == 0:
        return ""
    done = subprocess.run(
        (*command, "import", "-", HOST_IMAGE), input=_skeleton(), capture_output=True, timeout=WITHIN_S, check=False
    )
    return "" if done.returncode == 0 else done.stderr.decode("utf-8", "replace").strip()[-300:]


def _skeleton() -> bytes:
    """The directories and links of a root file system, with nothing in them."""
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("etc", "tmp", "run", "proc", "sys", "dev", "var", "root", "home", "mnt"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for place in system_places():
            if place.parent == Path("/") and place.is_symlink():
                link = tarfile.TarInfo(place.name)
                link.type, link.linkname = tarfile.SYMTYPE, str(place.readlink())
                tar.addfile(link)
    return out.getvalue()
