"""The OpenCode plugin by itself, in Node."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from coroom.agents.opencode import plugin_url
from coroom.testing import PretendRoom

# The first test may have to wait until the clients are installed.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

_PLAY = """
const { Coroom } = await import(process.argv[1])
const [moment, input, output] = JSON.parse(process.argv[2])
const hooks = await Coroom({ directory: "/work" })
let thrown = null
try { await hooks[moment]?.(input, output) } catch (fault) { thrown = fault.message }
console.log(JSON.stringify({ hooks: Object.keys(hooks), thrown, output }))
"""
EDIT = {"tool": "edit", "sessionID": "s", "callID": "c", "args": {"filePath": "a.py"}}


@pytest.fixture
def room() -> Iterator[PretendRoom]:
    with PretendRoom("t") as pretended:
        yield pretended


def play(path: str, url: str, moment: str, given: Any, output: Any, *, token: str = "t") -> dict[str, Any]:
    argv = [
        "/usr/bin/env",
        "node",
        "--input-type=module",
        "-e",
        _PLAY,
        plugin_url(),
        json.dumps([moment, given, output]),
    ]
    env = {"PATH": path, "COROOM_URL": url, "COROOM_TOKEN": token}
    told = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    played: dict[str, Any] = json.loads(told.stdout)
    return played


def test_a_refusal_is_thrown_with_its_reason(clients_path: str, room: PretendRoom) -> None:
    room.deny("a.py", "held by b")
    played = play(clients_path, room.url, "tool.execute.before", EDIT, {"args": EDIT["args"]})
    assert played["thrown"] == "held by b"
    (asked,) = room.hooked()
    assert (asked.client, asked.moment, asked.token) == ("opencode", "before", "t")
    assert asked.body == {"session_id": "s", "cwd": "/work", "tool_name": "edit", "tool_input": {"filePath": "a.py"}}


@pytest.mark.parametrize("tool", ["edit", "write", "patch", "bash", "read", "some_new_tool"])
def test_a_silent_room_stops_every_tool_that_may_change_or_read_a_file(clients_path: str, tool: str) -> None:
    played = play(clients_path, "http://127.0.0.1:9", "tool.execute.before", EDIT | {"tool": tool}, {"args": {}})
    assert "could not be asked" in played["thrown"]


def test_a_wrong_token_stops_a_tool(clients_path: str, room: PretendRoom) -> None:
    played = play(clients_path, room.url, "tool.execute.before", EDIT, {"args": {}}, token="wrong")
    assert "it answered 401" in played["thrown"]


@pytest.mark.parametrize("tool", ["glob", "todowrite", "coroom_claim"])
def test_a_tool_without_effect_on_files_is_not_asked_about(clients_path: str, tool: str) -> None:
    played = play(clients_path, "http://127.0.0.1:9", "tool.execute.before", EDIT | {"tool": tool}, {"args": {}})
    assert played["thrown"] is None


@pytest.mark.parametrize(
    ("output", "after"),
    [
        ({"output": "done"}, {"output": "done\n\nb changed it"}),
        ({"content": [{"type": "text", "text": "done"}]}, {"content": [{"type": "text", "text": "done"}]}),
    ],
)
def test_news_is_appended_to_what_the_tool_said(
    clients_path: str, room: PretendRoom, output: dict[str, Any], after: dict[str, Any]
) -> None:
    room.tell("b changed it")
    played = play(clients_path, room.url, "tool.execute.after", EDIT, output)
    if "content" in after:
        after["content"].append({"type": "text", "text": "b changed it"})
    assert played["output"] == after


def test_a_silent_room_adds_nothing_and_breaks_nothing_after_a_tool(clients_path: str) -> None:
    played = play(clients_path, "http://127.0.0.1:9", "tool.execute.after", EDIT, {"output": "done"})
    assert (played["thrown"], played["output"]) == (None, {"output": "done"})


def test_the_opening_is_in_the_system_prompt(clients_path: str, room: PretendRoom) -> None:
    room.greet("You are a.")
    given = {"sessionID": "s"}
    played = play(clients_path, room.url, "experimental.chat.system.transform", given, {"system": ["x"]})
    assert played["output"] == {"system": ["x", "You are a."]}


def test_without_a_token_the_plugin_does_nothing(clients_path: str, room: PretendRoom) -> None:
    assert play(clients_path, room.url, "tool.execute.before", EDIT, {}, token="")["hooks"] == []
