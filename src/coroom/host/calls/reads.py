"""Calls that only read see what is recorded for their place, what is there, or what is there with others undone."""

from typing import cast

from coroom.core import command as c
from coroom.core.decide.calls import upcoming
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import Order, Values, any_overlap
from coroom.core.ordering.index import depth
from coroom.core.ordering.position import Position
from coroom.core.ordering.recorded import known_values, recorded_reads, written_between
from coroom.core.ordering.trajectory import uppermost, value_at
from coroom.core.policies import POLICIES
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import ToolCall
from coroom.host.calls.acting import Acting
from coroom.host.calls.outcomes import came_of
from coroom.host.calls.requests import Act, Called, Failed, Outcome, Steps, Store, look_with
from coroom.ports import Overlays, Tool, ToolFailed

LOOK_TRIES = 3
"""A look that is disturbed is taken again, so often; then the caller is asked to come back."""

NOT_DONE = (Refused, c.Waiting)
"""The replies by which nothing was done."""


class Reading(Acting):
    """Takes looks for a room, by the cheapest route that shows what is true at the reader's place."""

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
            before = self._state()
            if not repair and in_flux(before.order, footprint):
                break
            look = look_with(tool.spec.name, before.seq, arguments)
            try:
                result = cast("str", (yield Act(f"read with {look.tool}", lambda look=look: tool.perform(look, ""))))  # type: ignore[misc]
            except ToolFailed as failed:
                return Failed(str(failed))
            values = yield from self._seen(tool, footprint, result)
            stirred = not repair and _stirred(before.order, self._state().order, footprint)
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
        if isinstance(reply, NOT_DONE):
            return reply
        assert isinstance(reply, c.Placed)
        if reply.repair and not repair:
            yield from self.drive(reply.repair)
        if reply.call not in self._state().order.calls and not reply.ended:
            return Called(reply.call, reply.position, result)
        return came_of(self._state(), agent, reply, operation)

    def _look_back(
        self, agent: str, tool: Tool, arguments: str, footprint: Footprint, step: int, operation: str
    ) -> Steps[Outcome | c.Waiting]:
        """Nobody has recorded what the reader may see: take back what it must not, look, and put it back."""
        asked = c.LookBack(tool=tool.spec.name, arguments=arguments, footprint=footprint, step=step)
        reply = cast("c.Good | Refused", (yield Store(agent, asked)))
        if isinstance(reply, NOT_DONE):
            return reply
        assert isinstance(reply, c.Placed)
        seen: list[Outcome | c.Waiting] = []

        def look() -> Steps[None]:
            seen.append((yield from self._look(agent, tool, arguments, footprint, step, operation, reply.repair)))

        yield from self.drive(reply.repair, look)
        return seen[0] if seen else Failed("the look was given up")


def in_flux(order: Order, footprint: Footprint) -> bool:
    """Whether what it touches is being put in order, so that what is there now is there for nobody."""
    every = (*footprint.writes, *footprint.reads)
    return any(any_overlap(one.touched, every) for _, one in order.repairs.ordered())


def _stirred(before: Order, after: Order, footprint: Footprint) -> bool:
    """Whether something that it reads was done or undone meanwhile, or is just now."""
    return after is not before and (
        in_flux(after, footprint) or _mark(before, footprint.reads) != _mark(after, footprint.reads)
    )


def _mark(order: Order, reads: tuple[Resource, ...]) -> tuple[tuple[int, str, int], ...]:
    tops = ((resource, uppermost(order, resource)) for resource in reads)
    return tuple((depth(order, r), top.id if top else "", top.attempt if top else 0) for r, top in tops)
