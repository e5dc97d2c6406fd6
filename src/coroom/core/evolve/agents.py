"""Who is here."""

from coroom.core import event as e
from coroom.core.agent import PRESENCE_AFTER, Agent, Presence
from coroom.core.evolve.answers import kept
from coroom.core.evolve.changes import Changes
from coroom.core.state import NOTHING_SPENT, RoomState, Spent, but

changes = Changes()


@changes.on(e.AgentJoined)
def _agent_joined(state: RoomState, event: e.Event, body: e.AgentJoined) -> RoomState:
    known = state.agents.get(body.agent)
    agent = Agent(
        name=body.agent,
        role=body.role,
        rank=body.rank,
        parent=body.parent,
        secret_hash=body.secret_hash,
        client=body.client,
        presence=known.presence if known and known.presence is Presence.PAUSED else Presence.ACTIVE,
        joined_seq=event.seq,
        seen_ms=event.at_ms,
        task=known.task if known else None,
        scope=body.scope,
    )
    return but(state, agents=state.agents.put(agent.name, agent), operations=kept(state, agent.name))


def _set_presence(state: RoomState, kind: str, name: str) -> RoomState:
    agent = state.agents.get(name)
    if agent is None:
        return state
    after = PRESENCE_AFTER.get((agent.presence, kind), agent.presence)
    secret_hash = "" if after is Presence.LEFT else agent.secret_hash
    moved = but(agent, presence=after, secret_hash=secret_hash)
    return but(state, agents=state.agents.put(name, moved))


@changes.on(e.AgentLeft)
def _agent_left(state: RoomState, _event: e.Event, body: e.AgentLeft) -> RoomState:
    gone = _set_presence(state, body.kind, body.agent)
    return but(gone, wanted=tuple(w for w in gone.wanted if w.agent != body.agent))


@changes.on(e.AgentPaused)
def _agent_paused(state: RoomState, _event: e.Event, body: e.AgentPaused) -> RoomState:
    return _set_presence(state, body.kind, body.agent)


@changes.on(e.AgentResumed)
def _agent_resumed(state: RoomState, _event: e.Event, body: e.AgentResumed) -> RoomState:
    return _set_presence(state, body.kind, body.agent)


@changes.on(e.AgentSpent)
def _agent_spent(state: RoomState, _event: e.Event, body: e.AgentSpent) -> RoomState:
    known = state.spent.get(body.agent, NOTHING_SPENT)
    spent = Spent(
        known.input_tokens + body.input_tokens,
        known.output_tokens + body.output_tokens,
        known.cost_micro_usd + body.cost_micro_usd,
    )
    return but(state, spent=state.spent.put(body.agent, spent))
