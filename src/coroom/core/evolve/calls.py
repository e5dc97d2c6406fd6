"""Calls in order: their life, what they rest on, and what is final."""

from coroom.core import event as e
from coroom.core.action import Effect
from coroom.core.evolve.changes import Changes
from coroom.core.ordering import index
from coroom.core.ordering.call import (
    TAKES_BACK,
    CallPhase,
    Fence,
    Order,
    OrderedCall,
    Premise,
    Repair,
    Standing,
    Step,
    StepKind,
    Tracked,
    Values,
    any_overlap,
)
from coroom.core.ordering.life import after, moved, put_call, without_premises
from coroom.core.ordering.position import Position, step_of
from coroom.core.ordering.premises import premise_key
from coroom.core.ordering.standing import acted
from coroom.core.ordering.trajectory import uppermost, value_at, writes_on
from coroom.core.resource import Footprint, Resource, covers
from coroom.core.state import RoomState, but
from coroom.core.table import Table

changes = Changes()


def _with(state: RoomState, order: Order) -> RoomState:
    return but(state, order=order)


def _stepped(order: Order, agent: str, position: Position, seq: int) -> Table[Standing]:
    known = order.standing(agent)
    step = max(known.step, step_of(position))
    return order.standings.put(agent, but(known, step=step, waits_for=(), concluded=False, acted_seq=seq))


def _track(tracked: Table[Tracked], resources: tuple[Resource, ...], tool: str) -> Table[Tracked]:
    for resource in resources:
        key = str(resource)
        if key not in tracked:
            tracked = tracked.put(key, Tracked(resource, tool))
    return tracked


def _learned(order: Order, position: Position, values: Values) -> Order:
    """What was seen just below a position, where nothing was recorded for it."""
    for resource, value in values:
        top = uppermost(order, resource)
        if value_at(order, resource, position) is not None or (top and top.position > position):
            continue
        order = put_call(order, _knowing(top, resource, value)) if top else _based(order, resource, value)
    return order


def _based(order: Order, resource: Resource, value: str) -> Order:
    """What the resource holds before all calls."""
    key = str(resource)
    tracked = order.tracked.get(key)
    if tracked is None:
        return order
    return but(order, tracked=order.tracked.put(key, Tracked(resource, tracked.tool, value)))


def _knowing(call: OrderedCall, resource: Resource, value: str | None) -> OrderedCall:
    others = tuple([one for one in call.values if one[0] != resource]) if call.values else ()
    return but(call, values=others if value is None else (*others, (resource, value)))


def _measured(order: Order, changed: OrderedCall, values: Values) -> Order:
    """The order with the call as it is now, and with what is there now, which belongs to the uppermost call on it; what
    those between left is no longer known.
    """
    known = {changed.id: changed}
    for resource, value in values:
        top: OrderedCall | None = None
        for at in index.writing_below(order, resource):
            one = known.get(at.id, at)
            if writes_on(one, resource):
                top = one
                break
        if top is None:
            order = _based(order, resource, value)
            continue
        known[top.id] = _knowing(top, resource, value)
        if top.position > changed.position:
            for at in index.writing_from(order, resource, changed.position):
                one = known.get(at.id, at)
                if one.id != top.id and writes_on(one, resource):
                    known[one.id] = _knowing(one, resource, None)
    calls = order.calls
    for name, call in known.items():
        calls = calls.put(name, call)
    return but(order, calls=calls)


def _premises(premises: Table[Premise], call: OrderedCall, values: Values) -> Table[Premise]:
    for resource, value in values:
        if resource not in call.footprint.reads:
            continue
        key = premise_key(call.id, resource)
        if key not in premises:
            fresh = Premise(call=call.id, agent=call.agent, position=call.position, resource=resource, held=value)
            premises = premises.put(key, fresh)
    return premises


def _replaced(order: Order, replaces: str) -> Order:
    """What stood at the position gives way; what of it is applied is undone by the repair."""
    old = order.calls.get(replaces) if replaces else None
    if old is None:
        return order
    order = without_premises(order, old)
    if old.phase is CallPhase.FINISHED and old.footprint.writes:
        return order
    return put_call(order, but(old, phase=CallPhase.RETRACTED))


def _begun(repairs: Table[Repair], body: e.CallPlaced | e.RepairBegun, name: str) -> Table[Repair]:
    if not body.steps:
        return repairs
    repair = Repair(id=name, agent=body.agent, position=body.position, todo=body.steps, touched=body.touched)
    return repairs.put(name, repair)


def _done(repairs: Table[Repair], call: str, kinds: frozenset[StepKind]) -> Table[Repair]:
    """The repair whose next step this was goes on to the one after."""
    for name, repair in repairs.ordered():
        if repair.todo and repair.todo[0].call == call and repair.todo[0].kind in kinds:
            return _with_steps(repairs, name, repair.todo[1:])
    return repairs


def _with_steps(repairs: Table[Repair], name: str, left: tuple[Step, ...]) -> Table[Repair]:
    if not left:
        return repairs.without(name)
    known = repairs[name]
    after = Repair(id=name, agent=known.agent, position=known.position, todo=left, touched=known.touched)
    return repairs.put(name, after)


_ACTS = frozenset({StepKind.PERFORM, StepKind.REDO})
_LOOKS = frozenset({StepKind.READ})


def strayed(order: Order, body: e.FootprintStrayed) -> Order:
    """What a call touched beyond its declaration belongs to it from here on, as if it had said so."""
    call = order.calls.get(body.call)
    if call is None:
        return order
    reads = tuple(r for r in body.observed.reads if not _covered(r, (*call.footprint.reads, *call.footprint.writes)))
    writes = tuple(r for r in body.observed.writes if not _covered(r, call.footprint.writes))
    wider = Footprint((*call.footprint.reads, *reads), (*call.footprint.writes, *writes))
    call = but(call, footprint=wider)
    order = put_call(but(order, tracked=_track(order.tracked, (*writes, *reads), call.tool)), call)
    looked = tuple(one for one in body.values if one[0] in reads and one[0] not in writes)
    order = _learned(order, call.position, looked)
    held = tuple(one for one in looked if value_at(order, one[0], call.position) == one[1])
    order = but(order, premises=_premises(order.premises, call, held))
    if call.phase is not CallPhase.FINISHED:
        return order
    return _measured(order, order.calls[call.id], tuple(one for one in body.values if one[0] in writes))


def _covered(touched: Resource, declared: tuple[Resource, ...]) -> bool:
    return any(covers(each, touched) for each in declared)


@changes.on(e.CallRead)
def _call_read(state: RoomState, event: e.Event, body: e.CallRead) -> RoomState:
    order = _replaced(state.order, body.replaces)
    call = OrderedCall(
        id=body.call,
        agent=body.agent,
        position=body.position,
        tool=body.tool,
        arguments=body.arguments,
        footprint=body.footprint,
        effect=Effect.OPAQUE,
        phase=CallPhase.FINISHED,
        result=body.result,
        told=body.result,
        values=body.values,
        seq=event.seq,
    )
    tracked = _track(order.tracked, body.footprint.reads, body.tool)
    if tracked is not order.tracked:
        order = but(order, tracked=tracked)
    order = _learned(order, body.position, body.values)
    order = but(
        order,
        calls=order.calls.put(call.id, call),
        premises=_premises(order.premises, call, body.values),
        repairs=_done(order.repairs, body.repair, _LOOKS) if body.repair in order.repairs else order.repairs,
        standings=_stepped(order, body.agent, body.position, event.seq),
    )
    return but(state, order=order, numbered=state.numbered + 1)


@changes.on(e.CallPlaced)
def _call_placed(state: RoomState, event: e.Event, body: e.CallPlaced) -> RoomState:
    order = _replaced(state.order, body.replaces)
    call = OrderedCall(
        id=body.call,
        agent=body.agent,
        position=body.position,
        tool=body.tool,
        arguments=body.arguments,
        footprint=body.footprint,
        effect=body.effect,
        commutes=body.commutes,
        phase=CallPhase.GATED if body.gated else CallPhase.STARTED if body.attempt else CallPhase.PLACED,
        attempt=body.attempt,
        prepared=body.prepared,
        seq=event.seq,
        irrevocable=body.irrevocable,
    )
    touched = () if body.gated else (*body.footprint.writes, *body.footprint.reads)
    tracked = _track(order.tracked, touched, body.tool)
    if body.before:
        order = _learned(but(order, tracked=tracked), body.position, body.before)
        tracked = order.tracked
    order = but(
        order,
        calls=order.calls.put(call.id, call),
        premises=_found(order, call) if body.attempt else order.premises,
        tracked=tracked,
        repairs=_begun(order.repairs, body, body.call),
        standings=_stepped(order, body.agent, body.position, event.seq),
    )
    return but(state, order=order, numbered=state.numbered + 1)


def _found(order: Order, call: OrderedCall) -> Table[Premise]:
    """What a call that starts rests on as well: what it finds. One that is made again by itself need not be told."""
    if call.effect is Effect.REPLAYABLE:
        return order.premises
    known = ((r, value_at(order, r, call.position)) for r in call.footprint.reads)
    return _premises(order.premises, call, tuple((r, value) for r, value in known if value is not None))


@changes.on(e.RepairBegun)
def _repair_begun(state: RoomState, _event: e.Event, body: e.RepairBegun) -> RoomState:
    order = state.order
    for step in body.steps:
        call = order.calls.get(step.call)
        if step.kind is StepKind.PERFORM and call:
            tracked = _track(order.tracked, (*call.footprint.writes, *call.footprint.reads), call.tool)
            order = put_call(but(order, tracked=tracked), moved(call, "opened"))
    order = but(order, repairs=_begun(order.repairs, body, body.repair))
    return but(state, order=order, numbered=state.numbered + 1)


@changes.on(e.CallStarted)
def _call_started(state: RoomState, _event: e.Event, body: e.CallStarted) -> RoomState:
    call = state.order.calls.get(body.call)
    if call is None:
        return state
    order = _learned(state.order, call.position, body.before) if body.before else state.order
    call = but(call, phase=after(call, "started"), attempt=body.attempt, prepared=body.prepared)
    return _with(state, but(order, calls=order.calls.put(call.id, call), premises=_found(order, call)))


@changes.on(e.CallFinished)
def _call_finished(state: RoomState, _event: e.Event, body: e.CallFinished) -> RoomState:
    call = state.order.calls.get(body.call)
    if call is None:
        return state
    told = body.result if call.attempt <= 1 else call.told
    call = but(call, phase=after(call, "finished"), result=body.result, told=told, values=())
    order = _measured(state.order, call, body.values)
    return _with(state, but(order, repairs=_done(order.repairs, call.id, _ACTS)))


@changes.on(e.CallFailed)
def _call_failed(state: RoomState, _event: e.Event, body: e.CallFailed) -> RoomState:
    call = state.order.calls.get(body.call)
    if call is None:
        return state
    # One that had acted before, and cannot be put back, is its agent's to think about again.
    again = call.phase is CallPhase.UNDONE or call.attempt > 1
    failed = but(call, phase=CallPhase.CANCELLED if again else CallPhase.FAILED)
    if not again:
        failed = but(failed, result=body.why, told=body.why)
    order = without_premises(put_call(state.order, failed), call)
    return _with(state, but(order, repairs=_done(order.repairs, call.id, _ACTS)))


@changes.on(e.CallUndone)
def _call_undone(state: RoomState, event: e.Event, body: e.CallUndone) -> RoomState:
    call = state.order.calls.get(body.call)
    if call is None:
        return state
    order = _measured(state.order, but(call, phase=after(call, body.fate), values=()), body.values)
    if body.fate != "undone":
        order = without_premises(order, call)
    if body.fate == "retracted" and call.agent in order.standings:
        order = acted(order, call.agent, event.seq)
    return _with(state, but(order, repairs=_done(order.repairs, call.id, TAKES_BACK)))


@changes.on(e.LookTaken)
def _look_taken(state: RoomState, _event: e.Event, body: e.LookTaken) -> RoomState:
    return _with(state, but(state.order, repairs=_done(state.order.repairs, body.repair, _LOOKS)))


@changes.on(e.CallFenced)
def _call_fenced(state: RoomState, _event: e.Event, body: e.CallFenced) -> RoomState:
    order = state.order
    for name in (body.call, *body.also):
        call = order.calls.get(name)
        if call:
            order = without_premises(put_call(order, but(call, phase=CallPhase.FENCED, values=())), call)
    fence = Fence(body.call, body.resources, body.why)
    order = but(order, fences=order.fences.put(body.call, fence))
    for name, repair in order.repairs.items():
        if any(step.call == body.call for step in repair.todo[:1]):
            order = _cut_short(order, name, body.steps)
    return _with(state, order)


def _cut_short(order: Order, repair: str, steps: tuple[Step, ...]) -> Order:
    for step in order.repairs[repair].todo:
        call = order.calls.get(step.call)
        if step.kind is StepKind.PERFORM and call and call.phase is CallPhase.PLACED:
            order = put_call(order, but(call, phase=CallPhase.FAILED))
    return but(order, repairs=_with_steps(order.repairs, repair, steps))


@changes.on(e.FenceLifted)
def _fence_lifted(state: RoomState, _event: e.Event, body: e.FenceLifted) -> RoomState:
    order = state.order
    fence = order.fences.get(body.call)
    if fence is None:
        return state
    for call in order.calls.values():
        if call.phase is CallPhase.FENCED and any_overlap(call.footprint.writes, fence.resources):
            order = put_call(order, but(call, phase=CallPhase.RETRACTED))
    tracked = order.tracked
    for key, known in tracked.ordered():
        if any_overlap((known.resource,), fence.resources):
            tracked = tracked.without(key)
    return _with(state, but(order, fences=order.fences.without(body.call), tracked=tracked))
