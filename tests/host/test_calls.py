"""Calls on live state through the door and a real host: what agents see, judge and are refused."""

import json

import pytest
from tests.doorway import Room, open_room

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint
from coroom.core.tool import ToolCall
from coroom.core.view import needs_operator
from coroom.host.calls.calls import RoomCalls
from coroom.host.calls.carry import Called
from coroom.host.clock import SystemClock
from coroom.host.door.answer import Answer
from coroom.host.host import Host
from coroom.log.memory import MemoryLog
from coroom.mcp.tools import CALL_TOOL, TOOLS
from coroom.ports import ToolFailed
from coroom.simulate.schedule.objects import Add, Objects, Write, resource_of, tools_on
from coroom.tools.journal import Journal
from coroom.tools.registry import FunctionTool, tool
from coroom.web.operator import asked_of


async def a_room(
    *agents: str, policy: str = "preorder", log: MemoryLog | None = None, **values: int
) -> tuple[Room, Objects]:
    room = await open_room(log or MemoryLog(), policy=policy)
    objects = Objects(dict(values))
    room.door.calls = RoomCalls(room.host, tools_on(objects))
    await room.join(*agents)
    return room, objects


async def asks(room: Room, agent: str, named: str, about: str = "", operation: str = "", **values: int | str) -> Answer:
    given: dict[str, Json] = {"tool": named, "arguments": json.dumps(values), "about": about}
    return await room.door.handed(agent, await room.door.call(agent, "call", given, operation))


def why(answer: Answer) -> Code:
    assert answer.refused, answer
    return answer.refused.code


@pytest.mark.promise("run:no-upward-leak")
async def test_a_reader_does_not_see_what_is_above_it_and_is_told_what_changes_below_it() -> None:
    room, objects = await a_room("ada", "bob", x=1, y=0)
    await asks(room, "bob", "write", x=9)
    assert (await asks(room, "ada", "read", object="x")).data["result"] == "1"
    seen = await asks(room, "bob", "read", object="y")
    assert seen.data["result"] == "0"
    await asks(room, "bob", "write", x=0)
    await asks(room, "ada", "write", y=5)
    assert objects.values == {"x": 0, "y": 5}
    news = await room.door.handed("bob", await room.door.on_stop("bob"))
    assert [n.about for n in news.notices] == [seen.data["call"]]
    assert "now 5" in news.notices[0].text


async def test_a_call_is_replaced_in_its_place_and_a_notice_is_judged_once_by_the_one_it_is_for() -> None:
    room, objects = await a_room("ada", "bob", x=0, y=0)
    await asks(room, "bob", "read", object="y")
    copied = await asks(room, "bob", "write", x=0)
    await asks(room, "bob", "add", x=1)
    await asks(room, "ada", "write", y=5)
    unseen = next(iter(room.host.state.order.notices))
    news = await room.door.handed("bob", await room.door.answer("bob", unseen, "repaired", "", ""))
    assert why(news) is Code.STALE
    notice = news.notices[0].id
    assert why(await room.door.answer("ada", notice, "no_effect", "", "")) is Code.NOT_YOURS
    assert why(await room.door.call("bob", "done", {}, "")) is Code.JUDGE
    mended = await asks(room, "bob", "write", about=str(copied.data["call"]), x=5)
    assert not mended.refused
    assert objects.values == {"x": 6, "y": 5}
    assert why(await room.door.answer("bob", notice, "perhaps", "", "")) is Code.BAD_INPUT
    assert not (await room.door.answer("bob", notice, "repaired", "", "")).refused
    assert why(await room.door.answer("bob", notice, "repaired", "", "")) is Code.NOT_FOUND
    assert not (await room.door.call("ada", "done", {"arguments": "all set"}, "")).refused
    assert not (await room.door.call("bob", "done", {}, "")).refused
    assert not room.host.state.order.calls


async def test_news_that_may_still_change_waits_for_who_asks_and_for_who_is_done_until_it_is_settled() -> None:
    room, _objects = await a_room("ada", "bob", x=0, y=0)
    await asks(room, "bob", "read", object="x")
    await asks(room, "ada", "write", x=1)
    assert (await asks(room, "bob", "write", y=1)).notices == ()
    await asks(room, "ada", "write", x=2)
    done = await room.door.call("bob", "call", {"tool": "read", "arguments": '{"object":"y"}'}, "")
    assert done.notices == ()
    said = await room.door.handed("bob", await room.door.call("bob", "done", {}, ""))
    assert not said.refused
    assert said.data["judge"] == []
    await room.door.call("ada", "done", {}, "")
    news = await room.door.handed("bob", await room.door.call("bob", "list", {}, ""))
    assert ["now 2" in n.text for n in news.notices] == [True]
    assert not (await room.door.answer("bob", news.notices[0].id, "no_effect", "", "")).refused
    assert not (await room.door.call("bob", "done", {}, "")).refused
    assert not room.host.state.order.calls


async def test_who_looks_again_for_what_only_a_later_one_does_is_told_that_it_will_not_see_it() -> None:
    room, _ = await a_room("ada", "bob", x=0, y=0)
    assert "comes after" not in (await asks(room, "ada", "read", object="x")).text
    assert "comes after" not in (await asks(room, "ada", "read", object="x")).text, "nobody is above"
    await asks(room, "bob", "write", x=1)
    again = await asks(room, "ada", "read", object="x")
    assert again.data["result"] == "0"
    assert "What bob did there comes after you in the order" in again.text
    assert "comes after" not in (await asks(room, "ada", "read", object="y")).text
    assert "comes after" not in (await asks(room, "bob", "read", object="x")).text


async def test_what_cannot_be_taken_back_waits_for_who_comes_before() -> None:
    room, objects = await a_room("ada", "bob", x=0)
    sent = await asks(room, "bob", "send", by="bob")
    assert why(sent) is Code.BAD_INPUT
    given: dict[str, Json] = {"tool": "send", "arguments": '{"by":"bob","values":{"mail":7}}'}
    held = await room.door.call("bob", "call", given, "")
    assert held.data["gated"] is True
    assert objects.sent == []
    await room.door.call("ada", "done", {}, "")
    assert objects.sent == [("bob", "mail", 7)]


async def test_a_tool_without_an_undo_is_gated_not_refused_and_a_footprint_that_names_nothing_is_refused() -> None:
    room, _ = await a_room("ada", "bob", x=0)
    calls = room.door.calls
    assert calls
    posted: list[str] = []

    @tool(writes="key:posts/{board}")
    def post(board: str) -> str:
        """Post on a board."""
        posted.append(board)
        return board

    @tool(writes=lambda place: place)
    def put(place: str) -> str:
        """Put something somewhere."""
        posted.append(place)
        return place

    @put.undo
    def back() -> None:
        posted.pop()

    journal = Journal()
    for declared, proven in ((post, False), (put, True)):
        assert calls.add(FunctionTool(declared, journal, proven=proven))
    held = await asks(room, "bob", "post", board="news")
    assert held.data["gated"] is True
    assert posted == []
    await room.door.call("ada", "done", {}, "")
    assert posted == ["news"]
    nowhere = await asks(room, "bob", "put", place="nowhere at all")
    assert why(nowhere) is Code.BAD_INPUT
    assert posted == ["news"]
    assert not room.host.state.order.fences
    journal.close()


async def test_a_call_that_is_repeated_with_its_operation_acts_once() -> None:
    room, objects = await a_room("ada", x=0)
    first = await asks(room, "ada", "add", operation="o1", x=1)
    again = await asks(room, "ada", "add", operation="o1", x=1)
    assert objects.values == {"x": 1}
    assert first.data == again.data


@pytest.mark.promise("call:once")
@pytest.mark.parametrize("policy", ["preorder", "locking"])
async def test_a_call_that_is_repeated_after_it_is_final_is_told_what_it_was_told(policy: str) -> None:
    room, objects = await a_room("ada", "bob", policy=policy, x=3)
    looked = await asks(room, "ada", "read", operation="o1", object="x")
    added = await asks(room, "ada", "add", operation="o2", x=1)
    await room.door.call("ada", "done", {}, "")
    assert not room.host.state.order.calls
    await asks(room, "bob", "add", x=5)
    assert (await asks(room, "ada", "read", operation="o1", object="x")).data == looked.data
    assert (await asks(room, "ada", "add", operation="o2", x=1)).data == added.data
    assert looked.data["result"] == "3"
    assert objects.values == {"x": 9}


@pytest.mark.promise("call:once")
async def test_a_repeated_call_is_found_even_where_its_tool_would_refuse_it_now() -> None:
    room, objects = await a_room("ada", x=3)
    added = await asks(room, "ada", "add", operation="o1", x=1)
    await room.door.call("ada", "done", {}, "")
    del objects.values["x"]
    assert (await asks(room, "ada", "add", operation="o1", x=1)).data == added.data


@pytest.mark.promise("call:once")
async def test_a_call_that_failed_fails_the_same_when_it_is_repeated_after_it_is_final() -> None:
    room, objects = await a_room("ada", x=0)
    assert room.door.calls
    room.door.calls.tools["write"] = Failing(objects, tools_on(objects)["write"].spec)
    first = await asks(room, "ada", "write", operation="o1", x=1)
    await room.door.call("ada", "done", {}, "")
    again = await asks(room, "ada", "write", operation="o1", x=1)
    assert first.refused
    assert first.refused == again.refused


class Failing(Write):
    """Cannot be made."""

    def _act(self, call: ToolCall, before: dict[str, int]) -> str:
        message = f"{call.id} of {sorted(before)} is not to be made"
        raise ToolFailed(message)


@pytest.mark.promise("call:once")
async def test_a_result_too_long_to_keep_is_refused_in_words_and_the_call_is_not_made_again() -> None:
    room, objects = await a_room("ada", x=0)
    assert room.door.calls
    room.door.calls.tools["add"] = Talking(objects, tools_on(objects)["add"].spec)
    await asks(room, "ada", "add", operation="o1", x=1)
    await room.door.call("ada", "done", {}, "")
    again = await asks(room, "ada", "add", operation="o1", x=1)
    assert why(again) is Code.STALE
    assert objects.values == {"x": 1}


class Talking(Add):
    """Adds, and says much."""

    def _act(self, call: ToolCall, before: dict[str, int]) -> str:
        return super()._act(call, before) + " " * 30_000


@pytest.mark.promise("call:once")
async def test_who_comes_again_with_another_client_does_not_do_a_call_twice() -> None:
    room, objects = await a_room("ada", "bob", x=0)
    first = await asks(room, "ada", "add", operation="o1", x=1)
    await room.join("ada")
    again = await asks(room, "ada", "add", operation="o1", x=1)
    assert first.data == again.data
    await room.door.call("ada", "done", {}, "")
    await room.host.submit(HOST, c.Leave(agent="ada", reason="its client is gone"))
    await room.join("ada")
    assert (await asks(room, "ada", "add", operation="o1", x=1)).data == first.data
    assert objects.values == {"x": 1}


@pytest.mark.promise("call:once")
async def test_what_was_taken_back_as_its_agent_left_is_made_when_it_comes_again_and_only_once() -> None:
    room, objects = await a_room("ada", "bob", x=0)
    first = await asks(room, "ada", "add", operation="o1", x=1)
    await room.host.submit(HOST, c.Leave(agent="ada", reason="its client is gone"))
    while room.host.state.order.calls:
        await room.host.changed(room.host.state.seq, 0.01)
    assert objects.values == {"x": 0}
    await room.join("ada")
    again = await asks(room, "ada", "add", operation="o1", x=1)
    assert again.data["call"] != first.data["call"]
    assert (await asks(room, "ada", "add", operation="o1", x=1)).data == again.data
    assert objects.values == {"x": 1}


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("paint", "{}", Code.NOT_FOUND),
        ("write", "{", Code.BAD_INPUT),
        ("write", '{"x":"a"}', Code.BAD_INPUT),
        ("write", '{"nothing":1}', Code.NOT_FOUND),
    ],
)
async def test_a_wrong_call_is_refused_in_words(tool: str, arguments: str, code: Code) -> None:
    room, objects = await a_room("ada", x=0)
    answer = await room.door.call("ada", "call", {"tool": tool, "arguments": arguments}, "")
    assert why(answer) is code
    assert answer.refused
    assert answer.refused.next_step
    assert objects.values == {"x": 0}


async def test_an_undo_that_fails_fences_what_it_touched_until_the_operator_lifts_it() -> None:
    room, objects = await a_room("ada", "bob", x=0)
    written = await asks(room, "bob", "write", x=2)
    objects.broken.add(str(written.data["call"]))
    assert why(await asks(room, "ada", "write", x=1)) is Code.FENCED
    told = await asks(room, "bob", "write", x=3)
    assert why(told) is Code.FENCED
    assert objects.values == {"x": 2}
    assert [n.text for n in told.notices if "key:x is fenced with your c" in n.text]
    needs = needs_operator(room.host.state, 0)
    assert [(need.kind, need.id, need.agent) for need in needs] == [("fenced", str(written.data["call"]), "bob")]
    lift = asked_of("lift-fence", {"call": str(written.data["call"])})
    assert isinstance(lift, c.LiftFence)
    assert isinstance(await room.host.submit("ada", lift), Refused)
    assert not isinstance(await room.host.submit(OPERATOR, lift), Refused)
    assert not needs_operator(room.host.state, 0)
    assert not (await asks(room, "ada", "write", x=1)).refused
    assert objects.values == {"x": 1}


async def test_who_leaves_in_the_middle_is_taken_back_and_who_relied_on_it_is_told() -> None:
    room, objects = await a_room("ada", "bob", x=0)
    await asks(room, "ada", "write", x=2)
    assert (await asks(room, "bob", "read", object="x")).data["result"] == "2"
    await room.host.submit(HOST, c.Leave("ada", "died"))
    while objects.values != {"x": 0} or not room.host.state.inbox("bob"):
        await room.host.changed(room.host.state.seq, 5)
    assert "now 0" in room.host.state.inbox("bob")[0].text


@pytest.mark.promise("log:durable")
async def test_a_repair_that_the_host_died_in_is_finished_by_the_next_host() -> None:
    log = MemoryLog()
    room, objects = await a_room("ada", "bob", log=log, x=0)
    await asks(room, "bob", "write", x=2)
    tools = tools_on(objects)
    placed = await room.host.submit(
        "ada",
        c.PlaceCall(
            tool="write",
            arguments='{"x":1}',
            footprint=Footprint(writes=(resource_of("x"),)),
            effect=tools["write"].spec.effect,
        ),
    )
    assert isinstance(placed, c.Placed)
    assert len(room.host.state.order.repairs) == 1
    again = await Host.open(log, SystemClock())
    calls = RoomCalls(again, tools)
    await calls.open()
    assert not again.state.order.repairs
    assert objects.values == {"x": 2}
    assert isinstance(await calls.call("ada", "read", '{"object":"x"}'), Called)


class Remembering(Write):
    """Keeps a record of its calls until it is told that they are final."""

    forgotten: tuple[str, ...] = ()

    def forget(self, calls: tuple[str, ...]) -> None:
        self.forgotten = (*self.forgotten, *calls)


async def test_tools_forget_the_calls_that_are_final_and_no_others() -> None:
    room, objects = await a_room("ada", "bob", x=0, y=0)
    spec = tools_on(objects)["write"].spec
    tool = Remembering(objects, spec)
    assert room.door.calls
    room.door.calls.tools[spec.name] = tool
    first = await asks(room, "ada", "write", x=1)
    await asks(room, "bob", "write", y=1)
    await room.door.call("ada", "done", {}, "")
    while not tool.forgotten:
        await room.host.changed(room.host.state.seq, 0.01)
    assert tool.forgotten == (first.data["call"],)


@pytest.mark.parametrize("policy", ["locking", "serial"])
async def test_a_call_that_must_wait_says_for_whom(policy: str) -> None:
    room, objects = await a_room("ada", "bob", policy=policy, x=0)
    await asks(room, "ada", "write", x=1)
    answer = await asks(room, "bob", "write", x=2)
    assert why(answer) is Code.WAIT
    assert answer.refused
    assert "ada" in answer.refused.why
    await room.door.call("ada", "done", {}, "")
    assert not (await asks(room, "bob", "write", x=2)).refused
    assert objects.values == {"x": 2}


def test_all_the_tools_together_fit_into_two_thousand_tokens() -> None:
    listed = [tool.listed().model_dump(by_alias=True, exclude_none=True, mode="json") for tool in (*TOOLS, CALL_TOOL)]
    assert len(json.dumps(listed, separators=(",", ":"))) < 8_000
