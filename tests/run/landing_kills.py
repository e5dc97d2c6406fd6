"""A landing that is killed at call after call, and what is found afterwards. Run as a program:

python -m tests.run.landing_kills DIRECTORY FORM POINTS

FORM is own or remote; POINTS calls are chosen evenly among all there are, 0 for every one. What is done is kept in
DIRECTORY: the same call goes on after an interruption. How far it is goes to standard error.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from tests.git.repositories import fsck, git
from tests.git.shared_places import SharedPlace, held_by, parsed, shared_place
from tests.run.syscalls import killed_at, lived

from coroom.git.claim_record import claim_ref
from coroom.git.locks import Lockable, clear_stale_locks
from coroom.git.repository import Repository, inspect
from coroom.git.sightings import boottime_ms
from coroom.run.destination import LOCKS_SEEN
from coroom.run.landing import LandingEnd, LandingWish, land_here

ROUGHLY = {"own": 900, "remote": 1_900}
"""How many calls a landing makes: for a few points that need not be counted."""

FEW = 10
SAID_EACH = 20
CLAIM = parsed("issue:7")


def prepare(root: Path, form: str) -> None:
    """A repository with one change to land, and the claim for it held."""
    place = shared_place(form, root, {"a.txt": b"a\n", "d/b.txt": b"b\n"})
    git(place.work, "checkout", "--quiet", "-b", "mine")
    (place.work / "new.txt").write_bytes(b"new\n")
    git(place.work, "add", "--all")
    git(place.work, "commit", "--quiet", "--message=mine")
    git(place.work, "config", "user.name", "ann")
    held_by(place.store, claim_ref(CLAIM), "ann", 1)


def land(root: Path, form: str) -> int:
    """What `coroom land` does."""
    os.environ["XDG_STATE_HOME"] = str(root / "state")
    repository = inspect(root / "work", detached=True)
    assert isinstance(repository, Repository), repository
    remote = "." if form == "own" else str(root / "store.git")
    wish = LandingWish(remote=remote, test="test -e new.txt", claims=(CLAIM,), isolation="plain")
    end = asyncio.run(land_here(repository, wish, lambda _text: None))
    assert isinstance(end, LandingEnd), end
    assert end.landed, end
    return 0


def check(root: Path, form: str) -> None:
    """What must be so once somebody has landed again."""
    work = root / "work"
    store = work if form == "own" else root / "store.git"
    place = SharedPlace(None, store, work)  # type: ignore[arg-type]
    assert place.files() == ["a.txt", "d/b.txt", "new.txt"]
    assert git(store, "log", "--first-parent", "--format=%s", "main").splitlines() == ["mine", "first"]
    assert git(work, "rev-parse", "mine") in git(store, "rev-list", "main").split()
    assert [ref for ref in place.refs() if "coroom" in ref] == []
    assert git(work, "status", "--porcelain") == ""
    left = [path for place in (work, store, root / "state") if place.exists() for path in place.rglob("*.lock")]
    assert left == []
    for directory in {work, store}:
        fsck(directory)


def look_earlier(root: Path) -> None:
    """Somebody saw the locks a minute ago: whoever comes after a kill does not come within seconds."""
    store = root / "store.git"
    places = [root / "work" / ".git", *([store] if store.exists() else []), *root.glob("state/**/repository.git")]
    seen = root / "work" / ".git" / LOCKS_SEEN
    assert clear_stale_locks(map(Lockable, places), seen, now_ms=lambda: boottime_ms() - 60_000) == []


def counted(directory: Path, template: Path, form: str) -> int:
    """How many calls a landing makes that nobody kills."""
    dry = directory / "dry"
    shutil.copytree(template, dry, symlinks=True)
    total = killed_at(0, lambda: land(dry, form))
    check(dry, form)
    return total


def kill_once(directory: Path, template: Path, form: str, number: int, total: int) -> bool:
    """Land and be killed at one call, land again, and look; whether there was such a call."""
    root = directory / str(number)
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(template, root, symlinks=True)
    killed = killed_at(number, lambda: land(root, form)) == -1
    look_earlier(root)
    try:
        assert lived(lambda: land(root, form)) == 0
        check(root, form)
    except BaseException:
        sys.stderr.write(f"killed at call {number} of {total}, {form}: kept in {root}\n")
        raise
    shutil.rmtree(root)
    return killed


def main(directory: Path, form: str, points: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    template, count, done = directory / "template", directory / "calls", directory / "done"
    if not template.exists():
        shutil.rmtree(directory / "making", ignore_errors=True)
        prepare(directory / "making", form)
        (directory / "making").rename(template)
    if not count.exists():
        shutil.rmtree(directory / "dry", ignore_errors=True)
        count.write_text(str(ROUGHLY[form] if 0 < points < FEW else counted(directory, template, form)))
    total = int(count.read_text())
    before = dict(line.split() for line in done.read_text().splitlines()) if done.exists() else {}
    chosen = sorted({round((place + 0.5) * total / (points or total)) for place in range(points or total)})
    for place, number in enumerate(chosen, start=1):
        if str(number) not in before:
            before[str(number)] = "killed" if kill_once(directory, template, form, number, total) else "ended"
            with done.open("a") as file:
                file.write(f"{number} {before[str(number)]}\n")
        if place % SAID_EACH == 0:
            sys.stderr.write(f"{form}: {place} of {len(chosen)} points\n")
    killed = sum(before.get(str(number)) == "killed" for number in chosen)
    sys.stdout.write(f"{form}: killed at {killed} of {total} calls; nothing lost, no lock, git fsck --strict clean\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2], int(sys.argv[3]))
