"""Agents of the OpenAI Agents SDK in a room, with the installed SDK and a scripted model on loopback."""

import asyncio
import json
import sqlite3
from pathlib import Path

import httpx2
import pytest
from tests.agents.frameworks import late
from tests.agents.frameworks.sales import ADA, BOB, JUDGES, a_room, a_seat
from tests.live_room import a_shop, left, served

from coroom.agents.room_client import certificates_for
from coroom.core import command as c
from coroom.core.claim import Mode
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.testing import Call, ModelServer, Script, Turn

pytestmark = pytest.mark.usefixtures("frameworks")


def untraced() -> "late.RunConfig":
    return late.RunConfig(tracing_disabled=True)


def thinking(client: "late.AsyncOpenAI") -> "late.OpenAIChatCompletionsModel":
    return late.OpenAIChatCompletionsModel("scripted", client)


def model_at(server: ModelServer, name: str) -> "late.AsyncOpenAI":
    http = httpx2.AsyncClient(limits=httpx2.Limits(max_keepalive_connections=0), verify=certificates_for(server.url))
    return late.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=name, http_client=http)


async def test_two_agents_without_a_room_lose_an_update(tmp_path: Path) -> None:
    a_shop(tmp_path)

    @late.function_tool(strict_mode=False)
    def shop_select(table: str, where: dict[str, str]) -> str:
        """Look."""
        return json.dumps({"left": left(tmp_path)[where["item"]]})

    @late.function_tool(strict_mode=False)
    def shop_update(table: str, where: dict[str, str], set: dict[str, int]) -> str:  # noqa: A002  as in the room
        """Change."""
        with sqlite3.connect(tmp_path / "shop.db") as shop:
            shop.execute("UPDATE stock SET left = ? WHERE item = ?", (set["left"], where["item"]))
        return "c1 is done"

    async def run(server: ModelServer, name: str) -> None:
        async with model_at(server, name) as client:
            agent = late.Agent(name=name, model=thinking(client), tools=[shop_select, shop_update])
            await late.Runner.run(agent, "Sell.", run_config=untraced())

    with ModelServer({"ada": Script(ADA), "bob": Script(BOB)}, hold_s=300) as server:
        await asyncio.gather(*(run(server, name) for name in ("ada", "bob")))
        assert server.failures() == ()
    assert left(tmp_path)["tea"] == 4, "ada wrote over what bob sold"


@pytest.mark.promise("run:serializable")
async def test_in_a_room_the_same_agents_end_as_one_after_the_other_be_their_runs_blocking_or_awaited(
    tmp_path: Path,
) -> None:
    room = await a_room(tmp_path)

    def blocking(url: str, token: str, server: ModelServer, name: str) -> str:
        client = model_at(server, name)
        with late.RoomRunner(url, token) as seat:
            agent = late.Agent(name=name, instructions=seat.instructions, model=thinking(client), tools=seat.tools)
            return str(seat.run_sync(agent, "Sell.", config=untraced()).final_output)

    async def awaiting(url: str, token: str, server: ModelServer, name: str) -> str:
        async with model_at(server, name) as client, late.RoomRunner(url, token) as seat:
            agent = late.Agent(name=name, model=thinking(client), tools=seat.tools)
            return str((await seat.run(agent, "Sell.", config=untraced())).final_output)

    seats = {name: (await a_seat(room, name)).token for name in ("ada", "bob")}
    with ModelServer({"ada": Script(ADA), "bob": Script((*BOB, *JUDGES))}, hold_s=300) as server:
        async with served(room) as url:
            said = await asyncio.gather(
                asyncio.to_thread(blocking, url, seats["ada"], server, "ada"),
                awaiting(url, seats["bob"], server, "bob"),
            )
        assert server.failures() == ()
    assert list(said) == ["Sold.", "Sold, from what ada left."]
    assert left(tmp_path)["tea"] == 2
    assert not room.host.state.order.calls, "all of it is final"
    await room.close()


async def test_own_tools_are_asked_for_first_and_news_stays_where_the_model_heard_it(tmp_path: Path) -> None:
    room = await a_room(tmp_path)
    await a_seat(room, "bob")
    held = c.ClaimResources(resources=(file("f.txt"),), mode=Mode.EXCLUSIVE, purpose="to mend it")
    assert isinstance(await room.host.submit("bob", held), c.Granted)
    mine, ran = await a_seat(room, "ada"), list[str]()

    @late.function_tool
    def write_file(path: str, text: str) -> str:
        """Write a file."""
        ran.append(path)
        return "written"

    turns = (
        Turn(calls=(Call("write_file", {"path": f"{mine.directory}/f.txt", "text": "x"}),), expect="mine for an hour"),
        Turn(calls=(Call("write_file", {"path": f"{mine.directory}/g.txt", "text": "x"}),), expect="held by bob"),
        Turn(calls=(Call("shop_select", {"table": "stok", "where": {}}),), expect="written"),
        Turn(text="I see.", expect="Refused: shop has no such table"),
    )
    with ModelServer({"ada": Script(turns)}, hold_s=300) as server:
        async with served(room) as url, late.RoomRunner(url, mine.token, own={"write_file": "write"}) as seat:
            assert isinstance(write_file, late.FunctionTool)
            said = c.Say(kind=NoticeKind.NOTE, text="f.txt is mine for an hour")
            assert isinstance(await room.host.submit("bob", said), c.Ok)
            async with model_at(server, "ada") as client:
                agent = late.Agent(name="ada", model=thinking(client), tools=[*seat.tools, seat.through(write_file)])
                await seat.run(agent, "Write.", config=untraced())
            with pytest.raises(ValueError, match="no tool of the room"):
                seat.through(late.FunctionTool("other", "Other.", {}, write_file.on_invoke_tool))
        assert server.failures() == ()
        bodies = [json.dumps(one.body) for one in server.received("ada")]
    assert all(body.count("mine for an hour") == 1 for body in bodies), "heard once, and kept"
    assert ran == [f"{mine.directory}/g.txt"]
    await room.close()
