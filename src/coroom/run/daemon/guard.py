"""What every request passes before it reaches the room: where it comes from, whose it is, how much and how often."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coroom.core.agent import OPERATOR
from coroom.core.quick import dataclass
from coroom.core.room import authenticate
from coroom.host.door.caller import Caller, caller_of, note
from coroom.host.door.door import Door
from coroom.host.door.receipt import CURSOR_HEADER, RECEIPT, Receipt
from coroom.run.daemon.json_shape import too_nested
from coroom.run.daemon.limits import (
    BODY_BYTES_MAX,
    BODY_WITHIN_S,
    CALLS_AT_ONCE,
    CALLS_PER_S,
    JSON_BRACKETS_MAX,
    JSON_DEPTH_MAX,
    UNDER_WAY_MAX,
)

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
"""The hosts that a browser cannot be led to by a name that somebody else owns (DNS rebinding)."""

COUNT_DIGITS_MAX = 18
"""A count of more digits may not fit into 64 bits, and is nobody's."""

HOSTS_KEPT = 64
"""Names under which the daemon is addressed, read once: nearly all requests give the same."""

OPERATOR_HEADER = "x-coroom-operator"
"""Carries the operator's secret from the page; a page of another site cannot set it."""


_LOOKED_AT = {
    name.encode(): name
    for name in ("host", "origin", "authorization", OPERATOR_HEADER, "content-type", "content-length", CURSOR_HEADER)
}

Given = Mapping[str, Sequence[str]]
"""What a request gives for each of the headers that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRoom:
    """One room of the daemon: its door, and the SHA-256 in hexadecimal of its operator's secret."""

    name: str
    door: Door
    operator_hash: str


class Need(Enum):
    """Whose secret a path wants."""

    AGENT = "agent"
    NONE = "none"


NEEDS: tuple[tuple[str, Need], ...] = (
    ("/mcp", Need.AGENT),
    ("/hooks/", Need.AGENT),
    ("/tools/", Need.AGENT),
    ("/", Need.NONE),
)
"""By the start of the path inside a room, first match; paths without a need judge the caller themselves."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A request that goes no further: the HTTP status, what happened, why, and what to do."""

    status: int
    what: str
    why: str
    next: str

    def response(self) -> JSONResponse:
        """The same as JSON."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        headers |= {"Retry-After": "1"} if self.status == 429 else {}
        return JSONResponse({"what": self.what, "why": self.why, "next": self.next}, self.status, headers)


class Guard:
    """The ASGI middleware around the whole daemon.

    Args:
        rooms: by name, the default one first; looked up at each request, so that rooms may come and go.
        hosts: names beside those of loopback under which the daemon may be addressed.
        now_s: a clock that only grows.
    """

    def __init__(
        self,
        app: ASGIApp,
        rooms: Mapping[str, ServedRoom],
        hosts: Iterable[str] = (),
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._rooms = rooms
        self._hosts = LOOPBACK_NAMES.union(hosts)
        self._pace = _Pace(now_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification; anything but HTTP is the application's own (its lifespan)."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = _looked_at(scope)
        turned = self._foreign(headers) or self._unproved(scope, headers) or _not_json(scope, headers)
        if turned is None:
            await self._paced(scope, headers, receive, send)
        else:
            await turned.response()(scope, receive, send)

    def _foreign(self, headers: Given) -> Turned | None:
        hosts, origins = headers["host"], headers["origin"]
        if len(hosts) != 1 or _host_name(f"//{hosts[0]}") not in self._hosts:
            return Turned(403, "foreign-host", "The request is addressed to another host.", "Use 127.0.0.1.")
        if len(origins) > 1 or any(not self._is_ours(origin) for origin in origins):
            return Turned(403, "foreign-origin", "The request comes from another site.", "Ask from here.")
        return None

    def _is_ours(self, origin: str) -> bool:
        return origin.startswith(("http://", "https://")) and _host_name(origin) in self._hosts

    def _unproved(self, scope: Scope, headers: Given) -> Turned | None:
        named, inside = _room_and_path(scope["path"])
        if named is not None and named not in self._rooms:
            return Turned(404, "no-such-room", "There is no room of that name here.", "Check the address.")
        caller = self._caller(named, headers)
        if caller is not None:
            note(scope, caller)
        if _need(inside) is Need.NONE:
            return None
        if caller is None:
            return Turned(401, "unknown-token", "No agent here has that token.", "Ask the operator for a token.")
        if caller.is_operator:
            return Turned(403, "operator-token", "That is the operator's secret.", "Use an agent's token here.")
        return None

    def _caller(self, named: str | None, headers: Given) -> Caller | None:
        token, operator_only = _token(headers)
        if not token:
            return None
        digest = sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        for name, room in self._rooms.items():
            if named not in {None, name}:
                continue
            if room.operator_hash and compare_digest(room.operator_hash, digest):
                return Caller(name, OPERATOR, room.door)
            agent = None if operator_only else authenticate(room.door.host.state, digest)
            if agent is not None:
                return Caller(name, agent, room.door)
        return None

    async def _paced(self, scope: Scope, headers: Given, receive: Receive, send: Send) -> None:
        caller = caller_of(scope)
        key = (caller.room, caller.name) if caller else ("", "")
        turned = self._pace.enter(key)
        if turned:
            await turned.response()(scope, receive, send)
            return
        told = _first(headers, CURSOR_HEADER)
        receipt = Receipt(connection=_connection(scope), cursor=int(told) if _is_count(told) else 0)
        held = RECEIPT.set(receipt)
        try:
            await self._with_body(scope, headers, receive, _noted(send, receipt))
        finally:
            RECEIPT.reset(held)
            receipt.close()
            self._pace.leave(key)

    async def _with_body(self, scope: Scope, headers: Given, receive: Receive, send: Send) -> None:
        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        body = await _body(headers, receive)
        if isinstance(body, bytes):
            await self._app(scope, _replayed(body, receive), send)
        elif body is not None:
            await body.response()(scope, receive, send)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= COUNT_DIGITS_MAX


class _Pace:
    """A token bucket and a count of calls under way for each caller."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._left: dict[tuple[str, str], tuple[float, float]] = {}
        self._under_way: dict[tuple[str, str], int] = {}

    def enter(self, key: tuple[str, str]) -> Turned | None:
        """Count a call in, or turn it away."""
        now = self._now_s()
        left, at = self._left.get(key, (CALLS_AT_ONCE, now))
        left = min(CALLS_AT_ONCE, left + (now - at) * CALLS_PER_S)
        self._left[key] = (max(left - 1, 0), now)
        if left < 1:
            return Turned(429, "too-often", f"You make more than {CALLS_PER_S:g} calls a second.", "Wait a second.")
        if self._under_way.get(key, 0) >= UNDER_WAY_MAX:
            return Turned(429, "too-many", f"{UNDER_WAY_MAX} calls of yours are under way.", "Wait for an answer.")
        self._under_way[key] = self._under_way.get(key, 0) + 1
        return None

    def leave(self, key: tuple[str, str]) -> None:
        """Count it out."""
        self._under_way[key] -= 1


def _looked_at(scope: Scope) -> Given:
    """Every value of the headers that the guard looks at, and none of those that are not there. Blanks round a value
    are no part of it (RFC 9110 §5.5), and not every parser takes them away: here they go from all of them.
    """
    given: dict[str, list[str]] = {name: [] for name in _LOOKED_AT.values()}
    stripped = []
    for name, value in scope["headers"]:
        bare = value.strip(b" \t")
        stripped.append((name, bare))
        if name in _LOOKED_AT:
            given[_LOOKED_AT[name]].append(bare.decode("latin-1"))
    scope["headers"] = stripped
    return given


def _first(headers: Given, name: str, absent: str = "") -> str:
    return next(iter(headers[name]), absent)


@lru_cache(HOSTS_KEPT)
def _host_name(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    odd = parts.username is not None or parts.path or parts.query or parts.fragment
    return None if odd else parts.hostname


def _room_and_path(path: str) -> tuple[str | None, str]:
    if not path.startswith("/rooms/"):
        return None, path
    name, _, inside = path.removeprefix("/rooms/").partition("/")
    return name, f"/{inside}"


def _need(path: str) -> Need:
    return next((need for start, need in NEEDS if path.startswith(start)), Need.AGENT)


def _token(headers: Given) -> tuple[str, bool]:
    """The secret that the request carries, and whether it came in the operator's own header."""
    given, operators = headers["authorization"], headers[OPERATOR_HEADER]
    if len(given) + len(operators) != 1:
        return "", False
    if operators:
        return operators[0], True
    scheme, _, token = given[0].partition(" ")
    return (token.strip() if scheme.lower() == "bearer" else ""), False


def _not_json(scope: Scope, headers: Given) -> Turned | None:
    if scope["method"] != "POST":
        return None
    if _first(headers, "content-type").partition(";")[0].strip().lower() != "application/json":
        return Turned(415, "not-json", "The body is not marked as JSON.", "Send Content-Type: application/json.")
    return None


async def _body(headers: Given, receive: Receive) -> bytes | Turned | None:
    """The whole body; None when the client went away."""
    too_large = Turned(413, "too-large", f"The body is larger than {BODY_BYTES_MAX} bytes.", "Send less at once.")
    told = _first(headers, "content-length", "0")
    if not _is_count(told) or int(told) > BODY_BYTES_MAX:
        return too_large
    pieces, size = [], 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                piece = message.get("body", b"")
                size += len(piece)
                if size > BODY_BYTES_MAX:
                    return too_large
                pieces.append(piece)
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        return Turned(408, "too-slow", f"The body took more than {BODY_WITHIN_S:g} s.", "Send it again at once.")
    body = b"".join(pieces)
    if too_nested(body, JSON_DEPTH_MAX, JSON_BRACKETS_MAX):
        return Turned(400, "too-nested", f"The JSON nests deeper than {JSON_DEPTH_MAX}.", "Send flatter JSON.")
    return body


def _connection(scope: Scope) -> str:
    """Which connection a request came by. Empty for what comes by a new one each time, as hooks do."""
    client = scope.get("client")
    _, inside = _room_and_path(scope["path"])
    return f"{client[0]}:{client[1]}" if client and inside.startswith("/mcp") else ""


def _noted(send: Send, receipt: Receipt) -> Send:
    """A `send` that notes what has left. Who has read its reply may ask again before the stream is closed."""

    async def noted(message: Message) -> None:
        await send(message)
        if message.get("body"):
            receipt.sent()

    return noted


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body at once, and then what the client does."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
