"""Functions that an agent's own process brings: ordered by the room like any other tool, performed where they stand."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from tests.agents.frameworks import late
from tests.agents.frameworks.sales import a_seat
from tests.agents.frameworks.test_langgraph import WITHIN_S, Race
from tests.live_room import opened, served

from coroom.agents.frameworks.brought import Function, NotTakenError
from coroom.agents.frameworks.participant import NoRoomError, Participant
from coroom.core.resource import Resource
from coroom.host.rooms import Room
from coroom.tools.observers import DifferenceObserver
from coroom.tools.registry import BadTool, Rehearsal, tool

pytestmark = pytest.mark.usefixtures("frameworks", "a_process_that_has_gone_is_missed_at_once")


@pytest.fixture
def a_process_that_has_gone_is_missed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not within the second in which a room has to look after one, for which every test would wait at its end."""
    monkeypatch.setattr("coroom.host.calls.brought._LOOK_S", 0.02)


@dataclass
class Shelf:
    """State of this process, and two functions that its author had anyway, with a line above each."""

    left: dict[str, int] = field(default_factory=lambda: {"tea": 5, "jam": 9})
    lies: bool = False

    def functions(self, *, with_trial: bool = True, wrong: bool = False) -> tuple[Function, Function]:
        left = self.left

        def holds(resource: Resource) -> int | None:
            return left.get(resource.name.rpartition("/")[2])

        @tool(reads="row:shelf/stock/{item}", reads_value=True)
        def look(item: str) -> int | None:
            """How many are left of an item."""
            return left.get(item)

        @tool(writes="row:shelf/stock/{item}", effect="blind")
        async def put(item: str, count: int = 0) -> int:
            """Say how many are left of an item."""
            await asyncio.sleep(0)
            left[item] = count
            if self.lies:
                left["jam"] = 0
            return count

        @put.prepare
        def before(item: str) -> int | None:
            return left.get(item)

        @put.undo
        def back(item: str, before: int) -> None:
            left[item] = 7 if wrong else before

        def rehearse() -> Iterator[Rehearsal]:
            nonlocal left
            kept, left = left, {"tea": 1, "jam": 2}
            yield Rehearsal(
                [{"item": "tea", "count": 3}],
                lambda: {f"row:shelf/stock/{item}": str(count) for item, count in left.items()},
            )
            left = kept

        if with_trial:
            put.trial(rehearse)
        for each in (look, put):
            each.value(holds)
        return look, put

    def everything(self) -> dict[str, str]:
        return {f"row:shelf/stock/{item}": str(count) for item, count in self.left.items()}


async def a_room(directory: Path, line: str = "brought: true\n") -> Room:
    (directory / "tools.yaml").write_text(line)
    room = await opened(directory, directory / "tools.yaml")
    assert isinstance(room, Room)
    return room


@asynccontextmanager
async def brings(room: Room, url: str, name: str, shelf: Shelf, **more: Any) -> AsyncIterator[Participant]:
    seat = await a_seat(room, name)
    async with Participant(url, seat.token, functions=shelf.functions(), stay_s=0, **more) as participant:
        yield participant


async def calls(participant: Participant, tool_: str, **arguments: object) -> str:
    return (await participant.awaited(participant.call, tool_, arguments, "")).text


def seller(name: str, sells: int, race: Race) -> Any:
    """Reads what is left, takes some away, and judges rightly what it is told."""

    def think(messages: "Sequence[late.BaseMessage]") -> "late.Thought":
        said = [m for m in messages if isinstance(m, late.AIMessage)]
        results = [str(m.text) for m in messages if isinstance(m, late.ToolMessage)]
        if not said:
            return "look", {"item": "tea"}
        if len(said) == 1:
            race.read.wait(WITHIN_S)
            if name == "ada":
                assert race.bob_wrote.wait(WITHIN_S)
            return "put", {"item": "tea", "count": int(re.findall(r"result\W+(\d+)", results[0])[-1]) - sells}
        race.bob_wrote.set()
        news = next((m.text for m in reversed(messages) if "Judge what rests on it" in m.text), "")
        last = said[-1].tool_calls[0]["name"] if said[-1].tool_calls else ""
        if not news or last == "answer":
            return "Sold."
        (notice,) = re.findall(r" id=(\S+) ", news)
        if last == "call":
            return "answer", {"about": notice, "choice": "repaired"}
        now = int(re.findall(r"is now (\d+)", news)[-1])
        mine = re.findall(r"\b(c\d+) is done", results[1])[0]
        arguments = json.dumps({"item": "tea", "count": now - sells})
        return "call", {"do": "call", "tool": "put", "about": mine, "arguments": arguments}

    return think


@pytest.mark.promise("run:serializable")
async def test_two_langgraph_agents_with_functions_of_their_own_process_end_as_one_after_the_other(
    tmp_path: Path,
) -> None:
    room, shelf, race = await a_room(tmp_path), Shelf(), Race()
    async with served(room) as url:
        tokens = [(await a_seat(room, name)).token for name in ("ada", "bob")]

        def run(name: str, sells: int, token: str) -> None:
            with late.RoomMiddleware(url, token, functions=shelf.functions()) as middle:
                assert {each.name for each in middle.tools} >= {"look", "put"}
                agent: Any = late.create_agent(late.Thinks(think=seller(name, sells, race)), middleware=[middle])
                agent.invoke({"messages": [("user", "Sell.")]})

        await asyncio.gather(asyncio.to_thread(run, "ada", 1, tokens[0]), asyncio.to_thread(run, "bob", 2, tokens[1]))
    assert shelf.left["tea"] == 5 - 1 - 2
    assert not room.host.state.order.calls
    assert not room.host.state.order.fences
    await room.close()


async def test_what_one_process_brings_others_neither_see_nor_call_and_a_coroutine_runs_in_the_loop_it_belongs_to(
    tmp_path: Path,
) -> None:
    room, shelf = await a_room(tmp_path), Shelf()
    async with served(room) as url, brings(room, url, "ada", shelf) as ada:
        cyd = await a_seat(room, "cyd")
        assert "is done" in await calls(ada, "put", item="tea")
        assert shelf.left["tea"] == 0, "a default of its author's"
        async with Participant(url, cyd.token, stay_s=0) as other:
            assert not [each.name for each in other.tools if each.live]
            said = await other.awaited(
                other.call, "call", {"do": "call", "tool": "put", "arguments": '{"item":"tea"}'}, ""
            )
            assert "There is no tool 'put'" in said.text
        assert "was called wrongly" in await calls(ada, "put", item="tea", count="many")
        assert "was called wrongly" in await calls(ada, "put", item="tea", colour="red")
    await room.close()


async def test_a_function_that_touches_more_than_it_said_is_told_to_the_room_by_what_watches_it(tmp_path: Path) -> None:
    room, shelf = await a_room(tmp_path), Shelf()
    watched = [DifferenceObserver(shelf.everything)]
    async with (
        served(room) as url,
        brings(room, url, "ada", shelf, watched_by=watched) as ada,
        brings(room, url, "bob", shelf) as bob,
    ):
        shelf.lies = True
        assert "9" in await calls(bob, "look", item="jam")
        await calls(ada, "put", item="tea", count=4)
        (stray,) = room.host.state.strays
        assert (stray.tool, stray.agent, stray.why) == ("put", "ada", "it wrote row:shelf/stock/jam")
        (notice,) = room.host.state.inbox("bob")
        assert "row:shelf/stock/jam" in notice.text
        assert room.host.state.distrusted("put")
    await room.close()


async def test_a_process_that_is_gone_fails_a_call_cleanly_and_comes_back_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, shelf = await a_room(tmp_path), Shelf()
    seat = await a_seat(room, "ada")
    async with served(room) as url:
        async with Participant(url, seat.token, functions=shelf.functions(), stay_s=0) as ada:
            await calls(ada, "put", item="tea", count=4)
        with monkeypatch.context() as now:
            # It is gone for certain: there is nobody to wait for.
            now.setattr("coroom.host.calls.brought.PICKED_UP_WITHIN_S", 0.05)
            said = await room.door.call("ada", "call", {"tool": "put", "arguments": '{"item":"tea","count":3}'}, "")
        assert "nothing was done" in str(said.refused or said.text)
        assert shelf.left["tea"] == 4
        async with Participant(url, seat.token, functions=shelf.functions(), stay_s=0) as ada:
            assert "is done" in await calls(ada, "put", item="tea", count=2)
            await ada.awaited(ada.give_up, "changed my mind")
        assert shelf.left["tea"] == 5, "both calls were taken back, the first by another process"
    await room.close()


async def test_a_process_goes_on_after_the_room_was_closed_and_opened_again(tmp_path: Path) -> None:
    room, shelf = await a_room(tmp_path), Shelf()
    brought = {each.name for each in shelf.functions()}
    async with served(room) as url, brings(room, url, "ada", shelf) as ada:
        assert room.door.brought
        room.door.brought.end()
        while not all(room.door.brought.lets("ada", name) for name in brought):
            await asyncio.sleep(0)
        assert "is done" in await calls(ada, "put", item="tea", count=1)
    await room.close()


async def test_each_adapter_brings_functions_and_offers_them_with_their_schemas(tmp_path: Path) -> None:
    room, shelf = await a_room(tmp_path), Shelf()
    async with served(room) as url:
        token = (await a_seat(room, "ada")).token
        async with late.RoomRunner(url, token, functions=shelf.functions(), stay_s=0) as runner:
            (put,) = [each for each in runner.tools if each.name == "put"]
            assert isinstance(put, late.FunctionTool)
            assert put.params_json_schema["required"] == ["item"]
            assert put.description == "Say how many are left of an item."
            context = late.ToolContext(None, tool_name="put", tool_call_id="1", tool_arguments="")
            assert "is done" in str(await put.on_invoke_tool(context, '{"item":"tea","count":2}'))
            assert shelf.left["tea"] == 2
        async with late.RoomSession(url, token, functions=shelf.functions(), stay_s=0) as session:
            servers = session.options().mcp_servers
            assert isinstance(servers, dict)
            async with Client(servers["coroom"]["instance"]) as client:  # type: ignore[typeddict-item]
                assert "put" in {each.name for each in (await client.list_tools()).tools}
                said = await client.call_tool("put", {"item": "tea", "count": 1})
                assert not said.is_error
                assert shelf.left["tea"] == 1
    await room.close()


async def test_an_undo_counts_once_the_room_has_tried_it_in_the_process_that_brings_it_and_by_nobodys_word(
    tmp_path: Path,
) -> None:
    room, shelf = await a_room(tmp_path), Shelf()
    assert room.door.calls
    async with served(room) as url:
        seat, other = [await a_seat(room, name) for name in ("ada", "bob")]
        with pytest.raises(
            NoRoomError,
            match=r"put did not pass its trial: undo: put .* did not bring back row:shelf/stock/tea\. Mend it",
        ):
            async with Participant(url, seat.token, functions=shelf.functions(wrong=True)):
                pass
        assert "put" not in room.door.calls.tools
        async with Participant(url, seat.token, functions=shelf.functions(with_trial=False), stay_s=0):
            assert not room.door.calls.tools["put"].spec.undoable
        async with Participant(url, seat.token, functions=shelf.functions(), stay_s=0) as ada:
            assert room.door.calls.tools["put"].spec.undoable
            with pytest.raises(NoRoomError, match="put did not pass its trial"):
                async with Participant(url, other.token, functions=shelf.functions(wrong=True)):
                    pass
            assert shelf.left == {"tea": 5, "jam": 9}, "trials are on another state"
            assert "is done" in await calls(ada, "put", item="tea", count=4)
            assert shelf.left["tea"] == 4
    await room.close()


async def test_what_cannot_be_brought_is_refused_in_words(tmp_path: Path) -> None:
    room, shelf = await a_room(tmp_path), Shelf()

    @tool(writes=lambda item: f"row:shelf/stock/{item}")
    def clever(item: str) -> str:
        """Name what it writes by a function."""
        return item

    @tool(writes="key:other", name="put")
    def other() -> None:
        """Another function of the same name."""

    async with served(room) as url, brings(room, url, "ada", shelf):
        seat = await a_seat(room, "bob")
        with pytest.raises(BadTool, match="must be templates"):
            Participant(url, seat.token, functions=[clever])
        with pytest.raises(NoRoomError, match="ada has brought another function named put") as refused:
            async with Participant(url, seat.token, functions=[other]):
                pass
        assert isinstance(refused.value.__cause__, NotTakenError)
    await room.close()
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut/files").mkdir()
    shut = await a_room(tmp_path / "shut", "files: files\n")
    async with served(shut) as url:
        seat = await a_seat(shut, "ada")
        with pytest.raises(NoRoomError, match="brought: true"):
            async with Participant(url, seat.token, functions=shelf.functions()):
                pass
    await shut.close()


async def test_a_name_is_free_again_once_its_process_has_gone_and_nothing_done_with_it_can_be_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, shelf = await a_room(tmp_path), Shelf()
    assert room.door.brought

    @tool(writes="key:other", name="put")
    def other() -> None:
        """Another function of the same name."""

    async with served(room) as url:
        first, second = [await a_seat(room, name) for name in ("ada", "bob")]

        async def bob_brings_it() -> None:
            processes = room.door.brought and room.door.brought._processes
            while processes and processes["ada"].asking:
                await asyncio.sleep(0)
            with monkeypatch.context() as now:
                # Nobody asks for work there: it is gone for certain, there is nothing to wait for.
                now.setattr("coroom.host.calls.brought.PICKED_UP_WITHIN_S", 0.0)
                async with Participant(url, second.token, functions=[other], stay_s=0) as bob:
                    assert "Another function" in next(each.description for each in bob.tools if each.name == "put")

        async with Participant(url, first.token, functions=shelf.functions(), stay_s=0) as ada:
            await calls(ada, "put", item="tea", count=4)
        with pytest.raises(NoRoomError, match=r"c\d+ of ada can still be undone, by another function named put"):
            await bob_brings_it()
        async with Participant(url, first.token, functions=shelf.functions(), stay_s=0) as ada:
            await ada.awaited(ada.call, "put", {"item": "tea", "count": 3}, "")
            assert not await ada.awaited(ada.done, "sold")
        assert not room.host.state.order.calls
        await bob_brings_it()
        with pytest.raises(NoRoomError, match="bob has brought another function named put"):
            async with Participant(url, first.token, functions=shelf.functions()):
                pass
    await room.close()
