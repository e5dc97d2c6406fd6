"""A room as a program of our own reaches it: the same MCP tools and hooks over HTTP that every client uses."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx2

from coroom.core.errors import cause_of
from coroom.core.quick import dataclass
from coroom.host.door.receipt import CURSOR_HEADER
from coroom.processes.uncollected import uncollected

if TYPE_CHECKING:
    from mcp import Client

CALL_WITHIN_S = 300.0
"""A sync waits up to 240 s, and a landing runs a test suite."""

_LABEL = re.compile(r"^\[begin [0-9a-f]{12} (?P<facts>.*)\]$", re.MULTILINE)
_FACT = re.compile(r'(?P<name>\w+)=(?P<value>"(?:[^"\\]|\\.)*"|\S+)')


@dataclass(frozen=True, slots=True)
class News:
    """One notice as a reply labels it: kind, sender, and what it is about and on."""

    kind: str
    sender: str
    about: str
    on: str

    def concerns(self, path: str) -> bool:
        """Whether it is about that file."""
        return self.about == path or f":{path}" in self.on


@dataclass(frozen=True, slots=True)
class Told:
    """What came back: `text` as a model reads it, `data` for programs, whether it was refused and with which `code`,
    and the news on it.
    """

    text: str
    data: Mapping[str, Any]
    refused: bool
    code: str = ""

    @property
    def news(self) -> tuple[News, ...]:
        """The notices that rode on the reply."""
        return news_in(self.text)


def news_in(text: str) -> tuple[News, ...]:
    """The notices of a reply, read off the labels that only the room can write."""
    found = []
    for label in _LABEL.finditer(text):
        facts = {m["name"]: m["value"].strip('"') for m in _FACT.finditer(label["facts"])}
        if "id" in facts:
            found.append(
                News(facts.get("kind", ""), facts.get("from", ""), facts.get("about", ""), facts.get("on", ""))
            )
    return tuple(found)


def room_failures() -> tuple[type[Exception], ...]:
    """What opening a room's client and calling it may raise, alone or in groups."""
    from mcp.shared.exceptions import MCPError  # noqa: PLC0415 - slow to import

    return httpx2.HTTPError, MCPError, OSError


def room_went_away(failed: Exception) -> bool:
    """Whether what failed is the connection, and not what was asked: asked again it may succeed."""
    from mcp.shared.exceptions import MCPError  # noqa: PLC0415 - slow to import
    from mcp_types import CONNECTION_CLOSED  # noqa: PLC0415 - slow to import

    closed = isinstance(failed, MCPError) and failed.code == CONNECTION_CLOSED
    return closed or isinstance(failed, httpx2.TransportError | OSError)


def certificates_for(url: str) -> ssl.SSLContext | bool:
    """What an HTTP client of that address takes for `verify`: the machine's authorities; where no certificate will be
    met, none, since to read them all takes a client 60 ms of processor time.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http://") else True


class RoomClient:
    """One agent's connection. Use it in `async with`; tasks of that loop may call at the same time. When the room goes
    away, calls under way fail; those after them find it again.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx2.AsyncClient(headers=headers, timeout=CALL_WITHIN_S, verify=certificates_for(url))
        self._cursor = 0
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._connection: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        try:
            await self._connected()
        except BaseException:
            await self._http.__aexit__()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leaving.set()
        try:
            if self._connection:
                await asyncio.wait([self._connection])
        finally:
            await self._http.__aexit__(kind, error, traceback)

    async def _connected(self) -> "Client":
        """The connection; a new one when a room that went away has broken the last."""
        async with self._connecting:
            if self._client is None:
                opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
                connection = self._connection = asyncio.create_task(self._hold(opened))
                try:
                    self._client = await opened
                except BaseException:
                    # Nobody would close what opens after its caller was cancelled.
                    connection.cancel()
                    await asyncio.wait([connection])
                    raise
                connection.add_done_callback(self._broke)
            return self._client

    async def _hold(self, opened: "asyncio.Future[Client]") -> None:
        """Keep one connection: what the library opens, the same task has to close."""
        # Half a second of processor time, for programs that may never come to a room; built at once, its models cost
        # as much again.
        from coroom.processes.postponed import built_when_used, postpone  # noqa: PLC0415

        postpone("mcp")
        with uncollected(), built_when_used():
            from mcp.client import Client  # noqa: PLC0415
            from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415

        transport = streamable_http_client(f"{self._url}/mcp", http_client=self._http)
        try:
            async with Client(transport, read_timeout_seconds=CALL_WITHIN_S) as client:
                opened.set_result(client)
                await self._leaving.wait()
        except Exception as failed:  # noqa: BLE001  whoever waits is told; later, those whose calls were under way are
            if not opened.done():
                opened.set_exception(cause_of(failed))

    def _broke(self, connection: "asyncio.Task[None]") -> None:
        if connection is self._connection:
            self._client = None

    async def tools(self) -> list[Mapping[str, Any]]:
        """The room's tools with their schemas, as a model is given them."""
        listed = await (await self._connected()).list_tools()
        return [{"name": t.name, "description": t.description, "schema": t.input_schema} for t in listed.tools]

    @property
    def instructions(self) -> str:
        """How to work in this room, for the head of a prompt."""
        return (self._client and self._client.instructions) or ""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Told:
        """Call one of the room's tools. A sync says how far this client has come, unless the arguments do."""
        given = {"cursor": self._cursor, **arguments} if tool == "sync" and self._cursor else dict(arguments)
        result = await (await self._connected()).call_tool(tool, given)
        text = "\n".join(part.text for part in result.content if part.type == "text")
        whole = result.structured_content
        facts = whole if isinstance(whole, dict) else {}
        data = facts.get("data")
        if isinstance(data, dict) and isinstance(data.get("cursor"), int):
            self._cursor = data["cursor"]
            self._http.headers[CURSOR_HEADER] = str(self._cursor)
        code = str(facts.get("refused") or "")
        return Told(text, data if isinstance(data, dict) else {}, bool(result.is_error), code)

    async def before(self, touch: str, arguments: Mapping[str, Any], cwd: str) -> str | None:
        """Ask the room before a tool of the agent's own runs. Returns why it must not, or None."""
        answer = await self._hook("before", {"tool_name": touch, "tool_input": dict(arguments), "cwd": cwd})
        return None if answer.get("allow") is True else str(answer.get("why") or "The room did not allow it.")

    async def after(self, touch: str, arguments: Mapping[str, Any], cwd: str) -> str:
        """Tell the room that the tool has run. Returns the news for the model, empty when there is none."""
        answer = await self._hook("after", {"tool_name": touch, "tool_input": dict(arguments), "cwd": cwd})
        return str(answer.get("news") or "")

    async def stopping(self) -> str:
        """Ask the room before the session ends. Returns what is still unread, empty when nothing is."""
        return str((await self._hook("stop", {})).get("news") or "")

    async def hook(self, client: str, moment: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the hook of a client answers, in that client's words. Raises httpx2.HTTPStatusError when turned away."""
        response = await self._http.post(f"{self._url}/hooks/{client}/{moment}", json=event)
        answer = response.raise_for_status().json()
        return answer if isinstance(answer, dict) else {}

    async def asks(self, act: str, said: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """What the room says to a process that brings functions; the status says whether it took it."""
        response = await self._http.post(f"{self._url}/tools/{act}", json=said)
        answer = response.json()
        return response.status_code, answer if isinstance(answer, dict) else {}

    async def _hook(self, moment: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        response = await self._http.post(f"{self._url}/hooks/plain/{moment}", json=event)
        answer = response.json()
        if response.status_code != httpx2.codes.OK:
            return {"allow": False, "why": f"{answer.get('why', '')} {answer.get('next', '')}".strip()}
        return answer if isinstance(answer, dict) else {}
