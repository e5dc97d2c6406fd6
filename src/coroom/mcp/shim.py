"""MCP over standard input and output for clients that speak nothing else: each line goes to the daemon by HTTP.

Run as `python -m coroom.mcp.shim [--url URL]` or as a file, with the agent's token in COROOM_TOKEN; without `--url` the
address is COROOM_URL and `/mcp`. It stands alone on the standard library, since every agent starts one. It knows
nothing of the room's tools but which take an operation id: it gives one to calls without, so that a call may be sent
again, under the same JSON-RPC id, when the daemon was restarted in between.
"""

import argparse
import base64
import contextlib
import http.client
import itertools
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

RETRY_FOR_S = 30.0
"""A daemon is back within seconds; who waits longer wants to know."""

SILENCE_S = 60.0
"""The daemon sends a sign of life at least every 15 s while a call waits."""

CONNECT_S = 5.0
FINISH_S = 5.0
"""What calls under way get to end in after standard input was closed."""

_PAUSES_S = (0.05, 0.1, 0.2, 0.5, 1.0)
_OPERATED = frozenset({"claim", "release", "say", "task", "answer", "edit"})
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_NO_ANSWER = -32000

Message = dict[str, Any]


class Broken(Exception):
    """The daemon was not there, or went away before it had answered."""


class Turned(Exception):
    """The daemon will not take the message; saying it again would not help."""


class Daemon:
    """One address, and a connection for each call."""

    def __init__(self, url: str, token: str) -> None:
        self._url = urlsplit(url)
        self._token = token
        self.version = ""
        self.cursor = 0

    def send(self, message: Message, under_way: "UnderWay") -> Iterator[Message]:
        """Whatever the daemon says to the message, as it comes. Raises Broken or Turned."""
        connection = self._connection()
        try:
            connection.connect()
            connection.sock.settimeout(SILENCE_S)
            connection.request("POST", self._path(), json.dumps(message).encode(), self._headers(message))
            under_way.connected(connection.sock)
            response = connection.getresponse()
            if "text/event-stream" in response.headers.get("Content-Type", ""):
                yield from _events(response)
                return
            body = response.read()
        except (OSError, http.client.HTTPException) as fault:
            raise Broken(str(fault) or type(fault).__name__) from fault
        finally:
            under_way.connected(None)
            connection.close()
        yield from _told(response.status, body)

    def _connection(self) -> http.client.HTTPConnection:
        if self._url.scheme == "unix":
            return _Unix(self._url.path)
        return http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=CONNECT_S)

    def _path(self) -> str:
        return "/mcp" if self._url.scheme == "unix" else self._url.path or "/mcp"

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        modern = meta.get(_VERSION_KEY) if isinstance(meta, dict) else None
        version = modern or ("" if message.get("method") == "initialize" else self.version)
        if self.cursor:
            headers["X-Coroom-Cursor"] = str(self.cursor)
        if version:
            headers["MCP-Protocol-Version"] = str(version)
        if modern:
            headers["Mcp-Method"] = str(message.get("method"))
            name = params.get(_NAMED.get(headers["Mcp-Method"], ""))
            if isinstance(name, str):
                headers["Mcp-Name"] = _header(name)
        return headers


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._socket_path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_S)
        self.sock.connect(self._socket_path)


class UnderWay:
    """One call that waits for its answer, and may be given up by the client."""

    def __init__(self) -> None:
        self.given_up = False
        self._socket: socket.socket | None = None

    def connected(self, connection: socket.socket | None) -> None:
        """Remember where the answer will come from."""
        self._socket = connection

    def give_up(self) -> None:
        """End the wait; what the call has done stays done."""
        self.given_up = True
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class Shim:
    """Takes lines, hands each to the daemon in a thread of its own, and writes what comes back."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._writing = threading.Lock()
        self._under_way: dict[str, UnderWay] = {}
        self._threads: set[threading.Thread] = set()

    def take(self, line: bytes) -> None:
        """One line of standard input."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._say(_error(None, -32700, "The line is no JSON-RPC message. Send one JSON object a line."))
            return
        if message.get("method") == "notifications/cancelled":
            self._give_up(message)
        if message.get("method") == "initialize":
            # What follows is sent in the version that this answer names.
            self._carry(message)
            return
        thread = threading.Thread(target=self._carry, args=(message,), daemon=True)
        self._threads = {one for one in self._threads if one.is_alive()} | {thread}
        thread.start()

    def finish(self) -> None:
        """Let what is under way end, for a while."""
        until = time.monotonic() + FINISH_S
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _carry(self, message: Message) -> None:
        message_id, under_way = message.get("id"), UnderWay()
        self._under_way[repr(message_id)] = under_way
        try:
            self._insist(_repeatable(message), message_id, under_way)
        except Broken as fault:
            if message_id is not None and not under_way.given_up:
                why = f"The room did not answer for {RETRY_FOR_S:g} s ({fault})."
                self._say(_error(message_id, _NO_ANSWER, f"{why} Start it with coroom up, then call again."))
        except Turned as turned:
            if message_id is not None:
                self._say(_error(message_id, _NO_ANSWER, str(turned)))
        finally:
            self._under_way.pop(repr(message_id), None)

    def _insist(self, message: Message, message_id: object, under_way: UnderWay) -> None:
        until = time.monotonic() + RETRY_FOR_S
        for attempt in itertools.count():
            began = time.monotonic()
            try:
                if self._answered(message, message_id, under_way):
                    return
                raise Broken("it went away before it had answered")
            except Broken:
                lasted_s = time.monotonic() - began
                # A wait that was cut off late starts the patience anew.
                until = max(until, began + RETRY_FOR_S) if lasted_s > 1 else until
                if under_way.given_up or message_id is None or time.monotonic() > until:
                    raise
            time.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])

    def _answered(self, message: Message, message_id: object, under_way: UnderWay) -> bool:
        done = message_id is None
        for told in self._daemon.send(message, under_way):
            done = done or ("method" not in told and told.get("id") == message_id)
            if message.get("method") == "initialize" and "result" in told:
                self._daemon.version = str(told["result"].get("protocolVersion", ""))
            self._say(told)
            self._daemon.cursor = _cursor(told) or self._daemon.cursor
        return done

    def _give_up(self, message: Message) -> None:
        params = message.get("params")
        under_way = self._under_way.get(repr(params.get("requestId"))) if isinstance(params, dict) else None
        if under_way:
            under_way.give_up()

    def _say(self, message: Message) -> None:
        # A client that has gone reads no more answers; standard input will end as well.
        with self._writing, contextlib.suppress(OSError):
            sys.stdout.buffer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            sys.stdout.buffer.flush()


def _repeatable(message: Message) -> Message:
    """The message, with an operation id where the room's tools take one and the client has given none."""
    params = message.get("params")
    if message.get("method") != "tools/call" or not isinstance(params, dict) or params.get("name") not in _OPERATED:
        return message
    arguments = params.get("arguments") or {}
    if not isinstance(arguments, dict) or arguments.get("operation"):
        return message
    operation = f"shim-{os.urandom(8).hex()}"
    return message | {"params": params | {"arguments": arguments | {"operation": operation}}}


def _cursor(told: Message) -> int:
    """How far the room's news goes in this answer; the daemon hears with the next call that it arrived."""
    found: object = told
    for name in ("result", "structuredContent", "data", "cursor"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, int) else 0


def _events(response: http.client.HTTPResponse) -> Iterator[Message]:
    data: list[str] = []
    for raw in response:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            text, data = "\n".join(data), []
            try:
                told = json.loads(text)
            except ValueError as fault:
                raise Broken("its answer was cut off") from fault
            if isinstance(told, dict):
                yield told


def _told(status: int, body: bytes) -> Iterator[Message]:
    try:
        told = json.loads(body) if body else {}
    except ValueError:
        told = {}
    if isinstance(told, dict) and "jsonrpc" in told:
        yield told
    elif status in {429, 502, 503, 504}:
        raise Broken(f"it answered {status}")
    elif status >= 400:
        words = " ".join(str(told[name]) for name in ("why", "next") if name in told) if isinstance(told, dict) else ""
        raise Turned(words or f"The room answered {status}.")


def _header(value: str) -> str:
    if value.isascii() and value.isprintable() and value == value.strip() and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode('utf-8', 'replace')).decode('ascii')}?="


def _error(message_id: object, code: int, why: str) -> Message:
    return {"jsonrpc": "2.0", "id": message_id, "error": {"code": code, "message": why}}


def main(arguments: list[str] | None = None) -> int:
    """Serve until standard input ends. Exit status 2 when address or token are missing."""
    parser = argparse.ArgumentParser(prog="coroom-mcp", description="MCP over standard input, forwarded to a room.")
    default = os.environ.get("COROOM_URL")
    parser.add_argument("--url", default=f"{default}/mcp" if default else "", help="the room's MCP address")
    url, token = parser.parse_args(arguments).url, os.environ.get("COROOM_TOKEN", "")
    if not url or not token:
        sys.stderr.write("coroom: give the address with --url or COROOM_URL, and the token in COROOM_TOKEN.\n")
        return 2
    shim = Shim(Daemon(url, token))
    for line in sys.stdin.buffer:
        if line.strip():
            shim.take(line)
    shim.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
