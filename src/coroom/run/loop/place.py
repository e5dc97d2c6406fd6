"""An agent's places: a repository of the harness's own, and the workplace that belongs to the agent.

Git never runs for the harness in the workplace, whose settings and hooks are the agent's: it is made ready, and
committed, by commands that run inside the agent's isolation; the harness only fetches from it.
"""

import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from coroom.core.errors import Fault
from coroom.git.command import Git, GitFailed
from coroom.git.commits import read_ref
from coroom.git.locks import STALE_AFTER_S, Lockable, clear_stale_locks
from coroom.git.mirror import email_of
from coroom.git.repository import Repository
from coroom.git.workplace import REMOTE, WorkplaceFailed, make_workplace
from coroom.run.loop.unfinished import Unfinished, place_name

ROOM_BYTES_MIN = 1 << 16

_UNLOCKED = "find .git -name '*.lock' -type f -delete"
"""Nobody works in a workplace between two sessions, so that every lock there is one that was left behind."""

_HALF_DONE = tuple(
    f".git/{name}"
    for name in ("rebase-merge", "rebase-apply", "sequencer", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
)


class PlaceTakenError(Fault):
    """Another process has this place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one agent's loop lives, below `root`; `remote` is shared by all, `branch` what work lands on."""

    agent: str
    root: Path
    remote: str
    branch: str
    object_format: str = "sha1"

    @property
    def hub(self) -> Git:
        """The harness's own repository: agents may read it, and take their base from it."""
        return Git(self.root / "hub.git")

    @property
    def work(self) -> Path:
        """The agent's workplace."""
        return self.root / "work"

    @property
    def home(self) -> Path:
        """The agent's home: its settings, and what its client keeps."""
        return self.root / "home"

    @property
    def logs(self) -> Path:
        """What sessions printed; out of the agent's reach."""
        return self.root / "logs"

    @property
    def name(self) -> str:
        """A random word that stays with this place; no other loop has it, whatever its agent is called."""
        return place_name(self.root / "name")

    @property
    def unfinished(self) -> Unfinished:
        """What sessions here had not finished."""
        return Unfinished(self.hub, self.remote, self.agent, self.name)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have this place to oneself. Raises PlaceTaken when another process has it."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.root / "lock").open("w", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as taken:
                message = f"another loop works as {self.agent} in {self.root}; give this one another --name"
                raise PlaceTakenError(message) from taken
            yield

    def open(self) -> None:
        """Make what is not there yet.

        Raises:
            GitFailed, WorkplaceFailed: the remote does not answer or has no such branch, or the disk is full.
        """
        for place in (self.root, self.home, self.logs):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory = self.hub.directory
        directory.mkdir(exist_ok=True)
        if not (directory / "HEAD").exists():
            kind = f"--object-format={self.object_format}"
            self.hub.run("init", "--quiet", "--bare", "--template=", kind, f"--initial-branch={self.branch}")
        # This place is one process's: whoever locked something here before is gone, or is seen at work.
        self.unlock(older_than_s=0)
        self.fetch()
        if not self.base():
            raise WorkplaceFailed(f"{self.remote} has no branch {self.branch}")
        make_workplace(str(directory), self.work, self.agent, self.branch)

    def is_full(self) -> bool:
        """Whether the disk of this place has no room left, for bytes or for files."""
        left = os.statvfs(self.root)
        return left.f_bavail * left.f_frsize < ROOM_BYTES_MIN or (left.f_files > 0 and left.f_favail == 0)

    def unlock(self, older_than_s: float = STALE_AFTER_S) -> list[Path]:
        """Remove what a killed git has left locked in the harness's repository; gives back what it was."""
        places = [Lockable(self.hub.directory)]
        return clear_stale_locks(places, self.root / "locks-seen.json", older_than_s=older_than_s)

    @property
    def spec(self) -> str:
        """What is fetched to have the branch as it stands in the remote."""
        return f"+refs/heads/{self.branch}:refs/heads/{self.branch}"

    def fetch(self, *also: str) -> str:
        """Bring the branch from the remote, and what other refspecs name, and give back where the branch stands."""
        options = ("--quiet", "--no-write-fetch-head", "--prune", "--no-tags", "--no-auto-gc", "--update-head-ok")
        self.hub.run("fetch", *options, self.remote, self.spec, *also, config=REMOTE)
        return self.base()

    def base(self) -> str:
        """Where the branch stood when it was fetched last."""
        return read_ref(self.hub, f"refs/heads/{self.branch}")

    def ready(self) -> str:
        """A line for the shell, run as the agent, that brings the workplace to the base; ignored files stay. What an
        earlier session left half done there (a rebase, a merge, a lock) is ended.
        """
        branch = shlex.quote(f"refs/remotes/origin/{self.branch}")
        return (
            f"{_UNLOCKED} && rm -rf {' '.join(_HALF_DONE)} && git fetch -q origin && "
            f"git checkout -q -f --detach {branch} -- && git clean -q -ffd"
        )

    def committed(self, message: str) -> str:
        """A line for the shell, run as the agent, that commits whatever is not committed yet."""
        who = f"-c user.name={shlex.quote(self.agent)} -c user.email={shlex.quote(email_of(self.agent))}"
        commit = f"git {who} commit -q --no-verify -m {shlex.quote(message)}"
        return f"{_UNLOCKED} && git add -A && (git diff --cached --quiet || {commit})"

    def take(self) -> str:
        """Fetch what the workplace's HEAD holds into the harness's repository; its commit, empty when there is none."""
        options = ("--quiet", "--no-write-fetch-head", "--no-tags", "--no-auto-gc", "--no-recurse-submodules")
        taken = "refs/coroom/taken"
        with suppress(GitFailed):
            self.hub.run("fetch", *options, str(self.work), f"+HEAD:{taken}", config={"protocol.file.allow": "always"})
            return read_ref(self.hub, taken)
        return ""

    def changed(self, base: str, tip: str) -> list[str]:
        """The paths that differ between two commits."""
        out = self.hub.run("diff", "--name-only", "-z", "--no-renames", base, tip).out
        return [path for path in out.decode("utf-8", "surrogateescape").split("\0") if path]

    def as_repository(self, tip: str) -> Repository:
        """The harness's repository, as the gate takes it, with `tip` as what is to land."""
        directory = self.hub.directory
        kind = self.object_format
        return Repository(toplevel=directory, common=directory, commit=tip, branch="", object_format=kind)
