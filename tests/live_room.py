"""Real rooms with tools on live state, served on loopback, and agents that speak MCP to them."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from tests.doorway import data_of, text_of
from tests.git.repositories import new_repository

from coroom.agents.room_client import certificates_for
from coroom.core.agent import Role
from coroom.core.codec import Json
from coroom.core.errors import Refused
from coroom.git.repository import Repository, inspect
from coroom.host.door.answer import Answer
from coroom.host.rooms import Room, RoomPlan
from coroom.host.seat import Seat
from coroom.run.daemon.app import address, build_app, loopback_socket, serve
from coroom.run.daemon.guard import ServedRoom
from coroom.tools.smith import Proposer


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


async def opened(directory: Path, tools: Path, toolsmith: Proposer | None = None) -> Room | Refused:
    repository = directory / "repository"
    found = inspect(repository if repository.exists() else new_repository(repository, {"f.txt": b"one\n"}))
    assert isinstance(found, Repository)
    return await Room.open(
        found, RoomPlan(policy="preorder", mirrors=directory / "mirrors", tools=tools, toolsmith=toolsmith)
    )


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
async def seated(room: Room, url: str, name: str, role: Role = Role.IMPLEMENTER) -> AsyncIterator[Agent]:
    seat = await room.admit(name, role)
    assert isinstance(seat, Seat)
    headers = {"Authorization": f"Bearer {seat.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30, verify=certificates_for(url)) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        yield Agent(client)


async def asks(room: Room, agent: str, tool: str, **arguments: object) -> Answer:
    """One call of a tool, and what its agent reads."""
    given: dict[str, Json] = {"tool": tool, "arguments": json.dumps(arguments)}
    return await room.door.handed(agent, await room.door.call(agent, "call", given, ""))
