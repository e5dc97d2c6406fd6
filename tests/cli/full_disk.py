"""Claiming and landing while one of the disks is full, and again with room. Run in a mount namespace of its own:

unshare --mount python -m tests.cli.full_disk DIRECTORY

Prints one JSON document: for each disk what each call said, and what git thinks of both repositories in the end.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from tests.git.repositories import fsck, git, new_repository, write

from coroom.cli import main

DISKS = ("remote", "clone", "state")
SIZE = "3m"
TEST = ("--test", "test -e big", "--isolation", "plain")
CLAIM = ("claim", "issue:17", "--as", "ann")


def coroom(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4_096)):
                pass
        except OSError:
            return filler
    raise AssertionError(disk)


def one(root: Path, full: str) -> dict[str, object]:
    places = {name: root / name for name in DISKS}
    for place in places.values():
        place.mkdir(parents=True)
    subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(places[full])), check=True)
    os.environ["XDG_STATE_HOME"] = str(places["state"])
    clone, remote = new_repository(places["clone"] / "r"), places["remote"] / "up.git"
    git(clone, "clone", "--quiet", "--bare", ".", str(remote))
    git(clone, "remote", "add", "origin", str(remote))
    git(clone, "switch", "--quiet", "--create", "work")
    write(clone, {"big": os.urandom(200_000)})
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message=big")
    os.chdir(clone)
    filler = fill(places[full])
    told: dict[str, object] = {"claim": coroom(*CLAIM), "land": coroom("land", "--agent", "ann", *TEST)}
    filler.unlink()
    told["claim again"] = coroom(*CLAIM)
    told["land again"] = coroom("land", "--agent", "ann", "--claim", "issue:17", *TEST)
    told["on main"] = git(remote, "ls-tree", "--name-only", "main").split()
    told["left"] = [str(path) for path in root.rglob("*.lock")] + git(remote, "for-each-ref", "refs/coroom").split()
    for repository in (clone, remote):
        fsck(repository)
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps({full: one(Path(sys.argv[1]) / full, full) for full in DISKS}))
