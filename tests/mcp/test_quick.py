"""How an answer travels: quick tools as plain JSON, what takes time as a stream that shows signs of life."""

import json
from typing import Any

import pytest
from tests.doorway import RPC_HEADERS, Daemon, rpc, running

NEWER = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": NEWER,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


async def kind_of_answer(daemon: Daemon, asked: dict[str, Any] | bytes, **headers: str) -> str:
    async with daemon.http("a") as http:
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        told = await http.post("/mcp", content=body, headers=RPC_HEADERS | headers)
    assert told.status_code == 200, told.text
    return told.headers["content-type"].partition(";")[0]


async def test_quick_tools_answer_as_json_and_the_others_as_a_stream_in_the_older_era() -> None:
    async with running("a") as (daemon, _):
        said = rpc("say", {"kind": "note", "text": "hello"})
        for quick in (rpc("claim", {"resources": ["x.py"]}), rpc("release", {}), said):
            assert await kind_of_answer(daemon, quick) == "application/json"
        for slow in (rpc("sync", {}), rpc("task", {"do": "list"}), rpc("land", {}), rpc("no-such-tool", {})):
            assert await kind_of_answer(daemon, slow) == "text/event-stream"


async def test_the_newer_era_is_answered_by_the_same_claim_once() -> None:
    async with running("a") as (daemon, room):
        asked = rpc("claim", {"resources": ["x.py"], "operation": "o1"})
        asked["params"]["_meta"] = META
        named = {"MCP-Protocol-Version": NEWER, "Mcp-Method": "tools/call", "Mcp-Name": "claim"}
        assert await kind_of_answer(daemon, asked, **named) == "application/json"
        assert [claim.holder for claim in room.host.state.claims.values()] == ["a"]


@pytest.mark.parametrize(
    "params", [None, [], "claim", {"name": ["claim"]}, {"name": "claim", "arguments": {"resources": ["x" * 70_000]}}]
)
async def test_a_call_that_is_odd_or_large_is_left_to_the_protocol(params: object) -> None:
    async with running("a") as (daemon, room):
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        async with daemon.http("a") as http:
            told = await http.post("/mcp", json=asked, headers=RPC_HEADERS)
        assert "error" in told.text or '"isError":true' in told.text
        assert not room.host.state.claims
