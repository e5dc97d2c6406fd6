"""Copies of one request that reach the room in any order: what was refused is not made after all by an older one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.doorway import RPC_HEADERS, Daemon, Room, open_room, rpc, running

from coroom.core.codec import Json
from coroom.host.calls.calls import RoomCalls
from coroom.log.memory import MemoryLog
from coroom.simulate.schedule.objects import Objects, tools_on


async def sent(daemon: Daemon, agent: str, number: int | str, tool: str, /, **arguments: object) -> dict[str, Any]:
    """What the request of that number is told."""
    async with daemon.http(agent) as http:
        told = await http.post("/mcp", json=rpc(tool, arguments) | {"id": number}, headers=RPC_HEADERS)
    line = next(line for line in told.text.splitlines() if line.removeprefix("data:").strip().startswith("{"))
    answer = json.loads(line.removeprefix("data:"))["result"]["structuredContent"]
    assert isinstance(answer, dict)
    return answer


@asynccontextmanager
async def counting(policy: str, **values: int) -> AsyncIterator[tuple[Daemon, Room, Objects]]:
    """A room in which ada and bob add to objects."""
    room = await open_room(MemoryLog(), policy=policy)
    objects = Objects(dict(values))
    room.door.calls = RoomCalls(room.host, tools_on(objects))
    await room.join("ada", "bob")
    daemon = Daemon({room.name: room.served})
    await daemon.start()
    try:
        yield daemon, room, objects
    finally:
        await daemon.stop()
        await room.host.close()


def adding(operation: str, **values: int) -> dict[str, Json]:
    return {"do": "call", "tool": "add", "arguments": json.dumps(values), "operation": operation}


@pytest.mark.promise("call:once")
@pytest.mark.parametrize("policy", ["locking", "serial"])
async def test_a_call_that_had_to_wait_is_not_made_by_a_copy_that_comes_when_its_agent_has_asked_anew(
    policy: str,
) -> None:
    async with counting(policy, x=0) as (daemon, _, objects):
        assert (await sent(daemon, "ada", 1, "call", **adding("a", x=1)))["ok"]
        assert (await sent(daemon, "bob", 8, "call", **adding("b", x=10)))["refused"] == "wait"
        assert (await sent(daemon, "ada", 2, "call", do="done"))["ok"]
        assert (await sent(daemon, "bob", 9, "call", **adding("c", x=10)))["ok"]
        late = await sent(daemon, "bob", 7, "call", **adding("b", x=10))
        assert late["refused"] == "wait"
        assert "fresh operation id" in late["said"]
        assert objects.values == {"x": 11}


@pytest.mark.promise("call:once")
async def test_who_has_heard_that_it_has_to_wait_may_ask_again_under_the_same_id() -> None:
    async with counting("locking", x=0) as (daemon, _, objects):
        assert (await sent(daemon, "ada", 1, "call", **adding("a", x=1)))["ok"]
        assert (await sent(daemon, "bob", 8, "call", **adding("b", x=10)))["refused"] == "wait"
        assert (await sent(daemon, "ada", 2, "call", do="done"))["ok"]
        again = await sent(daemon, "bob", 9, "call", **adding("b", x=10))
        assert again["ok"]
        older = await sent(daemon, "bob", 7, "call", **adding("b", x=10))
        assert older["data"] == again["data"]
        assert objects.values == {"x": 11}


@pytest.mark.promise("call:once")
async def test_a_new_session_that_has_not_joined_anew_is_told_of_an_old_refusal_and_goes_on_under_a_fresh_id() -> None:
    opens = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    async with counting("locking", x=0) as (daemon, _, objects):
        assert (await sent(daemon, "ada", 1, "call", **adding("a", x=1)))["ok"]
        assert (await sent(daemon, "bob", 8, "call", **adding("b", x=10)))["refused"] == "wait"
        assert (await sent(daemon, "ada", 2, "call", do="done"))["ok"]
        async with daemon.http("bob") as http:
            opening = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": opens}
            assert (await http.post("/mcp", json=opening, headers=RPC_HEADERS)).status_code == 200
        told = await sent(daemon, "bob", 1, "call", **adding("b", x=10))
        assert told["refused"] == "wait"
        assert "fresh operation id" in told["said"]
        assert (await sent(daemon, "bob", 2, "call", **adding("c", x=10)))["ok"]
        assert objects.values == {"x": 11}


async def test_an_agent_that_has_joined_anew_counts_from_the_start() -> None:
    async with counting("locking", x=0) as (daemon, room, objects):
        assert (await sent(daemon, "ada", 1, "call", **adding("a", x=1)))["ok"]
        assert (await sent(daemon, "bob", 8, "call", **adding("b", x=10)))["refused"] == "wait"
        assert (await sent(daemon, "ada", 2, "call", do="done"))["ok"]
        await room.join("bob")
        assert (await sent(daemon, "bob", 1, "call", **adding("b", x=10)))["ok"]
        assert objects.values == {"x": 11}


@pytest.mark.promise("call:once")
async def test_claims_and_edits_that_were_refused_are_not_made_by_older_copies_either() -> None:
    async with running("a", "b") as (daemon, room):
        assert (await sent(daemon, "b", 1, "claim", resources=["x.py"], operation="c"))["ok"]
        assert (await sent(daemon, "a", 5, "claim", resources=["x.py"], operation="c"))["refused"] == "claimed"
        assert (await sent(daemon, "b", 2, "release", resources=["x.py"]))["ok"]
        assert (await sent(daemon, "a", 4, "claim", resources=["x.py"], operation="c"))["refused"] == "claimed"
        assert not room.host.state.claims
        edit = {"path": "f", "old": "one", "new": "one two", "operation": "e"}
        assert (await sent(daemon, "a", 7, "edit", **edit))["refused"] == "stale"
        assert (await sent(daemon, "a", 8, "edit", path="f", old="", new="one"))["ok"]
        assert (await sent(daemon, "a", 6, "edit", **edit))["refused"] == "stale"
        assert room.files.texts == {"f": "one"}
        assert (await sent(daemon, "a", 9, "edit", **edit))["ok"]


async def test_an_operation_id_that_is_too_long_is_refused_each_time_and_not_kept() -> None:
    async with running("a") as (daemon, room):
        for number in (2, 1):
            told = await sent(daemon, "a", number, "say", kind="note", text="x", operation="o" * 65)
            assert told["refused"] == "limit"
            assert "before" not in told["said"]
        assert not room.door._refusals._of


async def test_of_a_request_with_a_long_id_a_short_one_is_kept_that_tells_it_from_others() -> None:
    lost = {"kind": "note", "text": "x", "to": "nobody", "operation": "o"}
    async with running("a") as (daemon, room):
        told = [await sent(daemon, "a", each * 60_000, "say", **lost) for each in ("1", "1", "2")]
        assert ["before" in each["said"] for each in told] == [False, True, False]
        assert len(str(room.door._refusals._of["a"]["o"].newest)) == 64


@pytest.mark.promise("call:once")
async def test_copies_under_way_are_refused_together_and_count_as_the_newest_of_them() -> None:
    async with running("a") as (daemon, room):
        room.files.gate = asyncio.Event()
        edit = {"path": "f", "old": "one", "new": "one two", "operation": "e"}
        copies = [asyncio.create_task(sent(daemon, "a", number, "edit", **edit)) for number in (3, 5)]
        while not room.files.gate._waiters or room.door._refusals._of["a"]["e"].newest != 5:
            await asyncio.sleep(0)
        room.files.gate.set()
        assert [answer["refused"] for answer in await asyncio.gather(*copies)] == ["stale", "stale"]
        room.files.gate = None
        assert (await sent(daemon, "a", 6, "edit", path="f", old="", new="one"))["ok"]
        assert (await sent(daemon, "a", 4, "edit", **edit))["refused"] == "stale"
        assert room.files.texts == {"f": "one"}
