"""Agents that are done with their calls on live state, or are given up with all that they did."""

from coroom.core.agent import HOST, OPERATOR, Permission
from coroom.core.command import Abandon, Conclude, Ok
from coroom.core.decide.calls import applied, is_given_up, taken_out
from coroom.core.decide.decision import Decision, lacks, refused
from coroom.core.decide.reorder import after, settled
from coroom.core.errors import Code, Refused
from coroom.core.event import AgentAbandoned, AgentConcluded, Body
from coroom.core.ordering.call import any_overlap
from coroom.core.ordering.gate import UNDER_WAY, unripe
from coroom.core.ordering.index import calls_of, pending
from coroom.core.ordering.repair_plan import touched_by
from coroom.core.policies import POLICIES
from coroom.core.state import RoomState


def conclude(state: RoomState, by: str, command: Conclude, now_ms: int) -> Decision:
    """The agent is done unless it is told something. Refused while it has something to judge that will not change
    again; of what may, it is told when that is over.
    """
    bad = lacks(state, by, Permission.EDIT)
    if bad:
        return Decision(bad)
    later = unripe(state.order, state.agents, by)
    unjudged = [n.id for n in state.order.notices.values() if n.agent == by and n.id not in later]
    if unjudged:
        why = f"You have not judged {', '.join(unjudged)}."
        return refused(Code.JUDGE, why, "Call sync, judge each with answer, then say that you are done.")
    if state.order.standing(by).concluded or (by in state.order.committed and by not in state.order.standings):
        return Decision(Ok())
    return settled(state, by, now_ms, (AgentConcluded(agent=by, report=command.report),))


def abandon(state: RoomState, by: str, command: Abandon, now_ms: int) -> Decision:
    """Give an agent up: by its own word, or by the host's or operator's once it is dead."""
    if by not in {HOST, OPERATOR, command.agent}:
        return refused(Code.NOT_YOURS, f"You cannot give {command.agent} up.", "Tell the operator.")
    if command.agent not in state.agents or is_given_up(state, command.agent):
        return Decision(Ok())
    busy = in_the_middle(state, command.agent)
    if busy:
        return Decision(busy)
    events, repair = given_up(state, command.agent, command.why, now_ms)
    return settled(state, by, now_ms, events, Ok(repair))


def in_the_middle(state: RoomState, agent: str) -> Refused | None:
    """Why an agent cannot be given up at this moment: a call of it, or of whoever it started, is acting, or is undone
    for the sake of another and about to be put back; or a call that touches the same is being put in order, and would
    act on what is taken back below it.
    """
    lost = {agent, *_started_by(state, agent)}
    acting = next((c for c in pending(state.order) if c.agent in lost and c.phase in UNDER_WAY), None)
    if acting:
        return Refused(Code.WAIT, f"{acting.agent}'s call {acting.id} is being put in order.", "Ask again in a moment.")
    if not state.order.repairs:
        return None
    every = applied(*(call for name in sorted(lost) for call in calls_of(state.order, name)))
    mine = tuple(call for call in every if not call.irrevocable)
    touched = touched_by(state.order, POLICIES[state.policy].repair(state, None, mine))
    for _, under_way in state.order.repairs.ordered():
        if any_overlap(under_way.touched, touched):
            return Refused(Code.WAIT, f"{under_way.agent}'s call is being put in order.", "Ask again in a moment.")
    return None


def given_up(state: RoomState, agent: str, why: str, now_ms: int) -> tuple[tuple[Body, ...], str]:
    """What takes back all that an agent, and under an order of ranks whoever it started, did; with the repair's id."""
    lost = [agent, *(_started_by(state, agent) if POLICIES[state.policy].by_rank else ())]
    gone: tuple[Body, ...] = tuple(AgentAbandoned(agent=name, why=why) for name in lost)
    current = after(state, gone, now_ms, agent)
    calls = tuple(c for name in lost for c in applied(*calls_of(current.order, name)) if not c.irrevocable)
    taken, repair = taken_out(current, agent, calls, now_ms)
    return (*gone, *taken), repair


def _started_by(state: RoomState, agent: str) -> list[str]:
    """The agents inside it, who would not be there without it."""
    found: list[str] = []
    for name, other in state.agents.ordered():
        above = other.parent
        while above is not None and above != agent:
            above = state.agents[above].parent
        if above == agent and not is_given_up(state, name):
            found.append(name)
    return found
