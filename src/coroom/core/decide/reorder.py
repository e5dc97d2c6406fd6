"""What follows from every change in the order: who must judge again, who need not any more, what is final."""

from collections.abc import Iterable

from coroom.core.command import Good, Ok
from coroom.core.decide.decision import Decision
from coroom.core.event import Body, Event, OrderCommitted, OrderNoticed, OrderNoticesWithdrawn
from coroom.core.evolve import foresee
from coroom.core.ordering.call import CallPhase, NoticeCause, Order
from coroom.core.ordering.difference import difference, shortened
from coroom.core.ordering.gate import committable, is_quiet
from coroom.core.ordering.index import pending
from coroom.core.ordering.position import family_of
from coroom.core.ordering.premises import UNSEEN, Due, due
from coroom.core.policies import POLICIES
from coroom.core.state import RoomState

DONE = Ok()


def after(state: RoomState, events: Iterable[Body], now_ms: int, by: str) -> RoomState:
    """The state once these have happened."""
    for seq, body in enumerate(events, start=state.seq + 1):
        state = foresee(state, Event(seq, max(now_ms, state.now_ms), by, body))
    return state


def settled(state: RoomState, by: str, now_ms: int, events: tuple[Body, ...], reply: Good = DONE) -> Decision:
    """The decision with all that follows from its events."""
    changed = after(state, events, now_ms, by)
    policy = POLICIES[state.policy]
    told = _told(changed, state.order) if policy.ordered else ()
    changed = after(changed, told, now_ms, by) if told else changed
    return Decision(reply, (*events, *told, *(_final(changed) if policy.by_rank else _done(changed))))


def _told(state: RoomState, since: Order) -> tuple[Body, ...]:
    opened, gone = due(state.order, since)
    told: list[Body] = [OrderNoticesWithdrawn(notices=gone)] if gone else []
    for number, one in enumerate(opened, start=1):
        told.append(
            OrderNoticed(
                notice=f"n{state.numbered + number}",
                agent=one.agent,
                call=one.call,
                resource=one.resource,
                cause=one.cause,
                held=one.held,
                value=one.value,
                text=_text(state, one)[: state.limits.text_chars_max],
                renews=one.notice,
            )
        )
    return tuple(told)


def _text(state: RoomState, one: Due) -> str:
    call = state.order.calls.get(one.call)
    named = f"your call {one.call} ({call.tool})" if call else f"your call {one.call}"
    unseen = one.value == UNSEEN
    judge = "Answer with choice no_effect, repaired, retracted or cannot."
    if one.cause is NoticeCause.CHANGED:
        waiting = [c.id for c in pending(state.order) if c.agent == one.agent and c.phase is CallPhase.GATED]
        held_back = f" Not yet acted, and kept as it is if you say no_effect: {', '.join(waiting)}." if waiting else ""
        said = (
            f"was {shortened(one.held)} and is not known; read it again"
            if unseen
            else difference(one.held, one.value).text
        )
        return f"{one.resource}, read by {named}, {said}. Judge what rests on it.{held_back} {judge}"
    if one.cause is NoticeCause.UNDONE:
        now = "not known; read it again" if unseen else f"now {shortened(one.value)}"
        return f"{named} was undone, since somebody before you in order wrote there. {one.resource} is {now}. {judge}"
    gave = difference(one.held, one.value).text
    return f"{named} was put back, and what it gave {gave}. Judge what rests on it. {judge}"


def _final(state: RoomState) -> tuple[Body, ...]:
    mark = committable(state.order, state.agents)
    if mark <= state.order.watermark:
        return ()
    below = (a for a in state.agents.values() if state.order.watermark < family_of(a.rank) <= mark)
    names = tuple(a.name for a in sorted(below, key=lambda a: a.rank))
    return (OrderCommitted(through=mark, agents=names),)


def _done(state: RoomState) -> tuple[Body, ...]:
    """Without an order of ranks each agent's calls are final as soon as it is done."""
    order = state.order
    done = []
    for name, standing in order.standings.ordered():
        if not (standing.concluded or standing.abandoned) or not is_quiet(order, name):
            continue
        if not any(c.agent == name and c.phase is CallPhase.GATED for c in pending(order)):
            done.append(name)
    return (OrderCommitted(through=0, agents=tuple(done)),) if done else ()
