"""What comes of a call, from what the room knows of it."""

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import CallPhase
from coroom.core.ordering.recorded import looked_before
from coroom.core.policies import POLICIES
from coroom.core.policy import Wait, not_yet
from coroom.core.room import answered_before
from coroom.core.state import RoomState
from coroom.host.calls.requests import Called, Failed, Gated, Outcome, Waits
from coroom.host.door.answer import Answer

BEGINS_AGAIN = Refused(
    Code.RESTARTED,
    "All that you did was taken back.",
    "Call sync, answer the notice with repaired, then begin again from the start.",
)
"""What whoever has to begin again is told of its calls."""


def came_of(state: RoomState, agent: str, placed: c.Placed, operation: str) -> Outcome:
    """What became of a call that was placed. `operation` finds what a repeat is told of one that is final."""
    order = state.order
    call = order.calls.get(placed.call)
    if call is None:
        known = answered_before(state, agent, operation)
        return _once_over(known if isinstance(known, c.Placed) and known.call == placed.call else placed)
    if call.phase is CallPhase.GATED:
        return Gated(call.id, call.position)
    fenced = call.phase is CallPhase.FENCED
    if call.phase is not CallPhase.FAILED and not fenced:
        return Called(call.id, call.position, call.told or call.result)
    if fenced and any(stray.call == call.id for stray in state.strays):
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


def looked_in_vain(state: RoomState, name: str) -> str:
    """What an agent is told that looks again for what it cannot see, since whoever does it comes after; or nothing."""
    call = state.order.calls.get(name)
    if call is None or not looked_before(state.order, call):
        return ""
    above = POLICIES[state.policy].screened(state, call.position, call.footprint.reads)
    if not above:
        return ""
    who = ", ".join(dict.fromkeys(each.agent for each in above))
    return f" What {who} did there comes after you in the order: you do not see it, and looking again will not show it."


def _once_over(placed: c.Placed) -> Outcome:
    """What a repeated call is told that is not in the order any more."""
    if not placed.ended:
        return BEGINS_AGAIN
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


def worded(outcome: Outcome) -> Answer:
    """What its agent is answered, without the notices that ride on it."""
    match outcome:
        case Refused():
            return Answer(refused=outcome)
        case Called(call=call, result=result):
            return Answer(text=f"{call} is done.", data={"call": call, "result": result})
        case Gated(call=call):
            why = f"{call} has its place and acts when nobody before you can make it stale any more."
            return Answer(text=why, data={"call": call, "gated": True})
        case Waits(on=on):
            return Answer(refused=not_yet(Wait(on)))
        case Failed(why=why):
            next_step = "Look at its arguments and at what is there, then make the call that you want now."
            return Answer(refused=Refused(Code.FAILED, why, next_step))
