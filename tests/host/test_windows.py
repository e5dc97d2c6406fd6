"""The time in which an agent's tool counts as running, and nothing is put on its disk."""

import asyncio
from pathlib import Path

import pytest
from tests.git.repositories import new_repository
from tests.host.bridge.scene import scene_of

from coroom.core import command as c
from coroom.git.repository import Repository, inspect
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.edits import mirror
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat


@pytest.mark.parametrize("touch", [Touch.EDIT, Touch.DELETE])
async def test_an_edit_whose_end_nobody_tells_does_not_hold_the_others_text_back_for_long(
    tmp_path: Path, touch: Touch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "EDIT_WINDOW_S_MAX", 0.2)
    repository = inspect(new_repository(tmp_path / "repository", {"a.txt": b"old\n"}))
    assert isinstance(repository, Repository)
    room = await Room.open(repository, RoomPlan(mirrors=tmp_path / "mirrors"))
    assert isinstance(room, Room)
    try:
        seats = [await room.admit(agent) for agent in ("a", "b")]
        assert all(isinstance(seat, Seat) for seat in seats)
        assert await room.workspace.before("a", ToolUse(touch=touch, tool="apply_patch", paths=("a.txt",))) is None
        assert isinstance(await room.workspace.edit("b", "a.txt", "old", "new"), c.Accepted)
        async with asyncio.timeout(20):
            while (room.mirror_directory("a") / "a.txt").read_text() != "new\n":
                await room.workspace.settle("a")
                await asyncio.sleep(0.01)
    finally:
        await room.close()


async def test_a_tool_that_its_client_never_ran_holds_the_others_text_back_no_longer_than_the_turn(
    tmp_path: Path,
) -> None:
    async with scene_of(tmp_path, {"a.txt": b"old\n"}) as scene:
        denied = ToolUse(touch=Touch.SHELL, tool="Bash", paths=("a.txt",), command="cat a.txt")
        assert await scene.room.door.before_tool("a", denied) is None
        assert isinstance(await scene.room.workspace.edit("b", "a.txt", "old", "new"), c.Accepted)
        await scene.room.workspace.settle("a")
        assert scene.read("a", "a.txt") == b"old\n"
        await scene.room.door.on_stop("a")
        assert scene.read("a", "a.txt") == b"new\n"
