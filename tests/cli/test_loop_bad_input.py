"""`coroom loop` where the machine is not as it should be: clear words, nothing lost, and it goes on."""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.commands import Place, ended, until
from tests.cli.looping import MENDS, agent_loop, kept_of, landed_in, loop_place, looped, shared
from tests.git.repositories import fsck, git

from coroom.run.loop import agent
from coroom.run.loop.bounds import Bounds

WITHIN_S = 100.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return loop_place(tmp_path)


@pytest.mark.promise("git:sound")
def test_on_a_full_disk_it_says_so_loses_nothing_and_goes_on_once_there_is_room(place: Place) -> None:
    root = place.root
    fills = f"test -e {root}/filled || {{ touch {root}/filled; cat /dev/zero > fill 2>/dev/null; }}; {MENDS}"
    words = looped(place, fills, "--until-done", "--state", str(root / "disk"), "--ttl", "3")
    loop = shlex.join([sys.executable, "-P", "-m", "coroom.cli", *words])
    # The disk is a small one of its own, which only this process and its children see.
    script = (
        f"mkdir {root}/disk && mount -t tmpfs -o size=4m tmpfs {root}/disk || exit 9\n"
        f"( cat {root}/room > /dev/null; rm -f {root}/disk/x-1/work/fill ) &\n"
        f"exec {loop}\n"
    )
    os.mkfifo(root / "room")
    with (root / "told").open("w") as told:
        process = subprocess.Popen(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
            cwd=place.repository,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        )
        until(lambda: "the disk is full: make room for" in (root / "told").read_text(), "it says so", process)
        fsck(root / "shared.git")
        (root / "room").write_text("")
        done = ended(process)
    assert done.code == 0, (root / "told").read_text()
    assert sorted(landed_in(place)) == ["test:a", "test:b"]
    assert shared(place, "for-each-ref", "refs/coroom/claims", "refs/coroom/queue") == ""
    fsck(root / "shared.git")


async def test_a_clock_that_jumps_to_and_fro_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps, real, real_ns = [0.0], time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() + jumps[0])
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(jumps[0] * 1_000_000_000))
    years = iter((-5, 3, -20, 10, 0, 7))

    def jump(text: str) -> None:
        if text.startswith(("works on", "landed")):
            jumps[0] = next(years, 0) * 31_536_000.0

    loop = agent_loop(place, MENDS, show=jump)
    async with asyncio.timeout(WITHIN_S):
        await loop.run()
    assert [turn.outcome for turn in loop.turns] == ["landed", "landed"]
    assert sorted(landed_in(place)) == ["test:a", "test:b"]
    assert shared(place, "for-each-ref", "refs/coroom/claims", "refs/coroom/queue") == ""


@pytest.mark.promise("claim:exclusive")
def test_two_loops_of_one_name_on_two_machines_leave_each_other_alone(place: Place) -> None:
    os.mkfifo(place.root / "gate")
    waits = f"touch {place.root}/begun; cat {place.root}/gate; {MENDS}; echo $COROOM_TASK >> {place.root}/calls"
    first = place.start(*looped(place, waits, "--until-done"))
    until((place.root / "begun").exists, "the first works", first)
    held = shared(place, "for-each-ref", "--format=%(refname)", "refs/coroom/claims")
    other = replace(place, environment={**place.environment, "XDG_STATE_HOME": str(place.root / "other")})
    second = other.run(*looped(place, f"{MENDS}; echo $COROOM_TASK >> {place.root}/calls", "--sessions", "1"))
    assert "another loop works as x-1 somewhere else" in second.err
    assert json.loads(second.out)["landed"] == 1, second.err
    assert shared(place, "for-each-ref", "--format=%(refname)", "refs/coroom/claims") == held
    (place.root / "gate").write_text("")
    assert json.loads(ended(first).out)["landed"] == 1
    assert sorted((place.root / "calls").read_text().split()) == ["test:a", "test:b"]
    assert sorted(landed_in(place)) == ["test:a", "test:b"]


@pytest.mark.long
async def test_a_test_command_that_never_ends_is_stopped_and_said_and_leaves_nothing_running(place: Place) -> None:
    never, said = f"echo $$ >> {place.root}/pids; exec sleep 600", list[str]()
    command = "echo good > a.txt"
    loop = agent_loop(place, command, show=said.append, bounds=Bounds(sessions=1), test=never, test_s=1.0)
    async with asyncio.timeout(WITHIN_S):
        await loop.run()
    assert any("is red: stopped after 1 s" in one for one in said), said
    assert [turn.outcome for turn in loop.turns] not in ([], ["landed"])
    assert shared(place, "show", f"{kept_of(place)[0]}:a.txt") == "good"
    assert not [pid for pid in (place.root / "pids").read_text().split() if Path(f"/proc/{pid}").exists()]


async def test_what_a_session_left_half_done_in_its_workplace_does_not_stop_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "AGAIN_S", (0.0,))
    breaks = (
        f"test -e {place.root}/broken || {{ touch {place.root}/broken; "
        "git checkout -q -b one; echo 1 > c.txt; git commit -q -am 1; git checkout -q -b two HEAD~1; echo 2 > c.txt; "
        "git commit -q -am 2; git rebase -q one; touch .git/index.lock .git/HEAD.lock .git/config.lock; "
        "touch .git/refs/remotes/origin/main.lock .git/packed-refs.lock; exit 1; }"
    )
    checks = f"test -e .git/rebase-merge && exit 3; git status --porcelain > {place.root}/status; {MENDS}"
    loop = agent_loop(place, f"{breaks}; {checks}")
    async with asyncio.timeout(WITHIN_S):
        await loop.run()
    assert [turn.outcome for turn in loop.turns][1:] == ["landed", "landed"]
    assert (place.root / "status").read_text() == ""


async def test_a_lock_that_a_killed_git_left_in_the_harness_s_own_repository_is_removed(place: Place) -> None:
    async with asyncio.timeout(WITHIN_S):
        await agent_loop(place, MENDS, bounds=Bounds(sessions=1)).run()
    lock = place.root / "loops/x-1/hub.git/refs/heads/main.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    git(place.repository, "pull", "--quiet", "--rebase", "origin", "main")
    git(place.repository, "commit", "--quiet", "--allow-empty", "--message=the branch moves")
    git(place.repository, "push", "--quiet", "origin", "HEAD:main")
    loop = agent_loop(place, MENDS)
    async with asyncio.timeout(WITHIN_S):
        await loop.run()
    assert [turn.outcome for turn in loop.turns] == ["landed"]
    assert not lock.exists()


async def test_a_note_that_a_person_edited_is_read_as_it_stands_and_only_added_to(place: Place) -> None:
    loop = agent_loop(place, "exit 3", bounds=Bounds(sessions=1))
    async with asyncio.timeout(WITHIN_S):
        await loop.run()
    clone = place.root / "person"
    git(place.root, "clone", "--quiet", "--branch", "coroom/notes", str(place.root / "shared.git"), "person")
    note = clone / "current_tasks" / f"{loop.turns[0].key.replace(':', '-')}.md"
    note.write_bytes(b"Mine now: try the \xff left door.\r\n")
    git(clone, "commit", "--quiet", "--all", "--message=by hand")
    git(clone, "push", "--quiet", "origin", "HEAD")
    async with asyncio.timeout(WITHIN_S):
        await agent_loop(place, f"cat >> {place.root}/prompts; exit 3", bounds=Bounds(sessions=2)).run()
    assert "> Mine now: try the \N{REPLACEMENT CHARACTER} left door." in (place.root / "prompts").read_text()
    kept = shared(place, "show", f"coroom/notes:current_tasks/{note.name}")
    assert kept.startswith("Mine now: try the")
    assert "x-1: nothing" in kept


async def test_a_loop_that_is_stopped_while_the_tests_hang_ends_them_too(place: Place) -> None:
    pids = place.root / "pids"
    os.mkfifo(pids)
    looping = asyncio.create_task(agent_loop(place, MENDS, test=f"echo $$ > {pids}; exec sleep 600").run())
    async with asyncio.timeout(WITHIN_S):
        pid = (await asyncio.to_thread(pids.read_text)).strip()
        looping.cancel()
        await asyncio.gather(looping, return_exceptions=True)
    assert not Path(f"/proc/{pid}").exists()
