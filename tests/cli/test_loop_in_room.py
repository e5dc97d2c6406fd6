"""Loops beside a room that is open: their agents have seats in it, and the room says who gets what."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import Place, serving
from tests.cli.looping import MENDS, agent_loop, landed_in, loop_place, looped, shared
from tests.doorway import hashed, running, token

from coroom.agents.room_client import RoomClient
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.errors import Refused
from coroom.host.served import Serving
from coroom.run.loop.bounds import Bounds
from coroom.run.loop.peers import RoomSeat

WITHIN_S = 100.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return loop_place(tmp_path)


def x_1(url: str) -> RoomSeat:
    return RoomSeat(url, token("x-1"))


async def board(room: RoomClient) -> Mapping[str, Any]:
    listed = (await room.call("task", {"do": "list"})).data["tasks"]
    return {one["id"]: one["state"] for one in listed}


@pytest.mark.promise("claim:exclusive")
async def test_in_a_room_it_takes_the_board_s_tasks_leaves_what_others_hold_and_reads_what_was_said(
    place: Place,
) -> None:
    does = f"cat >> {place.root}/prompts; case $COROOM_TASK in test:*) {MENDS};; *) echo hi > hello.txt;; esac"
    async with asyncio.timeout(WITHIN_S), running("ann", "x-1") as (daemon, room):
        posted = c.PostTask(title="say hello", description="in hello.txt", task="greet")
        assert not isinstance(await room.host.submit(OPERATOR, posted), Refused)
        async with RoomClient(daemon.url, token("ann")) as ann:
            assert not (await ann.call("claim", {"resources": ["test:a"], "purpose": "mine"})).refused
            await agent_loop(place, does, room=x_1(daemon.url), bounds=Bounds(sessions=2)).run()
            assert sorted(landed_in(place)) == ["task:greet", "test:b"]
            assert await board(ann) == {"greet": "done", "test:a": "open", "test:b": "done"}
            await ann.call("say", {"kind": "note", "text": "The left door is\x1b locked."})
            await ann.call("release", {})
            await agent_loop(place, does, room=x_1(daemon.url)).run()
            assert sorted(landed_in(place)) == ["task:greet", "test:a", "test:b"]
            assert await board(ann) == {"greet": "done", "test:a": "done", "test:b": "done"}
            assert (await ann.call("sync", {})).data["claims"] == []
    prompts = (place.root / "prompts").read_text()
    assert "say hello\n\nin hello.txt" in prompts
    assert "> | The left door is" in prompts
    assert "\x1b" not in prompts
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


async def test_a_session_reaches_the_room_as_its_agent_and_is_told_so(place: Place) -> None:
    does = f"cat >> {place.root}/prompts; env | grep ^COROOM_ > {place.root}/environment; {MENDS}"
    async with asyncio.timeout(WITHIN_S), running("ann", "x-1") as (daemon, room):
        await agent_loop(place, does, room=x_1(daemon.url), bounds=Bounds(sessions=1)).run()
        lines = (place.root / "environment").read_text().splitlines()
        given = dict(line.split("=", 1) for line in lines)
        async with RoomClient(given["COROOM_URL"], given["COROOM_TOKEN"]) as session:
            assert not (await session.call("say", {"kind": "note", "text": "from inside"})).refused
        said = [notice.sender for notice in room.host.state.notices if notice.text == "from inside"]
    assert said == ["x-1"]
    assert "You have a seat in a room" in (place.root / "prompts").read_text()


async def test_a_task_that_failed_is_given_back_with_what_came_of_it(place: Place) -> None:
    async with asyncio.timeout(WITHIN_S), running("ann", "x-1") as (daemon, room):
        loop = agent_loop(place, "exit 3", room=x_1(daemon.url), bounds=Bounds(sessions=1))
        await loop.run()
        task = room.host.state.tasks[loop.turns[0].key]
    assert (task.state.value, task.attempts[0].agent) == ("open", "x-1")
    assert "it ended with exit code 3" in task.attempts[0].note


async def test_what_a_role_may_do_in_the_room_is_in_force(place: Place) -> None:
    said: list[str] = []
    refused = asyncio.Event()

    def hear(text: str) -> None:
        said.append(text)
        if "has no permission" in text:
            refused.set()

    async with asyncio.timeout(WITHIN_S), running() as (daemon, room):
        join = c.Join(agent="x-1", secret_hash=hashed(token("x-1")), role=Role.OBSERVER)
        assert not isinstance(await room.host.submit(HOST, join), Refused)
        looping = asyncio.create_task(agent_loop(place, MENDS, show=hear, room=x_1(daemon.url)).run())
        await refused.wait()
        looping.cancel()
        await asyncio.gather(looping, return_exceptions=True)
    assert any("The role observer has no permission to claim" in one for one in said)
    assert not any(one.startswith("works on") for one in said)
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


async def test_a_room_that_closes_while_a_session_works_loses_no_work_and_is_joined_again(place: Place) -> None:
    os.mkfifo(place.root / "gate")
    works, silent = asyncio.Event(), asyncio.Event()

    def hear(text: str) -> None:
        if text.startswith("works on"):
            works.set()
        if "does not answer" in text and text.endswith("trying again"):
            silent.set()

    async with asyncio.timeout(WITHIN_S), running("x-1") as (daemon, room):
        command = f"test -e {place.root}/once || {{ touch {place.root}/once; cat {place.root}/gate; }}; {MENDS}"
        looping = asyncio.create_task(agent_loop(place, command, show=hear, room=x_1(daemon.url)).run())
        await works.wait()
        await daemon.stop()
        await asyncio.to_thread((place.root / "gate").write_text, "")
        await silent.wait()
        assert len(landed_in(place)) == 1
        await daemon.start()
        await looping
        assert {task.state.value for task in room.host.state.tasks.values()} == {"done"}
    assert sorted(landed_in(place)) == ["test:a", "test:b"]
    assert shared(place, "for-each-ref", "refs/coroom/claims") == ""


def test_the_command_joins_the_room_that_coroom_up_serves_with_the_rights_of_its_role(place: Place) -> None:
    with serving(place):
        done = place.run(*looped(place, MENDS, "--role", "integrator", "--until-done"))
    assert done.code == 0, done.err
    assert "x-1: integrator, in the room 'main' as integrator, plain." in done.err
    assert "does not answer" not in done.err
    assert json.loads(done.out)["ended"] == {"x-1": "everything is done"}


def test_a_room_on_a_socket_is_refused_in_words(place: Place) -> None:
    kept = place.kept("main")
    kept.mkdir(parents=True)
    Serving(os.getpid(), "unix:/a/socket").write(kept)
    (kept / "operator.token").write_text("secret")
    told = place.run(*looped(place, MENDS))
    assert told.code == 2
    assert "is served on a Unix socket, which a loop does not reach" in told.err
