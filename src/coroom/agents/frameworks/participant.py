"""One agent of a framework in a room: its tools on live state, its news, and when it is done.

The connection lives in a thread and a loop of its own, so that frameworks that block and frameworks that await are
served by the same code, and so that tool calls of one turn go to the room side by side.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple

from anyio.from_thread import BlockingPortal, start_blocking_portal

from coroom.agents.adapter import TOKEN_VARIABLE, URL_VARIABLE
from coroom.agents.frameworks.brought import Brought, Function, NotTakenError
from coroom.agents.room_client import RoomClient, Told, room_went_away
from coroom.core.errors import Code, said_by
from coroom.tools.observers import Observer

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

STAY_S = 300.0
"""How long an agent that is done stays for those before it, who may still change what it read."""

SENT_BACK_MAX = 5
"""How often in a row an agent that ends is sent back to what it has not judged; then it is left at that."""

_WAIT_S = 60.0
_AGAIN_S = 0.5
_BACK_WITHIN_S = 60.0
"""How long a call that can be repeated waits for a room that went away."""
_LOOK_WHETHER = " Look whether it is open, and whether the token is this agent's newest."
_CALL, _ANSWER, _NO_TOOL = "call", "answer", "other"
_FURTHER = ("claim", "release", "say", "task", "land", "sync", "read", "edit")


class NoRoomError(RuntimeError):
    """There is no room to go to; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class RoomTool:
    """A tool as a model is offered it. `live` ones act on live state, in order; the others are the room's own."""

    name: str
    description: str
    schema: Mapping[str, Any]
    live: bool


class Participant:
    """An agent's seat as a framework uses it: in `with` or `async with`, once, from any thread."""

    def __init__(
        self,
        url: str = "",
        token: str = "",
        *,
        own: Mapping[str, str] | None = None,
        also: tuple[str, ...] = (),
        stay_s: float = STAY_S,
        functions: Sequence[Function] = (),
        watched_by: Sequence[Observer] = (),
    ) -> None:
        """Say who it is; nothing is asked of the room yet.

        Args:
            url: where the room is served; by default COROOM_URL, which `coroom join NAME -- COMMAND` sets.
            token: the secret that says who the agent is; by default COROOM_TOKEN.
            own: tools of the agent's own that touch files of its mirror, with what they do to them: read, edit, write,
                delete or shell. The room is asked before each of their calls and told after.
            also: further tools of the room to offer: sync, claim, release, say, task, land, read, edit.
            stay_s: how long the agent stays once it is done, until what it did is final; 0: not at all.
            functions: functions of this process under `coroom.tools.registry.tool`, which the room puts in order and
                this process carries out; the room must take them (`brought: true` in its file of tools).
            watched_by: what sees what these functions really touch, see `coroom.tools.observers`.

        Raises:
            NoRoomError: no address or no token is known.
            ValueError: a name in `also` is no tool of a room.
            BadTool: what one of the functions reads or writes is no template.
        """
        self._url, self._token = url or os.environ.get(URL_VARIABLE, ""), token or os.environ.get(TOKEN_VARIABLE, "")
        if not self._url or not self._token:
            missing = TOKEN_VARIABLE if self._url else URL_VARIABLE
            raise NoRoomError(
                f"{missing} is not set. Start this with: coroom join NAME -- COMMAND, or give url and token."
            )
        strange = [name for name in also if name not in _FURTHER]
        if strange:
            raise ValueError(f"'{strange[0]}' is no further tool of a room; there are {', '.join(_FURTHER)}.")
        self.own = dict(own or {})
        self.tools: tuple[RoomTool, ...] = ()
        """What the room offers this agent, known once it is open."""
        self.instructions = ""
        """How to work in a room, for the head of a prompt."""
        self._also, self._stay_s = also, stay_s
        self._brought = Brought(functions, watched_by) if functions else None
        self._client = RoomClient(self._url.removesuffix("/"), self._token)
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._sent_back = 0
        self._unsettled = False
        self._kept = ""

    def __enter__(self) -> Self:
        try:
            self._portal = self._stack.enter_context(start_blocking_portal())
            connected: AbstractContextManager[RoomClient] = self._portal.wrap_async_context_manager(self._client)
            self._stack.enter_context(connected)
            if self._brought:
                self.blocking(self._brought.bring, self._client)
                serving = self._portal.start_task_soon(self._brought.serve, self._client)
                self._stack.callback(serving.cancel)
                self.blocking(self._brought.prove, self._client)
            self.tools = self.blocking(self._offered)
        except BaseException as failed:
            self._stack.__exit__(None, None, None)
            if isinstance(failed, Exception):
                why = f"The room at {self._url} cannot be entered: {_innermost(failed)}."
                look = "" if isinstance(failed, NotTakenError) else _LOOK_WHETHER
                raise NoRoomError(f"{why}{look}") from failed
            raise
        self.instructions = self._client.instructions
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave. With an error, what the agent did and nobody has made final is taken back: nobody else will."""
        try:
            if error is not None and self._unsettled:
                self.blocking(self.give_up, f"it ended with {type(error).__name__}")
        finally:
            self._stack.__exit__(None, None, None)

    async def __aenter__(self) -> Self:
        if self._brought:
            self._brought.loop = asyncio.get_running_loop()
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.shield(asyncio.to_thread(self.__exit__, kind, error, traceback))

    def blocking(self, work: Callable[[*Ts], Awaitable[R]], *arguments: *Ts) -> R:
        """What a method of this gives, waited for by a thread."""
        assert self._portal, "open it first: with … as room"
        return self._portal.call(work, *arguments)

    async def awaited(self, work: Callable[[*Ts], Awaitable[R]], *arguments: *Ts) -> R:
        """What a method of this gives, waited for by a task. Cancelled, it no longer waits for the answer; a call
        that has reached the room is carried out, and asked again under its id it gives what it gave.
        """
        assert self._portal, "open it first: async with … as room"
        return await asyncio.wrap_future(self._portal.start_task_soon(work, *arguments))

    def live(self, name: str) -> bool:
        """Whether calls of this tool act on live state in the room's order."""
        return any(tool.name == name and tool.live for tool in self.tools)

    def knows(self, name: str) -> bool:
        """Whether it is a tool of the room."""
        return any(tool.name == name for tool in self.tools)

    async def call(self, name: str, arguments: Mapping[str, Any], call_id: str) -> Told:
        """Call a tool of the room. The same `call_id` with the same arguments is the same call, however often it is
        asked for, also by another process that takes the conversation up again.
        """
        self._sent_back = 0
        self._unsettled = self._unsettled or self.live(name) or name == _CALL
        if not self.live(name):
            return await self._asked(name, arguments, arguments.get("tool") if name == _CALL else None)
        given = dumps(arguments, sort_keys=True)
        operation = sha256(dumps((call_id, name, given)).encode()).hexdigest()[:32] if call_id else ""
        asked = {"do": "call", "tool": name, "arguments": given, "operation": operation}
        return await self._asked(_CALL, asked, name)

    async def _asked(self, name: str, arguments: Mapping[str, Any], function: object) -> Told:
        """Call a tool of the room. When the room goes away meanwhile, a call that may be repeated is, once it is back;
        it does not know this process's functions for a moment then.
        """
        offered, until = self._brought.offered if self._brought else 0, time.monotonic() + _BACK_WITHIN_S
        while True:
            try:
                told = await self._client.call(name, arguments)
            except Exception as failed:
                again = room_went_away(failed) and arguments.get("operation")
                if not again or time.monotonic() > until:
                    raise
                await asyncio.sleep(_AGAIN_S)
                continue
            left = until - time.monotonic()
            unknown = told.code == Code.NOT_FOUND and self._brought is not None and self._brought.has(function)
            if not unknown or not self._brought or not await self._brought.offered_again(offered, left):
                return told
            offered = self._brought.offered

    async def before(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Ask before one of the agent's own tools runs: why it must not, or None."""
        self._sent_back = 0
        touch = self.own.get(name)
        return await self._client.before(touch, arguments, os.getcwd()) if touch else None

    async def after(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Say that one of the agent's own tools has run, however it ended. What is new is kept for the model."""
        self._keep(await self._client.after(self.own[name], arguments, os.getcwd()))

    def kept(self) -> str:
        """What came with the agent's own tools and its model has not read; empty when there is nothing."""
        kept, self._kept = self._kept, ""
        return kept

    async def news(self) -> str:
        """What the agent has not been told yet; empty when there is nothing."""
        self._keep(await self._client.after(_NO_TOOL, {}, os.getcwd()))
        return self.kept()

    async def hook(self, client: str, moment: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the room's hook of a client answers, in that client's own words; for frameworks that have such hooks.

        Raises:
            httpx2.HTTPError: the room did not answer, or turned the hook away.
        """
        if moment == "before":
            self._sent_back = 0
        return await self._client.hook(client, moment, event)

    async def done(self, report: str) -> str:
        """The agent has nothing more to do. Returns what it still has to judge, for its model; empty: it may end.

        It stays, as long as was said, until what it did is final: who comes before it may still change what it read.
        """
        if self._sent_back >= SENT_BACK_MAX:
            return ""
        told = await self._client.stopping() or (await self._concluded(report) if self._unsettled else "")
        self._sent_back = self._sent_back + 1 if told else 0
        return told

    async def give_up(self, why: str) -> None:
        """Take back all that the agent did and that is not final."""
        await self._client.call(_CALL, {"do": "give_up", "arguments": why})
        self._unsettled = False

    def _keep(self, news: str) -> None:
        self._kept = "\n".join(filter(None, (self._kept, news)))

    async def _concluded(self, report: str) -> str:
        until = time.monotonic() + self._stay_s
        while True:
            wait_s = min(max(until - time.monotonic(), 0.0), _WAIT_S)
            told = await self._client.call(_CALL, {"do": "done", "arguments": report, "wait_s": wait_s})
            if told.refused or told.data.get("judge"):
                return told.text
            if told.data.get("final"):
                self._unsettled = False
            if told.data.get("final") or wait_s <= 0:
                return ""

    async def _offered(self) -> tuple[RoomTool, ...]:
        every = {str(tool["name"]): tool for tool in await self._client.tools()}
        wanted = (_ANSWER, *((_CALL,) if _CALL in every else ()), *self._also)
        of_room = [
            RoomTool(name, str(every[name]["description"]), every[name]["schema"], live=False) for name in wanted
        ]
        live: list[RoomTool] = []
        after: str | None = "" if _CALL in every else None
        while after is not None:
            told = await self._client.call(_CALL, {"do": "list", "about": after})
            live += [RoomTool(t["name"], t["description"], t["arguments"], live=True) for t in told.data["tools"]]
            after = told.data.get("more_after")
        return (*live, *of_room)


def _innermost(failed: BaseException) -> str:
    """What went wrong, in one line."""
    return said_by(failed).splitlines()[0].rstrip(".")
