"""A real host over a memory log, behind the real daemon on loopback, with files kept in a dictionary."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from coroom.agents.room_client import certificates_for
from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.errors import Code, Refused
from coroom.core.file import FileKind
from coroom.core.limits import Limits
from coroom.core.resource import file
from coroom.core.room import fingerprint_of_edit
from coroom.host.clock import SystemClock
from coroom.host.door.answer import Answer, ToolUse, Touch
from coroom.host.door.door import Door
from coroom.host.host import Host
from coroom.log.memory import MemoryLog
from coroom.run.daemon.app import address, build_app, loopback_socket, serve
from coroom.run.daemon.guard import ServedRoom

OPERATOR_TOKEN = "token-of-the-operator"
LEGACY, MODERN = "legacy", "auto"


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class FilesInMemory:
    """The door's workspace over a dictionary: no disk, no merge; a claim of another is respected."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.texts: dict[str, str] = {}
        self.began: list[tuple[str, ToolUse]] = []
        self.ended: list[tuple[str, ToolUse]] = []
        self.deny: dict[str, Refused] = {}
        self.gate: asyncio.Event | None = None

    async def settle(self, agent: str) -> None:
        return

    async def idle(self, agent: str) -> None:
        return

    async def join(self, agent: str) -> list[str]:
        return []

    async def before(self, agent: str, use: ToolUse) -> Refused | None:
        if self.gate:
            await self.gate.wait()
        changed = use.writes if use.touch is Touch.SHELL else () if use.touch is Touch.READ else use.paths
        for path in changed:
            if path in self.deny:
                return self.deny[path]
        self.began.append((agent, use))
        return None

    async def after(self, agent: str, use: ToolUse) -> None:
        self.ended.append((agent, use))

    async def read(self, agent: str, path: str) -> str | Refused:
        if path not in self.texts:
            return Refused(Code.NOT_FOUND, f"There is no file {path}.", "Check the path.")
        head = self.host.state.head(path)
        await self.host.submit(agent, c.NoteReads(((path, head.version if head else 0),)))
        return self.texts[path]

    async def edit(
        self, agent: str, path: str, old: str, new: str, operation: str = ""
    ) -> c.Accepted | c.Held | Refused:
        if self.gate:
            await self.gate.wait()
        text = self.texts.get(path, "")
        if text.count(old) != 1 and (old or text):
            return Refused(Code.STALE, f"old occurs {text.count(old)} times in {path}.", "Read the file again.")
        text = text.replace(old, new) if old else new
        data = text.encode()
        blob = hashlib.sha256(data).hexdigest()
        head = self.host.state.head(path)
        accept = c.AcceptEdit(
            path=path,
            kind=FileKind.TEXT,
            blob=blob,
            written=blob,
            expected=head.version if head else 0,
            touched=(file(path),),
            size=len(data),
            asked=fingerprint_of_edit(path, old, new),
        )
        reply = await self.host.submit(agent, accept, operation, {blob: data})
        if isinstance(reply, c.Accepted):
            self.texts[path] = text
        assert isinstance(reply, c.Accepted | Refused)
        return reply

    async def choose(self, agent: str, held: str, choice: str) -> c.Good | Refused:
        return await self.host.submit(agent, c.DropHeld(held))

    async def restore(self, by: str, path: str, name: str) -> Refused:
        return Refused(Code.NOT_FOUND, f"{path} has no version {name} for {by}.", "See its history.")


class Lands:
    """Landing that only counts, beating once."""

    def __init__(self) -> None:
        self.by: list[str] = []

    async def land(self, agent: str, heartbeat: Callable[[str], Awaitable[None]]) -> Answer:
        await heartbeat("testing")
        self.by.append(agent)
        return Answer(text="Landed.", data={"landed": True})


@dataclass
class Room:
    """One open room with its parts within reach."""

    host: Host
    files: FilesInMemory
    lands: Lands
    door: Door
    name: str

    @property
    def served(self) -> ServedRoom:
        return ServedRoom(name=self.name, door=self.door, operator_hash=hashed(OPERATOR_TOKEN))

    async def join(self, *agents: str) -> None:
        for agent in agents:
            reply = await self.host.submit(HOST, c.Join(agent=agent, secret_hash=hashed(token(agent))))
            assert isinstance(reply, c.Joined), reply


def token(agent: str) -> str:
    return f"token-of-{agent}"


async def open_room(
    log: MemoryLog, *agents: str, name: str = "demo", policy: str = "open", limits: Limits | None = None
) -> Room:
    host = await Host.open(log, SystemClock())
    opening = c.OpenRoom(room=name, policy=policy, limits=limits or Limits())
    assert not isinstance(await host.submit(OPERATOR, opening), Refused)
    files, lands = FilesInMemory(host), Lands()
    room = Room(host, files, lands, Door(host, files, lands), name)
    await room.join(*agents)
    return room


@dataclass
class Daemon:
    """The daemon on a port of loopback; it can be stopped and started again at the same port."""

    rooms: dict[str, ServedRoom]
    port: int = 0
    url: str = ""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        listening = loopback_socket(self.port)
        self.url, self.port = address(listening), listening.getsockname()[1]
        self._stop, ready = asyncio.Event(), asyncio.Event()
        self._serving = asyncio.create_task(serve(build_app(self.rooms), listening, self._stop, ready.set))
        await ready.wait()

    async def stop(self) -> None:
        assert self._serving
        self._stop.set()
        await self._serving

    @asynccontextmanager
    async def client(self, agent: str, era: str = MODERN, path: str = "/mcp") -> AsyncIterator[Client]:
        """The SDK's own client, as this agent."""
        headers = {"Authorization": f"Bearer {token(agent)}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30, verify=certificates_for(self.url)) as http,
            Client(streamable_http_client(self.url + path, http_client=http), mode=era) as client,
        ):
            yield client

    def http(self, agent: str = "", **headers: str) -> httpx2.AsyncClient:
        if agent:
            headers["Authorization"] = f"Bearer {token(agent)}"
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30, verify=certificates_for(self.url))


@asynccontextmanager
async def running(
    *agents: str, log: MemoryLog | None = None, limits: Limits | None = None
) -> AsyncIterator[tuple[Daemon, Room]]:
    room = await open_room(log or MemoryLog(), *agents, limits=limits)
    daemon = Daemon({room.name: room.served})
    await daemon.start()
    try:
        yield daemon, room
    finally:
        await daemon.stop()
        await room.host.close()


def text_of(result: CallToolResult) -> str:
    return "\n".join(getattr(block, "text", "") for block in result.content)


def data_of(result: CallToolResult) -> dict[str, Any]:
    assert isinstance(result.structured_content, dict)
    return result.structured_content


_ids = itertools.count(1)


def rpc(tool: str, arguments: object, *, progress: str = "") -> dict[str, Any]:
    """A call in the older era, as bytes on the wire have it."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    if progress:
        params["_meta"] = {"progressToken": progress}
    return {"jsonrpc": "2.0", "id": next(_ids), "method": "tools/call", "params": params}


RPC_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
}
