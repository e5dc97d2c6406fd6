"""Cases 21, 22 and 23: rooms that begin twice, hosts that were away, and hosts that were killed."""

import asyncio
import os
import random
import shutil
import time
from pathlib import Path

import pytest
from tests.host.bridge.scene import Scene, opened, plan_at, repository_at, seated, until
from tests.host.bridge.stoppable import victim_of

from coroom.core.event import FilesSeeded
from coroom.git.repository import Repository
from coroom.host.door.answer import Touch
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat

KILLS = int(os.environ.get("COROOM_KILLS", "50"))
AGENTS = "a b c"


async def test_case_21_a_repository_is_seeded_once_however_many_mirrors_begin_at_once(tmp_path: Path) -> None:
    repository = repository_at(tmp_path / "repository", {"f.txt": b"print(1)\n", "d/g.txt": b"print(2)\n"})
    room = await opened(repository, plan_at(tmp_path))
    seats = await asyncio.gather(*(room.admit(agent) for agent in "abcd"))
    scene = Scene(room, {seat.agent: seat for seat in seats if isinstance(seat, Seat)})
    try:
        await scene.rest()
        assert scene.accepted() == {"f.txt": b"print(1)\n", "d/g.txt": b"print(2)\n"}
        assert all(scene.tree(agent) == scene.accepted() for agent in "abcd")
        assert scene.edits() == []
        seeded = [e.body for e in scene.events() if isinstance(e.body, FilesSeeded)]
        assert sum(len(body.files) for body in seeded) == 2
    finally:
        await room.close()
    again = await opened(repository, plan_at(tmp_path))
    assert len([e for e in again.host.events(0) if isinstance(e.body, FilesSeeded)]) == len(seeded)
    await again.close()


@pytest.mark.promise("doc:nothing-lost")
async def test_case_22_what_changed_while_the_host_was_away_is_merged_with_what_each_disk_held(tmp_path: Path) -> None:
    lines = b"".join(b"line %d\n" % n for n in range(20))
    files = {f"f{n}.txt": lines for n in range(14)}
    repository = repository_at(tmp_path / "repository", files)
    room = await opened(repository, plan_at(tmp_path))
    scene = await seated(room, "a b")
    await scene.rest()
    await room.close()
    for n in range(10):
        scene.write("a", f"f{n}.txt", lines.replace(b"line 3\n", b"line 3 by a\n"))
        scene.write("b", f"f{n}.txt", lines.replace(b"line 15\n", b"line 15 by b\n"))
    scene.at("a", "f10.txt").unlink()
    scene.at("a", "f11.txt").unlink()
    os.rename(scene.at("a", "f12.txt"), scene.at("a", "moved.txt"))
    scene.write("b", "f12.txt", lines.replace(b"line 15\n", b"line 15 by b\n"))
    room = await opened(repository, plan_at(tmp_path))
    scene = await seated(room, "a b")
    try:
        await scene.rest()
        both = lines.replace(b"line 3\n", b"line 3 by a\n").replace(b"line 15\n", b"line 15 by b\n")
        expected = {f"f{n}.txt": both for n in range(10)} | {"f13.txt": lines}
        expected["moved.txt"] = lines.replace(b"line 15\n", b"line 15 by b\n")
        assert scene.accepted() == expected
        await until(lambda: scene.tree("a") == scene.tree("b") == expected, "both disks hold it")
        assert not scene.held()
    finally:
        await room.close()


def append(path: Path, line: str, *, beside: bool) -> None:
    """Write as a program does: in place, or beside and renamed onto it."""
    text = path.read_text() + line + "\n"
    target = path.with_name(path.name + ".tmp~") if beside else path
    target.write_text(text)
    if beside:
        os.replace(target, path)


def edit_own_part(path: Path, agent: str, line: str) -> None:
    """A line at the head of the agent's own part of a file that all of them edit."""
    text = path.read_text()
    path.write_text(text.replace(f"# part of {agent}\n", f"# part of {agent}\n{line}\n"))


@pytest.mark.long
@pytest.mark.promise("doc:nothing-lost", "log:durable")
@pytest.mark.timeout(300)
async def test_case_23_a_host_killed_at_any_instant_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Each agent appends to a file of its own at any time, and while no host runs to its part of a common file."""
    parts = "".join(f"# part of {agent}\n" + "\n" * 5 for agent in AGENTS.split())
    files = {f"{agent}.txt": b"head\n" for agent in AGENTS.split()} | {"common.txt": parts.encode()}
    repository = repository_at(tmp_path / "repository", files)
    plan = plan_at(tmp_path)
    room = await opened(repository, plan)
    await seated(room, AGENTS)
    await room.close()
    written: dict[str, list[str]] = {agent: [] for agent in AGENTS.split()}
    common: list[str] = []
    chance = random.Random(23)
    assert plan.mirrors
    with victim_of(repository, plan.mirrors, AGENTS) as victim:
        for kill in range(KILLS):
            for agent in AGENTS.split():
                edit_own_part(plan.mirrors / agent / "common.txt", agent, f"{agent} while away {kill}")
                common.append(f"{agent} while away {kill}")
            pid = victim.start()
            if kill % 2:
                victim.serving()
            end = time.monotonic() + chance.random() * 0.06
            while time.monotonic() < end:
                agent = chance.choice(AGENTS.split())
                line = f"{agent} line {len(written[agent])}"
                append(plan.mirrors / agent / f"{agent}.txt", line, beside=chance.random() < 0.5)
                written[agent].append(line)
                time.sleep(chance.random() * 0.006)
            victim.kill(pid)
    await check_after_kills(repository, plan_at(tmp_path), written, common)


async def check_after_kills(
    repository: Repository, plan: RoomPlan, written: dict[str, list[str]], common: list[str]
) -> None:
    room = await Room.open(repository, plan)
    assert isinstance(room, Room)
    scene = await seated(room, AGENTS)
    try:
        await scene.rest()
        assert [(h.path, h.agent, h.reason) for h in scene.held()] == []
        for agent, lines in written.items():
            assert (scene.in_room(f"{agent}.txt") or b"").decode().splitlines() == ["head", *lines]
        text = (scene.in_room("common.txt") or b"").decode().splitlines()
        assert sorted(line for line in text if "while away" in line) == sorted(common)
        await until(lambda: all(scene.tree(agent) == scene.accepted() for agent in AGENTS.split()), "the disks agree")
        room.host._log.verify()
    finally:
        await room.close()


async def test_a_mirror_of_a_room_that_was_removed_is_kept_aside_and_told_and_never_used_again(tmp_path: Path) -> None:
    repository = repository_at(tmp_path / "repository", {"f.txt": b"one\ntwo\nthree\n"})
    room = await opened(repository, plan_at(tmp_path))
    s = await seated(room, "a b")
    for n in range(5):
        s.write("a", "f.txt", f"one\ntwo {n}\nthree\n")
        await s.alike("f.txt")
    s.write("a", "only.txt", "x\n")
    await s.alike("only.txt")
    async with s.tool("a", "f.txt", touch=Touch.READ):
        s.text("a", "f.txt")
    await room.close()
    shutil.rmtree(room.directory)
    room = await opened(repository, plan_at(tmp_path))
    try:
        s = await seated(room, "a b")
        await s.rest()
        assert s.tree("a") == s.accepted() == s.tree("b") == {"f.txt": b"one\ntwo\nthree\n"}
        (aside,) = s.at("a").parent.glob("a~*")
        assert str(aside) in s.told("a")
        assert (aside / "only.txt").read_bytes() == b"x\n"
        async with s.tool("a", "f.txt", touch=Touch.READ):
            s.text("a", "f.txt")
        s.write("b", "f.txt", "one\ntwo\nthree by b\n")
        await s.alike("f.txt")
        assert "changed f.txt" in s.told("a")
    finally:
        await room.close()


@pytest.mark.promise("doc:nothing-lost")
async def test_what_a_power_failure_takes_from_the_disks_is_put_back_and_taken_for_nobodys_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b"".join(b"line %d\n" % n for n in range(20))
    names = ["empty", "zeros", "half", "older", "gone", "older-own", "edited", "fine"]
    repository = repository_at(tmp_path / "repository", {f"{name}.txt": lines for name in names})
    room = await opened(repository, plan_at(tmp_path))
    scene = await seated(room, "a b")
    for name in names:
        scene.write("a" if name == "older-own" else "b", f"{name}.txt", lines + b"accepted\n")
        await scene.alike(f"{name}.txt")
    await scene.rest()
    accepted = scene.accepted()
    await room.close()

    scene.write("a", "empty.txt", b"")
    scene.write("a", "zeros.txt", b"\0" * len(lines))
    scene.write("a", "half.txt", lines[:70] + b"\0" * 30)
    scene.write("a", "older.txt", lines)
    scene.write("a", "older-own.txt", lines)
    scene.at("a", "gone.txt").unlink()
    # Written just before, and on the disk whole.
    scene.write("a", "edited.txt", b"by a\n" + lines + b"accepted\n")
    monkeypatch.setattr("coroom.host.edits.shadow.boot_id", lambda: "another")
    room = await opened(repository, plan_at(tmp_path))
    try:
        scene = await seated(room, "a b")
        await scene.rest()
        expected = accepted | {"edited.txt": b"by a\n" + lines + b"accepted\n"}
        assert scene.accepted() == expected
        assert scene.tree("a") == scene.tree("b") == expected
        assert not scene.held()
        assert "started anew" in scene.told("a")
        assert "6 file(s)" in scene.told("a")
        scene.edit("a", "fine.txt", "line 3\n", "line 3 by a\n")
        await scene.reads("fine.txt", accepted["fine.txt"].replace(b"line 3\n", b"line 3 by a\n"))
    finally:
        await room.close()
