"""Rooms over a repository: what a name or a full disk spoils leaves nothing behind."""

from pathlib import Path

import pytest
from tests.git.repositories import new_repository

from coroom.core.agent import Presence
from coroom.core.errors import Code, Refused
from coroom.git.repository import Repository, inspect
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat
from coroom.host.served import mirrors_directory, state_directory


def repository_at(directory: Path) -> Repository:
    found = inspect(new_repository(directory, {"f.txt": b"one\n"}))
    assert isinstance(found, Repository)
    return found


@pytest.mark.parametrize("name", ["", "two words", "../../../out", "..", "x.lock"])
async def test_a_room_of_a_bad_name_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    repository = repository_at(tmp_path / "repository")
    before = sorted(tmp_path.rglob("*"))
    refused = await Room.open(repository, RoomPlan(name=name))
    assert isinstance(refused, Refused)
    assert refused.code is Code.BAD_INPUT
    assert sorted(tmp_path.rglob("*")) == before


async def test_an_agent_whose_mirror_cannot_be_made_is_told_why_and_does_not_stay_in_the_room(tmp_path: Path) -> None:
    repository = repository_at(tmp_path / "repository")
    mirrors = tmp_path / "mirrors"
    room = await Room.open(repository, RoomPlan(mirrors=mirrors, policy="serial"))
    assert isinstance(room, Room)
    mirrors.write_text("no directory")
    try:
        refused = await room.admit("ann")
        assert isinstance(refused, Refused)
        assert "ann" in refused.why
        assert [agent.presence for agent in room.host.state.agents.values()] == [Presence.LEFT]
        mirrors.unlink()
        assert isinstance(await room.admit("ann"), Seat)
        assert [agent.presence for agent in room.host.state.agents.values()] == [Presence.ACTIVE]
    finally:
        await room.close()
    assert state_directory(repository, "main").is_dir()


async def test_a_room_opens_again_when_the_commit_it_began_with_is_on_no_branch_any_more(tmp_path: Path) -> None:
    repository = repository_at(tmp_path / "repository")
    plan = RoomPlan(mirrors=tmp_path / "mirrors")
    for agent in ("ann", "bob"):
        room = await Room.open(repository, plan)
        assert isinstance(room, Room)
        try:
            assert isinstance(await room.admit(agent), Seat)
            assert (plan.mirrors / agent / "f.txt").read_bytes() == b"one\n" if plan.mirrors else False
        finally:
            await room.close()
        run = repository.git.run
        tree = run("rev-parse", "HEAD^{tree}").out.decode().strip()
        identity = {"user.name": "u", "user.email": "u@example.org"}
        other = run("commit-tree", "-m", "rewritten", tree, config=identity).out.decode().strip()
        run("update-ref", "HEAD", other)
        run("reflog", "expire", "--expire=now", "--all")
        run("gc", "--quiet", "--prune=now")


async def test_what_a_killed_room_left_of_a_mirror_is_gone_when_it_opens_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    repository = repository_at(tmp_path / "repository")
    place = mirrors_directory(repository, "main")
    half = place / ".ann.0123abcd.making"
    half.mkdir(parents=True)
    (half / "f.txt").write_bytes(b"one\n")
    (place / ".own").mkdir()
    room = await Room.open(repository, RoomPlan())
    assert isinstance(room, Room)
    await room.close()
    assert sorted(path.name for path in place.iterdir()) == [".own"]
