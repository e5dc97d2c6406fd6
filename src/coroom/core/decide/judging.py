"""Notices of the order in the hands of their agents, and what these make of them."""

from coroom.core.agent import HOST, OPERATOR
from coroom.core.command import Good, HandNotices, JudgeNotices, Ok
from coroom.core.decide.concluding import given_up, in_the_middle
from coroom.core.decide.decision import Decision, notice, refused
from coroom.core.decide.reorder import after, settled
from coroom.core.errors import Code, Refused
from coroom.core.event import Body, NoticeSent, OrderNoticesHanded, OrderNoticesJudged
from coroom.core.notice import NoticeKind
from coroom.core.ordering.call import Judgement, NoticeCause, OrderNotice, any_overlap
from coroom.core.ordering.index import calls_of
from coroom.core.state import RoomState


def hand_notices(state: RoomState, by: str, command: HandNotices, _now_ms: int) -> Decision:
    """The agent has these in front of it; said by the host, or by the agent that asked for them."""
    if by not in {HOST, command.agent}:
        return refused(Code.NOT_YOURS, f"They are {command.agent}'s notices.", "Call sync to see your own.")
    mine = tuple(
        n.id
        for n in state.order.notices.values()
        if n.agent == command.agent and not n.handed and (not command.notices or n.id in command.notices)
    )
    return Decision(Ok(), (OrderNoticesHanded(agent=command.agent, notices=mine),) if mine else ())


def judge_notices(state: RoomState, by: str, command: JudgeNotices, now_ms: int) -> Decision:
    """Close notices by the agent's own word. `cannot` gives the agent up: what it did is taken back."""
    if by not in state.agents:
        return refused(Code.UNKNOWN_AGENT, f"No agent '{by}' is in this room.", "Join the room first.")
    for name in command.notices:
        told = state.order.notices.get(name)
        if told is None:
            why = f"'{name[:60]}' is no open notice of the order; it may be judged already."
            return refused(Code.NOT_FOUND, why, "Call sync to see what is open.")
        if told.agent != by:
            return refused(Code.NOT_YOURS, f"{name} is for {told.agent} to judge.", "Call sync to see your own.")
        if not told.handed:
            return refused(Code.STALE, f"You have not seen {name} yet.", "Call sync, then judge it.")
    idle = _has_done_nothing(state, by, command)
    if idle:
        return Decision(idle)
    events: tuple[Body, ...] = (OrderNoticesJudged(agent=by, notices=command.notices, verdict=command.verdict),)
    reply: Good = Ok()
    if command.verdict is Judgement.CANNOT:
        busy = in_the_middle(state, by)
        if busy:
            return Decision(busy)
        open_ones = [state.order.notices[name] for name in command.notices]
        escalated = _escalated(state, by, open_ones)
        known = after(state, (*events, *escalated), now_ms, by)
        gone, repair = given_up(known, by, "it could not judge", now_ms)
        events, reply = (*events, *escalated, *gone), Ok(repair)
    return settled(state, by, now_ms, events, reply)


_ACTS = frozenset({Judgement.REPAIRED, Judgement.RETRACTED})


def _has_done_nothing(state: RoomState, by: str, command: JudgeNotices) -> Refused | None:
    """Who says that it has put something right has called, taken back, edited, or started or given up somebody since it
    was told. To leave out what was undone, or to begin again, nothing need be done.
    """
    told = [state.order.notices[name] for name in command.notices]
    asked = [n for n in told if n.cause is NoticeCause.CHANGED or n.cause is NoticeCause.RESULT]
    if command.verdict not in _ACTS or not asked:
        return None
    since = min(n.handed_seq for n in asked)
    started = any(a.parent == by and a.joined_seq > since for a in state.agents.values())
    if state.order.standing(by).acted_seq > since or started:
        return None
    why = f"You answered {command.verdict.value}, but have changed nothing since you were told {asked[0].id}."
    next_step = "Make the call that puts it right (about=CALL replaces one of yours), or answer no_effect."
    return Refused(Code.JUDGE, why, next_step)


def _escalated(state: RoomState, by: str, told: list[OrderNotice]) -> tuple[NoticeSent, ...]:
    """A person is asked, and whoever touched the same or belongs to the agent hears it in words."""
    what = "; ".join(_in_short(n) for n in told)
    asks = f"I could not judge {what}. What I did is taken back: is anything to be done about it?"
    mine = tuple(dict.fromkeys(r for c in calls_of(state.order, by) for r in (*c.footprint.writes, *c.footprint.reads)))
    found = [notice(state, 1, NoticeKind.QUESTION, sender=by, to=OPERATOR, text=asks, resources=mine)]
    says = f"I could not judge {what}, so that what I did is taken back. The operator is asked."
    for other in state.present():
        related = by in (other.name, other.parent) or other.name == state.agents[by].parent
        met = any(
            any_overlap(mine, (*c.footprint.writes, *c.footprint.reads)) for c in calls_of(state.order, other.name)
        )
        if other.name != by and (related or met):
            number = len(found) + 1
            found.append(notice(state, number, NoticeKind.NOTE, sender=by, to=other.name, text=says, resources=mine))
    return tuple(found)


def _in_short(told: OrderNotice) -> str:
    about = (
        f"{told.resource} (it was {told.held or 'unknown'}, now {told.value or 'unknown'})"
        if told.resource
        else told.call
    )
    return f"{told.id} on {about}"
