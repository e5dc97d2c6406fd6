"""What agents in the order are told and make of it, where each of them is, and what is final."""

from coroom.core import event as e
from coroom.core.agent import HOST
from coroom.core.evolve.answers import completed
from coroom.core.evolve.changes import Changes
from coroom.core.evolve.notices import put_letter, take_letters
from coroom.core.notice import Notice, NoticeKind
from coroom.core.ordering.call import (
    ENDED,
    CallPhase,
    NoticeCause,
    Order,
    OrderNotice,
    Standing,
    Tracked,
    any_overlap,
)
from coroom.core.ordering.life import moved, put_call, without_premises
from coroom.core.ordering.position import family_of
from coroom.core.ordering.premises import premise_key
from coroom.core.ordering.standing import acted
from coroom.core.ordering.trajectory import value_at
from coroom.core.state import RoomState, but

changes = Changes()


def _with(state: RoomState, order: Order) -> RoomState:
    return but(state, order=order)


@changes.on(e.OrderNoticed)
def _order_noticed(state: RoomState, event: e.Event, body: e.OrderNoticed) -> RoomState:
    order = state.order
    known = OrderNotice(
        id=body.notice,
        agent=body.agent,
        call=body.call,
        resource=body.resource,
        cause=body.cause,
        held=body.held,
        value=body.value,
    )
    notices = order.notices.without(body.renews).put(known.id, known)
    order = but(order, notices=notices)
    if body.cause is NoticeCause.CHANGED and body.resource:
        key = premise_key(body.call, body.resource)
        premise = order.premises.get(key)
        if premise:
            order = but(order, premises=order.premises.put(key, but(premise, notice=known.id)))
    else:
        call = order.calls.get(body.call)
        if call:
            order = put_call(order, but(call, notice=known.id))
    letter = Notice(
        id=known.id,
        seq=event.seq,
        at_ms=event.at_ms,
        kind=NoticeKind.CONFLICT,
        sender=HOST,
        to=body.agent,
        text=body.text,
        resources=(body.resource,) if body.resource else (),
        about=body.call,
    )
    state = but(state, order=order, numbered=state.numbered + 1)
    return put_letter(state, letter, body.agent, body.renews)


def _closed(order: Order, notices: tuple[str, ...]) -> Order:
    left = order.notices
    for name in notices:
        left = left.without(name)
    return but(order, notices=left)


@changes.on(e.OrderNoticesWithdrawn)
def _order_notices_withdrawn(state: RoomState, _event: e.Event, body: e.OrderNoticesWithdrawn) -> RoomState:
    order = state.order
    for notice in (order.notices[n] for n in body.notices if n in order.notices):
        state = take_letters(state, notice.agent, (notice.id,))
    return _with(state, _closed(order, body.notices))


@changes.on(e.OrderNoticesHanded)
def _order_notices_handed(state: RoomState, event: e.Event, body: e.OrderNoticesHanded) -> RoomState:
    order = state.order
    for name in body.notices:
        notice = order.notices.get(name)
        if notice is None:
            continue
        order = but(order, notices=order.notices.put(name, but(notice, handed=True, handed_seq=event.seq)))
        call = order.calls.get(notice.call)
        if notice.cause is NoticeCause.CHANGED and notice.resource:
            key = premise_key(notice.call, notice.resource)
            premise = order.premises.get(key)
            if premise:
                order = but(order, premises=order.premises.put(key, but(premise, held=notice.value)))
        elif notice.cause is NoticeCause.RESULT and call:
            order = put_call(order, but(call, told=notice.value))
    standing = but(order.standing(body.agent), concluded=False)
    return _with(state, but(order, standings=order.standings.put(body.agent, standing)))


@changes.on(e.OrderNoticesJudged)
def _order_notices_judged(state: RoomState, _event: e.Event, body: e.OrderNoticesJudged) -> RoomState:
    order = state.order
    for name in body.notices:
        notice = order.notices.get(name)
        call = order.calls.get(notice.call) if notice else None
        if notice and call and notice.cause is NoticeCause.UNDONE and call.phase is CallPhase.CANCELLED:
            order = put_call(order, moved(call, "retracted"))
        elif call and call.notice == name:
            order = put_call(order, but(call, notice=""))
    state = take_letters(state, body.agent, body.notices)
    return _with(state, _closed(order, body.notices))


@changes.on(e.CallWaits)
def _call_waits(state: RoomState, _event: e.Event, body: e.CallWaits) -> RoomState:
    standing = but(state.order.standing(body.agent), waits_for=body.on)
    return _with(state, but(state.order, standings=state.order.standings.put(body.agent, standing)))


@changes.on(e.AgentConcluded)
def _agent_concluded(state: RoomState, _event: e.Event, body: e.AgentConcluded) -> RoomState:
    standing = but(state.order.standing(body.agent), concluded=True, report=body.report, waits_for=())
    return _with(state, but(state.order, standings=state.order.standings.put(body.agent, standing)))


def _cleared(state: RoomState, agent: str, standing: Standing) -> RoomState:
    """Nothing rests on what the agent read any more, and what of it had not acted is gone."""
    order = state.order
    for call in order.calls.values():
        if call.agent != agent:
            continue
        order = without_premises(order, call)
        applied = call.phase is CallPhase.FINISHED and call.footprint.writes
        if not applied and call.phase in {CallPhase.FINISHED, CallPhase.GATED, CallPhase.CANCELLED, *ENDED}:
            order = but(order, calls=order.calls.without(call.id))
    mine = tuple(n.id for n in order.notices.values() if n.agent == agent)
    order = but(_closed(order, mine), standings=order.standings.put(agent, standing))
    return take_letters(_with(state, order), agent, mine)


@changes.on(e.AgentRestarted)
def _agent_restarted(state: RoomState, _event: e.Event, body: e.AgentRestarted) -> RoomState:
    known = state.order.standing(body.agent)
    return _cleared(state, body.agent, Standing(restarts=known.restarts + 1, step=known.step))


@changes.on(e.AgentAbandoned)
def _agent_abandoned(state: RoomState, event: e.Event, body: e.AgentAbandoned) -> RoomState:
    agent = state.agents.get(body.agent)
    if agent is not None:
        state = but(state, agents=state.agents.put(agent.name, but(agent, given_up=True)))
        if agent.parent is not None and agent.parent in state.order.standings:
            state = _with(state, acted(state.order, agent.parent, event.seq))
    known = state.order.standing(body.agent)
    return _cleared(state, body.agent, but(known, abandoned=True, concluded=True, report=body.why, waits_for=()))


@changes.on(e.AgentRanked)
def _agent_ranked(state: RoomState, _event: e.Event, body: e.AgentRanked) -> RoomState:
    agent = state.agents.get(body.agent)
    if agent is None:
        return state
    order = but(state.order, standings=state.order.standings.without(body.agent))
    return but(state, order=order, agents=state.agents.put(agent.name, but(agent, rank=body.rank)))


@changes.on(e.OrderCommitted)
def _order_committed(state: RoomState, _event: e.Event, body: e.OrderCommitted) -> RoomState:
    order = state.order
    mark = max(order.watermark, body.through)
    gone = set(body.agents)
    final = (
        {
            key: Tracked(known.resource, known.tool, value_at(order, known.resource, (mark + 1,)))
            for key, known in order.tracked.ordered()
        }
        if body.through
        else {}
    )
    calls, premises, standings = order.calls, order.premises, order.standings
    ended = [c for _, c in calls.ordered() if c.agent in gone or family_of(c.position) <= body.through]
    for call in ended:
        calls = calls.without(call.id)
    for key, premise in premises.ordered():
        if premise.call not in calls:
            premises = premises.without(key)
    for name in body.agents:
        standings = standings.without(name)
    touched = tuple(r for c in calls.values() for r in (*c.footprint.writes, *c.footprint.reads))
    tracked = order.tracked
    for key, known in tracked.ordered():
        if not any_overlap((known.resource,), touched):
            tracked = tracked.without(key)
        elif key in final:
            tracked = tracked.put(key, final[key])
    kept = (*(a for a in order.committed if a not in gone), *body.agents)[-state.limits.agents_max :]
    committed = but(
        order,
        calls=calls,
        premises=premises,
        standings=standings,
        tracked=tracked,
        watermark=mark,
        committed=kept,
    )
    return but(state, order=committed, operations=completed(state, ended))
