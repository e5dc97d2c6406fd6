"""LangGraph agents in a room, with the installed framework: a lost update without the room, the right end with it."""

import asyncio
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.agents.frameworks import late
from tests.agents.frameworks.sales import a_room, a_seat
from tests.live_room import a_shop, left, served

from coroom.agents.frameworks.participant import NoRoomError
from coroom.core import command as c
from coroom.core.claim import Mode
from coroom.core.notice import NoticeKind
from coroom.core.resource import file

pytestmark = pytest.mark.usefixtures("frameworks")

WITHIN_S = 60.0


class Race:
    """Both have read before anybody writes, and bob has written before ada does."""

    def __init__(self) -> None:
        self.read = threading.Barrier(2)
        self.bob_wrote = threading.Event()


TEA = {"item": "tea"}


def seller(name: str, sells: int, race: Race) -> "Callable[[Sequence[late.BaseMessage]], late.Thought]":
    """Reads what is left, takes some away, and judges rightly what it is told."""

    def think(messages: "Sequence[late.BaseMessage]") -> "late.Thought":
        said = [m for m in messages if isinstance(m, late.AIMessage)]
        results = [str(m.text) for m in messages if isinstance(m, late.ToolMessage)]
        match len(said):
            case 0:
                return "shop_select", {"table": "stock", "where": TEA}
            case 1:
                race.read.wait(WITHIN_S)
                if name == "ada":
                    assert race.bob_wrote.wait(WITHIN_S)
                there = int(re.findall(r'left\\?"?:\s*(\d+)', results[0])[-1])
                return "shop_update", {"table": "stock", "where": TEA, "set": {"left": there - sells}}
        race.bob_wrote.set()
        return judged(messages, said, results, sells) or "Sold."

    return think


def judged(
    messages: "Sequence[late.BaseMessage]", said: "list[late.AIMessage]", results: list[str], sells: int
) -> "late.Thought | None":
    news = next((m.text for m in reversed(messages) if "Judge what rests on it" in m.text), "")
    if not news:
        return None
    (notice,) = re.findall(r" id=(\S+) ", news)
    last = said[-1].tool_calls[0]["name"] if said[-1].tool_calls else ""
    if last == "call":
        return "answer", {"about": notice, "choice": "repaired"}
    if last == "answer":
        return None
    mine = re.findall(r"\b(c\d+) is done", results[1])[0]
    now = int(re.findall(r'is now \S*"left":(\d+)', news)[-1])
    arguments = json.dumps({"table": "stock", "where": TEA, "set": {"left": now - sells}})
    return "call", {"do": "call", "tool": "shop_update", "about": mine, "arguments": arguments}


def plain_tools(directory: Path) -> "list[late.BaseTool]":
    """What a user has before there is a room."""

    @late.tool
    def shop_select(table: str, where: dict[str, str]) -> str:
        """Look."""
        return json.dumps({"left": left(directory)[where["item"]]})

    @late.tool
    def shop_update(table: str, where: dict[str, str], set: dict[str, int]) -> str:  # noqa: A002  as the room's tool has it
        """Change."""
        with sqlite3.connect(directory / "shop.db") as shop:
            shop.execute("UPDATE stock SET left = ? WHERE item = ?", (set["left"], where["item"]))
        return "c1 is done"

    return [shop_select, shop_update]


def sale() -> Any:
    return {"messages": [late.HumanMessage("Sell tea.")]}


async def test_two_agents_without_a_room_lose_an_update(tmp_path: Path) -> None:
    a_shop(tmp_path)
    race = Race()
    agents = [
        late.create_agent(late.Thinks(think=seller(name, sells, race)), plain_tools(tmp_path))
        for name, sells in (("ada", 1), ("bob", 2))
    ]
    await asyncio.gather(*(asyncio.to_thread(agent.invoke, sale()) for agent in agents))
    assert left(tmp_path)["tea"] == 4, "ada wrote over what bob sold"


@pytest.mark.promise("run:serializable")
async def test_in_a_room_the_same_agents_end_as_one_after_the_other_be_their_calls_blocking_or_awaited(
    tmp_path: Path,
) -> None:
    room = await a_room(tmp_path)
    race = Race()

    def blocking(url: str, token: str, model: "late.Thinks") -> str:
        with late.RoomMiddleware(url, token) as seat:
            agent = late.create_agent(model, system_prompt=seat.instructions, middleware=[seat])
            last: late.AnyMessage = agent.invoke(sale())["messages"][-1]
            return last.text

    async def awaiting(url: str, token: str, model: "late.Thinks") -> str:
        async with late.RoomMiddleware(url, token) as seat:
            agent = late.create_agent(model, middleware=[seat])
            last: late.AnyMessage = (await agent.ainvoke(sale()))["messages"][-1]
            return last.text

    async with served(room) as url:
        ada, bob = [(await a_seat(room, name)).token for name in ("ada", "bob")]
        said = await asyncio.gather(
            asyncio.to_thread(blocking, url, ada, late.Thinks(think=seller("ada", 1, race))),
            awaiting(url, bob, late.Thinks(think=seller("bob", 2, race))),
        )
    assert list(said) == ["Sold.", "Sold."]
    assert left(tmp_path)["tea"] == 2
    assert not room.host.state.order.calls, "all of it is final"
    assert not room.host.state.order.notices
    await room.close()


async def test_a_refusal_is_a_tool_error_that_says_why_and_a_tool_of_the_rooms_name_goes_through_the_room(
    tmp_path: Path,
) -> None:
    room = await a_room(tmp_path)

    def think(messages: "Sequence[late.BaseMessage]") -> "late.Thought":
        wrong: dict[str, object] = {"table": "stok", "where": TEA}
        return ("shop_select", wrong) if len(messages) == 1 else "I see."

    async with served(room) as url, late.RoomMiddleware(url, (await a_seat(room, "ada")).token) as seat:
        agent = late.create_agent(late.Thinks(think=think), middleware=[seat])
        result = (await agent.ainvoke(sale()))["messages"]
    (refused,) = [m for m in result if isinstance(m, late.ToolMessage)]
    assert refused.status == "error"
    assert "shop has no such table" in refused.text
    assert {"shop_update", "answer", "call"} <= {one.name for one in seat.tools}
    await room.close()


async def test_own_tools_on_files_are_asked_for_first_and_news_comes_before_the_model_speaks(tmp_path: Path) -> None:
    room = await a_room(tmp_path)
    await a_seat(room, "bob")
    held = c.ClaimResources(resources=(file("f.txt"),), mode=Mode.EXCLUSIVE, purpose="to mend it")
    assert isinstance(await room.host.submit("bob", held), c.Granted)
    ran: list[str] = []

    @late.tool
    def write_file(path: str, text: str) -> str:
        """Write a file."""
        ran.append(path)
        return "written"

    def think(messages: "Sequence[late.BaseMessage]") -> "late.Thought":
        paths = ("f.txt", "free.txt")
        said = sum(isinstance(m, late.AIMessage) for m in messages)
        return ("write_file", {"path": f"{mine.directory}/{paths[said]}", "text": "x"}) if said < 2 else "Done."

    mine = await a_seat(room, "ada")
    async with served(room) as url, late.RoomMiddleware(url, mine.token, own={"write_file": "write"}) as seat:
        model = late.Thinks(think=think)
        assert isinstance(
            await room.host.submit("bob", c.Say(kind=NoticeKind.NOTE, text="f.txt is mine for an hour")), c.Ok
        )
        result = (await late.create_agent(model, [write_file], middleware=[seat]).ainvoke(sale()))["messages"]
    refused, written = (m for m in result if isinstance(m, late.ToolMessage))
    assert refused.status == "error"
    assert "held by bob" in refused.text
    assert written.text.startswith("written")
    assert ran == [f"{mine.directory}/free.txt"]
    assert any("f.txt is mine for an hour" in m.text for m in result[:2] if isinstance(m, late.HumanMessage))
    await room.close()


async def test_what_an_agent_did_whose_run_broke_is_taken_back(tmp_path: Path) -> None:
    room = await a_room(tmp_path)

    def think(messages: "Sequence[late.BaseMessage]") -> "late.Thought":
        if len(messages) > 1:
            raise RuntimeError("the model is gone")
        return "shop_update", {"table": "stock", "where": TEA, "set": {"left": 0}}

    async with served(room) as url:
        token = (await a_seat(room, "ada")).token
        with pytest.raises(RuntimeError, match="the model is gone"):
            async with late.RoomMiddleware(url, token) as seat:
                await late.create_agent(late.Thinks(think=think), middleware=[seat]).ainvoke(sale())
    assert left(tmp_path)["tea"] == 5
    await room.close()


async def test_a_cancelled_call_is_carried_out_once_and_asked_again_it_gives_what_it_gave(tmp_path: Path) -> None:
    room = await a_room(tmp_path)
    calls = room.door.calls
    assert calls
    acting, may_go = threading.Event(), threading.Event()
    update = calls.tools["shop_add"]

    class Slow:
        def __getattr__(self, name: str) -> object:
            return getattr(update, name)

        def perform(self, call: object, prepared: str) -> str:
            acting.set()
            assert may_go.wait(WITHIN_S)
            return update.perform(call, prepared)  # type: ignore[arg-type]

    calls.tools["shop_add"] = Slow()  # type: ignore[assignment]
    sell = {"name": "shop_add", "args": {"table": "stock", "where": TEA, "add": {"left": -1}}, "id": "t1"}

    async with served(room) as url, late.RoomMiddleware(url, (await a_seat(room, "ada")).token) as seat:
        graph = late.StateGraph(late.MessagesState)
        node = late.ToolNode(seat.tools, wrap_tool_call=seat.wrap_tool_call, awrap_tool_call=seat.awrap_tool_call)
        graph.add_node("tools", node)
        graph.add_edge(late.START, "tools")
        run = graph.compile()
        asked: Any = {"messages": [late.AIMessage("", tool_calls=[{**sell, "type": "tool_call"}])]}
        first = asyncio.create_task(run.ainvoke(asked))
        await asyncio.to_thread(acting.wait, WITHIN_S)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        may_go.set()
        again = (await run.ainvoke(asked))["messages"][-1]
    assert "is done" in again.text
    assert left(tmp_path)["tea"] == 4
    await room.close()


def test_without_a_room_in_sight_it_says_how_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COROOM_URL", raising=False)
    with pytest.raises(NoRoomError, match="coroom join NAME"):
        late.RoomMiddleware(token="t")
    with pytest.raises(ValueError, match="no further tool"):
        late.RoomMiddleware("http://127.0.0.1:1", "t", also=("sing",))


async def test_a_room_that_is_not_there_or_does_not_know_the_agent_is_said_in_words(tmp_path: Path) -> None:
    def enter(url: str) -> None:
        with late.RoomMiddleware(url, "nobody's"):
            pass

    room = await a_room(tmp_path)
    async with served(room) as url:
        with pytest.raises(NoRoomError, match="whether the token is this agent's newest"):
            await asyncio.to_thread(enter, url)
    with pytest.raises(NoRoomError, match="cannot be entered"):
        await asyncio.to_thread(enter, url)
    await room.close()
