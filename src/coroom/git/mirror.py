"""Mirrors: one whole clone for each agent, with an identity of its own and no way back to anybody's remote.

A clone and not a work tree of the same repository: those share stash, settings and FETCH_HEAD, and half of them
fail when made at the same time. Objects are hard links where the file system
allows it, so a clone costs little.
"""

import os
import secrets
import shutil
from pathlib import Path

from coroom.core.errors import Fault
from coroom.git.command import Git, GitFailed
from coroom.git.repository import Repository

STAGE = ".git/coroom"
"""Where a mirror keeps what is the room's own; git and the workspace look past it."""

BRANCHES = "coroom"
"""Every branch that the room makes lies below this name."""

AS_STORED = "* -text -ident -filter !working-tree-encoding\n"
"""Mirrors hold the very bytes that git stores: what one mirror writes is what another gets and what is landed."""

_SETTINGS = {
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "credential.helper": "",
    "push.default": "nothing",
    "gc.auto": "0",
    "maintenance.auto": "false",
}


class MirrorFailed(Fault):
    """The mirror was not made; nothing is left where it would have been."""


def email_of(agent: str) -> str:
    """The address that an agent commits under; nobody can be written to there."""
    return f"{agent}@coroom.local"


def make_mirror(repository: Repository, target: Path, agent: str, commit: str = "") -> Path:
    """Clone the repository into `target`, on a fresh branch of the agent's at `commit`.

    Promises: all or nothing, also when the process is killed; the repository itself is only read. Two must not be
    made for one target at once; several for several targets may be.

    Args:
        repository: what `inspect` found.
        target: a directory that does not exist yet, or is empty.
        agent: a name of letters, digits, '-', '_' and '.'.
        commit: where the branch begins; by default the commit the repository was inspected at.

    Returns:
        The directory for the room's own files in the mirror.

    Raises:
        MirrorFailed: the target is taken, the disk is full, or git could not do it.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise MirrorFailed(f"{target} is taken; name an empty place")
    making = target.parent / f".{target.name}.{secrets.token_hex(4)}.making"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clone(repository, making)
        _prepare(Git(making), agent, commit or repository.commit)
        making.rename(target)
    except (GitFailed, OSError) as failed:
        shutil.rmtree(making, ignore_errors=True)
        raise MirrorFailed(f"no mirror for {agent} at {target}: {failed}") from failed
    return target / STAGE


def _clone(repository: Repository, making: Path) -> None:
    Git(making.parent).run(
        "clone",
        "--quiet",
        "--no-checkout",
        "--template=",
        "--origin=room",
        "--",
        str(repository.common),
        str(making),
        config={"protocol.file.allow": "always"},
    )


def _prepare(git: Git, agent: str, commit: str) -> None:
    own = git.directory / ".git"
    (own / "info").mkdir(exist_ok=True)
    (own / "info/attributes").write_text(AS_STORED)
    (git.directory / STAGE).mkdir(mode=0o700)
    git.run("remote", "remove", "room")
    identity = {"user.name": agent, "user.email": email_of(agent)}
    with (own / "config").open("a") as config:
        config.write("".join(_section(name, value) for name, value in {**_SETTINGS, **identity}.items()))
    git.run("checkout", "--quiet", "--no-track", "-B", f"{BRANCHES}/{agent}", commit, "--")


def _section(name: str, value: str) -> str:
    section, _, key = name.partition(".")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'[{section}]\n\t{key} = "{escaped}"\n'


def clear_half_made(directory: Path) -> int:
    """Remove what killed processes left of mirrors that were being made in `directory`; counts them."""
    if not directory.is_dir():
        return 0
    left = [entry.path for entry in os.scandir(directory) if entry.name.startswith(".") and _half_made(entry.name)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def _half_made(name: str) -> bool:
    parts = name.split(".")
    return len(parts) >= 4 and parts[-1] == "making" and len(parts[-2]) == 8
