"""`coroom loop` beside a room that is open: its agents have seats, and the room says who gets what."""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import Done, Place, ended, serving
from tests.cli.looping import MENDS, landed_in, loop_place, looped, shared

from coroom.agents.room_client import RoomClient
from coroom.host.rooms import Serving


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
        process = place.start(*looped(place, MENDS, "--role", "onlooker"))
        assert process.stderr
        refused = next((line for line in process.stderr if "The role observer has no permission to claim" in line), "")
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert refused
    assert json.loads(done.out)["sessions"] == 0
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


def test_a_room_on_a_socket_is_refused_in_words(place: Place) -> None:
    kept = place.kept("main")
    kept.mkdir(parents=True)
    Serving(os.getpid(), "unix:/a/socket").write(kept)
    (kept / "operator.token").write_text("secret")
    told = place.run(*looped(place, MENDS))
    assert told.code == 2
    assert "is served on a Unix socket, which a loop does not reach" in told.err
