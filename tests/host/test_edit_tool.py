"""The room's `edit` tool over real files, for agents that have no file tools of their own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.git.repositories import new_repository

from coroom.core.errors import Code
from coroom.git.repository import Repository, inspect
from coroom.host.answer import Answer
from coroom.host.replies import reply
from coroom.host.rooms import Room, RoomPlan, Seat


@asynccontextmanager
async def room_of(tmp_path: Path, files: Mapping[str, bytes]) -> AsyncIterator[Room]:
    repository = inspect(new_repository(tmp_path / "repository", dict(files)))
    assert isinstance(repository, Repository)
    room = await Room.open(repository, RoomPlan(mirrors=tmp_path / "mirrors", test="true"))
    assert isinstance(room, Room)
    try:
        assert isinstance(await room.admit("a"), Seat)
        yield room
    finally:
        await room.close()


def text_of(room: Room, path: str) -> bytes | None:
    head = room.host.state.head(path)
    return room.host.blob(head.blob) if head else None


def done(answer: Answer) -> bool:
    return answer.refused is None


async def test_an_empty_file_is_filled_as_a_new_one_is_made(tmp_path: Path) -> None:
    async with room_of(tmp_path, {"pkg/__init__.py": b"", "full.py": b"x = 1\n"}) as room:
        assert done(await room.door.edit("a", "pkg/__init__.py", "", "x = 1\n"))
        assert text_of(room, "pkg/__init__.py") == b"x = 1\n"
        refused = (await room.door.edit("a", "full.py", "", "y = 2\n")).refused
        assert refused
        assert refused.code is Code.STALE


async def test_lines_of_a_crlf_file_are_replaced_as_read_showed_them_and_stay_crlf(tmp_path: Path) -> None:
    async with room_of(tmp_path, {"w.txt": b"one\r\ntwo\r\nthree\r\n"}) as room:
        assert "| one\n| two" in reply(await room.door.read("a", "w.txt")).text
        assert done(await room.door.edit("a", "w.txt", "one\ntwo\n", "1\n2\n2b\n"))
        assert text_of(room, "w.txt") == b"1\r\n2\r\n2b\r\nthree\r\n"


async def test_a_file_of_mixed_line_ends_is_taken_as_it_is(tmp_path: Path) -> None:
    async with room_of(tmp_path, {"m.txt": b"one\r\ntwo\nthree\n"}) as room:
        assert done(await room.door.edit("a", "m.txt", "two\nthree", "2\n3"))
        assert text_of(room, "m.txt") == b"one\r\n2\n3\n"


@pytest.mark.parametrize("old", ["", "x"])
async def test_what_is_no_text_is_refused_in_those_words(tmp_path: Path, old: str) -> None:
    async with room_of(tmp_path, {"b.bin": b"\x00\x01x"}) as room:
        refused = (await room.door.edit("a", "b.bin", old, "y")).refused
        assert refused
        assert refused.code is Code.BAD_INPUT
        assert "not text" in refused.why
        assert text_of(room, "b.bin") == b"\x00\x01x"
