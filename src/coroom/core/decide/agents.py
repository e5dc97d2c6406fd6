"""Coming, going, being paused, giving a sign of life."""

from coroom.core.agent import EVERYONE, HOST, JOINABLE, OPERATOR, Agent, Permission, Presence, Rank
from coroom.core.claim import Ending
from coroom.core.command import Beat, Join, Joined, Leave, NoteSpent, Ok, Pause, Resume
from coroom.core.decide.claims import end, freed, renewals, task_given_back
from coroom.core.decide.decision import Decision, lacks, notice, refused, unknown_agent
from coroom.core.errors import Code, Refused
from coroom.core.event import (
    AgentConcluded,
    AgentJoined,
    AgentLeft,
    AgentPaused,
    AgentResumed,
    AgentSpent,
    Body,
    ClaimEnded,
)
from coroom.core.notice import NoticeKind
from coroom.core.ordering.gate import past_recall_above
from coroom.core.ordering.position import child_rank, family_of
from coroom.core.policies import POLICIES
from coroom.core.state import RoomState


def join(state: RoomState, by: str, command: Join, _now_ms: int) -> Decision:
    """Let an agent in. Only host and operator admit, since the secret is theirs to hand out."""
    bad = lacks(state, by, Permission.END_ROOM) or _bad_join(state, command)
    if bad:
        return Decision(bad)
    known = state.agents.get(command.agent)
    rank = known.rank if known else command.rank or next_rank(state, command.parent)
    joined = AgentJoined(
        agent=command.agent,
        role=command.role,
        rank=rank,
        parent=known.parent if known else command.parent,
        secret_hash=command.secret_hash,
        client=command.client,
        scope=command.scope,
    )
    return Decision(Joined(command.agent, rank), (joined,))


def _bad_join(state: RoomState, command: Join) -> Refused | None:
    name = command.agent
    if not is_name(name, state.limits.name_chars_max):
        return Refused(
            Code.BAD_INPUT,
            f"'{name[:80]}' is no agent name.",
            f"Use 1 to {state.limits.name_chars_max} letters, digits, '-', '_', '.'; 'host' and 'operator' are taken.",
        )
    if command.role not in JOINABLE:
        return Refused(Code.FORBIDDEN, f"Nobody joins as {command.role.value}.", "Choose another role.")
    if any(a.secret_hash == command.secret_hash != "" and a.name != name for a in state.agents.values()):
        return Refused(Code.DUPLICATE, "Another agent has this secret.", "Give each agent a secret of its own.")
    if command.parent is not None and command.parent not in state.agents:
        return unknown_agent(command.parent)
    if name not in state.agents:
        misplaced = _bad_place(state, command)
        if misplaced:
            return misplaced
    if name not in state.agents and len(state.agents) >= state.limits.agents_max:
        return Refused(
            Code.LIMIT,
            f"The room has had {state.limits.agents_max} agents.",
            "Let an agent that left join again.",
        )
    return None


def _bad_place(state: RoomState, command: Join) -> Refused | None:
    """Why an agent cannot come in where it asks to, or where its parent would have it."""
    if command.rank:
        taken = any(a.rank == command.rank for a in state.agents.values())
        if taken or family_of(command.rank) <= state.order.watermark or min(command.rank) < 1:
            why = f"The rank {'.'.join(map(str, command.rank))} is taken or below what is final."
            return Refused(Code.CONFLICT, why, "Join without a rank to come last.")
    if not POLICIES[state.policy].by_rank:
        return None
    done = past_recall_above(state.order, state.agents, command.rank or next_rank(state, command.parent), command.scope)
    if done is None:
        return None
    why = f"{done.agent}'s call {done.id} ({done.tool}) comes after that place, has acted and cannot be taken back."
    return Refused(Code.CONFLICT, why, "Join without a rank and a parent to come last, or with a scope apart from it.")


def is_name(name: str, chars_max: int) -> bool:
    """Whether `name` may stand for a room or an agent: short, plain, good for a branch of git's, and none that the
    room uses itself.
    """
    allowed = all(c.isascii() and (c.isalnum() or c in "-_.") for c in name) and ".." not in name
    plain = 0 < len(name) <= chars_max and allowed and name[0].isalnum() and not name.endswith((".", ".lock"))
    return plain and name not in {HOST, OPERATOR}


def next_rank(state: RoomState, parent: str | None) -> Rank:
    """The rank after all siblings: arrivals are appended, children stay inside their parent."""
    if parent and POLICIES[state.policy].by_rank:
        every = tuple(a.rank for a in state.agents.values())
        return child_rank(state.agents[parent].rank, state.order.standing(parent).step, every)
    inside: Rank = state.agents[parent].rank if parent else ()
    siblings = [a.rank[-1] for a in state.agents.values() if a.rank[:-1] == inside]
    final = 0 if inside else state.order.watermark
    return (*inside, max(siblings, default=final) + 1)


def leave(state: RoomState, by: str, command: Leave, now_ms: int) -> Decision:
    """Go oneself, or be sent by host or operator. Claims end, a held task returns, the judges hear of held edits."""
    agent = state.agents.get(command.agent)
    if agent is None:
        return Decision(unknown_agent(command.agent))
    if by != command.agent:
        bad = lacks(state, by, Permission.PAUSE)
        if bad:
            return Decision(bad)
    if agent.presence is Presence.LEFT:
        return Decision(Ok())
    left: tuple[Body, ...] = (AgentLeft(agent=agent.name, reason=command.reason),)
    unjudged = any(n.agent == agent.name for n in state.order.notices.values())
    if by == agent.name and agent.name in state.order.standings and not unjudged:
        left = (AgentConcluded(agent=agent.name, report=command.reason), *left)
    return Decision(Ok(), (*left, *_given_up(state, agent, now_ms)))


def _given_up(state: RoomState, agent: Agent, now_ms: int) -> tuple[Body, ...]:
    ended: list[ClaimEnded] = [
        end(claim, claim.resources, Ending.HOLDER_LEFT, agent.name) for claim in state.claims_of(agent.name)
    ]
    back = task_given_back(state, ended, f"{agent.name} left")
    held = state.open_held(agent.name)
    told: tuple[Body, ...] = ()
    if held:
        names = ", ".join(f"{h.id} on {h.path}" for h in held)
        text = f"{agent.name} left with held edits: {names}. Take one in with answer."
        told = (notice(state, 1, NoticeKind.CONFLICT, sender=agent.name, to=EVERYONE, text=text, about=held[0].id),)
    return (*ended, *back, *told, *freed(state, ended, now_ms, first=1 + len(told)))


def pause(state: RoomState, by: str, command: Pause, _now_ms: int) -> Decision:
    """Stop an agent: whatever it asks is refused until it is resumed, what it writes is held."""
    return _set_paused(state, by, command.agent, AgentPaused(agent=command.agent), Presence.ACTIVE)


def resume(state: RoomState, by: str, command: Resume, _now_ms: int) -> Decision:
    """Let a paused agent go on."""
    return _set_paused(state, by, command.agent, AgentResumed(agent=command.agent), Presence.PAUSED)


def _set_paused(state: RoomState, by: str, name: str, event: AgentPaused | AgentResumed, before: Presence) -> Decision:
    bad = lacks(state, by, Permission.PAUSE)
    if bad:
        return Decision(bad)
    agent = state.agents.get(name)
    if agent is None:
        return Decision(unknown_agent(name))
    if agent.presence is Presence.LEFT:
        return refused(Code.NOT_FOUND, f"{name} has left.", "There is nobody to pause or resume.")
    if agent.presence is not before:
        return Decision(Ok())
    word = "paused" if isinstance(event, AgentPaused) else "resumed"
    told = notice(state, 1, NoticeKind.OPERATOR, sender=OPERATOR, to=name, text=f"The operator has {word} you.")
    return Decision(Ok(), (event, told))


def beat(state: RoomState, by: str, _command: Beat, now_ms: int) -> Decision:
    """A sign of life: it renews what the agent holds."""
    return Decision(events=renewals(state, by, now_ms))


def note_spent(state: RoomState, by: str, command: NoteSpent, _now_ms: int) -> Decision:
    """Remember what an agent's client has used. Its word is shown and never trusted: nothing depends on it."""
    if by != HOST:
        return refused(Code.FORBIDDEN, "Only the room hears what clients have used.", "Say it in a message.")
    if command.agent not in state.agents:
        return Decision(unknown_agent(command.agent))
    used = (command.input_tokens, command.output_tokens, command.cost_micro_usd)
    if min(used) < 0:
        return refused(Code.BAD_INPUT, "Nobody uses less than nothing.", "Give numbers from 0 up.")
    if not any(used):
        return Decision(Ok())
    spent = AgentSpent(
        agent=command.agent,
        input_tokens=command.input_tokens,
        output_tokens=command.output_tokens,
        cost_micro_usd=command.cost_micro_usd,
    )
    return Decision(Ok(), (spent,))
