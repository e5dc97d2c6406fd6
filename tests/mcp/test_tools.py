"""The room's tools, called by the SDK's own client over HTTP, in both eras of the protocol."""

import asyncio
import json

import pytest
from tests.doorway import (
    LEGACY,
    MODERN,
    RPC_HEADERS,
    Daemon,
    data_of,
    hashed,
    open_room,
    rpc,
    running,
    text_of,
    token,
)

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind
from coroom.host.door.receipt import Receipt
from coroom.log.memory import MemoryLog
from coroom.mcp.tools import INSTRUCTIONS, TOOLS

ERAS = pytest.mark.parametrize("era", [MODERN, LEGACY])


def test_the_tools_fit_into_two_thousand_tokens_and_the_words_into_what_clients_show() -> None:
    listed = [tool.listed().model_dump(by_alias=True, exclude_none=True, mode="json") for tool in TOOLS]
    assert len(json.dumps(listed, separators=(",", ":"))) < 8_000
    assert len(INSTRUCTIONS) < 4_000


@ERAS
async def test_a_client_sees_the_rooms_tools_marked_so_that_it_does_not_hide_them(era: str) -> None:
    async with running("a") as (daemon, _), daemon.client("a", era) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == [
            *("sync", "claim", "release", "say", "task", "land", "answer", "read", "edit")
        ]
        assert all(tool.meta == {"anthropic/alwaysLoad": True} for tool in tools)
        assert all(tool.annotations and tool.annotations.destructive_hint is False for tool in tools)
        assert {tool.name for tool in tools if tool.annotations and tool.annotations.read_only_hint} == {"sync", "read"}
        assert all(tool.input_schema["additionalProperties"] is False for tool in tools)
        # With arguments that clients repeat in headers, the server would have to compare the two.
        assert not any("x-mcp-header" in json.dumps(tool.input_schema) for tool in tools)
        assert client.instructions == INSTRUCTIONS


@ERAS
async def test_a_claim_is_granted_to_one_and_refused_to_the_other_who_learns_why_and_is_told_when_it_is_free(
    era: str,
) -> None:
    async with running("a", "b") as (daemon, _), daemon.client("a", era) as a, daemon.client("b", era) as b:
        claim = {"resources": ["src/a.py"], "purpose": "a new parser"}
        granted = await a.call_tool("claim", claim)
        assert not granted.is_error
        assert data_of(granted)["data"]["fence"] == 1
        refused = await b.call_tool("claim", claim)
        assert refused.is_error
        assert data_of(refused)["refused"] == "claimed"
        assert data_of(refused)["blockers"][0]["holder"] == "a"
        assert "held by a (exclusive: a new parser)" in text_of(refused)
        assert "you will be told when it is released" in text_of(refused)
        released = await a.call_tool("release", {"resources": ["file:src/a.py"]})
        assert not released.is_error
        told = await b.call_tool("sync", {})
        assert [(n["from"], n["kind"]) for n in data_of(told)["notices"]] == [("host", "freed")]


@ERAS
async def test_a_task_goes_round_from_posted_to_done_and_everybody_hears(era: str) -> None:
    async with running("a", "b") as (daemon, _), daemon.client("a", era) as a, daemon.client("b", era) as b:
        posted = await a.call_tool("task", {"do": "post", "title": "Parse dates", "touches": ["file:dates.py"]})
        assert data_of(posted)["ok"]
        again = await a.call_tool("task", {"do": "post", "title": "Parse dates!"})
        assert data_of(again)["refused"] == "duplicate"
        assert not (
            await a.call_tool("task", {"do": "post", "title": "Parse dates!", "despite_duplicate": True})
        ).is_error
        taken = await b.call_tool("task", {"do": "next"})
        assert data_of(taken)["data"]["title"] == "Parse dates"
        assert data_of(taken)["data"]["posted_by"] == "a"
        board = data_of(await a.call_tool("task", {"do": "list"}))["data"]["tasks"]
        assert [(task["state"], task["holder"]) for task in board] == [("taken", "b"), ("open", None)]
        assert not (await b.call_tool("task", {"do": "done", "summary": "with tests"})).is_error
        heard = await a.call_tool("sync", {})
        assert "with tests" in text_of(heard)
        assert data_of(await b.call_tool("task", {"do": "give_back"}))["refused"] == "not-yours"


@ERAS
async def test_an_agent_without_file_tools_reads_and_edits_and_a_reader_hears_of_it(era: str) -> None:
    async with running("a", "b") as (daemon, room), daemon.client("a", era) as a, daemon.client("b", era) as b:
        made = await a.call_tool("edit", {"path": "x.py", "old": "", "new": "one\ntwo\nthree\n"})
        assert data_of(made)["data"]["version"] == 1
        part = await b.call_tool("read", {"path": "x.py", "first_line": 2, "lines": 1})
        assert "\n| two\n" in text_of(part)
        assert "three" not in text_of(part)
        assert data_of(part)["data"] == {"path": "x.py", "version": 1, "lines": 3}
        assert not (await a.call_tool("edit", {"path": "x.py", "old": "two", "new": "2"})).is_error
        assert room.files.texts["x.py"] == "one\n2\nthree\n"
        missed = await a.call_tool("edit", {"path": "x.py", "old": "two", "new": "2"})
        assert data_of(missed)["refused"] == "stale"
        assert data_of(await b.call_tool("sync", {}))["notices"][0]["kind"] == "observed"


@ERAS
async def test_questions_are_answered_and_held_edits_settled_by_the_same_tool(era: str) -> None:
    async with running("a", "b") as (daemon, room), daemon.client("a", era) as a, daemon.client("b", era) as b:
        await a.call_tool("say", {"kind": "question", "text": "Is it int?", "to": "b"})
        asked = data_of(await b.call_tool("sync", {}))["notices"][0]
        assert asked["kind"] == "question"
        assert not (await b.call_tool("answer", {"about": asked["id"], "text": "Yes."})).is_error
        assert "Yes." in text_of(await a.call_tool("sync", {}))
        held = c.HoldEdit(path="x", base="", theirs="", mine="", mine_kind=FileKind.ABSENT, reason="delete/modify")
        reply = await room.host.submit("a", held)
        assert isinstance(reply, c.Held)
        assert data_of(await a.call_tool("answer", {"about": reply.held, "choice": "ours"}))["refused"] == "bad-input"
        assert not (await a.call_tool("answer", {"about": reply.held, "choice": "theirs"})).is_error
        assert not room.host.state.open_held()
        assert data_of(await a.call_tool("answer", {"about": "n999", "text": "?"}))["refused"] == "not-found"


@ERAS
async def test_landing_is_asked_for_by_the_tool(era: str) -> None:
    async with running("a") as (daemon, room), daemon.client("a", era) as a:
        assert data_of(await a.call_tool("land", {}))["data"] == {"landed": True}
        assert room.lands.by == ["a"]


WRONG: list[tuple[str, dict[str, object], str]] = [
    ("claim", {"resources": ["a.py"], "agent": "b"}, "no argument 'agent'"),
    ("claim", {"resources": "a.py"}, "a list of at most"),
    ("claim", {"resources": [1]}, "a list of at most"),
    ("claim", {}, "needs 'resources'"),
    ("claim", {"resources": ["a.py"], "mode": "total"}, "one of exclusive, shared, announced"),
    ("claim", {"resources": ["a.py"], "ttl_s": -1}, "a number from 0 to 3600"),
    ("claim", {"resources": ["a.py"], "ttl_s": "60"}, "a number from 0 to 3600"),
    ("claim", {"resources": ["../a.py"]}, "a path is relative"),
    ("claim", {"resources": ["planet:mars"]}, "no known scheme"),
    ("claim", {"resources": []}, "at least one resource"),
    ("claim", {"resources": [f"file:{n}" for n in range(65)]}, "more than the 64"),
    ("sync", {"wait_s": 241}, "a number from 0 to 240"),
    ("sync", {"wait_s": True}, "a number from 0 to 240"),
    ("say", {"kind": "order", "text": "x"}, "one of note, contract, question, done"),
    ("say", {"kind": "note", "text": ""}, "1 to 4000 characters"),
    ("say", {"kind": "note", "text": "x" * 4_001}, "1 to 4000 characters"),
    ("say", {"kind": "note", "text": "x", "to": "nobody"}, "no agent 'nobody'"),
    ("say", {"kind": "note", "text": 7}, "'text' of say must be text"),
    ("task", {"do": "drop"}, "one of next, take, list, post, done, give_back"),
    ("task", {"do": "take", "task": "t99"}, "no task 't99'"),
    ("read", {"path": "x", "first_line": 1.5}, "a number from 1"),
    ("read", {"path": "nowhere"}, "no file nowhere"),
    ("release", {"resources": ["file:a"]}, "You hold none of that"),
    ("fly", {}, "There is no tool 'fly'"),
    ("say", {"kind": "note", "text": "x", "operation": "o" * 65}, "too long"),
]


@ERAS
async def test_wrong_input_is_refused_with_why_and_what_next_and_changes_nothing(era: str) -> None:
    async with running("a") as (daemon, room), daemon.client("a", era) as client:
        before = room.host.state
        for tool, arguments, why in WRONG:
            result = await client.call_tool(tool, arguments)
            assert result.is_error, (tool, arguments)
            assert why in text_of(result)
            assert " Next: " in text_of(result)
            assert room.host.state == before


@ERAS
async def test_a_repeated_operation_gets_the_same_answer_and_happens_once(era: str) -> None:
    async with running("a", "b") as (daemon, room), daemon.client("a", era) as a:
        for tool, arguments in (
            ("claim", {"resources": ["a.py"]}),
            ("say", {"kind": "note", "text": "once"}),
            ("task", {"do": "post", "title": "Once"}),
            ("task", {"do": "next"}),
            ("edit", {"path": "x", "old": "", "new": "x"}),
            ("edit", {"path": "x", "old": "x", "new": "xx"}),
            ("task", {"do": "done"}),
            ("release", {"resources": ["a.py"]}),
        ):
            call = {**arguments, "operation": f"{tool}-{arguments.get('do', '')}-{arguments.get('old', '')}"}
            first = await a.call_tool(tool, call)
            assert not first.is_error, text_of(first)
            seq = room.host.state.seq
            second = await a.call_tool(tool, call)
            assert data_of(second).get("data") == data_of(first).get("data")
            assert not any(e.body.kind != "notices-read" for e in room.host.events(seq))
        assert room.files.texts == {"x": "xx"}


@ERAS
@pytest.mark.promise("notice:delivered")
async def test_unread_notices_ride_on_every_result_until_the_agent_comes_back(era: str) -> None:
    async with running("a", "b") as (daemon, room), daemon.client("a", era) as a, daemon.client("b", era) as b:
        await a.call_tool("say", {"kind": "contract", "text": "parse(s: str) -> int", "resources": ["x.py"]})
        refused = await b.call_tool("release", {"resources": ["x.py"]})
        assert refused.is_error
        assert "parse(s: str) -> int" in text_of(refused)
        assert len(room.host.state.inbox("b")) == 1
        after = await b.call_tool("claim", {"resources": ["y.py"]})
        assert "parse(s" not in text_of(after)
        assert room.host.state.inbox("b") == ()


@ERAS
async def test_a_blocking_sync_beats_while_it_waits_and_wakes_on_news(
    era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.host.door.door.HEARTBEAT_S", 0.02)
    beats: list[float] = []
    heard = asyncio.Event()

    async def beat(progress: float, total: float | None, message: str | None) -> None:
        beats.append(progress)
        if len(beats) == 3:
            heard.set()

    async with running("a", "b") as (daemon, _), daemon.client("a", era) as a, daemon.client("b", era) as b:
        waiting = asyncio.create_task(a.call_tool("sync", {"wait_s": 30}, progress_callback=beat))
        await heard.wait()
        assert not waiting.done()
        await b.call_tool("say", {"kind": "note", "text": "wake up"})
        assert "wake up" in text_of(await waiting)
        assert beats[:3] == [1, 2, 3]


@ERAS
async def test_a_cancelled_call_still_happens_and_its_repetition_gets_its_answer(era: str) -> None:
    async with running("a", "b") as (daemon, room), daemon.client("a", era) as a:
        room.files.gate = asyncio.Event()
        call = {"path": "x", "old": "", "new": "text", "operation": "op-1"}
        cancelled = asyncio.create_task(a.call_tool("edit", call))
        while not room.host.state.agents["a"].seen_ms or not _waits(room.files.gate):
            await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        repeated = asyncio.create_task(a.call_tool("edit", call))
        await asyncio.sleep(0)
        room.files.gate.set()
        answer = await repeated
        assert not answer.is_error, text_of(answer)
        assert data_of(answer)["data"]["version"] == 1
        assert room.files.texts == {"x": "text"}
        assert sum(e.body.kind == "file-accepted" for e in room.host.events(0)) == 1


def _waits(gate: asyncio.Event) -> bool:
    return bool(gate._waiters)


@ERAS
@pytest.mark.promise("notice:delivered")
async def test_news_on_a_reply_that_was_cancelled_comes_again(era: str) -> None:
    async with running("a", "b") as (daemon, room), daemon.client("a", era) as a, daemon.client("b", era) as b:
        room.files.gate = asyncio.Event()
        cancelled = asyncio.create_task(a.call_tool("edit", {"path": "x", "old": "", "new": "text"}))
        while not _waits(room.files.gate):
            await asyncio.sleep(0)
        await b.call_tool("say", {"kind": "note", "text": "do not lose me"})
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        seq = room.host.state.seq
        room.files.gate.set()
        assert await room.host.changed(seq, 5)
        assert "do not lose me" in text_of(await a.call_tool("sync", {}))
        assert room.host.state.inbox("a") != ()


@ERAS
async def test_a_client_goes_on_with_its_token_after_the_daemon_was_started_again(era: str) -> None:
    log = MemoryLog()
    room = await open_room(log, "a", "b")
    daemon = Daemon({room.name: room.served})
    await daemon.start()
    async with daemon.client("a", era) as a:
        assert not (await a.call_tool("claim", {"resources": ["x.py"]})).is_error
        await room.host.submit(OPERATOR, c.Say(kind=NoticeKind.NOTE, text="before the restart"))
        await daemon.stop()
        await room.host.close()
        again = await open_room(log)
        daemon.rooms = {again.name: again.served}
        await daemon.start()
        told = await a.call_tool("sync", {})
        assert "before the restart" in text_of(told)
        assert "file:x.py by a" in text_of(told)
    await daemon.stop()
    await again.host.close()


@ERAS
async def test_rooms_of_one_daemon_are_told_apart_by_token_or_by_address(era: str) -> None:
    one, two = await open_room(MemoryLog(), "a", name="one"), await open_room(MemoryLog(), "b", name="two")
    daemon = Daemon({room.name: room.served for room in (one, two)})
    await daemon.start()
    async with (
        daemon.client("a", era) as a,
        daemon.client("b", era) as b,
        daemon.client("b", era, "/rooms/two/mcp") as c2,
    ):
        rooms = [data_of(await client.call_tool("sync", {}))["data"]["room"] for client in (a, b, c2)]
        assert rooms == ["one", "two", "two"]
    async with daemon.http("b") as http:
        assert (await http.post("/rooms/one/mcp", json={})).status_code == 401
        assert (await http.post("/rooms/three/mcp", json={})).status_code == 404
    await daemon.stop()
    await one.host.close()
    await two.host.close()


@pytest.mark.promise("notice:delivered")
async def test_a_sync_whose_reply_was_lost_and_that_the_client_sends_again_tells_the_same() -> None:
    async with running("a", "b") as (daemon, room), daemon.http("a") as http:
        await room.door.say("b", "note", "hello a", "a", "", [], "")
        sync = rpc("sync", {})
        told = [(await http.post("/mcp", json=sync, headers=RPC_HEADERS)).text for _ in range(3)]
        assert ["hello a" in text for text in told] == [True, True, False]
        assert not room.host.state.inbox("a")


@pytest.mark.promise("notice:delivered")
@pytest.mark.parametrize("tool", ["sync", "task"])
async def test_replies_that_have_not_left_are_not_acknowledged_by_the_next_call(
    tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {"task": {"do": "list"}, "sync": {}}[tool]
    async with running("a", "b") as (daemon, room), daemon.http("a") as http:
        await room.door.say("b", "note", "hello a", "a", "", [], "")
        with monkeypatch.context() as patch:
            patch.setattr(Receipt, "sent", lambda _: None)
            patch.setattr(Receipt, "close", lambda _: None)
            for _ in range(2):
                await http.post("/mcp", json=rpc(tool, arguments), headers=RPC_HEADERS)
            assert room.host.state.inbox("a")
            await room.host.submit(HOST, c.Join(agent="a", secret_hash=hashed(token("a"))))
        # A sync that is made again just so may have lost its reply, and is told once more.
        for _ in range(3):
            await http.post("/mcp", json=rpc(tool, arguments), headers=RPC_HEADERS)
        assert not room.host.state.inbox("a")
