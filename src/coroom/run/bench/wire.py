"""An MCP client with next to no work of its own, so that sixteen of them in one process do not slow down the daemon
they measure: HTTP/1.1 over one connection that is kept, JSON-RPC, one call at a time.

It sends what clients in the field send, byte by byte: the newer era as the SDK's client does, the older one as
the clients that speak 2025-06-18 do.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self
from urllib.parse import urlsplit

from coroom.core.errors import Fault


class Era(Enum):
    """The protocol version a client speaks, and so the way it is answered."""

    MODERN = "2026-07-28"
    OLDER = "2025-06-18"


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer of a tool. `refused`: the room said no, which is an answer, not an error."""

    refused: bool
    data: Mapping[str, Any]


class WireError(Fault):
    """A call that was not answered with a tool's result."""


class WireClient:
    """One agent's connection; use it in `async with`, from one task at a time."""

    def __init__(self, url: str, token: str, era: Era = Era.MODERN) -> None:
        self._place = urlsplit(url)
        self._token = token
        self._era = era
        self._calls = 0

    async def __aenter__(self) -> Self:
        host, port = self._place.hostname, self._place.port
        self._reader, self._writer = await asyncio.open_connection(host, port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Heard:
        """Call one of the room's tools.

        Raises:
            WireError: the daemon answered with something else than the tool's result.
            OSError: the connection broke.
        """
        self._calls += 1
        self._writer.write(self._request(tool, arguments))
        status, body = await self._response()
        if status != 200:
            raise WireError(f"HTTP {status}: {body[:300].decode(errors='replace')}")
        message = json.loads(body)
        result = message.get("result")
        if message.get("id") != self._calls or not isinstance(result, dict):
            raise WireError(f"no result: {body[:300].decode(errors='replace')}")
        return Heard(bool(result.get("isError")), result.get("structuredContent") or {})

    def _request(self, tool: str, arguments: Mapping[str, Any]) -> bytes:
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        named = ""
        if self._era is Era.MODERN:
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": self._era.value,
                "io.modelcontextprotocol/clientInfo": {"name": "coroom-bench", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            }
            named = f"Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\n"
        asked = {"jsonrpc": "2.0", "id": self._calls, "method": "tools/call", "params": params}
        body = json.dumps(asked).encode()
        head = (
            f"POST {self._place.path}/mcp HTTP/1.1\r\nHost: {self._place.netloc}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {self._era.value}\r\n"
            f"{named}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _response(self) -> tuple[int, bytes]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        if "content-length" in headers:
            return status, await self._reader.readexactly(int(headers["content-length"]))
        pieces = []
        while size := int(await self._reader.readline(), 16):
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return status, last_event(b"".join(pieces))


def last_event(stream: bytes) -> bytes:
    """The data of the last event of an SSE stream that has any: the answer, after all that was said on the way."""
    data = [line[5:].strip() for line in stream.splitlines() if line.startswith(b"data:")]
    return next((one for one in reversed(data) if one), b"{}")
