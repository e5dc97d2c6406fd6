"""Workplaces: an agent's own clone of a shared remote, for work without a room.

A clone and not a work tree of one repository: of sixteen work trees made at once half failed here, and stash, settings
and FETCH_HEAD are shared between them. Unlike a mirror it keeps its remote: whoever runs the
agent fetches, claims and lands through it.
"""

import os
import secrets
import shutil
import stat
from pathlib import Path

from coroom.core.errors import Fault
from coroom.git.command import Git, GitFailed
from coroom.git.mirror import email_of

REMOTE = {f"protocol.{name}.allow": "always" for name in ("file", "ssh", "https", "http", "git")}
"""The user has named this remote: unlike the room's own git, commands with these settings talk to it."""

_SETTINGS = {
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "push.default": "nothing",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
}


class WorkplaceFailed(Fault):
    """The workplace was not made; nothing is left where it would have been."""


def make_workplace(remote: str, target: Path, agent: str, branch: str = "main") -> Git:
    """Clone `remote` into `target`, with the agent's identity, on a detached head at its `branch`.

    Promises: all or nothing, also when the process is killed. One that is there already is taken as it is. Any number
    may be made at once.

    Args:
        remote: an address or a path.
        target: a directory that does not exist yet, is empty, or is this agent's workplace.
        agent: whose name its commits carry.
        branch: the branch of the remote that work is for.

    Raises:
        WorkplaceFailed: the target is taken, the remote does not answer or has no such branch, or the disk is full.
    """
    if (target / ".git").is_dir() and not target.is_symlink():
        return Git(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkplaceFailed(f"{target} is taken; name an empty place")
    making = target.parent / f".{target.name}.{secrets.token_hex(4)}.making"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        settings = {**_SETTINGS, "user.name": agent, "user.email": email_of(agent)}
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        arguments = ("clone", "--quiet", "--no-checkout", "--template=", *given, "--", remote, str(making))
        Git(target.parent).run(*arguments, config=REMOTE)
        git = Git(making)
        git.run("checkout", "--quiet", "--detach", f"refs/remotes/origin/{branch}", "--")
        if target.is_dir():
            target.rmdir()
        os.rename(making, target)
    except (GitFailed, OSError) as failed:
        shutil.rmtree(making, ignore_errors=True)
        raise WorkplaceFailed(f"no workplace for {agent} at {target}: {failed}") from failed
    return Git(target)


def own_objects(directory: Path) -> int:
    """Give a clone objects of its own where it shares them with another repository by hard links; counts them.

    Who may write in the clone could else change the other's objects through them. Nobody must write there meanwhile.
    """
    own = 0
    for place, _, names in os.walk(directory / ".git" / "objects"):
        for name in names:
            path = Path(place) / name
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
                fresh = path.with_name(f".{name}.own")
                shutil.copy2(path, fresh, follow_symlinks=False)
                fresh.replace(path)
                own += 1
    return own
