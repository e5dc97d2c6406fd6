"""Where a checkout lands: on its remote if it has one, else in the repository itself; and where its gate is kept."""

import getpass
import hashlib
import os
import platform
from pathlib import Path

from coroom.agents.adapter import AGENT_VARIABLE
from coroom.core.errors import Code, Refused
from coroom.core.quick import dataclass
from coroom.git.command import Git
from coroom.git.commits import good_branch
from coroom.git.gate import made_whole
from coroom.git.locks import Lockable, clear_stale_locks
from coroom.git.repository import Repository
from coroom.git.shared import OwnRefs, RemoteRefs, SharedRefs

REMOTE = "origin"

LOCKS_SEEN = Path("coroom", "locks-seen.json")
"""In a clone's own git directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a checkout lands: the shared refs as its own `clone` meets them, the branch, and where its gate is kept."""

    shared: SharedRefs
    onto: str
    directory: Path
    clone: Path
    url: str = ""
    object_format: str = "sha1"
    store: Path | None = None

    @property
    def is_far(self) -> bool:
        """Whether the repository is on another machine."""
        return bool(self.url) and self.store is None

    def for_gate(self) -> SharedRefs:
        """The same refs from a repository of the gate's own, so that no agent's clone fills with others' objects.

        Raises:
            GitFailed: it cannot be made.
            OSError: the disk is full.
        """
        if not self.url:
            return self.shared
        place = self.directory / "repository.git"
        words = ("init", "--quiet", "--bare", "--template=", f"--object-format={self.object_format}")
        made_whole(place, lambda making: Git(self.directory).run(*words, str(making)))
        return RemoteRefs(Git(place), self.url, self.shared.name)

    def unlock(self) -> list[Path]:
        """Remove what killed processes left locked, where that is on this machine."""
        places = [place for place in (self.store, self.directory / "repository.git") if place and place.is_dir()]
        lockable = [Lockable(self.clone, ours_only=True), *map(Lockable, places)]
        return clear_stale_locks(lockable, self.clone / LOCKS_SEEN)


def destination_of(repository: Repository, remote: str = "", onto: str = "") -> Destination | Refused:
    """Where this checkout lands: on its remote if it has one, else in the repository itself.

    Raises:
        GitFailed: the repository cannot be read.
    """
    git = Git(repository.common)
    remotes = git.line("remote").split()
    wanted = remote or (REMOTE if REMOTE in remotes else "." if not remotes else remotes[0])
    url = "" if wanted == "." else git.line("remote", "get-url", wanted) if wanted in remotes else wanted
    if url and wanted not in remotes and not _looks_like_an_address(url):
        listed = ", ".join(remotes) or "none"
        return Refused(
            Code.BAD_INPUT, f"There is no remote '{wanted}' here (there are: {listed}).", "Name one of them."
        )
    path = url.removeprefix("file://")
    local = (repository.toplevel / path).resolve() if path and "://" not in path else None
    store = local if local and local.is_dir() else None
    address = str(store) if store else url
    shared: SharedRefs = RemoteRefs(git, address, wanted) if url else OwnRefs(git)
    branch = onto or _main_of(shared)
    if not branch:
        return Refused(Code.BAD_INPUT, f"{shared.name} has neither main nor master.", "Name the branch with --onto.")
    if not good_branch(git, branch):
        return Refused(Code.BAD_INPUT, f"'{branch[:100]}' is no name of a branch.", "Name another with --onto.")
    place = _git_directory(store) if store else None if url else repository.common
    mark = hashlib.sha256((address or str(repository.common)).encode()).hexdigest()[:8]
    name = Path(address or repository.toplevel).name.removesuffix(".git")
    directory = gates_directory() / f"{name}-{mark}" / branch.replace("/", "%2F")
    return Destination(
        shared=shared,
        onto=branch,
        directory=directory,
        clone=repository.common,
        url=address,
        object_format=repository.object_format,
        store=place,
    )


def claimant() -> str:
    """In whose name something is claimed where nobody says so: COROOM_AGENT, else this user at this machine."""
    return os.environ.get(AGENT_VARIABLE) or f"{getpass.getuser()}@{platform.node().partition('.')[0]}"


def gates_directory() -> Path:
    """Below it, what every gate of this user keeps."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "coroom" / "gates"


def _looks_like_an_address(text: str) -> bool:
    return "://" in text or "/" in text or ":" in text


def _git_directory(place: Path) -> Path:
    return place / ".git" if (place / ".git").is_dir() else place


def _main_of(shared: SharedRefs) -> str:
    found = shared.read("refs/heads/main", "refs/heads/master")
    return next((name for name in ("main", "master") if f"refs/heads/{name}" in found), "")
