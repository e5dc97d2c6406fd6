"""POST /hooks/{client}/{moment}: what runs inside agent CLIs asks here, within a time limit of the room's own."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from coroom.core.codec import Json
from coroom.core.errors import Code, Fault, Refused
from coroom.hooks import words
from coroom.hooks.clients import CLIENTS, Client, is_ours, tool_use
from coroom.host.door.answer import Answer, ToolUse, Touch
from coroom.host.door.caller import Caller, caller_of
from coroom.host.door.errands import Errands
from coroom.host.door.replies import context, refusal

WITHIN_S = 3.0
"""Less than the 4 s in which the hook's own program gives up, so that the agent reads a reason."""

GRACE_S = 1.0
"""What calls under way get to finish in when the daemon stops."""

STOPS_HELD_MAX = 3
"""How often in a row an agent that wants to stop is sent back: two that answer each other must come to an end."""

_SLOW = Refused(Code.WAIT, "The room is busy and did not answer in time.", "Try the same again.")

Event = Mapping[str, Json]


class Hooks:
    """The hook endpoint, for every room of the daemon."""

    def __init__(self, within_s: float = WITHIN_S) -> None:
        self._within_s = within_s
        self._errands = Errands()
        self._held: dict[tuple[str, str], int] = {}
        self._moments: dict[str, Callable[[Caller, Client, Event], Awaitable[words.Words]]] = {
            "start": self._start,
            "before": self._before,
            "after": self._after,
            "failed": self._failed,
            "stop": self._stop,
        }

    async def answer(self, request: Request) -> Response:
        """One hook. Anything but status 200 makes the caller's side fail closed before a tool, open elsewhere."""
        client = CLIENTS.get(request.path_params["client"])
        moment = self._moments.get(request.path_params["moment"])
        caller = caller_of(request.scope)
        if client is None or moment is None:
            return _turned(404, "no-such-hook", "There is no such client or moment.", "Run coroom setup again.")
        if caller is None:
            return _turned(401, "unknown-token", "No agent here has that token.", "Ask the operator for a token.")
        try:
            event = json.loads(await request.body() or b"{}")
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            return _turned(400, "no-event", "The body is no JSON object.", "Send the hook's own JSON.")
        try:
            return JSONResponse(await moment(caller, client, event))
        except Fault as fault:
            return _turned(503, "room-stopped", f"The room has stopped: {fault}.", "Start it again.")

    async def end(self) -> None:
        """Finish what is under way."""
        await self._errands.end(GRACE_S)

    async def _start(self, caller: Caller, client: Client, event: Event) -> words.Words:
        self._held.pop((caller.room, caller.name), None)
        answer = await self._told(caller, caller.door.on_start(caller.name))
        return words.tell(client, "start", event, context(answer))

    async def _before(self, caller: Caller, client: Client, event: Event) -> words.Words:
        use = tool_use(client, event)
        if use is None:
            unknown = Refused(Code.BAD_INPUT, "The hook did not say which tool will run.", "Run coroom setup again.")
            return words.deny(client, refusal(unknown))
        self._held.pop((caller.room, caller.name), None)
        if use.touch is Touch.OTHER or is_ours(use.tool):
            return words.allow(client)
        refused = await self._asked(caller, use)
        return words.deny(client, refusal(refused)) if refused else words.allow(client)

    async def _asked(self, caller: Caller, use: ToolUse) -> Refused | None:
        asking = self._errands.carry(
            None, caller.door.before_tool(caller.name, use), partial(self._unused, caller, use)
        )
        try:
            async with asyncio.timeout(self._within_s):
                return await asking
        except TimeoutError:
            return _SLOW

    def _unused(self, caller: Caller, use: ToolUse, refused: Refused | None) -> None:
        """The tool has not run, or not to its end: nobody will say that it has."""
        if refused is None:
            self._errands.start(caller.door.after_tool(caller.name, use), partial(caller.door.undelivered, caller.name))

    async def _after(self, caller: Caller, client: Client, event: Event) -> words.Words:
        use = tool_use(client, event)
        if use is None or is_ours(use.tool):
            return {}
        answer = await self._told(caller, caller.door.after_tool(caller.name, use))
        return words.tell(client, "after", event, context(answer))

    async def _failed(self, caller: Caller, client: Client, event: Event) -> words.Words:
        """A call that began ended without a result that the client lets anybody add to, so no news rides on it."""
        use = tool_use(client, event)
        if use is not None and not is_ours(use.tool):
            self._unused(caller, use, None)
        return {}

    async def _stop(self, caller: Caller, client: Client, event: Event) -> words.Words:
        key = (caller.room, caller.name)
        if event.get("stop_hook_active") is False:
            self._held.pop(key, None)
        answer = await self._told(caller, caller.door.on_stop(caller.name))
        if not answer.notices or self._held.get(key, 0) >= STOPS_HELD_MAX:
            caller.door.undelivered(caller.name, answer)
            return words.let_stop(client)
        self._held[key] = self._held.get(key, 0) + 1
        return words.keep_going(client, context(answer))

    async def _told(self, caller: Caller, asking: Coroutine[None, None, Answer]) -> Answer:
        """The answer, or an empty one when it takes too long: its notices then wait for the next occasion."""
        lost = partial(caller.door.undelivered, caller.name)
        try:
            async with asyncio.timeout(self._within_s):
                answer = await self._errands.carry(None, asking, lost)
                return await caller.door.handed(caller.name, answer)
        except TimeoutError:
            return Answer()


def _turned(status: int, what: str, why: str, next_step: str) -> Response:
    return JSONResponse({"what": what, "why": why, "next": next_step}, status)
