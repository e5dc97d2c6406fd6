"""Makes the main job's input: a public package as a git repository, and the environment of its tests.

What is fetched stays in the cache, `$COROOM_CACHE` or `~/.cache/coroom`: the second run needs no network.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from coroom.run.demo import Demo, load_demo

Progress = Callable[[str], None]
"""Told in one line what takes time, before it begins."""

UNPACKED_MAX_BYTES = 64 * 1024 * 1024
"""A source archive that unpacks to more is not one of ours."""

FETCH_SECONDS = 300
"""Longer than pip tries by itself; only a hung pip is cut off by it."""

IGNORED = "__pycache__/\n*.pyc\n.pytest_cache/\n"
"""The package's repository ignores these; its source archive leaves that file out."""

BIRTH = "2026-09-07T12:00:00+00:00"
"""A fixed date: the same archive always gives the same commit."""


class DemoUnavailableError(Exception):
    """The main job's input cannot be made. The text says what, why and what to do next."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what}: {why}. {next_step}")


@dataclass(frozen=True, slots=True)
class SuiteEnvironment:
    """A virtual environment with the test requirements of the package."""

    directory: Path

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.directory / "bin" / "python"

    def variables(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return `inherited`, changed so that `python` is this one and leaves no byte code behind."""
        kept = {key: value for key, value in inherited.items() if key not in {"PYTHONHOME", "PYTHONPATH"}}
        path = os.pathsep.join([str(self.directory / "bin"), inherited.get("PATH", os.defpath)])
        return kept | {"PATH": path, "VIRTUAL_ENV": str(self.directory), "PYTHONDONTWRITEBYTECODE": "1"}


def cache_directory() -> Path:
    """Return the directory of everything fetched, which need not exist yet."""
    given = os.environ.get("COROOM_CACHE", "").strip()
    return Path(given).expanduser().absolute() if given else Path.home() / ".cache" / "coroom"


def prepare(directory: Path, progress: Progress) -> Path:
    """Make a git repository of the demo's package, with one commit, and return its path.

    The commit's id is the same on every machine. The source archive is fetched by pip, with pip's own
    configuration, unless the cache has it; nothing of it is used before its SHA-256 is right.

    Args:
        directory: where the repository is to be; must be absent or empty.
        progress: told what takes time.

    Raises:
        DemoUnavailableError: the archive cannot be had or is another one, git fails, or the place is taken.
    """
    demo = load_demo()
    if directory.exists() and any(directory.iterdir()):
        raise DemoUnavailableError(
            f"Cannot unpack {demo.name} into {directory}", "it is not empty", "Name a new directory"
        )
    archive = source_archive(progress)
    progress(f"unpacking {demo.archive}")
    directory.mkdir(parents=True, exist_ok=True)
    try:
        _unpack(archive, directory)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            ignore.write_text(IGNORED, encoding="utf-8")
        _commit(directory, f"{demo.name} {demo.version}, as released")
    except DemoUnavailableError:
        shutil.rmtree(directory)
        raise
    return directory


def source_archive(progress: Progress) -> Path:
    """Return the demo's source archive in the cache, fetching it first when it is not there.

    Raises:
        DemoUnavailableError: it cannot be had, or it has another SHA-256.
    """
    demo = load_demo()
    kept = cache_directory() / "sdist" / demo.archive
    if kept.exists() and _sha256(kept) == demo.sha256:
        return kept
    environment = test_environment(progress)
    with _alone("sdist"):
        if kept.exists() and _sha256(kept) == demo.sha256:
            return kept
        progress(f"fetching {demo.archive}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            fetched = _download(demo, environment, Path(scratch), kept)
            fetched.replace(kept)
    return kept


def _download(demo: Demo, environment: SuiteEnvironment, scratch: Path, kept: Path) -> Path:
    """Let pip fetch the archive into `scratch`.

    pip asks the archive's build backend for metadata. It compares the hash first, so that only the pinned
    code can run.
    """
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{demo.name}=={demo.version} --hash=sha256:{demo.sha256}\n", encoding="utf-8")
    what = f"Cannot fetch {demo.archive} from the package index"
    next_step = (
        f"Check the network and `pip config list` and run the same command again, or put {demo.archive} "
        f"(sha256 {demo.sha256}) at {kept}"
    )
    options = [
        "--no-deps",
        "--no-binary",
        demo.name,
        "--require-hashes",
        "--retries",
        "2",
        "--dest",
        str(scratch),
    ]
    _pip(environment, ["download", *options, "--requirement", str(wanted)], what, next_step)
    fetched = scratch / demo.archive
    if not fetched.exists() or _sha256(fetched) != demo.sha256:
        raise DemoUnavailableError(what, "pip brought another file than the pinned one", next_step)
    return fetched


def test_environment(progress: Progress) -> SuiteEnvironment:
    """Return the environment in which the package is tested, making it in the cache when it is not there.

    Raises:
        DemoUnavailableError: it cannot be made.
    """
    demo = load_demo()
    recipe = "\n".join([sys.version, sys.executable, *demo.test_requirements])
    name = "tests-" + hashlib.sha256(recipe.encode()).hexdigest()[:12]
    environment = SuiteEnvironment(cache_directory() / name)
    ready = environment.directory / ".ready"
    if ready.exists():
        return environment
    with _alone(name):
        if not ready.exists():
            progress(f"making an environment for the tests of {demo.name}")
            shutil.rmtree(environment.directory, ignore_errors=True)
            _make_environment(demo, environment)
            ready.touch()
    return environment


def _make_environment(demo: Demo, environment: SuiteEnvironment) -> None:
    what = f"Cannot make an environment for the tests of {demo.name}"
    _run(
        [sys.executable, "-m", "venv", str(environment.directory)],
        what,
        "Install what `python3 -m venv` needs (Debian: apt-get install python3-venv) and run this again",
    )
    _pip(
        environment,
        ["install", "--only-binary", ":all:", "--no-deps", "--retries", "2", *demo.test_requirements],
        what,
        "Check the network and `pip config list` and run the same command again",
    )


def _pip(environment: SuiteEnvironment, arguments: Sequence[str], what: str, next_step: str) -> None:
    command = [str(environment.python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run([*command, *arguments], what, next_step)


def _unpack(archive: Path, directory: Path) -> None:
    """Write the archive's regular files, without its top folder, into an empty directory.

    Only names and bytes are taken from the archive: no links, owners or special files, hence nothing that
    could lead out of the directory. (`tarfile` has its data filter only since 3.11.4.)
    """
    total = 0
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts[1:]
            if member.isdir():
                continue
            unsafe = not parts or PurePosixPath(member.name).is_absolute() or ".." in parts or ".git" in parts
            content = tar.extractfile(member) if member.isreg() else None
            total += member.size
            if unsafe or content is None or total > UNPACKED_MAX_BYTES:
                raise DemoUnavailableError(
                    f"Cannot unpack {archive.name}",
                    f"it contains {member.name!r}",
                    f"Delete {archive} and try again",
                )
            target = directory.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
            target.chmod(0o755 if member.mode & 0o100 else 0o644)


def _commit(directory: Path, message: str) -> None:
    """Make the directory a repository with one commit, whatever the user's own git configuration says."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    who = {"NAME": "Coroom demo", "EMAIL": "demo@coroom.invalid", "DATE": BIRTH}
    identity = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "--no-verify", "--no-gpg-sign", f"--message={message}"],
    ):
        _run(
            ["git", "-c", "core.autocrlf=false", "-C", str(directory), *arguments],
            f"Cannot make a git repository in {directory}",
            "Install git 2.28 or newer (Debian: apt-get install git) and run the same command again",
            kept | identity | quiet,
        )


def _run(command: Sequence[str], what: str, next_step: str, variables: Mapping[str, str] | None = None) -> None:
    try:
        result = subprocess.run(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except OSError as error:
        raise DemoUnavailableError(what, f"{command[0]} does not start ({error.strerror})", next_step) from error
    except subprocess.TimeoutExpired as error:
        raise DemoUnavailableError(what, f"no end after {FETCH_SECONDS} s", next_step) from error
    if result.returncode != 0:
        said = (result.stderr or result.stdout).decode("utf-8", "replace").strip().splitlines()
        errors = [line for line in said if "error" in line.lower()] or said
        raise DemoUnavailableError(what, errors[-1].strip(" .") if errors else f"exit {result.returncode}", next_step)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep other processes out of one part of the cache."""
    lock = cache_directory() / f".{name}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
