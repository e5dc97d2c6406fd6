"""Calls in order: their life, what they rest on, and what is final."""

from coroom.core import event as e
from coroom.core.action import Effect
from coroom.core.evolve.changes import Changes
from coroom.core.ordering.call import (
    TAKES_BACK,
    CallPhase,
    Fence,
    Order,
    OrderedCall,
    Premise,
    Repair,
    Step,
    StepKind,
    Tracked,
    Values,
    any_overlap,
)
from coroom.core.ordering.life import moved, put_call, without_premises
from coroom.core.ordering.position import Position, step_of
from coroom.core.ordering.premises import premise_key
from coroom.core.ordering.standing import acted
from coroom.core.ordering.trajectory import uppermost, value_at, writers_from
from coroom.core.resource import Footprint, Resource, covers
from coroom.core.state import RoomState, but

changes = Changes()


def _with(state: RoomState, order: Order) -> RoomState:
    return but(state, order=order)


def _stepped(order: Order, agent: str, position: Position, seq: int) -> Order:
    standing = order.standing(agent)
    moved = but(standing, step=max(standing.step, step_of(position)), waits_for=(), concluded=False, acted_seq=seq)
    return but(order, standings=order.standings.put(agent, moved))


def _track(order: Order, resources: tuple[Resource, ...], tool: str) -> Order:
    tracked = order.tracked
    for resource in resources:
        if str(resource) not in tracked:
            tracked = tracked.put(str(resource), Tracked(resource, tool))
    return order if tracked is order.tracked else but(order, tracked=tracked)


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
    tracked = order.tracked.get(str(resource))
    if tracked is None:
        return order
    known = Tracked(resource, tracked.tool, value)
    return but(order, tracked=order.tracked.put(str(resource), known))


def _knowing(call: OrderedCall, resource: Resource, value: str | None) -> OrderedCall:
    others = tuple(one for one in call.values if one[0] != resource)
    return but(call, values=others if value is None else (*others, (resource, value)))


def _measured(order: Order, position: Position, values: Values) -> Order:
    """What is there now belongs to the uppermost call on it; what those between left is no longer known."""
    for resource, value in values:
        top = uppermost(order, resource)
        if top is None:
            order = _based(order, resource, value)
            continue
        between = writers_from(order, resource, position)
        order = put_call(order, _knowing(top, resource, value))
        for call in between:
            if call.id != top.id:
                order = put_call(order, _knowing(call, resource, None))
    return order


def _premises(order: Order, call: OrderedCall, values: Values) -> Order:
    premises = order.premises
    for resource, value in values:
        if resource not in call.footprint.reads:
            continue
        key = premise_key(call.id, resource)
        if key not in premises:
            fresh = Premise(call=call.id, agent=call.agent, position=call.position, resource=resource, held=value)
            premises = premises.put(key, fresh)
    return order if premises is order.premises else but(order, premises=premises)


def _replaced(order: Order, replaces: str) -> Order:
    """What stood at the position gives way; what of it is applied is undone by the repair."""
    old = order.calls.get(replaces)
    if old is None:
        return order
    order = without_premises(order, old)
    if old.phase is CallPhase.FINISHED and old.footprint.writes:
        return order
    return put_call(order, but(old, phase=CallPhase.RETRACTED))


def _begin(order: Order, repair: Repair) -> Order:
    return but(order, repairs=order.repairs.put(repair.id, repair)) if repair.todo else order


def _done(order: Order, call: str, kinds: frozenset[StepKind]) -> Order:
    """The repair whose next step this was goes on to the one after."""
    for repair in order.repairs.values():
        if any(step.call == call and step.kind in kinds for step in repair.todo[:1]):
            left = repair.todo[1:]
            repairs = order.repairs
            after = Repair(
                id=repair.id, agent=repair.agent, position=repair.position, todo=left, touched=repair.touched
            )
            return but(order, repairs=repairs.put(repair.id, after) if left else repairs.without(repair.id))
    return order


_ACTS = frozenset({StepKind.PERFORM, StepKind.REDO})


def strayed(order: Order, body: e.FootprintStrayed) -> Order:
    """What a call touched beyond its declaration belongs to it from here on, as if it had said so."""
    call = order.calls.get(body.call)
    if call is None:
        return order
    reads = tuple(r for r in body.observed.reads if not _covered(r, (*call.footprint.reads, *call.footprint.writes)))
    writes = tuple(r for r in body.observed.writes if not _covered(r, call.footprint.writes))
    wider = Footprint((*call.footprint.reads, *reads), (*call.footprint.writes, *writes))
    call = but(call, footprint=wider)
    order = _track(put_call(order, call), (*writes, *reads), call.tool)
    looked = tuple(one for one in body.values if one[0] in reads and one[0] not in writes)
    order = _learned(order, call.position, looked)
    held = tuple(one for one in looked if value_at(order, one[0], call.position) == one[1])
    order = _premises(order, call, held)
    if call.phase is not CallPhase.FINISHED:
        return order
    return _measured(order, call.position, tuple(one for one in body.values if one[0] in writes))


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
    order = _track(order, body.footprint.reads, body.tool)
    order = put_call(_learned(order, body.position, body.values), call)
    order = _premises(order, call, body.values)
    if body.repair in order.repairs:
        order = _done(order, body.repair, frozenset({StepKind.READ}))
    return but(state, order=_stepped(order, body.agent, body.position, event.seq), numbered=state.numbered + 1)


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
        phase=CallPhase.GATED if body.gated else CallPhase.PLACED,
        seq=event.seq,
        irrevocable=body.irrevocable,
    )
    order = put_call(order, call)
    if not body.gated:
        order = _track(order, (*body.footprint.writes, *body.footprint.reads), body.tool)
    repair = Repair(id=body.call, agent=body.agent, position=body.position, todo=body.steps, touched=body.touched)
    order = _stepped(_begin(order, repair), body.agent, body.position, event.seq)
    return but(state, order=order, numbered=state.numbered + 1)


@changes.on(e.RepairBegun)
def _repair_begun(state: RoomState, _event: e.Event, body: e.RepairBegun) -> RoomState:
    order = state.order
    for step in body.steps:
        call = order.calls.get(step.call)
        if step.kind is StepKind.PERFORM and call:
            order = put_call(order, moved(call, "opened"))
            order = _track(order, (*call.footprint.writes, *call.footprint.reads), call.tool)
    repair = Repair(id=body.repair, agent=body.agent, position=body.position, todo=body.steps, touched=body.touched)
    return but(state, order=_begin(order, repair), numbered=state.numbered + 1)


@changes.on(e.CallStarted)
def _call_started(state: RoomState, _event: e.Event, body: e.CallStarted) -> RoomState:
    call = state.order.calls.get(body.call)
    if call is None:
        return state
    order = _learned(state.order, call.position, body.before)
    call = but(moved(call, "started"), attempt=body.attempt, prepared=body.prepared)
    order = put_call(order, call)
    if call.effect is not Effect.REPLAYABLE:
        known = ((r, value_at(order, r, call.position)) for r in call.footprint.reads)
        order = _premises(order, call, tuple((r, value) for r, value in known if value is not None))
    return _with(state, order)


@changes.on(e.CallFinished)
def _call_finished(state: RoomState, _event: e.Event, body: e.CallFinished) -> RoomState:
    call = state.order.calls.get(body.call)
    if call is None:
        return state
    told = body.result if call.attempt <= 1 else call.told
    call = but(moved(call, "finished"), result=body.result, told=told, values=())
    order = _measured(put_call(state.order, call), call.position, body.values)
    return _with(state, _done(order, call.id, _ACTS))


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
    return _with(state, _done(order, call.id, _ACTS))


@changes.on(e.CallUndone)
def _call_undone(state: RoomState, event: e.Event, body: e.CallUndone) -> RoomState:
    call = state.order.calls.get(body.call)
    if call is None:
        return state
    order = put_call(state.order, but(moved(call, body.fate), values=()))
    if body.fate != "undone":
        order = without_premises(order, call)
    if body.fate == "retracted" and call.agent in order.standings:
        order = acted(order, call.agent, event.seq)
    order = _measured(order, call.position, body.values)
    return _with(state, _done(order, call.id, TAKES_BACK))


@changes.on(e.LookTaken)
def _look_taken(state: RoomState, _event: e.Event, body: e.LookTaken) -> RoomState:
    return _with(state, _done(state.order, body.repair, frozenset({StepKind.READ})))


@changes.on(e.CallFenced)
def _call_fenced(state: RoomState, _event: e.Event, body: e.CallFenced) -> RoomState:
    order = state.order
    for name in (body.call, *body.also):
        call = order.calls.get(name)
        if call:
            order = without_premises(put_call(order, but(call, phase=CallPhase.FENCED, values=())), call)
    fence = Fence(body.call, body.resources, body.why)
    order = but(order, fences=order.fences.put(body.call, fence))
    for repair in order.repairs.values():
        if any(step.call == body.call for step in repair.todo[:1]):
            order = _cut_short(order, repair, body.steps)
    return _with(state, order)


def _cut_short(order: Order, repair: Repair, steps: tuple[Step, ...]) -> Order:
    for step in repair.todo:
        call = order.calls.get(step.call)
        if step.kind is StepKind.PERFORM and call and call.phase is CallPhase.PLACED:
            order = put_call(order, but(call, phase=CallPhase.FAILED))
    after = Repair(id=repair.id, agent=repair.agent, position=repair.position, todo=steps, touched=repair.touched)
    return but(order, repairs=order.repairs.put(repair.id, after) if steps else order.repairs.without(repair.id))


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
