"""The steps of repairs, as the host reports them: each stored, so that a crash anywhere is finished from the log."""

from collections.abc import Sequence
from typing import NamedTuple

from coroom.core.agent import HOST, OPERATOR
from coroom.core.command import (
    LiftFence,
    NoteFailed,
    NoteFenced,
    NoteFinished,
    NoteLook,
    NoteStarted,
    NoteUndone,
    OpenGate,
    Placed,
)
from coroom.core.decide.decision import Decision, notice, present_agent, refused
from coroom.core.decide.reorder import settled
from coroom.core.errors import Code
from coroom.core.event import (
    CallFailed,
    CallFenced,
    CallFinished,
    CallStarted,
    CallUndone,
    FenceLifted,
    LookTaken,
    NoticeSent,
    RepairBegun,
)
from coroom.core.notice import NoticeKind
from coroom.core.ordering.call import TAKES_BACK, CallPhase, OrderedCall, Repair, Step, StepKind, any_overlap
from coroom.core.ordering.gate import waits_for
from coroom.core.ordering.index import pending
from coroom.core.ordering.repair_plan import touched_by
from coroom.core.policies import POLICIES
from coroom.core.resource import Resource
from coroom.core.state import RoomState

_FATES = {StepKind.UNDO: "undone", StepKind.CANCEL: "cancelled", StepKind.RETRACT: "retracted"}
_ACTS = frozenset({StepKind.PERFORM, StepKind.REDO})


def _not_due(by: str, what: str) -> Decision:
    if by != HOST:
        return refused(Code.FORBIDDEN, "Only the room says how a call went.", "Wait for its answer.")
    return refused(Code.STALE, f"{what} is not the next step of any repair.", "Look it up in the log.")


def _next(state: RoomState, call: str) -> tuple[Repair, Step] | None:
    """The repair whose next step is on this call, and that step."""
    for _, repair in state.order.repairs.ordered():
        if repair.todo[0].call == call:
            return repair, repair.todo[0]
    return None


def note_started(state: RoomState, by: str, command: NoteStarted, now_ms: int) -> Decision:
    """Store that the call is about to act, with what its undo will need."""
    found, call = _next(state, command.call), state.order.calls.get(command.call)
    if by != HOST or found is None or call is None or found[1].kind not in _ACTS:
        return _not_due(by, command.call)
    started = CallStarted(call=call.id, attempt=call.attempt + 1, prepared=command.prepared, before=command.before)
    return settled(state, by, now_ms, (started,))


def note_finished(state: RoomState, by: str, command: NoteFinished, now_ms: int) -> Decision:
    """Store that the call acted."""
    found, call = _next(state, command.call), state.order.calls.get(command.call)
    if by != HOST or found is None or call is None or call.phase is not CallPhase.STARTED:
        return _not_due(by, command.call)
    return settled(state, by, now_ms, (CallFinished(call=call.id, result=command.result, values=command.values),))


def note_failed(state: RoomState, by: str, command: NoteFailed, now_ms: int) -> Decision:
    """Store that the call acted on nothing. One that had acted before is handed back to its agent."""
    found = _next(state, command.call)
    if by != HOST or found is None or found[1].kind not in _ACTS:
        return _not_due(by, command.call)
    return settled(state, by, now_ms, (CallFailed(call=command.call, why=command.why),))


def note_undone(state: RoomState, by: str, command: NoteUndone, now_ms: int) -> Decision:
    """Store that what the call did is taken back, and what becomes of it."""
    found = _next(state, command.call)
    if by != HOST or found is None or found[1].kind not in TAKES_BACK:
        return _not_due(by, command.call)
    return settled(
        state, by, now_ms, (CallUndone(call=command.call, fate=_FATES[found[1].kind], values=command.values),)
    )


def note_look(state: RoomState, by: str, command: NoteLook, now_ms: int) -> Decision:
    """A look into the past that nobody waits for any more is passed over."""
    found = _next(state, command.repair)
    if by != HOST or found is None or found[1].kind is not StepKind.READ:
        return _not_due(by, command.repair)
    return settled(state, by, now_ms, (LookTaken(repair=command.repair),))


def note_fenced(state: RoomState, by: str, command: NoteFenced, now_ms: int) -> Decision:
    """Fence what the call touched. The call that came in is not made; what was undone and does not touch the fenced
    resources is put back, what was to be taken back and does not touch them is taken back, the rest is fenced with
    them. Nothing is guessed and nothing overwritten.
    """
    found, call = _next(state, command.call), state.order.calls.get(command.call)
    if by != HOST or found is None or call is None:
        return _not_due(by, command.call)
    spread = _spread(state, found[0], call)
    fenced = CallFenced(
        call=call.id,
        resources=spread.resources,
        why=command.why,
        also=tuple(c.id for c in spread.also),
        steps=_going_on(found[0].todo[1:], spread.free),
    )
    return settled(state, by, now_ms, (fenced, *_told(state, fenced, (call, *spread.also))))


def _going_on(rest: tuple[Step, ...], free: tuple[OrderedCall, ...]) -> tuple[Step, ...]:
    """What is left of a repair beside a fence: what is to be taken back all the same, with what stands upon it, and
    putting back what is undone.
    """
    leaving = _retracted(rest)
    on = [call for call in free if call.id in leaving]
    on += _meeting(tuple(r for call in on for r in call.footprint.writes), free)
    names = {call.id for call in (*on, *(c for c in free if c.phase is CallPhase.UNDONE))}
    return tuple(step for step in rest if step.kind is not StepKind.PERFORM and step.call in names)


def _retracted(steps: tuple[Step, ...]) -> frozenset[str]:
    return frozenset(step.call for step in steps if step.kind is StepKind.RETRACT)


def _meeting(resources: tuple[Resource, ...], calls: Sequence[OrderedCall]) -> list[OrderedCall]:
    """The calls that write to any of these resources, or to what one of those writes to, and so on."""
    met = list[OrderedCall]()
    reach = dict.fromkeys(resources)
    while more := [c for c in calls if c not in met and any_overlap(c.footprint.writes, tuple(reach))]:
        met += more
        reach.update((r, None) for c in more for r in c.footprint.writes)
    return met


def _told(state: RoomState, fenced: CallFenced, calls: tuple[OrderedCall, ...]) -> tuple[NoticeSent, ...]:
    """Whoever made a call that is fenced hears so; the operator sees it among what needs a person."""
    names = ", ".join(map(str, fenced.resources))
    found: list[NoticeSent] = []
    for agent in dict.fromkeys(call.agent for call in calls):
        if present_agent(state, agent) is None:
            continue
        mine = ", ".join(call.id for call in calls if call.agent == agent)
        text = (
            f"{names} is fenced with your {mine}: {fenced.why}. Nobody touches it until the operator has looked "
            f"and lifts the fence; say what you know of it."
        )
        found.append(
            notice(
                state,
                len(found) + 1,
                NoticeKind.CONFLICT,
                sender=HOST,
                to=agent,
                text=text,
                resources=fenced.resources,
                about=fenced.call,
            )
        )
    return tuple(found)


class _Spread(NamedTuple):
    """What a fence takes in, its resources and the calls that are fenced along, and the calls that it leaves `free`."""

    resources: tuple[Resource, ...]
    also: tuple[OrderedCall, ...]
    free: tuple[OrderedCall, ...]


def _spread(state: RoomState, repair: Repair, call: OrderedCall) -> _Spread:
    """A call that waits to be put back or taken back and meets the fence can be neither, so it is fenced along. One
    that was only about to be undone for another's sake stays as it is, but what lies below it is out of reach.
    """
    leaving = _retracted(repair.todo)
    names = dict.fromkeys(step.call for step in repair.todo[1:] if step.call != call.id)
    left = sorted((c for name in names if (c := state.order.calls.get(name))), key=lambda c: c.position)
    met = _meeting(call.footprint.writes, left)
    also = tuple(c for c in met if c.phase is CallPhase.UNDONE or c.id in leaving)
    resources = dict.fromkeys(r for c in (call, *also) for r in c.footprint.writes)
    return _Spread(tuple(resources), also, tuple(c for c in left if c not in met))


def lift_fence(state: RoomState, by: str, command: LiftFence, now_ms: int) -> Decision:
    """The operator vouches for the resources: they are as they should be, and what they hold is where all begins."""
    if by not in {HOST, OPERATOR}:
        return refused(Code.FORBIDDEN, "Only the operator lifts a fence.", "Say in the room what you found.")
    if command.call not in state.order.fences:
        return refused(Code.NOT_FOUND, f"Nothing is fenced since '{command.call[:60]}'.", "Look at what is fenced.")
    return settled(state, by, now_ms, (FenceLifted(call=command.call, by=by),))


def open_gate(state: RoomState, by: str, command: OpenGate, now_ms: int) -> Decision:
    """Let a gated call act, once nobody below can touch what it rests on and its agent has judged all it was told."""
    call = state.order.calls.get(command.call)
    if by != HOST or call is None or call.phase is not CallPhase.GATED:
        return _not_due(by, command.call)
    on = gate_waits_for(state, call)
    if on:
        return refused(Code.WAIT, f"{', '.join(on)} can still change what it rests on.", "Wait until they are done.")
    steps = POLICIES[state.policy].repair(state, call, ())
    touched = touched_by(state.order, steps, call)
    busy = any(any_overlap(r.touched, touched) for r in state.order.repairs.values())
    if busy or any(any_overlap(f.resources, touched) for f in state.order.fences.values()):
        return refused(Code.WAIT, "What it touches is being put in order or is fenced.", "Try again later.")
    name = f"r{state.numbered + 1}"
    begun = RepairBegun(repair=name, agent=call.agent, position=call.position, steps=steps, touched=touched)
    return settled(state, by, now_ms, (begun,), Placed(call.id, call.position, name))


def gate_waits_for(state: RoomState, call: OrderedCall) -> tuple[str, ...]:
    """Whom a gated call waits for under the room's policy; with nobody, it may act."""
    if POLICIES[state.policy].ordered:
        return waits_for(state.order, state.agents, call)
    return () if state.order.standing(call.agent).concluded else (call.agent,)


def ready_gates(state: RoomState) -> tuple[str, ...]:
    """The gated calls that may act now, lowest position first."""
    gated = [c for c in pending(state.order) if c.phase is CallPhase.GATED]
    return tuple([c.id for c in gated if not gate_waits_for(state, c)])
