"""Functions that agents' processes bring to a room: which there are, who may call them, and what is asked of whom.

A process says what it brings, then asks for work again and again; what it was handed and has not answered is told to
it again, so that a lost reply loses nothing. What was never handed out was never done; what was handed to a process
that is gone has an unknown outcome.

Its process speaks by `agents.frameworks.brought` to `hooks.brought`; `tools.brought` is one such function as a tool.

Whether an undo holds the room finds itself: before anybody can call a function it conducts the trial in the process;
without a trial calls are gated.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from coroom.core.agent import Permission
from coroom.core.decide.decision import lacks
from coroom.core.errors import Code, Refused
from coroom.host.calls.awaited import Awaited
from coroom.host.calls.calls import CALLING, RoomCalls, stray_seen
from coroom.host.host import Host
from coroom.ports import Tool, ToolFailed
from coroom.tools.brought import RESTORE, BroughtFunction, Described, read_description, touched_in
from coroom.tools.journal import Journal
from coroom.tools.observers import Observed
from coroom.tools.probe import Watched
from coroom.tools.registry import BadTool, FunctionTool
from coroom.tools.trials import proven

BROUGHT_MAX = 64
"""Functions that one process may bring."""

PICKED_UP_WITHIN_S = 10.0
"""A process that is there asks for work at all times."""

ANSWERED_WITHIN_S = 120.0
WORK_WAIT_S_MAX = 30.0

PROVED_WITHIN_S = 120.0
"""All that a process brings is put to the proof in this time."""

_LOOK_S = 1.0
"""How often a process that waits for work is looked after."""

_UNKNOWN = Refused(Code.NOT_FOUND, "The room does not know this process.", "Say what it brings, again.")
_OBSERVED: ContextVar[Observed | None] = ContextVar("observed", default=None)


class BrokeOff(Exception):
    """What became of something that a process was asked to do is not known."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One thing that a process is asked for."""

    number: str
    caller: str
    asked: Mapping[str, Any]
    answer: "Future[Mapping[str, Any]]" = field(default_factory=Future)


@dataclass(slots=True)
class _Process:
    """One process of an agent, from when it says what it brings. `asking` counts its questions that are open now. It
    is `ready` once what it brings has been put to the proof; until then it is handed nothing but its trials.
    """

    word: str
    brings: tuple[Described, ...]
    seen_s: float
    proving: bool = False
    ready: bool = False
    asking: int = 0
    open: dict[str, _Work] = field(default_factory=dict)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def names(self) -> tuple[str, ...]:
        """What can be called there."""
        return tuple(each.name for each in self.brings) if self.ready else ()


class _Touched:
    """Takes from a process what it saw a call touch; see `observers.Observer`."""

    @contextmanager
    def watching(self, observed: Observed) -> Iterator[None]:
        """See `Observer.watching`."""
        before = _OBSERVED.set(observed)
        try:
            yield
        finally:
            _OBSERVED.reset(before)


class BroughtTools:
    """All methods but `ask` belong to the event loop of the host."""

    def __init__(self, host: Host, calls: RoomCalls, journal: Journal, own: Callable[[Tool], Tool]) -> None:
        """Take functions in.

        Args:
            host: the room.
            calls: where they can be called.
            journal: what is written down of their calls.
            own: makes a tool the room's own.
        """
        self._host, self._calls, self._journal, self._own = host, calls, journal, own
        self._loop = asyncio.get_running_loop()
        self._made: dict[str, Described] = {}
        self._awaited: dict[str, Awaited] = {}
        self._processes: dict[str, _Process] = {}
        calls.lets = self.lets

    def await_those(self) -> bool:
        """Wait for the functions of which calls stand that were made before the room was opened; whether there are."""
        standing = {call.tool for call in self._host.state.order.calls.values()}
        self._awaited = {name: Awaited(name) for name in standing - self._calls.tools.keys()}
        self._calls.tools |= self._awaited
        return bool(self._awaited)

    def bring(self, agent: str, process: str, said: Sequence[object]) -> tuple[str, ...] | Refused:
        """Take in what a process of the agent brings, in place of what an earlier one did. `prove` makes it callable.

        Returns:
            Its names. A name of one of the room's own tools stays the room's.
        """
        bad = lacks(self._host.state, agent, Permission.EDIT) or self._unfit(agent, process, said)
        if bad:
            return bad
        functions = [read_description(each) for each in said]
        self._gone(agent)
        self._processes[agent] = _Process(process, tuple(functions), self._loop.time())
        self._drop_unused()
        return tuple(each.name for each in functions)

    async def prove(self, agent: str, process: str) -> tuple[str, ...] | Refused:
        """Put what a process brings to the proof, there and by the room; then its agent can call it.

        Returns:
            The names, or what did not pass; then nothing of it can be called.
        """
        known = self._known(agent, process)
        if known is None:
            return _UNKNOWN
        if known.proving:
            return Refused(Code.DUPLICATE, "Its functions are in their trials already.", "Wait for what they give.")
        if not known.ready:
            known.proving = True
            try:
                held = await asyncio.to_thread(self._held, known, self._room_own)
            except BadTool as bad:
                return _bad(str(bad))
            finally:
                known.proving = False
                known.more.set()
            if self._processes.get(agent) is not known:
                return _UNKNOWN
            self._offer(known, held)
        return known.names

    def lets(self, agent: str, tool: str) -> bool:
        """Whether the agent may see and call it: what others brought is nobody else's."""
        return (tool not in self._made and tool not in self._awaited) or tool in self._names(agent)

    def answer(self, agent: str, process: str, answers: Sequence[Mapping[str, Any]]) -> Refused | None:
        """Take what a process has done; a second time does nothing."""
        known = self._known(agent, process)
        if known is None:
            return _UNKNOWN
        for answer in answers:
            done = known.open.pop(str(answer.get("number")), None)
            if done and not done.answer.done():
                done.answer.set_result(answer)
        return None

    async def work(
        self, agent: str, process: str, running: Sequence[str], wait_s: float, gone: Callable[[], Awaitable[bool]]
    ) -> list[Mapping[str, Any]] | Refused:
        """What there is to do beside what is running already; wait for some.

        Args:
            agent: who asks.
            process: the word that its process gave.
            running: numbers of what it has been handed and has not answered.
            wait_s: how long.
            gone: whether nobody reads the answer any more; then nothing is handed out.
        """
        known = self._known(agent, process)
        if known is None:
            return _UNKNOWN
        deadline = self._loop.time() + min(max(wait_s, 0.0), WORK_WAIT_S_MAX)
        known.asking += 1
        try:
            while not self._waiting(known, running) and (left := deadline - self._loop.time()) > 0:
                known.more.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(known.more.wait(), min(left, _LOOK_S))
                if self._processes.get(agent) is not known:
                    return _UNKNOWN
                if await gone():
                    return []
        finally:
            known.asking -= 1
            known.seen_s = self._loop.time()
        return [{"number": work.number, **work.asked} for work in self._waiting(known, running) if _handed(work)]

    def ask(self, tool: str, part: str, given: Mapping[str, Any]) -> object:
        """See `tools.brought.Asks`."""
        work = _Work(secrets.token_hex(8), CALLING.get(), {"tool": tool, "part": part, **given})
        self._loop.call_soon_threadsafe(self._put, work)
        return self._answered(work, ANSWERED_WITHIN_S)

    def ask_in_trial(self, known: _Process, asked: Mapping[str, Any], within_s: float) -> object:
        """Have one step of a trial made by the process that is in it. For threads; fails as `ask` does."""
        work = _Work(secrets.token_hex(8), "", {**asked, "trial": True})
        self._loop.call_soon_threadsafe(self._hand, known, work)
        return self._answered(work, within_s)

    def _answered(self, work: _Work, within_s: float) -> object:
        tool = work.asked["tool"]
        try:
            answer = work.answer.result(PICKED_UP_WITHIN_S)
        except TimeoutError:
            if work.answer.cancel():
                raise ToolFailed(f"The process that brought {tool} does not answer; nothing was done.") from None
            try:
                answer = work.answer.result(within_s)
            except TimeoutError:
                raise BrokeOff(f"{tool} did not come to an end within {within_s:.0f} s") from None
        observed = _OBSERVED.get()
        if observed:
            touched = touched_in(answer.get("touched"))
            for each in touched.reads:
                observed.read(each)
            for each in touched.writes:
                observed.wrote(each)
        if "failed" in answer:
            raise ToolFailed(str(answer["failed"])[:1_000])
        if "broke" in answer:
            raise BrokeOff(str(answer["broke"])[:1_000])
        return answer.get("result")

    def end(self) -> None:
        """Let nobody wait any longer."""
        for agent in [*self._processes]:
            self._gone(agent)
        for awaited in self._awaited.values():
            awaited.end()

    @property
    def _room_own(self) -> set[str]:
        return self._calls.tools.keys() - self._made.keys() - self._awaited.keys()

    def _names(self, agent: str) -> tuple[str, ...]:
        known = self._processes.get(agent)
        return known.names if known else ()

    def _held(self, known: _Process, room_own: Container[str]) -> frozenset[str]:
        """The functions whose undo holds, of those that are none of the room's own. For threads.

        Raises:
            BadTool: one has a trial and does not pass, or it broke off.
        """
        until = time.monotonic() + PROVED_WITHIN_S
        found: set[str] = set()
        for each in known.brings:
            if each.name in room_own:
                continue
            try:
                held = proven(BroughtFunction(each, _InTrial(self, known, until)))
            except (ToolFailed, BrokeOff) as broke:
                raise BadTool(f"{each.name} did not come through its trial: {broke}") from broke
            found |= {each.name} if held else set()
        return frozenset(found)

    def _offer(self, known: _Process, held: frozenset[str]) -> None:
        """Let them be called. An undo counts for all who bring the same function or for none: each has to pass."""
        for each in known.brings:
            if self._made.get(each.name) != each and each.name not in self._room_own:
                self._made[each.name] = each
                function = FunctionTool(BroughtFunction(each, self), self._journal, proven=each.name in held)
                tool = self._calls.tools[each.name] = Watched(self._own(function), [_Touched()], stray_seen)
                if awaited := self._awaited.pop(each.name, None):
                    awaited.come(tool)
        known.ready = True

    def _unfit(self, agent: str, process: str, said: Sequence[object]) -> Refused | None:
        if not process or not said or len(said) > BROUGHT_MAX:
            return _bad(f"A process brings 1 to {BROUGHT_MAX} functions, and has a name.")
        try:
            functions = [read_description(each) for each in said]
        except BadTool as bad:
            return _bad(str(bad))
        names = [each.name for each in functions]
        if len({*names}) < len(names):
            return _bad("Two of the functions have one name.")
        return next((taken for each in functions if (taken := self._taken(agent, each))), None)

    def _taken(self, agent: str, wanted: Described) -> Refused | None:
        """Why another agent's function of this name is in the way. That of a process that is gone makes way, once
        nothing that was done with it can be undone any more.
        """
        for one, known in [*self._processes.items()]:
            if one == agent or not any(its.name == wanted.name and its != wanted for its in known.brings):
                continue
            if self._is_there(known):
                why = f"{one} has brought another function named {wanted.name}."
                return Refused(Code.DUPLICATE, why, "Give yours another name: @tool(name=...).")
            self._gone(one)
        made = self._made.get(wanted.name)
        theirs = [c for c in self._host.state.order.calls.values() if c.tool == wanted.name and c.agent != agent]
        if theirs and made not in (None, wanted):
            why = f"{theirs[0].id} of {theirs[0].agent} can still be undone, by another function named {wanted.name}."
            return Refused(Code.DUPLICATE, why, "Give yours another name: @tool(name=...), or wait until it is final.")
        return None

    def _put(self, work: _Work) -> None:
        """Hand it to the agent whose call it is, or else to anybody who brought the function and is there."""
        tool = str(work.asked["tool"])
        call = str(work.asked.get("call_id", "")).rpartition("-")[2].partition(".")[0]
        placed = self._host.state.order.calls.get(call)
        first = placed.agent if placed else work.caller
        able = [name for name, known in self._processes.items() if tool in known.names and self._is_there(known)]
        for agent in sorted(able, key=lambda name: name != first):
            self._hand(self._processes[agent], work)
            return
        if work.answer.set_running_or_notify_cancel():
            work.answer.set_exception(ToolFailed(f"No process that brought {tool} is there; nothing was done."))

    def _hand(self, known: _Process, work: _Work) -> None:
        if any(each is known for each in self._processes.values()):
            known.open[work.number] = work
            known.more.set()
        elif work.answer.set_running_or_notify_cancel():
            work.answer.set_exception(ToolFailed("The process has ended; nothing was done."))

    def _is_there(self, known: _Process) -> bool:
        return known.asking > 0 or self._loop.time() - known.seen_s < PICKED_UP_WITHIN_S

    def _waiting(self, known: _Process, running: Sequence[str]) -> list[_Work]:
        for number in [number for number, work in known.open.items() if work.answer.done()]:
            del known.open[number]
        return [work for number, work in known.open.items() if number not in running]

    def _known(self, agent: str, process: str) -> _Process | None:
        known = self._processes.get(agent)
        return known if known and known.word == process else None

    def _drop_unused(self) -> None:
        """What nobody brings any more, and no call that can still be undone is of."""
        used = {each.name for known in self._processes.values() for each in known.brings}
        used |= {call.tool for call in self._host.state.order.calls.values()}
        for name in self._made.keys() - used:
            del self._made[name]
            self._calls.tools.pop(name, None)

    def _gone(self, agent: str) -> None:
        known = self._processes.pop(agent, None)
        if known is None:
            return
        known.more.set()
        for work in known.open.values():
            if work.answer.running():
                work.answer.set_exception(BrokeOff("the process that was asked has ended"))
            elif work.answer.set_running_or_notify_cancel():
                work.answer.set_exception(ToolFailed("The process that was to do it has ended; nothing was done."))


@dataclass(frozen=True, slots=True)
class _InTrial:
    """Reaches one process while its functions are in their trials; see `tools.brought.Asks`."""

    tools: BroughtTools
    process: _Process
    until: float

    def ask(self, tool: str, part: str, given: Mapping[str, Any]) -> object:
        """See `tools.brought.Asks`."""
        left = self.until - time.monotonic()
        if left <= 0 and part != RESTORE:
            raise BrokeOff(f"it did not come to an end within {PROVED_WITHIN_S:.0f} s")
        return self.tools.ask_in_trial(self.process, {"tool": tool, "part": part, **given}, max(left, 1.0))


def _handed(work: _Work) -> bool:
    return work.answer.running() or work.answer.set_running_or_notify_cancel()


def _bad(why: str) -> Refused:
    return Refused(Code.BAD_INPUT, why if why.endswith(".") else f"{why}.", "See docs/frameworks.md.")
