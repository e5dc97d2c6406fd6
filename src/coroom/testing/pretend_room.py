"""A room that answers as a test tells it: for testing an agent's adapter and hooks without a host.

It has the room's two doors, MCP at `/mcp` and hooks at `/hooks/{client}/{moment}`, and knows nothing of repositories.
"""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from coroom.testing.loopback import Loopback

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

Reply = dict[str, Any]

_EVENTS = {
    "gemini": {"start": "SessionStart", "before": "BeforeTool", "after": "AfterTool", "stop": "AfterAgent"},
    "claude": {"start": "SessionStart", "before": "PreToolUse", "after": "PostToolUse", "stop": "Stop"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """One hook that came in: whose token it bore, and the client's own JSON."""

    client: str
    moment: str
    token: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One MCP tool call: whose token it bore, the tool, its arguments."""

    token: str
    tool: str
    arguments: Mapping[str, Any]


class PretendRoom:
    """Open from entering the context to leaving it; every method may be called from any thread.

    Its MCP tools are `claim` (answers with fence 7) and `say`. A wrong token is refused with status 401.
    """

    def __init__(self, *tokens: str) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()
        self._hooked: list[Hooked] = []
        self._called: list[Called] = []
        self._denials: list[tuple[re.Pattern[str], str]] = []
        self._news: list[str] = []
        self._opening = ""
        self._unfinished: list[str] = []
        self._frozen = False
        self._loopback: Loopback | None = None

    def __enter__(self) -> Self:
        self.revive()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.die()

    @property
    def url(self) -> str:
        """Where it listens, or listened before it died."""
        return self._url

    def revive(self, port: int = 0) -> None:
        """Listen, at `port` or a free one."""
        self._loopback = Loopback(self._application(), port=port).__enter__()
        self._url = self._loopback.url

    def die(self) -> None:
        """Stop answering; what was said and heard is kept."""
        if self._loopback:
            self._loopback.__exit__(None, None, None)
            self._loopback = None

    def freeze(self) -> None:
        """Take hooks from now on, and never answer one."""
        self._frozen = True

    def deny(self, pattern: str, reason: str) -> None:
        """Refuse every action whose tool input, as JSON, matches `pattern`."""
        with self._lock:
            self._denials.append((re.compile(pattern), reason))

    def tell(self, news: str) -> None:
        """Hand out `news` once, after the next tool of whichever agent."""
        with self._lock:
            self._news.append(news)

    def greet(self, opening: str) -> None:
        """Hand out `opening` at the start of every session."""
        self._opening = opening

    def keep_going(self, reason: str) -> None:
        """Once, do not let an agent stop."""
        with self._lock:
            self._unfinished.append(reason)

    def hooked(self, moment: str | None = None) -> tuple[Hooked, ...]:
        """The hooks so far, of one moment or all."""
        with self._lock:
            return tuple(one for one in self._hooked if moment in (None, one.moment))

    def called(self) -> tuple[Called, ...]:
        """The MCP tool calls so far."""
        with self._lock:
            return tuple(self._called)

    def _application(self) -> Starlette:
        # A second of processor time, for tests that need a scripted model alone.
        from mcp.server.mcpserver import Context, MCPServer  # noqa: PLC0415

        server = MCPServer("coroom", instructions="Claim before you edit.")

        @server.tool()
        async def claim(resources: list[str], purpose: str, ctx: Context[Any]) -> dict[str, Any]:
            """Claim resources before you change them."""
            self._note(ctx, "claim", {"resources": resources, "purpose": purpose})
            return {"granted": resources, "fence": 7}

        @server.tool()
        async def say(text: str, ctx: Context[Any]) -> dict[str, Any]:
            """Say something to the others."""
            self._note(ctx, "say", {"text": text})
            return {"said": text}

        application = server.streamable_http_app(stateless_http=True)
        application.add_route("/hooks/{client}/{moment}", self._hook, methods=["POST"])
        application.add_middleware(_Door, tokens=self._tokens)
        return application

    def _note(self, ctx: "Context[Any]", tool: str, arguments: Reply) -> None:
        with self._lock:
            self._called.append(Called(token=_bearer(ctx.headers or {}), tool=tool, arguments=arguments))

    async def _hook(self, request: Request) -> Response:
        client, moment = request.path_params["client"], request.path_params["moment"]
        body = await request.json()
        if self._frozen:
            await anyio.sleep_forever()
        with self._lock:
            self._hooked.append(Hooked(client=client, moment=moment, token=_bearer(request.headers), body=body))
            return JSONResponse(self._answer(client, moment, body))

    def _answer(self, client: str, moment: str, body: Mapping[str, Any]) -> Reply:
        event = _EVENTS.get(client, _EVENTS["claude"])[moment]
        # Gemini's own words for a refusal; the others share those of Claude Code.
        if moment == "before":
            given = json.dumps(body.get("tool_input"))
            reason = next((reason for pattern, reason in self._denials if pattern.search(given)), None)
            if reason is None:
                return {}
            if client == "gemini":
                return {"decision": "deny", "reason": reason}
            decided = {"permissionDecision": "deny", "permissionDecisionReason": reason}
            return {"hookSpecificOutput": {"hookEventName": event} | decided}
        if moment == "stop":
            word = "deny" if client == "gemini" else "block"
            return {"decision": word, "reason": self._unfinished.pop(0)} if self._unfinished else {}
        told = self._opening if moment == "start" else "".join(self._news)
        if moment == "after":
            # A call that failed has another name at Claude Code, which wants its own name back.
            event = body.get("hook_event_name", event)
            self._news.clear()
        return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": told}} if told else {}


class _Door:
    def __init__(self, app: ASGIApp, tokens: Sequence[str]) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _bearer(Headers(scope=scope)) not in self._tokens:
            await JSONResponse({"error": "unknown token"}, status_code=401)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _bearer(headers: Mapping[str, str]) -> str:
    return headers.get("authorization", "").removeprefix("Bearer ")
