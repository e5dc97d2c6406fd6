"""The steps of a repair as they act: prepare, perform, probe, undo; each stored before and after."""

from collections.abc import Callable, Mapping
from typing import cast

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.ordering.call import TAKES_BACK, CallPhase, OrderedCall, StepKind, Values, any_overlap, is_applied
from coroom.core.ordering.index import writing_above
from coroom.core.ordering.trajectory import known_below, unseen, uppermost, watched
from coroom.core.policies import POLICIES
from coroom.core.resource import Resource
from coroom.core.state import RoomState
from coroom.core.tool import NotPerformed, Performed, ToolCall
from coroom.host.calls.requests import Act, Steps, Store, attempt_id
from coroom.ports import OutsideChange, Tool, ToolFailed

UNDO_TRIES = 3
"""An undo that says it may be tried again is, so often; then its resources are fenced."""


class Acting:
    """Lets tools act for a room. `state` gives the room as it is durable now."""

    def __init__(self, state: Callable[[], RoomState], tools: Mapping[str, Tool]) -> None:
        self._state = state
        self._tools = tools

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

    def _before(self, call: OrderedCall) -> Steps[Values]:
        state = self._state()
        if not POLICIES[state.policy].ordered:
            return ()
        return (yield from self._values(unseen(state.order, call), call.tool))

    def _values(self, resources: tuple[Resource, ...], tool: str) -> Steps[Values]:
        tracked = self._state().order.tracked
        found: list[tuple[Resource, str]] = []
        for resource in resources:
            known = tracked.get(str(resource))
            looker = self._tools.get(known.tool if known else tool)
            if looker:
                value = yield Act(f"look at {resource}", lambda r=resource, t=looker: t.value(r))  # type: ignore[misc]
                found.append((resource, cast("str", value)))
        return tuple(found)

    def _act(self, call: OrderedCall, *, fresh: bool) -> Steps[None]:
        tool = self._tools.get(call.tool)
        if tool is None:
            yield Store(HOST, c.NoteFailed(call.id, f"nothing here performs {call.tool}"))
            return
        if call.phase is not CallPhase.STARTED:
            attempt = ToolCall(attempt_id(call, call.attempt + 1), call.tool, call.arguments)
            try:
                prepared = yield Act(f"prepare {attempt.id}", lambda: tool.prepare(attempt))
            except ToolFailed as failed:
                yield Store(HOST, c.NoteFailed(call.id, str(failed)))
                return
            before = yield from self._before(call)
            yield Store(HOST, c.NoteStarted(call.id, cast("str", prepared), before))
            call, fresh = self._state().order.calls[call.id], True
        yield from self._perform(call, tool, fresh=fresh)

    def _perform(self, call: OrderedCall, tool: Tool, *, fresh: bool) -> Steps[None]:
        attempt = ToolCall(attempt_id(call, call.attempt), call.tool, call.arguments)
        result = None
        try:
            if not fresh:
                result = yield from self._probed(attempt, call, tool)
            if result is None:
                result = cast("str", (yield Act(f"perform {attempt.id}", lambda: tool.perform(attempt, call.prepared))))
        except ToolFailed as failed:
            yield Store(HOST, c.NoteFailed(call.id, str(failed)))
            return
        except _NotKnownError as unknown:
            yield Store(HOST, c.NoteFenced(call.id, str(unknown)))
            return
        except Exception as broken:  # noqa: BLE001  however it broke off, what became of it is asked of the world
            try:
                result = yield from self._probed(attempt, call, tool)
            except _NotKnownError as unknown:
                yield Store(HOST, c.NoteFenced(call.id, f"{broken}; {unknown}"))
                return
            if result is None:
                yield Store(HOST, c.NoteFailed(call.id, str(broken)))
                return
        lost = self._overwritten(call)
        if lost:
            yield Store(HOST, c.NoteFenced(call.id, f"it touched more than it declared and wrote over {lost}"))
            return
        values: Values = ()
        state = self._state()
        call = state.order.calls[call.id]
        if POLICIES[state.policy].ordered:
            values = yield from self._values(watched(state.order, call), call.tool)
        yield Store(HOST, c.NoteFinished(call.id, result, values))

    def _overwritten(self, call: OrderedCall) -> str:
        """The call above whose effect is gone, since this one was caught writing there; empty when there is none."""
        state = self._state()
        if not POLICIES[state.policy].ordered:
            return ""
        now = state.order.calls[call.id].footprint
        more = () if now is call.footprint else tuple(r for r in now.writes if r not in call.footprint.writes)
        if not more:
            return ""
        above = (c for c in writing_above(state.order, more, call.position) if is_applied(c))
        return next((c.id for c in above if any_overlap(c.footprint.writes, more)), "")

    def _probed(self, attempt: ToolCall, call: OrderedCall, tool: Tool) -> Steps[str | None]:
        """What the call gave if it acted, None if it did not."""
        try:
            found = yield Act(f"probe {attempt.id}", lambda: tool.probe(attempt, call.prepared))
        except Exception as broken:
            raise _NotKnownError(f"how it ended cannot be found out: {broken}") from broken
        if isinstance(found, Performed):
            return found.result
        if isinstance(found, NotPerformed):
            return None
        raise _NotKnownError("how it ended cannot be found out")

    def _take_back(self, call: OrderedCall) -> Steps[None]:
        tool = self._tools.get(call.tool)
        if tool is None:
            yield Store(HOST, c.NoteFenced(call.id, f"nothing here undoes {call.tool}"))
            return
        if any(stray.call == call.id for stray in self._state().strays):
            yield Store(HOST, c.NoteFenced(call.id, "it touched more than it declared; its undo cannot be trusted"))
            return
        attempt = ToolCall(attempt_id(call, call.attempt), call.tool, call.arguments)
        why = ""
        for _ in range(UNDO_TRIES):
            try:
                yield Act(f"undo {attempt.id}", lambda: tool.undo(attempt, call.prepared, call.result))
            except OutsideChange as changed:
                why = str(changed)
                break
            except Exception as failed:  # noqa: BLE001  an undo that cannot be vouched for is fenced, whatever broke it
                why = f"it cannot be undone: {failed}"
            else:
                why = ""
                break
        if why:
            yield Store(HOST, c.NoteFenced(call.id, why))
            return
        values: Values = ()
        state = self._state()
        order = state.order
        shared = any((top := uppermost(order, r)) and top.position > call.position for r in call.footprint.writes)
        if POLICIES[state.policy].ordered and (shared or not known_below(order, call)):
            values = yield from self._values(watched(order, call), call.tool)
        yield Store(HOST, c.NoteUndone(call.id, values))


class _NotKnownError(Exception):
    """What became of a call cannot be found out."""
