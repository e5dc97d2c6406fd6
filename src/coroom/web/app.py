"""The live page over HTTP: what is served where, to whom, and under which headers."""

import json
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from html import escape
from importlib.resources import files
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from coroom.core.agent import OPERATOR
from coroom.core.codec import Json
from coroom.core.command import Good
from coroom.core.errors import Code, Fault, Refused
from coroom.core.view import page
from coroom.host.edits.documents import Documents
from coroom.host.host import Host
from coroom.web.feed import Feed
from coroom.web.history import History
from coroom.web.live_text import progress_of, stream
from coroom.web.marks import marks
from coroom.web.operator import Restore, asked_of
from coroom.web.sides import file_page, held_page

OPERATOR_HEADER = "X-Coroom-Operator"
"""Carries the operator's secret. A header, because a page of another site cannot set it and no log keeps it."""

BODY_BYTES_MAX = 64_000
"""The longest message the room takes, many times over."""

LOG_EVENTS_MAX = 2_000
"""Events in one answer of the log."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer: nothing inline runs, nobody frames the page, no address leaks, nothing is kept."""

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_HTTP_OF = {Code.NOT_FOUND: 404, Code.FORBIDDEN: 403, Code.BAD_INPUT: 400, Code.LIMIT: 400}


class Facade(Protocol):
    """What the page needs of the daemon. Every method is called for every request, so secrets may change."""

    @property
    def host(self) -> Host:
        """The running room."""
        ...

    @property
    def room(self) -> str:
        """The room's name, as a title."""
        ...

    def allow_read(self, request: Request) -> bool:
        """Whether the request may see the room: its files and messages are in there."""
        ...

    def allow_write(self, request: Request) -> bool:
        """Whether the request has the operator's secret."""
        ...

    async def restore(self, path: str, name: str) -> Good | Refused:
        """Make a file what it was in the version of that name, as an edit by the operator."""
        ...


class ByOperatorSecret:
    """A facade that lets the holder of one secret see and act, and nobody else do either."""

    def __init__(self, host: Host, room: str, secret: str) -> None:
        self.host = host
        self.room = room
        self._secret = secret

    def allow_read(self, request: Request) -> bool:
        """See `Facade.allow_read`."""
        return self.allow_write(request)

    def allow_write(self, request: Request) -> bool:
        """See `Facade.allow_write`."""
        given = request.headers.get(OPERATOR_HEADER, "")
        return bool(self._secret) and compare_digest(given.encode(), self._secret.encode())

    async def restore(self, path: str, name: str) -> Good | Refused:
        """See `Facade.restore`: behind this facade there are no files to change."""
        return Refused(Code.NOT_FOUND, f"Version {name} of {path} cannot be restored here.", "Use coroom restore.")


def address(base_url: str, secret: str) -> str:
    """Where a person opens the page. The key is in the fragment, which browsers send to nobody."""
    return f"{base_url.rstrip('/')}/#key={secret}"


def routes(facade: Facade) -> list[BaseRoute]:
    """The page's routes, to be mounted where the daemon likes. Belongs to the loop that the host runs in."""
    live = _Page(facade)
    return [
        Route("/", live.shell),
        Route("/files/{path:path}", live.shell),
        Route("/held/{held}", live.shell),
        Route("/static/{name}", live.static),
        Route("/page.json", live.seen(live.page)),
        Route("/log.json", live.seen(live.log)),
        Route("/file.json", live.seen(live.file)),
        Route("/held.json", live.seen(live.held)),
        Route("/events", live.seen(live.events)),
        Route("/document", live.seen(live.document)),
        Route("/operator/{act}", live.act, methods=["POST"]),
    ]


class _Page:
    def __init__(self, facade: Facade) -> None:
        self._facade = facade
        self._history = History(facade.host)
        self._feed = Feed(facade.host, self._history)
        self._documents = Documents(facade.host)

    def seen(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """`answer`, for those who may see the room."""

        async def guarded(request: Request) -> Response:
            if not self._facade.allow_read(request):
                return _refusal(401, "The page needs its key.", "Open the address that the host printed.")
            return await answer(request)

        return guarded

    async def shell(self, request: Request) -> Response:
        """The empty page: nothing of the room is in it, so that it needs no key."""
        root = escape(request.scope.get("root_path", "").rstrip("/"), quote=True)
        text = asset("index.html").replace("{root}", root)
        return Response(text, media_type="text/html", headers=SECURITY_HEADERS)

    async def static(self, request: Request) -> Response:
        """One of the page's own files."""
        name = request.path_params["name"]
        kind = _TYPES.get(name[name.rfind(".") :])
        if kind is None or name not in asset_names():
            return _refusal(404, "There is no such file.", "Open the page itself.")
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
        return Response(asset(name), media_type=kind, headers=headers)

    async def page(self, request: Request) -> Response:
        """The room now, or after event `at`."""
        host = self._facade.host
        at = _number(request, "at")
        if at is None or at >= host.state.seq:
            return _json(page(host.state, host.clock.now_ms()))
        state = await self._history.at(at)
        return _json(page(state, state.now_ms))

    async def log(self, request: Request) -> Response:
        """The marks of up to 2,000 events after event `after`."""
        after, limit = _number(request, "after") or 0, _number(request, "limit") or LOG_EVENTS_MAX
        events = await self._history.events(after, min(limit, LOG_EVENTS_MAX))
        return _json({"last": events[-1].seq if events else after, "marks": marks(events)})

    async def file(self, request: Request) -> Response:
        """A file with its authors, now or after event `at`."""
        path, at = request.query_params.get("path", ""), _number(request, "at")
        seq = self._facade.host.state.seq if at is None else at
        found = await file_page(self._facade.host, self._history, path, seq)
        if found is None:
            return _refusal(404, f"The room has no file '{path[:200]}'.", "Its name may have changed.")
        return _json(found)

    async def held(self, request: Request) -> Response:
        """A held edit with its three sides."""
        name = request.query_params.get("id", "")
        held = self._facade.host.state.held.get(name)
        if held is None:
            return _refusal(404, f"There is no held edit '{name[:60]}'.", "It may never have been.")
        return _json(held_page(self._facade.host, held))

    async def events(self, request: Request) -> Response:
        """The stream of what happens, from the last event that this browser has."""
        if self._feed.full:
            return _refusal(503, "Too many browsers watch this room.", "Close some of them.")
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else _number(request, "after") or 0
        headers = {**SECURITY_HEADERS, "X-Accel-Buffering": "no"}
        return StreamingResponse(self._feed.stream(after), media_type="text/event-stream", headers=headers)

    async def document(self, request: Request) -> Response:
        """The live text of the file `path`, for a follower that stands where the other parameters say."""
        path = request.query_params.get("path", "")
        messages = stream(self._documents, path, progress_of(request.query_params))
        if messages is None:
            return _refusal(404, f"The room has no text file '{path[:200]}'.", "Its name may have changed.")
        headers = {**SECURITY_HEADERS, "X-Accel-Buffering": "no"}
        return StreamingResponse(messages, media_type="text/event-stream", headers=headers)

    async def act(self, request: Request) -> Response:
        """One act of the operator: refused unless it comes from this page and has the secret."""
        if not _from_this_page(request):
            return _refusal(403, "The request comes from another site.", "Act from the page itself.")
        if not self._facade.allow_write(request):
            return _refusal(403, "Only the operator may do that.", "Open the address that the host printed.")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _refusal(415, "The body is not marked as JSON.", "Send application/json.")
        body = await _body(request)
        if body is None:
            return _refusal(413, f"The body is longer than {BODY_BYTES_MAX} bytes.", "Send less.")
        try:
            given: Json = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            return _refusal(400, "The body is no JSON.", "Send a JSON object.")
        asked = asked_of(request.path_params["act"], given)
        if isinstance(asked, Refused):
            return _refusal(_HTTP_OF[asked.code], asked.why, asked.next_step)
        try:
            if isinstance(asked, Restore):
                reply = await self._facade.restore(asked.path, asked.version)
            else:
                reply = await self._facade.host.submit(OPERATOR, asked)
        except Fault as fault:
            return _refusal(503, f"The room has stopped: {fault}", "Start it again; nothing accepted is lost.")
        if isinstance(reply, Refused):
            return _refusal(_HTTP_OF.get(reply.code, 409), reply.why, reply.next_step)
        return _json({"ok": True, "seq": self._facade.host.state.seq})


def _from_this_page(request: Request) -> bool:
    """Whether a browser says that the request comes from this origin, or no browser speaks."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    return origin is None or (
        urlsplit(origin).netloc == request.headers.get("host", "") and origin.partition(":")[0] in {"http", "https"}
    )


async def _body(request: Request) -> bytes | None:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return None
    except ClientDisconnect:
        return b"{"
    return body


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _json(value: Json, status: int = 200) -> Response:
    # ASCII only: the name of a file need not be Unicode, and a lone surrogate has no UTF-8.
    text = json.dumps(value, separators=(",", ":"))
    return Response(text, status_code=status, media_type="application/json", headers=SECURITY_HEADERS)


def _refusal(status: int, why: str, next_step: str) -> Response:
    return _json({"error": f"{why} {next_step}"}, status)


def asset_names() -> frozenset[str]:
    """The names of the page's own files."""
    return frozenset(entry.name for entry in files("coroom.web").joinpath("static").iterdir())


def asset(name: str) -> str:
    """The text of one of the page's own files."""
    return files("coroom.web").joinpath("static").joinpath(name).read_text(encoding="utf-8")
