"""`coroom loop` beside a room that is open: its agents have seats, and the room says who gets what."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import Done, Place, serving
from tests.cli.looping import MENDS, landed_in, loop_place, looped, shared

from coroom.agents.room_client import RoomClient


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return loop_place(tmp_path)


def seat(place: Place, name: str) -> RoomClient:
    told = json.loads(place.run("join", name, "--json").out)
    return RoomClient(told["url"], told["token"])


async def loops(place: Place, *words: str) -> Done:
    return await asyncio.to_thread(place.run, *words)


async def board(room: RoomClient) -> Mapping[str, Any]:
    listed = (await room.call("task", {"do": "list"})).data["tasks"]
    return {one["id"]: one["state"] for one in listed}


@pytest.mark.promise("claim:exclusive")
async def test_in_a_room_it_takes_the_board_s_tasks_leaves_what_others_hold_and_reads_what_was_said(
    place: Place,
) -> None:
    does = f"cat >> {place.root}/prompts; case $COROOM_TASK in test:*) {MENDS};; *) echo hi > hello.txt;; esac"
    with serving(place):
        async with seat(place, "ann") as ann:
            assert not (await ann.call("claim", {"resources": ["test:a"], "purpose": "mine"})).refused
            posted = {"do": "post", "task": "greet", "title": "say hello", "description": "in hello.txt"}
            assert not (await ann.call("task", posted)).refused
        first = await loops(place, *looped(place, does, "--sessions", "2"))
        assert first.code == 0, first.err
        assert "x-1: core-developer, in the room 'main' as implementer, plain." in first.err
        assert sorted(landed_in(place)) == ["task:greet", "test:b"], first.err
        async with seat(place, "ann") as ann:
            assert await board(ann) == {"greet": "done", "test:a": "open", "test:b": "done"}
            await ann.call("say", {"kind": "note", "text": "The left door is\x1b locked."})
            await ann.call("release", {})
            second = await loops(place, *looped(place, does, "--until-done"))
            assert sorted(landed_in(place)) == ["task:greet", "test:a", "test:b"], second.err
            assert await board(ann) == {"greet": "done", "test:a": "done", "test:b": "done"}
            claims = (await ann.call("sync", {})).data["claims"]
    prompts = (place.root / "prompts").read_text()
    assert "say hello\n\nin hello.txt" in prompts
    assert "> | The left door is" in prompts
    assert "\x1b" not in prompts
    assert claims == []
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


async def test_what_a_role_may_do_in_the_room_is_in_force(place: Place) -> None:
    folder = place.repository / ".coroom" / "roles"
    folder.mkdir(parents=True)
    (folder / "onlooker.md").write_text("---\ntakes: [tests]\nroom_role: observer\n---\nLook, {agent}.\n")
    with serving(place):
        done = await loops(place, *looped(place, MENDS, "--role", "onlooker", "--time", "1"))
    assert "in the room 'main' as observer" in done.err
    assert "observer" in done.err.partition("plain.")[2], done.err
    assert json.loads(done.out)["sessions"] == 0
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


async def test_a_room_that_is_closed_meanwhile_stops_nobody_for_good(place: Place) -> None:
    words = looped(place, f"touch {place.root}/begun; {MENDS}", "--until-done")
    with serving(place, "--socket", str(place.root / "socket")):
        told = await loops(place, *words)
    assert told.code == 2
    assert "is served on a Unix socket, which a loop does not reach" in told.err
    alone = await loops(place, *words)
    assert json.loads(alone.out)["landed"] == 2, alone.err
    assert "in the room" not in alone.err
