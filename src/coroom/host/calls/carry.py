"""Calls of tools on live state, carried out step by step: each step is stored before it acts.

What is here decides nothing and waits for nothing: it is a generator that asks its runner to store a command or to let
a tool act, so that the daemon runs it over a log and threads, and a simulation runs the same code and dies between any
two of its requests. After a crash `recover` goes on from the log alone.
"""

from typing import cast

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.decide.calls import taken_back_with, upcoming
from coroom.core.decide.repairs import ready_gates
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import Judgement, OrderedCall
from coroom.core.ordering.index import call_at
from coroom.core.policies import POLICIES
from coroom.core.resource import Footprint
from coroom.core.room import answered_before, fingerprint_of_call, other_call
from coroom.core.tool import ToolCall
from coroom.host.calls.outcomes import BEGINS_AGAIN, came_of
from coroom.host.calls.reads import NOT_DONE, Reading, in_flux
from coroom.host.calls.requests import (
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
)
from coroom.ports import Tool, ToolFailed

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


class Carrier(Reading):
    """Carries out calls over one room's state and its tools. `state` gives the room as it is durable now."""

    def call(self, agent: str, tool: str, arguments: str, step: int = 0, operation: str = "") -> Steps[Outcome]:
        """One call of a tool, at the agent's next step, or at `step` in place of what stands there. One that is
        repeated with its `operation` is not made again: it is told what it was told, whatever came after.
        """
        if operation:
            before = answered_before(self._state(), agent, operation, fingerprint_of_call(tool, arguments, step))
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
                    return BEGINS_AGAIN
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
        return came_of(self._state(), agent, before, operation)

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
        if isinstance(reply, NOT_DONE):
            return reply
        assert isinstance(reply, c.Placed)
        if reply.gated:
            return Gated(reply.call, reply.position)
        yield from self.drive(reply.repair, fresh=reply.call)
        return came_of(self._state(), agent, reply, operation)

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
        old = call_at(state.order, call.agent, call.position) if asked.step else None
        drop = (old,) if old and old.footprint.writes else ()
        if asked.irrevocable or in_flux(state.order, asked.footprint) or len(policy.repair(state, call, drop)) != 1:
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
