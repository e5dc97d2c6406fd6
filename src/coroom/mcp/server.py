"""The room's MCP server: both protocol eras, stateless; who calls is what the guard proved.

Answers come as SSE, with a sign of life while they take long; those of quick tools as plain JSON.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib.metadata import version
from itertools import count
from typing import Any

import anyio
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from coroom.core.errors import Code, Fault, Refused
from coroom.host.door.answer import Answer
from coroom.host.door.caller import Caller, caller_of
from coroom.host.door.errands import Errands
from coroom.host.door.needs import Beats
from coroom.host.door.receipt import RECEIPT
from coroom.host.door.replies import reply
from coroom.mcp.arguments import Given, check
from coroom.mcp.plain import Context, plain_call, wire_form
from coroom.mcp.sdk import (
    INVALID_PARAMS,
    SERVER_INFO_META_KEY,
    CallNext,
    CallToolRequestParams,
    CallToolResult,
    CancelledNotificationParams,
    HandlerResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    MCPError,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    RequestId,
    Server,
    StreamableHTTPASGIApp,
    StreamableHTTPSessionManager,
    TextContent,
    TransportSecuritySettings,
)
from coroom.mcp.straight import Envelopes, StraightCall, on_the_wire, straight_call
from coroom.mcp.tools import BY_NAME, CALL_TOOL, INSTRUCTIONS, TOOLS, RoomTool
from coroom.mcp.unheard import Unheard

_LISTS_LAST_MS = 3_600_000
"""How long a client may keep the lists, which change with the version of the room only."""

_LISTED = ListToolsResult(tools=[tool.listed() for tool in TOOLS], ttl_ms=_LISTS_LAST_MS, cache_scope="private")
_LISTED_WITH_CALLS = ListToolsResult(
    tools=[tool.listed() for tool in (*TOOLS, CALL_TOOL)], ttl_ms=_LISTS_LAST_MS, cache_scope="private"
)

GRACE_S = 1.0
"""What calls under way get to finish in when the daemon stops; the log keeps what they had stored."""

_QUICK_BYTES_MAX = 65_536
"""No call of a quick tool is larger; what is, is not worth looking into twice."""

_ID_CHARS_MAX = 64
"""Ids of requests that are longer are remembered by their hash."""

_FAULT = "coroom.fault"
"""In the scope of a request: what broke while it was answered without the SDK."""


class McpDoor:
    """The ASGI application of the MCP endpoint, for every room of the daemon."""

    def __init__(self) -> None:
        self._errands = Errands()
        self._unheard = Unheard()
        self._envelopes = Envelopes()
        server: Server[dict[str, Any]] = Server(
            "coroom",
            version=version("coroom"),
            title="Coroom",
            instructions=INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
            on_list_prompts=_no_prompts,
            on_list_resources=_no_resources,
            on_list_resource_templates=_no_templates,
            on_read_resource=_no_resource,
            get_tool_input_schema=_none_in_headers,
        )
        # In place of the SDK's own, which makes a span of each call for OpenTelemetry: a room gives none out.
        server.middleware[:] = [self._plainly]
        self._server_meta = {SERVER_INFO_META_KEY: server.server_info_stamp}
        server.add_notification_handler("notifications/cancelled", CancelledNotificationParams, self._given_up)
        # Hosts, origins and sizes are the guard's.
        unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._streams, self._quick = (
            StreamableHTTPSessionManager(server, stateless=True, json_response=quick, security_settings=unchecked)
            for quick in (False, True)
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serve while the context is open; once only."""
        async with self._streams.run(), self._quick.run():
            yield
        await self._errands.end(GRACE_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Nothing is ever pushed outside of an answer, so there is nothing to GET."""
        if scope["method"] != "POST":
            told = {"what": "method-not-allowed", "why": "MCP here is POST only.", "next": "Send a POST request."}
            await JSONResponse(told, 405, {"Allow": "POST"})(scope, receive, send)
            return
        first = await receive()
        call = _quick_call(first)
        receipt = RECEIPT.get()
        if receipt and call:
            # A stream is closed by its client as soon as it has the answer; a plain answer leaves its connection open.
            receipt.reusable = True
        straight = straight_call(scope, first["body"], call, self._envelopes) if call else None
        if straight is None or not await self._straightly(straight, scope, send):
            sessions = StreamableHTTPASGIApp(self._quick if call else self._streams)
            await sessions(scope, _again(first, receive), send)

    async def _straightly(self, call: StraightCall, scope: Scope, send: Send) -> bool:
        """Answer without the SDK; false where that has yet to be done, by the SDK."""
        caller = caller_of(scope)
        if caller is None:
            return False
        try:
            told = reply(await self._told(caller, call.id, call.name, call.arguments, None))
            headers, body = on_the_wire(call, wire_form(told, call.version, self._server_meta))
        except Exception as fault:  # noqa: BLE001  what went wrong in here is told in the SDK's words
            scope[_FAULT] = fault
            return False
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True

    async def _list(self, context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        caller = caller_of(context.request.scope) if context.request else None
        return _LISTED_WITH_CALLS if caller and caller.door.calls else _LISTED

    async def _plainly(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """The SDK's middleware, by the names that it has: who answers without `call_next` answers the whole."""
        plain = plain_call(ctx)
        if plain is None:
            return await call_next(ctx)
        self._envelopes.passed(ctx.params)
        told = reply(await self._asked(ctx, plain.name, plain.arguments))
        return wire_form(told, ctx.protocol_version, self._server_meta)

    async def _call(self, context: Context, params: CallToolRequestParams) -> CallToolResult:
        told = reply(await self._asked(context, params.name, params.arguments or {}))
        return CallToolResult(
            content=[TextContent(text=told.text)], structured_content=told.data, is_error=told.refused
        )

    async def _asked(self, context: Context, name: str, arguments: Mapping[str, object]) -> Answer:
        scope = context.request.scope if context.request else {}
        if fault := scope.get(_FAULT):
            raise fault
        caller = caller_of(scope)
        if caller is None:
            raise MCPError(INVALID_PARAMS, "Who calls is not known. Send the agent's token as a bearer token.")
        return await self._told(caller, context.request_id, name, arguments, _heartbeat(context))

    async def _told(
        self,
        caller: Caller,
        request_id: RequestId | None,
        name: str,
        arguments: Mapping[str, object],
        beat: Beats | None,
    ) -> Answer:
        """The answer to a call. Without `beat` nothing can be said on the way, and the caller stays to the end."""
        tool = BY_NAME.get(name)
        if tool is None:
            names = ", ".join(BY_NAME)
            return Answer(
                refused=Refused(Code.BAD_INPUT, f"There is no tool '{name[:60]}'.", f"The tools are {names}.")
            )
        request_id = _remembered(request_id)
        asked = (caller.room, caller.name, request_id)
        said = (tool.name, arguments)
        # Whether the reply to a sync was read is told by the cursor.
        again = tool.name != "sync" and self._unheard.asked(asked, said, caller.door, streamed=tool.waits)
        answer = await self._answer(caller, tool, arguments, request_id, beat)
        answer = await caller.door.handed(caller.name, answer)
        self._unheard.answered(asked, caller.door, answer)
        if not again:
            self._unheard.answered_last(asked, said, answer)
        return answer

    async def _given_up(self, context: Context, params: CancelledNotificationParams) -> None:
        """The client will not look at the reply: what rides on it stays unread. Nothing else changes.

        Only the older era sends this over HTTP; in the newer one a client closes the stream.
        """
        caller = caller_of(context.request.scope) if context.request else None
        if caller:
            self._unheard.given_up((caller.room, caller.name, _remembered(params.request_id)), caller.door)

    async def _answer(
        self,
        caller: Caller,
        tool: RoomTool,
        arguments: Mapping[str, object],
        request_id: RequestId | None,
        beat: Beats | None,
    ) -> Answer:
        given = check(tool.name, tool.arguments, arguments)
        if isinstance(given, Refused):
            return Answer(refused=given)
        operation = tool.operation(given)
        before = caller.door.refused_before(caller.name, operation, request_id) if operation else None
        if before:
            return before
        acting = _acted(caller, tool, given, operation, beat or _no_beat)
        try:
            if tool.waits:
                return await acting
            asked = repr(sorted(arguments.items())) if operation else ""
            name = (caller.room, caller.name, tool.name, operation, asked) if operation else None
            if beat is None:
                return await self._errands.attend(name, acting)
            return await self._errands.carry(name, acting, lambda answer: caller.door.undelivered(caller.name, answer))
        except Fault as fault:
            return Answer(refused=Refused(Code.ROOM_CLOSED, f"The room has stopped: {fault}.", "Tell the user."))


def _remembered(request_id: RequestId | None) -> RequestId | None:
    """What a request is remembered by: its id, of a long one the hash. Clients choose how long their ids are."""
    if isinstance(request_id, str) and len(request_id) > _ID_CHARS_MAX:
        return sha256(request_id.encode(errors="surrogatepass")).hexdigest()
    return request_id


async def _acted(caller: Caller, tool: RoomTool, given: Given, operation: str, heartbeat: Beats) -> Answer:
    answer = await tool.act(caller.door, caller.name, given, heartbeat)
    if operation:
        caller.door.ended(caller.name, operation, answer)
    return answer


async def _no_prompts(_context: Context, _params: PaginatedRequestParams | None) -> ListPromptsResult:
    return ListPromptsResult(prompts=[], ttl_ms=_LISTS_LAST_MS, cache_scope="private")


async def _no_resources(_context: Context, _params: PaginatedRequestParams | None) -> ListResourcesResult:
    return ListResourcesResult(resources=[], ttl_ms=_LISTS_LAST_MS, cache_scope="private")


async def _no_templates(_context: Context, _params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
    return ListResourceTemplatesResult(resource_templates=[], ttl_ms=_LISTS_LAST_MS, cache_scope="private")


async def _no_resource(_context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    raise MCPError(INVALID_PARAMS, "There are no resources here. Use the tools.", {"uri": str(params.uri)})


def _none_in_headers(_tool: str) -> None:
    """No tool here has an argument that clients repeat in a header (`x-mcp-header`): there is nothing to compare."""


def _quick_call(message: Message) -> dict[str, Any] | None:
    """The request, where it is a call of a quick tool: its answer needs no stream, which costs as much as the call."""
    body = message.get("body", b"")
    if message.get("more_body") or len(body) > _QUICK_BYTES_MAX:
        return None
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return None
    params = asked.get("params") if isinstance(asked, dict) else None
    if not isinstance(params, dict) or asked.get("method") != "tools/call":
        return None
    name = params.get("name")
    tool = BY_NAME.get(name) if isinstance(name, str) else None
    return asked if tool is not None and tool.quick else None


def _again(first: Message, receive: Receive) -> Receive:
    """A `receive` that gives the message that was taken from it once more."""
    waiting = [first]

    async def given() -> Message:
        return waiting.pop() if waiting else await receive()

    return given


async def _no_beat(_message: str) -> None:
    """Quick tools say nothing on the way."""


def _heartbeat(context: Context) -> Beats:
    steps = count(1)

    async def beat(message: str) -> None:
        try:
            await context.session.report_progress(next(steps), None, message)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            return

    return beat
