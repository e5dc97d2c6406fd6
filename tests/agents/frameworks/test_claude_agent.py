"""Agents of the Claude Agent SDK in a room: the installed SDK, the real Claude Code, a scripted model on loopback."""

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, create_sdk_mcp_server, query, tool
from tests.agents.frameworks.sales import ADA, BOB, JUDGES, a_room, a_seat
from tests.live_room import a_shop, left, served

from coroom.agents.frameworks.claude_agent import RoomSession
from coroom.core import command as c
from coroom.core.claim import Mode
from coroom.core.resource import file
from coroom.testing import Call, ModelServer, Script, Turn

# The first test may have to wait until the client is installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}


def claude(directory: Path, clients_path: str, server: ModelServer, name: str, cwd: Path) -> ClaudeAgentOptions:
    home = directory / f"home-{name}"
    home.mkdir()
    api = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": name, "HOME": str(home), "PATH": clients_path}
    return ClaudeAgentOptions(
        cli_path=shutil.which("claude", path=clients_path),
        model="claude-sonnet-4-5",
        env={**QUIET, **api},
        cwd=cwd,
        permission_mode="acceptEdits",
        setting_sources=[],
    )


async def ended(options: ClaudeAgentOptions) -> str:
    last = ""
    async for message in query(prompt="Sell.", options=options):
        if isinstance(message, ResultMessage):
            last = str(message.result)
    return last


async def test_two_agents_without_a_room_lose_an_update(tmp_path: Path, clients_path: str) -> None:
    a_shop(tmp_path)
    where = {"type": "object", "properties": {"table": {}, "where": {}, "set": {}}}

    @tool("shop_select", "Look.", where)
    async def look(given: dict[str, Any]) -> dict[str, Any]:
        there = json.dumps({"left": left(tmp_path)[given["where"]["item"]]})
        return {"content": [{"type": "text", "text": there}]}

    @tool("shop_update", "Change.", where)
    async def change(given: dict[str, Any]) -> dict[str, Any]:
        with sqlite3.connect(tmp_path / "shop.db") as shop:
            shop.execute("UPDATE stock SET left = ? WHERE item = ?", (given["set"]["left"], given["where"]["item"]))
        return {"content": [{"type": "text", "text": "c1 is done"}]}

    with ModelServer({"ada": Script(ADA), "bob": Script(BOB)}) as server:
        runs = []
        for name in ("ada", "bob"):
            options = claude(tmp_path, clients_path, server, name, tmp_path)
            options.mcp_servers = {"shop": create_sdk_mcp_server("shop", tools=[look, change])}
            options.allowed_tools = ["mcp__shop"]
            options.env["ENABLE_TOOL_SEARCH"] = "false"
            runs.append(ended(options))
        assert list(await asyncio.gather(*runs)) == ["Sold.", "Sold."]
        assert server.failures() == ()
    assert left(tmp_path)["tea"] == 4, "ada wrote over what bob sold"


@pytest.mark.promise("run:serializable")
async def test_in_a_room_the_same_agents_end_as_one_after_the_other(tmp_path: Path, clients_path: str) -> None:
    room = await a_room(tmp_path)
    mine = {name: await a_seat(room, name) for name in ("ada", "bob")}
    held = c.ClaimResources(resources=(file("new.txt"),), mode=Mode.EXCLUSIVE, purpose="to mend it", ttl_ms=600_000)
    assert isinstance(await room.host.submit("ada", held), c.Granted)

    async def run(url: str, server: ModelServer, name: str) -> str:
        async with RoomSession(url, mine[name].token) as seat:
            return await ended(seat.options(claude(tmp_path, clients_path, server, name, mine[name].directory)))

    writes = Turn(calls=(Call("@write", {"path": "new.txt", "text": "x"}),), expect="is judged")
    ends = Turn(text="Sold, from what ada left.", expect="held by ada")
    bob = Script((*BOB, *JUDGES[:-1], writes, ends), {"cwd": str(mine["bob"].directory)})
    with ModelServer({"ada": Script(ADA), "bob": bob}) as server:
        async with served(room) as url:
            told = await asyncio.gather(run(url, server, "ada"), run(url, server, "bob"))
        assert server.failures() == ()
    assert list(told) == ["Sold.", "Sold, from what ada left."]
    assert left(tmp_path)["tea"] == 2
    assert not room.host.state.order.calls, "all of it is final"
    await room.close()
