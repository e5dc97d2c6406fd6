"""Landing and claims where the time of day is wrong and jumps, backwards too: nothing is lost, late, or done twice."""

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.claims.claimants import HandClock
from tests.cli.commands import until
from tests.git.repositories import fsck, git
from tests.git.shared_places import FORMS, SharedPlace, parsed, shared_place

from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource
from coroom.git.claim_record import claim_ref
from coroom.git.claims import RefClaims
from coroom.git.command import Git
from coroom.git.landing import ClaimLost, claims_of, land, submit
from coroom.git.landing import candidate as candidate_of
from coroom.git.locks import clear_stale_locks
from coroom.git.repository import Repository, inspect
from coroom.ports import Holding
from coroom.run import destination, landing
from coroom.run.landing import LandingEnd, LandingWish, land_here

pytestmark = pytest.mark.promise("claim:fenced", "git:sound")

ROOT = Path(__file__).parents[2]
KEY = parsed("issue:7")
DAY_S = 86_400
JUMPS_S = (3_650 * DAY_S, -3_650 * DAY_S, 7, -DAY_S)
TEST = "test -e new.txt"


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Every look at the time of day finds it somewhere else, years before or after; gives it back in milliseconds."""
    real, jumps = time.time_ns, itertools.cycle(JUMPS_S)

    def time_ns() -> int:
        return real() + next(jumps) * 1_000_000_000

    monkeypatch.setattr(time, "time_ns", time_ns)
    monkeypatch.setattr(time, "time", lambda: time_ns() / 1e9)
    return lambda: time_ns() // 1_000_000


def with_work(root: Path, form: str) -> SharedPlace:
    place = shared_place(form, root, {"a.txt": b"a\n"})
    git(place.work, "checkout", "--quiet", "-b", "mine")
    (place.work / "new.txt").write_bytes(b"new\n")
    git(place.work, "add", "--all")
    git(place.work, "commit", "--quiet", "--message=mine")
    git(place.work, "config", "user.name", "ann")
    return place


def claimant(root: Path, place: SharedPlace, name: str, wall_ms: Callable[[], int], clock: HandClock) -> RefClaims:
    if not (root / name).exists():
        git(root, "clone", "--quiet", "--template=", str(place.store), name)
    return RefClaims(
        Git(root / name), name, str(place.store), now_ms=clock.now_ms, wall_ms=wall_ms, pause=lambda _s: None
    )


def landed_once(place: SharedPlace) -> None:
    assert git(place.store, "log", "--first-parent", "--format=%s", "main").splitlines() == ["mine", "first"]
    assert place.files() == ["a.txt", "new.txt"]
    assert [ref for ref in place.refs() if "coroom" in ref] == []
    for directory in {place.store, place.work}:
        assert list(directory.rglob("*.lock")) == []
        fsck(directory)


def wish(place: SharedPlace, *claims: Resource, test: str = TEST) -> LandingWish:
    remote = "." if place.store == place.work else str(place.store)
    return LandingWish(remote=remote, test=test, claims=claims, isolation="plain", radar=False)


@pytest.mark.parametrize("form", FORMS)
async def test_while_the_clock_jumps_a_claim_that_is_renewed_is_nobody_elses_and_its_work_lands_once(
    form: str, tmp_path: Path, jumping: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place, clock = with_work(tmp_path, form), HandClock()
    ann, bob = (claimant(tmp_path, place, name, jumping, clock) for name in ("ann", "bob"))
    holding = await ann.claim([KEY], "mine")
    assert isinstance(holding, Holding)
    repository = inspect(place.work, detached=True)
    assert isinstance(repository, Repository)
    once = tmp_path / "renewed-once"
    until_then = f"{TEST} && until test -e {once}; do sleep 0.01; done"
    working = asyncio.create_task(land_here(repository, wish(place, KEY, test=until_then), lambda _text: None))
    while not working.done():
        refused = await bob.claim([KEY], "the same")
        again = await ann.renew(holding)
        if isinstance(again, Refused):
            break
        # Held when it was renewed, so held when it was asked for before.
        assert isinstance(refused, Refused)
        assert (again.id, again.fence) == (holding.id, holding.fence)
        once.touch()
    end = await working
    assert isinstance(end, LandingEnd)
    assert end.landed, end
    for one in await bob.live():
        await bob.end(one.id)
    landed_once(place)


async def test_only_a_clock_that_nobody_sets_says_when_a_lease_is_over_and_a_late_holder_cannot_land(
    tmp_path: Path, jumping: Callable[[], int]
) -> None:
    place, clock = with_work(tmp_path, "remote"), HandClock()
    ann, bob = (claimant(tmp_path, place, name, jumping, clock) for name in ("ann", "bob"))
    holding = await ann.claim([KEY], "mine", 60_000)
    assert isinstance(holding, Holding)
    held = claims_of(place.shared, "ann", [KEY])
    assert isinstance(held, tuple)
    entry = submit(place.shared, git(place.work, "rev-parse", "mine"), onto="main", agent="ann", claims=held)
    assert not isinstance(entry, ClaimLost)
    for passes in (0, 30_000, 29_999):
        clock.ms += passes
        assert isinstance(await bob.claim([KEY], "mine"), Refused)
    clock.ms += 1
    taken = await bob.claim([KEY], "mine")
    assert isinstance(taken, Holding)
    assert taken.fence > holding.fence
    late = await ann.renew(holding)
    assert isinstance(late, Refused)
    assert late.code is Code.STALE
    base = place.main()
    made = candidate_of(place.shared.git, base, [entry])  # type: ignore[list-item]
    assert isinstance(land(place.shared, "main", base, made.commit, [entry]), ClaimLost)  # type: ignore[list-item,union-attr]
    assert place.main() == base
    assert isinstance(await bob.renew(taken), Holding)


async def test_a_landing_waits_for_a_lock_until_it_was_seen_long_enough_whatever_time_it_bears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(landing, "LOCKED_S", 0.02)
    monkeypatch.setattr(destination, "clear_stale_locks", partial(clear_stale_locks, older_than_s=0.05))
    place = with_work(tmp_path, "remote")
    left = place.work / ".git/refs/coroom/had/heads/main.lock"
    left.parent.mkdir(parents=True)
    left.touch()
    os.utime(left, (time.time() + DAY_S, time.time() + DAY_S))
    repository = inspect(place.work, detached=True)
    assert isinstance(repository, Repository)
    said: list[str] = []
    end = await land_here(repository, wish(place), said.append)
    assert isinstance(end, LandingEnd)
    assert end.landed, end
    assert any(line.startswith("not now, waiting for it") for line in said), said
    assert sum("a killed git left" in line for line in said) == 1
    landed_once(place)


HOPPING_GIT = """#!/bin/sh
printf x >> "$HOPS"
read steps < "$HOPS"
case $((${#steps} % 4)) in 0) to=315360000;; 1) to=-315360000;; 2) to=7;; *) to=-86400;; esac
echo $to > "$SET_CLOCK"
exec {git} "$@"
"""
"""With every step that git is asked for, the clock of all who look on it stands somewhere else."""


def clock_library(root: Path) -> Path:
    subprocess.run([ROOT / "scripts" / "gcc.sh"], check=True, stdout=subprocess.DEVNULL)
    library, source = root / "set_clock.so", Path(__file__).with_name("set_clock.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


def test_processes_whose_clock_is_set_at_every_step_hold_renew_and_land_one_thing_once(tmp_path: Path) -> None:
    place = with_work(tmp_path, "remote")
    git(place.work, "remote", "add", "origin", str(place.store))
    shim, found = tmp_path / "bin" / "git", shutil.which("git")
    shim.parent.mkdir()
    shim.write_text(HOPPING_GIT.replace("{git}", str(found)))
    shim.chmod(0o755)
    os.mkfifo(tmp_path / "gate")
    (tmp_path / "home").mkdir()
    environment = {
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "COROOM_AGENT": "ann",
        "HOPS": str(tmp_path / "hops"),
        "LD_PRELOAD": str(clock_library(tmp_path)),
        "SET_CLOCK": str(tmp_path / "now"),
    }

    def coroom(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", "-m", "coroom.cli", *words]
        return subprocess.Popen(
            command, cwd=place.work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def done(process: "subprocess.Popen[str]") -> str:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, out + err
        return out

    bob = claimant(tmp_path, place, "bob", lambda: time.time_ns() // 1_000_000, HandClock())
    first = json.loads(done(coroom("claim", "issue:7", "--ttl", "60", "--json")))
    test = f"echo begun > {tmp_path / 'begun'}; read go < {tmp_path / 'gate'}; {TEST}"
    land_it = ("land", "--claim", "issue:7", "--test", test, "--isolation", "plain")
    landings = [coroom(*land_it)]
    until((tmp_path / "begun").exists, "the tests have begun", landings[0])
    # Somebody is landing the very same thing, under a clock that has been set since.
    landings.append(coroom(*land_it))
    again = json.loads(done(coroom("claim", "issue:7", "--ttl", "60", "--json")))
    assert (again["claim"], again["fence"]) == (first["claim"], first["fence"])
    assert isinstance(asyncio.run(bob.claim([KEY], "the same")), Refused)
    (tmp_path / "gate").write_text("go\n")
    for one in landings:
        done(one)
    landed_once(place)
    assert claim_ref(KEY) not in place.refs()
    assert (tmp_path / "hops").stat().st_size > 40
