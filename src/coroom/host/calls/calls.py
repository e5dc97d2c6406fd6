"""Calls on live state in a running room: the carrier's requests answered by the host, tools in threads."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TypeVar, cast

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.errors import Code, Refused
from coroom.core.event import AgentLeft, CallPlaced, Event, OrderCommitted
from coroom.core.ordering.call import Judgement, any_overlap
from coroom.core.ordering.gate import is_quiet, unripe
from coroom.core.quick import dataclass
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import ToolCall
from coroom.host.calls.carry import Carrier, Outcome, Steps, Store, call_of, is_look
from coroom.host.host import Host
from coroom.ports import Forgets, Tool

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Seen:
    """A call that touched more than it declared: what that was, and the same in words."""

    call: ToolCall
    really: Footprint
    why: str


@dataclass(frozen=True, slots=True)
class Finality:
    """Whether what an agent did can still be changed by others, and the notices of the order that it has to judge."""

    final: bool
    judge: tuple[str, ...] = ()


NOT_FINAL = Finality(final=False)

CALLING: ContextVar[str] = ContextVar("calling", default="")
"""Whose call it is that a thread is at work for, or in whose name others are put in order for it."""

_SEEN: ContextVar[list[Seen] | None] = ContextVar("seen", default=None)


def stray_seen(call: ToolCall, really: Footprint, why: tuple[str, ...]) -> None:
    """Note a stray for whoever carries the call out; for tools under observation (`tools.probe.Told`)."""
    seen = _SEEN.get()
    if seen is not None:
        seen.append(Seen(call, really, "; ".join(why)))


THREADS_MAX = 64
"""Calls that tools are at work on at once: some wait for a process or a server, and must not hold up the others."""

TRY_AGAIN_S = 30.0
"""A call whose resources are being put in order is tried again as soon as something happens, at most so long."""


class RoomCalls:
    """The room's tools on live state. All methods belong to the event loop of the host."""

    def __init__(self, host: Host, tools: Mapping[str, Tool]) -> None:
        self._host = host
        self.tools = dict(tools)
        self._carrier = Carrier(lambda: host.state, self.tools)
        self._latches: list[tuple[Resource, ...]] = []
        self._released = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._forgetting: set[asyncio.Task[None]] = set()
        self._made: dict[str, str] = {}
        self._at_work = ThreadPoolExecutor(THREADS_MAX, "coroom-tool")
        self._opening: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._ready.set()
        self.lets: Callable[[str, str], bool] = lambda _agent, _tool: True
        """Whether an agent may see and call a tool."""
        host.listen(self._heard)

    def add(self, tool: Tool) -> bool:
        """Take in a tool that was made meanwhile. False when another one has its name."""
        known = self.tools.setdefault(tool.spec.name, tool)
        return known.spec == tool.spec

    def shown_to(self, agent: str) -> list[Tool]:
        """The tools that an agent may call."""
        return [tool for name, tool in self.tools.items() if self.lets(agent, name)]

    async def open(self) -> None:
        """Finish what a crash cut off; before anybody calls."""
        self._made = {call.id: call.tool for call in self._host.state.order.calls.values()}
        await self._run(self._carrier.recover())

    def open_meanwhile(self) -> None:
        """`open`, while the room is served already, for what has to come there first. Who calls waits until it is."""
        self._ready.clear()
        self._opening = asyncio.get_running_loop().create_task(self.open())
        self._opening.add_done_callback(lambda _: self._ready.set())

    async def call(self, agent: str, tool: str, arguments: str, step: int = 0, operation: str = "") -> Outcome:
        """One call of a tool, at the agent's next step or in place of what stands at `step`; see `Carrier.call`."""
        if not self.lets(agent, tool):
            return Refused(Code.NOT_FOUND, f"There is no tool '{tool[:60]}'.", "Use those that call do=list shows.")
        await self._ready.wait()
        CALLING.set(agent)
        deadline = asyncio.get_running_loop().time() + TRY_AGAIN_S
        while True:
            seq = self._host.state.seq
            async with self._latched(tool, arguments):
                outcome = await self._run(self._carrier.call(agent, tool, arguments, step, operation))
            busy = isinstance(outcome, Refused) and outcome.code is Code.WAIT
            left = deadline - asyncio.get_running_loop().time()
            if not busy or left <= 0 or not await self._host.changed(seq, left):
                return outcome

    async def judge(self, agent: str, notice: str, verdict: Judgement, operation: str = "") -> c.Good | Refused:
        """What the agent makes of a notice of the order."""
        return await self._patiently(lambda: self._carrier.judge(agent, (notice,), verdict, operation))

    async def conclude(self, agent: str, report: str, operation: str = "") -> c.Good | Refused:
        """The agent is done."""
        await self._ready.wait()
        return await self._run(self._carrier.conclude(agent, report, operation))

    async def retract(self, agent: str, calls: tuple[str, ...], operation: str = "") -> c.Good | Refused:
        """Take calls of the agent's own back."""
        return await self._patiently(lambda: self._carrier.retract(agent, calls, operation))

    async def abandon(self, agent: str, why: str, by: str = HOST) -> c.Good | Refused:
        """Take back all that an agent did."""
        return await self._patiently(lambda: self._carrier.abandon(agent, why, by))

    async def _patiently(self, asked: Callable[[], Steps[c.Good | Refused]]) -> c.Good | Refused:
        """Ask again, as soon as something has happened, for as long as a call is in the way."""
        await self._ready.wait()
        while True:
            seq = self._host.state.seq
            reply = await self._run(asked())
            if not isinstance(reply, Refused) or reply.code is not Code.WAIT or self._host.has_ended:
                return reply
            await self._host.changed(seq, TRY_AGAIN_S)

    def leave_unfinished(self) -> None:
        """What `open_meanwhile` has not finished by now is for the next time that the room is opened."""
        if self._opening:
            self._opening.cancel()

    async def rest(self) -> None:
        """Until the tools have forgotten what is final by now."""
        while self._forgetting:
            await asyncio.wait(self._forgetting)

    def finality(self, agent: str) -> Finality:
        """Whether all that the agent did is final, and what it has to judge before it can be."""
        order = self._host.state.order
        mine = {n.id for n in order.notices.values() if n.agent == agent}
        judge = tuple(sorted(mine - unripe(order, self._host.state.agents, agent)))
        open_ones = any(call.agent == agent for call in order.calls.values())
        return Finality(not open_ones and not mine, judge)

    @asynccontextmanager
    async def _latched(self, tool: str, arguments: str) -> AsyncIterator[None]:
        """Calls that overlap come one at a time, for as long as the tools act and never while an agent thinks."""
        found = self.tools.get(tool)
        footprint = found.footprint(arguments) if found else None
        if footprint is None or isinstance(footprint, Refused):
            yield
            return
        mine = (*footprint.writes, *footprint.reads)
        async with self._released:
            await self._released.wait_for(lambda: not any(any_overlap(mine, held) for held in self._latches))
            self._latches.append(mine)
        try:
            yield
        finally:
            self._latches.remove(mine)
            async with self._released:
                self._released.notify_all()

    async def _run(self, steps: Steps[R]) -> R:
        seen: list[Seen] = []
        _SEEN.set(seen)
        try:
            request = next(steps)
            while True:
                try:
                    if isinstance(request, Store):
                        answer: object = await self._host.submit(request.by, request.command, request.operation)
                    else:
                        try:
                            work = partial(copy_context().run, request.work)
                            answer = await asyncio.get_running_loop().run_in_executor(self._at_work, work)
                        finally:
                            await self._caught(seen, "")
                    if isinstance(request, Store) and isinstance(request.command, c.NoteRead):
                        await self._caught(seen, answer.call if isinstance(answer, c.Placed) else "read")
                except Exception as raised:  # noqa: BLE001  whatever a tool raises, the carrier judges it
                    request = steps.throw(raised)
                else:
                    request = steps.send(answer)
        except StopIteration as done:
            return cast("R", done.value)

    async def _caught(self, seen: list[Seen], read: str) -> None:
        """Have strays stored before anything else is made of the call. One of a read is, once that has its place."""
        waiting = [one for one in seen if not read and is_look(one.call)]
        caught = [one for one in seen if one not in waiting]
        seen[:] = waiting
        for one in caught:
            name = read if is_look(one.call) else call_of(one.call)
            call = self._host.state.order.calls.get(name)
            values = [
                (r, await asyncio.to_thread(self._look, one.call.tool, r))
                for r in dict.fromkeys((*one.really.writes, *one.really.reads))
            ]
            noted = c.NoteStray(
                tool=one.call.tool,
                call=name,
                agent=call.agent if call else "",
                observed=one.really,
                why=one.why,
                values=tuple(values),
            )
            await self._host.submit(HOST, noted)

    def _look(self, tool: str, resource: Resource) -> str:
        known = self._host.state.order.tracked.get(str(resource))
        found = self.tools.get(known.tool if known else tool)
        return found.value(resource) if found else "null"

    def _heard(self, event: Event) -> None:
        """Who leaves with something unjudged or half done is given up; what others did is put right. What is final, its
        tools need not remember.
        """
        match event.body:
            case AgentLeft(agent=agent) if agent in self._host.state.order.standings:
                self._begin(self._left(agent), self._tasks)
            case CallPlaced(call=call, tool=tool):
                self._made[call] = tool
            case OrderCommitted():
                there = self._host.state.order.calls
                final: dict[str, list[str]] = {}
                for call in [one for one in self._made if one not in there]:
                    final.setdefault(self._made.pop(call), []).append(call)
                self._begin(self._forget(final), self._forgetting)

    def _begin(self, work: Coroutine[None, None, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)

    async def _forget(self, final: Mapping[str, list[str]]) -> None:
        """A tool that cannot be reached now keeps what it has: that costs room and nothing else."""
        for name, calls in final.items():
            tool = self.tools.get(name)
            if isinstance(tool, Forgets):
                with suppress(Exception):
                    await asyncio.to_thread(tool.forget, tuple(calls))

    async def _left(self, agent: str) -> None:
        if is_quiet(self._host.state.order, agent):
            await self._ready.wait()
            await self._run(self._carrier.open_gates())
        else:
            await self.abandon(agent, "it left")
