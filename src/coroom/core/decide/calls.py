"""Calls on live state, as agents ask for them: where they stand, and what has to happen for them."""

from coroom.core.action import Effect
from coroom.core.agent import Agent, Permission
from coroom.core.claim import Mode, blockers_of
from coroom.core.command import (
    LookBack,
    NoteRead,
    Ok,
    PlaceCall,
    Placed,
    Retract,
    Waiting,
)
from coroom.core.decide.claims import claimed
from coroom.core.decide.decision import Decision, lacks, refused
from coroom.core.decide.reorder import after, settled
from coroom.core.errors import Code, Refused
from coroom.core.event import (
    AgentRanked,
    AgentRestarted,
    Body,
    CallPlaced,
    CallRead,
    CallUndone,
    CallWaits,
    OrderNoticed,
    RepairBegun,
)
from coroom.core.ordering.call import CallPhase, NoticeCause, OrderedCall, Step, any_overlap
from coroom.core.ordering.gate import UNDER_WAY, is_quiet, past_recall_above
from coroom.core.ordering.index import call_at, calls_of
from coroom.core.ordering.position import Position, family_of, position_of
from coroom.core.ordering.repair_plan import repair_steps, saga, touched_by
from coroom.core.policies import POLICIES
from coroom.core.policy import Asked, CallAdmission, Gate, Restart, Wait
from coroom.core.resource import Footprint
from coroom.core.state import RoomState

_NOT_NOW = (Refused, Wait, Restart)
"""The answers of a policy by which the call is not placed."""


def place_call(state: RoomState, by: str, command: PlaceCall, now_ms: int) -> Decision:
    """Give the call its position and say what puts it there; or say for whom it waits, or why it may not be."""
    ranked = _ranked(state, by)
    current = after(state, ranked, now_ms, by) if ranked else state
    position = next_position(current, by, command.step)
    asked = Asked(
        agent=by,
        position=position,
        footprint=command.footprint,
        effect=command.effect,
        irrevocable=command.irrevocable,
    )
    old = call_at(current.order, by, position) if command.step else None
    admission = _admitted(current, asked, old, now_ms)
    if isinstance(admission, _NOT_NOW):
        return _not_now(state, by, admission, now_ms)
    call = OrderedCall(
        id=f"c{state.numbered + 1}",
        agent=by,
        position=position,
        tool=command.tool,
        arguments=command.arguments,
        footprint=command.footprint,
        effect=command.effect,
        commutes=command.commutes,
        irrevocable=command.irrevocable,
    )
    gated = isinstance(admission, Gate)
    placed = _placed(current, call, old, command, gated=gated)
    reply = Placed(call.id, position, "" if gated else call.id, gated)
    if not ranked and not placed.before and not placed.replaces:
        # It holds nothing yet, and nobody knows more or less than before: nothing follows from it.
        return Decision(reply, (placed,))
    return settled(state, by, now_ms, (*ranked, placed), reply)


def _placed(
    state: RoomState, call: OrderedCall, old: OrderedCall | None, command: PlaceCall, *, gated: bool
) -> CallPlaced:
    steps = POLICIES[state.policy].repair(state, None if gated else call, applied(old) if old else ())
    ready = command.call == call.id and len(steps) == 1 and not gated
    return CallPlaced(
        call=call.id,
        agent=call.agent,
        position=call.position,
        tool=call.tool,
        arguments=call.arguments,
        footprint=call.footprint,
        effect=call.effect,
        irrevocable=call.irrevocable,
        commutes=call.commutes,
        gated=gated,
        steps=steps,
        touched=touched_by(state.order, steps, call),
        replaces=old.id if old else "",
        attempt=1 if ready else 0,
        prepared=command.prepared if ready else "",
        before=command.before if ready else (),
    )


def applied(*calls: OrderedCall | None) -> tuple[OrderedCall, ...]:
    """Those of the calls that stand and have changed something."""
    return tuple([c for c in calls if c and c.phase is CallPhase.FINISHED and c.footprint.writes])


def next_position(state: RoomState, agent: str, step: int = 0) -> Position:
    """Where the agent's call stands: at the step that it names, else after its last one."""
    known = state.agents.get(agent)
    return position_of(known.rank if known else (0,), step or state.order.standing(agent).step + 1)


def upcoming(state: RoomState, agent: str, step: int = 0) -> Position:
    """Where the agent's next call will stand, a fresh rank included."""
    ranked = _ranked(state, agent)
    return position_of(ranked[0].rank, step or 1) if ranked else next_position(state, agent, step)


def _ranked(state: RoomState, by: str) -> tuple[AgentRanked, ...]:
    """What an agent does after all it did was committed has a place of its own, above everybody's."""
    agent = state.agents.get(by)
    if agent is None or agent.given_up or not POLICIES[state.policy].by_rank:
        return ()
    if family_of(agent.rank) > state.order.watermark:
        return ()
    highest = max(family_of(other.rank) for other in state.agents.values())
    return (AgentRanked(agent=by, rank=(highest + 1,)),)


def _admitted(state: RoomState, asked: Asked, old: OrderedCall | None, now_ms: int, repair: str = "") -> CallAdmission:
    bad = lacks(state, asked.agent, Permission.EDIT) or _stands_against(state, asked, now_ms, repair)
    if bad:
        return bad
    if old and old.phase in UNDER_WAY:
        return Refused(Code.WAIT, f"{old.id} is being put in order there.", "Call again in a moment.")
    if old and old.irrevocable and old.phase is not CallPhase.GATED:
        return _past_recall(old)
    return _unasked(state, asked.agent, asked.position) or POLICIES[state.policy].admit_call(state, asked)


def _unasked(state: RoomState, agent: str, position: Position) -> Refused | None:
    """Who was done does not act again, unasked, below a call that acted for good because it was done."""
    if not POLICIES[state.policy].ordered or not is_quiet(state.order, agent) or agent not in state.agents:
        return None
    final = past_recall_above(state.order, state.agents, position, state.agents[agent].scope)
    if final is None:
        return None
    why = f"You said that you were done, and {final.agent}'s call {final.id} ({final.tool}), which comes after yours"
    next_step = "Call again when all before you are done: what you did is final then, and you come last."
    return Refused(Code.WAIT, f"{why} and cannot be taken back, has acted on that.", next_step)


def _stands_against(state: RoomState, asked: Asked, now_ms: int, repair: str) -> Refused | None:
    order, by = state.order, asked.agent
    every = (*asked.footprint.writes, *asked.footprint.reads)
    lost = taken_back_with(state, by)
    if lost:
        return lost
    for _, told in order.notices.ordered():
        if told.agent == by and told.cause is NoticeCause.RESTARTED:
            why = f"All that you did was taken back: {told.value}. Nothing was done."
            return Refused(Code.RESTARTED, why, f"Answer {told.id} with repaired, then begin again from the start.")
    outside = _outside_scope(state.agents.get(by), asked.footprint)
    if outside:
        return outside
    for _, fence in order.fences.ordered():
        if any_overlap(fence.resources, every):
            names = ", ".join(map(str, fence.resources))
            why = f"{names} is fenced since {fence.call}: {fence.why}. Nothing was done."
            return Refused(Code.FENCED, why, "Do something else; the operator lifts the fence once it is mended.")
    for _, under_way in order.repairs.ordered():
        if under_way.id != repair and any_overlap(under_way.touched, every):
            return Refused(Code.WAIT, f"{under_way.agent}'s call is being put in order.", "Call again in a moment.")
    claims = [claim for _, claim in state.claims.ordered()]
    blockers = blockers_of(asked.footprint.writes, Mode.SHARED, by, claims, now_ms) if claims else ()
    return claimed(asked.footprint.writes, blockers, now_ms) if blockers else None


def taken_back_with(state: RoomState, agent: str) -> Refused | None:
    """What an agent hears that was given up, until that is final and it has joined anew."""
    if not is_given_up(state, agent):
        return None
    why = "You were given up, and what you did was taken back."
    return Refused(Code.RESTARTED, why, "Join under another name to begin anew.")


def _outside_scope(agent: Agent | None, footprint: Footprint) -> Refused | None:
    if agent is None or not agent.scope:
        return None
    outside = [str(r) for r in (*footprint.writes, *footprint.reads) if not any_overlap((r,), agent.scope)]
    if not outside:
        return None
    why = f"{outside[0]} is outside what you said you would touch."
    return Refused(Code.FORBIDDEN, why, f"Your scope is {', '.join(map(str, agent.scope))}.")


def _past_recall(call: OrderedCall) -> Refused:
    return Refused(Code.CONFLICT, f"{call.id} ({call.tool}) cannot be taken back.", "Make a call that mends it.")


def _not_now(state: RoomState, by: str, admission: Refused | Wait | Restart, now_ms: int) -> Decision:
    if isinstance(admission, Refused):
        return Decision(admission)
    if isinstance(admission, Wait):
        known = state.order.standing(by).waits_for == admission.on
        return Decision(Waiting(admission.on), () if known else (CallWaits(agent=by, on=admission.on),))
    mine = [c for agent in admission.agents for c in calls_of(state.order, agent)]
    steps = saga(applied(*mine))
    touched = touched_by(state.order, steps)
    busy = any(any_overlap(repair.touched, touched) for repair in state.order.repairs.values())
    if busy or any(c.phase in UNDER_WAY for c in mine):
        return refused(
            Code.WAIT, f"{', '.join(admission.agents)} is in the middle of a call.", "Call again in a moment."
        )
    begun: tuple[Body, ...] = tuple(AgentRestarted(agent=agent, why=admission.why) for agent in admission.agents)
    told = tuple(_restarted(state, number, agent, admission.why) for number, agent in enumerate(admission.agents, 1))
    repair = _repair(after(state, told, now_ms, by), by, state.agents[by].rank, steps)
    waiting = Waiting(admission.agents, repair[0].repair if repair else "", again=True)
    return settled(state, by, now_ms, (*begun, *told, *repair), waiting)


def _restarted(state: RoomState, number: int, agent: str, why: str) -> OrderNoticed:
    """What an agent is told whose calls are taken back; until it has judged that, it calls nothing."""
    text = f"All that you did was taken back: {why}. Answer this with repaired, then begin again from the start."
    return OrderNoticed(
        notice=f"n{state.numbered + number}",
        agent=agent,
        call="",
        resource=None,
        cause=NoticeCause.RESTARTED,
        held="",
        value=why,
        text=text[: state.limits.text_chars_max],
    )


def _repair(state: RoomState, agent: str, position: Position, steps: tuple[Step, ...]) -> tuple[RepairBegun, ...]:
    if not steps:
        return ()
    touched = touched_by(state.order, steps)
    name = f"r{state.numbered + 1}"
    return (RepairBegun(repair=name, agent=agent, position=position, steps=steps, touched=touched),)


def note_read(state: RoomState, by: str, command: NoteRead, now_ms: int) -> Decision:
    """Store what a call that only reads has seen, and that its agent rests on it from here on."""
    ranked = _ranked(state, by)
    current = after(state, ranked, now_ms, by) if ranked else state
    position = next_position(current, by, command.step)
    asked = Asked(agent=by, position=position, footprint=command.footprint, effect=Effect.REPLAYABLE)
    old = call_at(current.order, by, position) if command.step else None
    admission = _admitted(current, asked, old, now_ms, command.repair)
    if isinstance(admission, _NOT_NOW):
        return _not_now(state, by, admission, now_ms)
    read = CallRead(
        call=f"c{state.numbered + 1}",
        agent=by,
        position=position,
        tool=command.tool,
        arguments=command.arguments,
        footprint=command.footprint,
        result=command.result,
        values=command.values,
        replaces=old.id if old else "",
        repair=command.repair,
    )
    drop = applied(old) if old else ()
    steps = POLICIES[state.policy].repair(current, None, drop) if drop else ()
    repair = _repair(after(current, (read,), now_ms, by), by, position, steps) if steps else ()
    reply = Placed(read.call, position, repair[0].repair if repair else "", looked=True)
    return settled(state, by, now_ms, (*ranked, read, *repair), reply)


def look_back(state: RoomState, by: str, command: LookBack, now_ms: int) -> Decision:
    """Undo what the read must not see; the host looks, stores it with `NoteRead`, and puts everything back."""
    position = next_position(state, by, command.step)
    asked = Asked(agent=by, position=position, footprint=command.footprint, effect=Effect.REPLAYABLE)
    admission = _admitted(state, asked, call_at(state.order, by, position), now_ms)
    if isinstance(admission, _NOT_NOW):
        return _not_now(state, by, admission, now_ms)
    name = f"r{state.numbered + 1}"
    looking = OrderedCall(
        id=name,
        agent=by,
        position=position,
        tool=command.tool,
        arguments=command.arguments,
        footprint=command.footprint,
        effect=Effect.REPLAYABLE,
    )
    steps = repair_steps(state.order, read=looking)
    touched = touched_by(state.order, steps, looking)
    begun = RepairBegun(repair=name, agent=by, position=position, steps=steps, touched=touched)
    return settled(state, by, now_ms, (begun,), Placed(name, position, name))


def retract(state: RoomState, by: str, command: Retract, now_ms: int) -> Decision:
    """Take the caller's own calls out; what stood on them is put back without them, or handed back."""
    found = [state.order.calls.get(name) for name in command.calls]
    calls = tuple(call for call in found if call)
    if len(calls) < len(command.calls):
        missing = next(name for name, call in zip(command.calls, found, strict=True) if call is None)
        return refused(Code.NOT_FOUND, f"There is no call '{missing[:60]}' to take back.", "It may be final already.")
    strange = next((c for c in calls if c.agent != by), None)
    if strange:
        return refused(Code.NOT_YOURS, f"{strange.id} is {strange.agent}'s call.", "Ask them with say kind=question.")
    bad = lacks(state, by, Permission.EDIT) or next(
        (_past_recall(c) for c in calls if c.irrevocable and c.phase is not CallPhase.GATED), None
    )
    bad = bad or (_unasked(state, by, min(c.position for c in calls)) if calls else None)
    if bad:
        return Decision(bad)
    busy = next((c for c in calls if c.phase in UNDER_WAY), None)
    touched = tuple(r for c in calls for r in c.footprint.writes)
    if busy or any(any_overlap(r.touched, touched) for r in state.order.repairs.values()):
        return refused(Code.WAIT, "It is being put in order.", "Call again in a moment.")
    events, repair = taken_out(state, by, calls, now_ms)
    return settled(state, by, now_ms, events, Ok(repair))


def taken_out(state: RoomState, by: str, calls: tuple[OrderedCall, ...], now_ms: int) -> tuple[tuple[Body, ...], str]:
    """What takes these calls out of the order, and the repair's id where something has to be undone for it."""
    standing = applied(*calls)
    others = tuple(CallUndone(call=c.id, fate="retracted") for c in calls if c not in standing)
    current = after(state, others, now_ms, by)
    lowest = min((c.position for c in standing), default=())
    repair = _repair(current, by, lowest, POLICIES[state.policy].repair(current, None, standing))
    return (*others, *repair), repair[0].repair if repair else ""


def is_given_up(state: RoomState, agent: str) -> bool:
    """Whether what the agent did was taken back for good. Who joins anew can call again once that is final."""
    known = state.agents.get(agent)
    return state.order.standing(agent).abandoned or (known is not None and known.given_up)
