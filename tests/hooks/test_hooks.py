"""The hooks of agent CLIs, as each of them posts them, against a real room."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.doorway import Daemon, Room, running

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.notice import NoticeKind
from coroom.hooks import endpoint
from coroom.hooks.clients import CLIENTS, is_ours, tool_use
from coroom.hooks.patch import patched
from coroom.hooks.shell import ShellPaths, shell_paths
from coroom.host.door.answer import ToolUse, Touch

PATCH = """*** Begin Patch
*** Update File: src/a.py
@@
-one
+two
*** Add File: src/new file.py
+x
*** Delete File: old.py
*** Update File: b.py
*** Move to: c.py
*** End Patch"""


@pytest.fixture
async def served() -> AsyncIterator[tuple[Daemon, Room]]:
    async with running("a", "b") as (daemon, room):
        yield daemon, room


async def post(daemon: Daemon, client: str, moment: str, event: object, agent: str = "a") -> Any:
    async with daemon.http(agent) as http:
        told = await http.post(f"/hooks/{client}/{moment}", json=event)
        assert told.status_code == 200, told.text
        return told.json()


async def say(room: Room, text: str, sender: str = "b") -> None:
    reply = await room.host.submit(sender, c.Say(kind=NoticeKind.NOTE, text=text))
    assert not isinstance(reply, Refused)


EDITS: list[tuple[str, dict[str, Any]]] = [
    ("claude", {"tool_name": "Edit", "tool_input": {"file_path": "/m/x.py", "old_string": "a", "new_string": "b"}}),
    ("claude", {"tool_name": "Write", "tool_input": {"file_path": "/m/x.py", "content": ""}}),
    ("claude", {"tool_name": "NotebookEdit", "tool_input": {"notebook_path": "/m/x.py"}}),
    ("codex", {"tool_name": "apply_patch", "tool_input": {"command": PATCH.replace("src/a.py", "/m/x.py")}}),
    (
        "codex",
        {
            "tool_name": "Bash",
            "tool_input": {"command": f"apply_patch <<'EOF'\n{PATCH}\nEOF".replace("b.py", "/m/x.py")},
        },
    ),
    ("gemini", {"tool_name": "replace", "tool_input": {"file_path": "/m/x.py"}}),
    ("gemini", {"tool_name": "write_file", "tool_input": {"file_path": "/m/x.py"}}),
    ("opencode", {"tool_name": "edit", "tool_input": {"filePath": "/m/x.py"}}),
    ("opencode", {"tool_name": "apply_patch", "tool_input": {"patchText": PATCH.replace("old.py", "/m/x.py")}}),
    ("cursor", {"tool_name": "Write", "tool_input": {"file_path": "/m/x.py"}}),
    ("plain", {"tool_name": "edit", "tool_input": {"path": "/m/x.py"}}),
]


@pytest.mark.parametrize(("client", "event"), EDITS)
async def test_an_edit_that_the_room_refuses_is_denied_in_the_clients_own_words(
    served: tuple[Daemon, Room], client: str, event: dict[str, Any]
) -> None:
    daemon, room = served
    assert await post(daemon, client, "before", event) in ({}, {"allow": True})
    room.files.deny["/m/x.py"] = Refused(Code.CLAIMED, "x.py is held by b.", "Take another file.")
    told = await post(daemon, client, "before", event)
    verdict, why = _verdict(client, told)
    assert verdict == "deny"
    assert "x.py is held by b." in why
    assert "Next: Take another file." in why


def _verdict(client: str, told: dict[str, Any]) -> tuple[str, str]:
    match client:
        case "gemini":
            return told["decision"], told["reason"]
        case "cursor":
            return told["permission"], told["agent_message"]
        case "plain":
            return ("deny" if told["allow"] is False else ""), told["why"]
        case _:
            return _decided(told)


def _decided(told: dict[str, Any]) -> tuple[str, str]:
    decided = told["hookSpecificOutput"]
    assert decided["hookEventName"] == "PreToolUse"
    return decided["permissionDecision"], decided["permissionDecisionReason"]


@pytest.mark.promise("notice:delivered")
@pytest.mark.parametrize(
    ("client", "event"),
    [
        ("claude", {"hook_event_name": "PostToolUseFailure", "tool_name": "Grep", "tool_input": {"pattern": "x"}}),
        ("codex", {"tool_name": "Bash", "tool_input": {"command": "ls"}}),
        ("gemini", {"tool_name": "list_directory", "tool_input": {}}),
        ("opencode", {"tool_name": "glob", "tool_input": {}}),
        ("cursor", {"tool_name": "Shell", "tool_input": {"command": "ls"}}),
        ("plain", {"tool_name": "other"}),
    ],
)
async def test_news_comes_with_any_tool_once(served: tuple[Daemon, Room], client: str, event: dict[str, Any]) -> None:
    daemon, room = served
    assert await post(daemon, client, "after", event) == {}
    await say(room, "the signature is parse(s) -> int")
    told = await post(daemon, client, "after", event)
    assert "| the signature is parse(s) -> int\n" in str(told).replace("\\n", "\n")
    assert "from=b kind=note" in str(told)
    if client in {"claude", "codex", "opencode", "gemini"}:
        usual = "AfterTool" if client == "gemini" else "PostToolUse"
        assert told["hookSpecificOutput"]["hookEventName"] == event.get("hook_event_name", usual)
    assert await post(daemon, client, "after", event) == {}


@pytest.mark.parametrize("client", ["claude", "codex", "gemini", "opencode", "cursor", "plain"])
async def test_an_agent_that_would_stop_is_kept_for_news_but_never_twice_for_the_same(
    served: tuple[Daemon, Room], client: str
) -> None:
    daemon, room = served
    may_stop = {"stop": True} if client == "plain" else {}
    assert await post(daemon, client, "stop", {"stop_hook_active": False}) == may_stop
    await say(room, "one more thing")
    kept = await post(daemon, client, "stop", {"stop_hook_active": False})
    assert "one more thing" in str(kept)
    if client in {"claude", "codex"}:
        assert kept["decision"] == "block"
    assert await post(daemon, client, "stop", {"stop_hook_active": True}) == may_stop
    assert room.host.state.inbox("a") == ()


async def test_two_agents_that_answer_each_other_at_every_stop_come_to_an_end(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    for _ in range(endpoint.STOPS_HELD_MAX):
        await say(room, "and another thing")
        assert (await post(daemon, "claude", "stop", {"stop_hook_active": True}))["decision"] == "block"
    await say(room, "and yet another")
    assert await post(daemon, "claude", "stop", {"stop_hook_active": True}) == {}
    assert [n.text for n in room.host.state.inbox("a")] == ["and yet another"]
    assert "and yet another" in str(await post(daemon, "claude", "start", {}))


async def test_a_session_begins_with_where_things_stand_and_what_an_earlier_one_was_told_last(
    served: tuple[Daemon, Room],
) -> None:
    daemon, room = served
    await say(room, "read me")
    assert "read me" in str(await post(daemon, "claude", "after", {"tool_name": "Glob"}))
    told = (await post(daemon, "claude", "start", {"hook_event_name": "SessionStart"}))["hookSpecificOutput"]
    assert told["hookEventName"] == "SessionStart"
    assert "| you: a" in told["additionalContext"]
    assert "read me" in told["additionalContext"]


async def test_a_room_that_does_not_answer_in_time_denies_and_ends_what_it_had_begun(
    served: tuple[Daemon, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "WITHIN_S", 0.05)
    _, room = served
    daemon = Daemon({room.name: room.served})
    monkeypatch.setattr(endpoint.Hooks.__init__, "__defaults__", (0.05,))
    await daemon.start()
    room.files.gate = asyncio.Event()
    event = {"tool_name": "Edit", "tool_input": {"file_path": "/m/x.py"}}
    told = await post(daemon, "claude", "before", event)
    assert told["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert "busy" in told["hookSpecificOutput"]["permissionDecisionReason"]
    room.files.gate.set()
    await daemon.stop()
    assert room.files.began == room.files.ended
    assert len(room.files.began) == 1


async def test_a_call_that_failed_has_ended_and_takes_no_news_away(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    event = {"tool_name": "edit", "tool_input": {"filePath": "/m/x.py"}}
    assert await post(daemon, "opencode", "before", event) == {}
    await say(room, "the news")
    assert await post(daemon, "opencode", "failed", event) == {}
    async with asyncio.timeout(10):
        while not room.files.ended:
            await asyncio.sleep(0.005)
    assert room.files.ended == room.files.began
    told = await post(daemon, "opencode", "after", {"tool_name": "glob", "tool_input": {}})
    assert "the news" in told["hookSpecificOutput"]["additionalContext"]


async def test_what_is_no_hook_is_turned_away(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    before = room.host.state
    async with daemon.http("a") as http:
        kind = {"Content-Type": "application/json"}
        assert (await http.post("/hooks/vim/before", json={})).status_code == 404
        assert (await http.post("/hooks/claude/never", json={})).status_code == 404
        for body in (b"[]", b"{", b'"x"', b"\xff"):
            told = await http.post("/hooks/claude/before", content=body, headers=kind)
            assert told.status_code == 400
            assert set(told.json()) == {"what", "why", "next"}
        assert (await http.get("/hooks/claude/before")).status_code == 405
    for event in ({}, {"tool_name": 7}, {"tool_name": "Edit", "tool_input": []}, {"tool_name": ""}):
        assert _decided(await post(daemon, "claude", "before", event))[0] == "deny"
    assert room.host.state == before


async def test_the_rooms_own_tools_are_not_asked_about_and_take_no_news_away(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    await say(room, "kept")
    for client, name in (
        ("claude", "mcp__coroom__sync"),
        ("claude", "mcp__plugin_coroom_coroom__claim"),
        ("codex", "mcp__coroom__say"),
        ("gemini", "mcp_coroom_task"),
        ("opencode", "coroom_land"),
    ):
        assert is_ours(name)
        assert await post(daemon, client, "before", {"tool_name": name, "tool_input": {"path": "/m/x.py"}}) == {}
        assert await post(daemon, client, "after", {"tool_name": name, "tool_input": {}}) == {}
    assert room.files.began == room.files.ended == []
    assert not is_ours("mcp__other__claim")
    assert not is_ours("mycoroom_claims")


@pytest.mark.promise("door:authentic")
async def test_a_hook_speaks_for_the_agent_of_its_token_whatever_its_json_says(served: tuple[Daemon, Room]) -> None:
    daemon, room = served
    event = {"agent": "b", "agent_id": "b", "tool_name": "Read", "tool_input": {"file_path": "/m/x.py", "agent": "b"}}
    await post(daemon, "claude", "before", event, agent="a")
    assert [agent for agent, _ in room.files.began] == ["a"]
    async with daemon.http() as http:
        assert (await http.post("/hooks/claude/before", json=event)).status_code == 401


USES: list[tuple[str, dict[str, Any], ToolUse]] = [
    (
        "claude",
        {"tool_name": "Bash", "cwd": "/m", "tool_input": {"command": "cat a.py | head"}},
        ToolUse(touch=Touch.SHELL, tool="Bash", paths=("a.py",), command="cat a.py | head", cwd="/m"),
    ),
    (
        "codex",
        {
            "tool_name": "shell",
            "cwd": "/m",
            "tool_input": {"command": ["bash", "-lc", "sed -n 1,9p b.py"], "workdir": "/w"},
        },
        ToolUse(touch=Touch.SHELL, tool="shell", paths=("b.py",), command="sed -n 1,9p b.py", cwd="/w"),
    ),
    (
        "codex",
        {"tool_name": "apply_patch", "tool_input": {"command": "*** Begin Patch\n*** Delete File: x\n*** End Patch"}},
        ToolUse(touch=Touch.DELETE, tool="apply_patch", paths=("x",)),
    ),
    (
        "gemini",
        {"tool_name": "read_many_files", "tool_input": {"paths": ["a", "b"]}},
        ToolUse(touch=Touch.READ, tool="read_many_files", paths=("a", "b")),
    ),
    (
        "gemini",
        {"tool_name": "run_shell_command", "tool_input": {"command": "ls", "dir_path": "sub"}},
        ToolUse(touch=Touch.SHELL, tool="run_shell_command", command="ls", cwd="sub"),
    ),
    (
        "cursor",
        {"tool_name": "Delete", "tool_input": {"path": "x"}},
        ToolUse(touch=Touch.DELETE, tool="Delete", paths=("x",)),
    ),
    ("opencode", {"tool_name": "webfetch", "tool_input": {}}, ToolUse(touch=Touch.OTHER, tool="webfetch")),
]


@pytest.mark.parametrize(("client", "event", "use"), USES)
def test_what_a_tool_does_is_read_from_the_clients_own_json(client: str, event: dict[str, Any], use: ToolUse) -> None:
    assert tool_use(CLIENTS[client], event) == use


def test_the_paths_of_a_patch_are_read_from_its_text() -> None:
    assert patched(PATCH) == (Touch.EDIT, ("src/a.py", "src/new file.py", "old.py", "b.py", "c.py"))
    assert patched("*** Add File: x") is None
    assert patched("*** Begin Patch\n*** Add File: x\r\n*** End Patch") == (Touch.WRITE, ("x",))


@pytest.mark.parametrize(
    ("command", "reads", "writes"),
    [
        ("cat a.py b.py | head -n 20", ("a.py", "b.py"), ()),
        ("sed -n '1,20p' src/x.py", ("src/x.py",), ()),
        ("grep -rn foo src tests", ("src", "tests"), ()),
        ("grep -e foo src", ("src",), ()),
        ("cd x && cat y.py > z.py 2>/dev/null; tail -5 q", ("y.py", "q"), ("z.py",)),
        ("wc -l < in.txt", ("in.txt",), ()),
        ("cat <<'EOF' > f\nhello\nEOF", (), ("f",)),
        ("sudo /bin/cat 'a b.txt'", ("a b.txt",), ()),
        ("echo late >> log.txt", (), ("log.txt",)),
        ("sed -i 's/a/b/' x.py y.py", ("x.py", "y.py"), ("x.py", "y.py")),
        ("perl -pi -e 's/a/b/' x.py", (), ("x.py",)),
        ("rm -rf build; mv a.py b.py", (), ("build", "a.py", "b.py")),
        ("cp a.py b.py", (), ("b.py",)),
        ("make test 2>&1 | tee out.log", (), ("out.log",)),
        ("git mv a.py b.py", (), ("a.py", "b.py")),
        ("cat 'unclosed > x", (), ()),
        ("echo cat x", (), ()),
        ("", (), ()),
        (";;; | &", (), ()),
    ],
)
def test_what_a_shell_command_reads_and_writes_is_guessed(
    command: str, reads: tuple[str, ...], writes: tuple[str, ...]
) -> None:
    assert shell_paths(command) == ShellPaths(reads, writes)


def test_every_client_of_a_hook_program_is_known() -> None:
    assert set(CLIENTS) == {"claude", "codex", "gemini", "opencode", "cursor", "plain"}
