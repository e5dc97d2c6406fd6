"""Tools on live state in a running room: a file names them, agents call them over MCP in order."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from tests.doorway import data_of, text_of
from tests.git.repositories import new_repository

from coroom.core.errors import Refused
from coroom.git.repository import Repository, inspect
from coroom.host.rooms import Room, RoomPlan, Seat
from coroom.host.tools_file import read_tools_file
from coroom.run.daemon import address, build_app, loopback_socket, serve
from coroom.run.guard import ServedRoom
from coroom.tools.registry import BadTool


def a_shop(directory: Path) -> Path:
    with sqlite3.connect(directory / "shop.db") as made:
        made.execute("CREATE TABLE stock (item TEXT PRIMARY KEY, left INTEGER)")
        made.execute("INSERT INTO stock VALUES ('tea', 5), ('order', 0)")
    path = directory / "tools.yaml"
    path.write_text("sqlite: {shop: shop.db}\n")
    return path


def left(directory: Path) -> dict[str, int]:
    with sqlite3.connect(directory / "shop.db") as read:
        return dict(read.execute("SELECT item, left FROM stock"))


async def opened(directory: Path, tools: Path, policy: str = "preorder") -> Room | Refused:
    repository = directory / "repository"
    found = inspect(repository if repository.exists() else new_repository(repository, {"f.txt": b"one\n"}))
    assert isinstance(found, Repository)
    return await Room.open(found, RoomPlan(policy=policy, mirrors=directory / "mirrors", tools=tools))


@asynccontextmanager
async def served(room: Room) -> AsyncIterator[str]:
    listening, stop, ready = loopback_socket(), asyncio.Event(), asyncio.Event()
    url = address(listening)
    app = build_app({room.name: ServedRoom(name=room.name, door=room.door, operator_hash=room.operator_hash)})
    serving = asyncio.create_task(serve(app, listening, stop, ready.set))
    await ready.wait()
    try:
        yield url
    finally:
        stop.set()
        await serving


class Agent:
    """An agent that speaks MCP as any client does."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def does(self, name: str, /, **arguments: object) -> tuple[dict[str, Any], str]:
        result = await self._client.call_tool(name, arguments)
        return data_of(result).get("data", {}), text_of(result)

    async def calls(self, tool: str, about: str = "", /, **arguments: object) -> tuple[dict[str, Any], str]:
        return await self.does("call", do="call", tool=tool, arguments=json.dumps(arguments), about=about)


@asynccontextmanager
async def seated(room: Room, url: str, name: str) -> AsyncIterator[Agent]:
    seat = await room.admit(name)
    assert isinstance(seat, Seat)
    headers = {"Authorization": f"Bearer {seat.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        yield Agent(client)


@pytest.mark.promise("run:no-upward-leak")
async def test_two_agents_over_mcp_end_as_one_after_the_other_though_the_first_writes_late(tmp_path: Path) -> None:
    room = await opened(tmp_path, a_shop(tmp_path))
    assert isinstance(room, Room)
    async with served(room) as url, seated(room, url, "ada") as ada, seated(room, url, "bob") as bob:
        listed, _ = await ada.does("call", do="list")
        assert any(one.startswith("shop_update") for one in listed["tools"])
        seen, _ = await bob.calls("shop_select", table="stock", where={"item": "tea"})
        assert json.loads(seen["result"]) == [{"item": "tea", "left": 5}]
        ordered, _ = await bob.calls("shop_update", table="stock", where={"item": "order"}, set={"left": 5})
        await ada.calls("shop_update", table="stock", where={"item": "tea"}, set={"left": 2})
        _, told = await bob.does("call", do="list")
        assert f"read by your call {seen['call']}" in told
        (notice,) = room.host.state.order.notices
        await bob.calls("shop_update", ordered["call"], table="stock", where={"item": "order"}, set={"left": 2})
        await bob.does("answer", about=notice, choice="repaired")
        await ada.does("call", do="done")
        await bob.does("call", do="done")
    assert not room.host.state.order.notices
    assert not room.host.state.order.calls
    assert left(tmp_path) == {"tea": 2, "order": 2}
    await room.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no tools"),
        ("sqlite: {shop: nowhere.db}", "nowhere.db is no database"),
        ("sqlite: [shop.db]", "sqlite: "),
        ("mysql: {shop: shop.db}", "mysql: "),
        ("files: nowhere", "nowhere is no directory"),
        ("functions: [nowhere.py]", "nowhere.py is no Python file"),
        ("functions: [empty.py]", "declares no tool"),
        ("functions: [broken.py]", "broken.py"),
        ("mcp: [nowhere.yaml]", "nowhere.yaml"),
        ("{", "cannot be read"),
    ],
)
async def test_a_file_of_tools_that_cannot_be_opened_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = a_shop(tmp_path)
    path.write_text(text)
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "broken.py").write_text("raise ValueError('broken.py is broken')")
    refused = await opened(tmp_path, path)
    assert isinstance(refused, Refused)
    assert said in refused.why


def test_a_file_of_tools_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadTool, match="cannot be read"):
        read_tools_file(tmp_path / "tools.yaml")


FUNCTIONS = '''
from dataclasses import dataclass
from pathlib import Path
from coroom.tools.registry import tool

HERE = Path(__file__).parent / "shared"


@dataclass
class Before:
    text: str


@tool(writes="file:{name}", effect="blind", tried=True)
def note(name: str, text: str) -> str:
    """Write a note, and when asked to lie, another one too."""
    (HERE / name).write_text(text)
    if text == "lie":
        (HERE / "other").write_text(text)
    return text


@note.prepare
def before(name: str) -> Before:
    return Before((HERE / name).read_text() if (HERE / name).exists() else "")


@note.undo
def undo(name: str, before: Before) -> None:
    (HERE / name).write_text(before.text)
'''


def notes(directory: Path) -> Path:
    (directory / "shared").mkdir()
    (directory / "shared" / "other").write_text("honest")
    (directory / "notes.py").write_text(FUNCTIONS)
    path = directory / "tools.yaml"
    path.write_text("files: shared\nfunctions: [notes.py]\n")
    return path


async def test_functions_of_a_python_file_are_called_beside_the_tools_for_its_files(tmp_path: Path) -> None:
    room = await opened(tmp_path, notes(tmp_path))
    assert isinstance(room, Room)
    await room.admit("ada")
    calls = room.door.calls
    assert calls
    await calls.call("ada", "note", '{"name":"plan","text":"milk"}')
    answer = await room.door.call("ada", "call", {"tool": "file_read", "arguments": '{"path":"plan"}'}, "")
    assert "milk" in str(answer.data["result"])
    await room.close()
