"""Calls of tools on live state, carried out step by step: each step is stored before it acts.

What is here decides nothing and waits for nothing: it is a generator that asks its runner to store a command or to let
a tool act, so that the daemon runs it over a log and threads, and a simulation runs the same code and dies between any
two of its requests. After a crash `recover` goes on from the log alone.
"""

from collections.abc import Callable
from typing import cast

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.decide.calls import taken_back_with, upcoming
from coroom.core.decide.repairs import ready_gates
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import TAKES_BACK, CallPhase, Judgement, OrderedCall, StepKind, Values, any_overlap
from coroom.core.ordering.index import depth, standing
from coroom.core.ordering.position import Position
from coroom.core.ordering.recorded import known_values, recorded_reads, written_between
from coroom.core.ordering.trajectory import uppermost, value_at
from coroom.core.policies import POLICIES
from coroom.core.resource import Footprint, Resource
from coroom.core.room import answered_before, call_asked, other_call
from coroom.core.tool import ToolCall
from coroom.host.acting import Acting
from coroom.host.requests import (
    Act,
    Called,
    Failed,
    Gated,
    Outcome,
    Request,
    Steps,
    Store,
    Waits,
    call_of,
    is_look,
    look_with,
)
from coroom.ports import Overlays, Tool, ToolFailed

__all__ = [
    "Act",
    "Called",
    "Carrier",
    "Failed",
    "Gated",
    "Outcome",
    "Request",
    "Steps",
    "Store",
    "Waits",
    "call_of",
    "is_look",
]

LOOK_TRIES = 3
"""A look that is disturbed is taken again, so often; then the caller is asked to come back."""

_BEGINS_AGAIN = Refused(
    Code.RESTARTED,
    "All that you did was taken back.",
    "Call sync, answer the notice with repaired, then begin again from the start.",
)

_NOT_DONE = (Refused, c.Waiting)
"""The replies by which nothing was done."""


class Carrier(Acting):
    """Carries out calls over one room's state and its tools. `state` gives the room as it is durable now."""

    def call(self, agent: str, tool: str, arguments: str, step: int = 0, operation: str = "") -> Steps[Outcome]:
        """One call of a tool, at the agent's next step, or at `step` in place of what stands there. One that is
        repeated with its `operation` is not made again: it is told what it was told, whatever came after.
        """
        if operation:
            before = answered_before(self._state(), agent, operation, call_asked(tool, arguments, step))
            if before is not None:
                return (yield from self._again(agent, before, operation))
        found = self._tools.get(tool)
        if found is None:
            names = ", ".join(sorted(self._tools)[:20]) or "none"
            return Refused(Code.NOT_FOUND, f"There is no tool '{tool[:60]}'.", f"The room has {names}.")
        footprint = found.footprint(arguments)
        if isinstance(footprint, Refused):
            return footprint
        while True:
            if footprint.writes:
                outcome = yield from self._write(agent, found, arguments, footprint, step, operation)
            else:
                outcome = yield from self._read(agent, found, arguments, footprint, step, operation)
            if isinstance(outcome, c.Waiting):
                if not outcome.again:
                    return Waits(outcome.on)
                if outcome.repair:
                    yield from self.drive(outcome.repair)
                if agent in outcome.on:
                    return _BEGINS_AGAIN
                continue
            yield from self.open_gates()
            return outcome

    def _again(self, agent: str, before: c.Good | Refused, operation: str) -> Steps[Outcome]:
        if not isinstance(before, c.Placed):
            return before if isinstance(before, Refused) else other_call(operation)
        lost = taken_back_with(self._state(), agent)
        if lost:
            return lost
        if before.repair:
            yield from self.drive(before.repair)
        yield from self.open_gates()
        return self._came_of(agent, before, operation)

    def judge(
        self, agent: str, notices: tuple[str, ...], verdict: Judgement, operation: str = ""
    ) -> Steps[c.Good | Refused]:
        """What the agent makes of notices; `cannot` takes all back that it did."""
        return (yield from self._and_repair(Store(agent, c.JudgeNotices(notices, verdict), operation)))

    def conclude(self, agent: str, report: str = "", operation: str = "") -> Steps[c.Good | Refused]:
        """The agent is done; gates that waited for it open."""
        return (yield from self._and_repair(Store(agent, c.Conclude(report), operation)))

    def retract(self, agent: str, calls: tuple[str, ...], operation: str = "") -> Steps[c.Good | Refused]:
        """Take the agent's own calls out of the order."""
        return (yield from self._and_repair(Store(agent, c.Retract(calls), operation)))

    def abandon(self, agent: str, why: str, by: str = HOST) -> Steps[c.Good | Refused]:
        """Take back all that an agent did."""
        return (yield from self._and_repair(Store(by, c.Abandon(agent, why))))

    def recover(self) -> Steps[None]:
        """Finish every repair that a crash cut off, then open the gates that are due."""
        while self._state().order.repairs:
            yield from self.drive(next(iter(self._state().order.repairs)))
        yield from self.open_gates()

    def open_gates(self) -> Steps[None]:
        """Let the gated calls act that nobody can make stale any more, lowest position first."""
        tried: set[str] = set()
        while ready := [name for name in ready_gates(self._state()) if name not in tried]:
            tried.add(ready[0])
            reply = yield Store(HOST, c.OpenGate(ready[0]))
            if isinstance(reply, c.Placed):
                yield from self.drive(reply.repair)

    def _and_repair(self, asked: Store) -> Steps[c.Good | Refused]:
        reply = cast("c.Good | Refused", (yield asked))
        if isinstance(reply, c.Ok) and reply.id in self._state().order.repairs:
            yield from self.drive(reply.id)
        if not isinstance(reply, Refused):
            yield from self.open_gates()
        return reply

    def drive(self, repair: str, look: Callable[[], Steps[None]] | None = None, fresh: str = "") -> Steps[None]:
        """Take the steps of a repair until none is left.

        Args:
            repair: its id.
            look: what a read in the middle of it does; without one it is passed over.
            fresh: a started call that has surely not acted yet; of any other it is asked what became of it.
        """
        while under_way := self._state().order.repairs.get(repair):
            step = under_way.todo[0]
            call = self._state().order.calls.get(step.call)
            if step.kind is StepKind.READ:
                if look is not None:
                    yield from look()
                    look = None
                if repair in self._state().order.repairs and self._state().order.repairs[repair].todo[0] == step:
                    yield Store(HOST, c.NoteLook(repair))
            elif call is None:
                return
            elif step.kind in TAKES_BACK:
                yield from self._take_back(call)
            else:
                yield from self._act(call, fresh=call.id == fresh)

    def _write(
        self, agent: str, tool: Tool, arguments: str, footprint: Footprint, step: int, operation: str
    ) -> Steps[Outcome | c.Waiting]:
        spec = tool.spec
        asked = c.PlaceCall(
            tool=spec.name,
            arguments=arguments,
            footprint=footprint,
            effect=spec.effect,
            irrevocable=spec.gated or self._state().distrusted(spec.name),
            commutes=spec.commutes_with,
            step=step,
        )
        ready = yield from self._prepared(agent, tool, asked)
        if isinstance(ready, Failed):
            return ready
        reply = cast("c.Good | Refused", (yield Store(agent, ready, operation)))
        if isinstance(reply, _NOT_DONE):
            return reply
        assert isinstance(reply, c.Placed)
        if reply.gated:
            return Gated(reply.call, reply.position)
        yield from self.drive(reply.repair, fresh=reply.call)
        return self._came_of(agent, reply, operation)

    def _came_of(self, agent: str, placed: c.Placed, operation: str) -> Outcome:
        """What became of a call that was placed."""
        order = self._state().order
        call = order.calls.get(placed.call)
        if call is None:
            known = answered_before(self._state(), agent, operation)
            return _once_over(known if isinstance(known, c.Placed) and known.call == placed.call else placed)
        if call.phase is CallPhase.GATED:
            return Gated(call.id, call.position)
        fenced = call.phase is CallPhase.FENCED
        if call.phase is not CallPhase.FAILED and not fenced:
            return Called(call.id, call.position, call.told or call.result)
        if fenced and any(stray.call == call.id for stray in self._state().strays):
            fence = order.fences.get(call.id)
            return Refused(
                Code.FENCED,
                f"It acted, but {fence.why if fence else 'it touched more than it declared'}.",
                "What it touched is fenced; tell the operator, who mends it and lifts the fence.",
            )
        if fenced or (order.fences and not call.result):
            why = next((f.why for f in order.fences.values()), "it is fenced")
            return Refused(
                Code.FENCED,
                f"It was put off: what stands in its way cannot be undone ({why}). Nothing was overwritten.",
                "Do something else; the operator lifts the fence once it is mended.",
            )
        return Failed(call.result)

    def _prepared(self, agent: str, tool: Tool, asked: c.PlaceCall) -> Steps[c.PlaceCall | Failed]:
        """The command with what undo will need, when nothing has to be undone before the call may act."""
        state = self._state()
        policy = POLICIES[state.policy]
        call = OrderedCall(
            id=f"c{state.numbered + 1}",
            agent=agent,
            position=upcoming(state, agent, asked.step),
            tool=asked.tool,
            arguments=asked.arguments,
            footprint=asked.footprint,
            effect=asked.effect,
            commutes=asked.commutes,
            attempt=1,
        )
        old = standing(state.order, call.agent, call.position)
        drop = (old,) if old and old.footprint.writes else ()
        if asked.irrevocable or self._in_flux(asked.footprint) or len(policy.steps(state, call, drop)) != 1:
            return asked
        try:
            prepared = yield Act(
                f"prepare {call.id}", lambda: tool.prepare(ToolCall(call.id, call.tool, call.arguments))
            )
        except ToolFailed as failed:
            return Failed(str(failed))
        before = yield from self._before(call)
        return c.PlaceCall(
            tool=asked.tool,
            arguments=asked.arguments,
            footprint=asked.footprint,
            effect=asked.effect,
            irrevocable=asked.irrevocable,
            commutes=asked.commutes,
            step=asked.step,
            call=call.id,
            prepared=cast("str", prepared),
            before=before,
        )

    def _read(
        self, agent: str, tool: Tool, arguments: str, footprint: Footprint, step: int, operation: str
    ) -> Steps[Outcome | c.Waiting]:
        state = self._state()
        position = upcoming(state, agent, step)
        hidden = POLICIES[state.policy].screened(state, position, footprint.reads)
        if not hidden:
            return (yield from self._look(agent, tool, arguments, footprint, step, operation))
        if tool.spec.reads_value and len(footprint.reads) == 1:
            known = value_at(state.order, footprint.reads[0], position)
            if known is not None:
                values = ((footprint.reads[0], known),)
                return (yield from self._noted(agent, tool, arguments, footprint, step, operation, known, values))
        recorded = self._recorded(tool, arguments, footprint.reads, position)
        if recorded:
            return (yield from self._noted(agent, tool, arguments, footprint, step, operation, *recorded))
        return (yield from self._look_back(agent, tool, arguments, footprint, step, operation))

    def _recorded(
        self, tool: Tool, arguments: str, reads: tuple[Resource, ...], position: Position
    ) -> tuple[str, Values] | None:
        """What the same call gave elsewhere in the order, where nothing that it reads was written in between; or with
        what was written below the reader laid over it, by a tool that can.
        """
        order = self._state().order
        values = known_values(order, reads, position)
        for known in recorded_reads(order, tool.spec.name, arguments, reads) if values is not None else ():
            low, high = sorted((known.position, position))
            between = written_between(order, reads, low, high)
            if not between:
                return known.result, values or ()
            if known.position < position and isinstance(tool, Overlays):
                writes = tuple(ToolCall(c.id, c.tool, c.arguments) for c in between)
                laid_over = tool.overlay(arguments, known.result, writes)
                if laid_over is not None:
                    return laid_over, values or ()
        return None

    def _look(
        self, agent: str, tool: Tool, arguments: str, footprint: Footprint, step: int, operation: str, repair: str = ""
    ) -> Steps[Outcome | c.Waiting]:
        """What is there now is what the reader may see. A look during which something was put in order there is not."""
        result, values, stirred = "", cast("Values", ()), True
        for _ in range(LOOK_TRIES):
            before = self._mark(footprint.reads)
            if not repair and self._in_flux(footprint):
                break
            look = look_with(tool.spec.name, self._state().seq, arguments)
            try:
                result = cast("str", (yield Act(f"read with {look.tool}", lambda look=look: tool.perform(look, ""))))  # type: ignore[misc]
            except ToolFailed as failed:
                return Failed(str(failed))
            values = yield from self._seen(tool, footprint, result)
            stirred = not repair and (self._in_flux(footprint) or self._mark(footprint.reads) != before)
            if not stirred:
                break
        if stirred:
            return Refused(Code.WAIT, "What it reads is being put in order.", "Call again in a moment.")
        return (yield from self._noted(agent, tool, arguments, footprint, step, operation, result, values, repair))

    def _seen(self, tool: Tool, footprint: Footprint, result: str) -> Steps[Values]:
        if not POLICIES[self._state().policy].ordered:
            return ()
        if tool.spec.reads_value and len(footprint.reads) == 1:
            return ((footprint.reads[0], result),)
        return (yield from self._values(footprint.reads, tool.spec.name))

    def _in_flux(self, footprint: Footprint) -> bool:
        """Whether what it touches is being put in order, so that what is there now is there for nobody."""
        every = (*footprint.writes, *footprint.reads)
        return any(any_overlap(one.touched, every) for one in self._state().order.repairs.values())

    def _mark(self, reads: tuple[Resource, ...]) -> tuple[tuple[int, str, int], ...]:
        """What stands there: another mark means that something was done or undone meanwhile."""
        order = self._state().order
        tops = ((resource, uppermost(order, resource)) for resource in reads)
        return tuple((depth(order, r), top.id if top else "", top.attempt if top else 0) for r, top in tops)

    def _noted(
        self,
        agent: str,
        tool: Tool,
        arguments: str,
        footprint: Footprint,
        step: int,
        operation: str,
        result: str,
        values: Values,
        repair: str = "",
    ) -> Steps[Outcome | c.Waiting]:
        noted = c.NoteRead(
            tool=tool.spec.name,
            arguments=arguments,
            footprint=footprint,
            result=result,
            values=values,
            step=step,
            repair=repair,
        )
        reply = cast("c.Good | Refused", (yield Store(agent, noted, operation)))
        if isinstance(reply, _NOT_DONE):
            return reply
        assert isinstance(reply, c.Placed)
        if reply.repair and not repair:
            yield from self.drive(reply.repair)
        if reply.call not in self._state().order.calls and not reply.ended:
            return Called(reply.call, reply.position, result)
        return self._came_of(agent, reply, operation)

    def _look_back(
        self, agent: str, tool: Tool, arguments: str, footprint: Footprint, step: int, operation: str
    ) -> Steps[Outcome | c.Waiting]:
        """Nobody has recorded what the reader may see: take back what it must not, look, and put it back."""
        asked = c.LookBack(tool=tool.spec.name, arguments=arguments, footprint=footprint, step=step)
        reply = cast("c.Good | Refused", (yield Store(agent, asked)))
        if isinstance(reply, _NOT_DONE):
            return reply
        assert isinstance(reply, c.Placed)
        seen: list[Outcome | c.Waiting] = []

        def look() -> Steps[None]:
            seen.append((yield from self._look(agent, tool, arguments, footprint, step, operation, reply.repair)))

        yield from self.drive(reply.repair, look)
        return seen[0] if seen else Failed("the look was given up")


def _once_over(placed: c.Placed) -> Outcome:
    """What a repeated call is told that is not in the order any more."""
    if not placed.ended:
        return _BEGINS_AGAIN
    if placed.long:
        why = f"{placed.call} was made once and is final; what it gave is too long to be kept here."
        return Refused(Code.STALE, why, "Do not make it again for that: look at what is there, or at the room's log.")
    if placed.ended == CallPhase.FENCED or (placed.ended == CallPhase.FAILED and not placed.result):
        why = f"{placed.call} was made once and put off, since what it touches was fenced."
        return Refused(
            Code.FENCED, why, "Look at what is there now; if it is still to be done, make it with a fresh id."
        )
    if placed.ended == CallPhase.FAILED:
        return Failed(placed.result)
    return Called(placed.call, placed.position, placed.result)
