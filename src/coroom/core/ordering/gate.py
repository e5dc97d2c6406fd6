"""Who can still change what: gates of calls that cannot be taken back, the commit watermark, quiet."""

from coroom.core.agent import Agent, Rank
from coroom.core.ordering import index
from coroom.core.ordering.call import CallPhase, Order, OrderedCall, any_overlap
from coroom.core.ordering.position import Position, family_of
from coroom.core.resource import Resource
from coroom.core.table import Table

STILL_THERE = frozenset({CallPhase.PLACED, CallPhase.STARTED, CallPhase.UNDONE, CallPhase.FINISHED})
"""The phases in which a call of an abandoned agent is yet to be taken back; one that cannot be counts as final."""

UNDER_WAY = frozenset({CallPhase.PLACED, CallPhase.STARTED, CallPhase.UNDONE})
"""The phases of a call that the host is acting on."""

_HOLDS = "_holds"
"""Where an order remembers who kept it from being final: as long as that agent does, nobody else is asked."""

DONE_FOR_GOOD = frozenset({CallPhase.PLACED, CallPhase.STARTED, CallPhase.FINISHED, CallPhase.FENCED})
"""The phases of a call that cannot be taken back once its gate has opened: it acts, has acted, or may have."""


def is_quiet(order: Order, agent: str) -> bool:
    """Whether the agent will do nothing more unless it is told something: done, nothing to judge, nothing under way."""
    if agent in order.committed and agent not in order.standings:
        return True
    standing = order.standing(agent)
    if not standing.concluded and not standing.abandoned:
        return False
    if standing.abandoned:
        return not any(c.phase in STILL_THERE and not c.irrevocable for c in index.calls_of(order, agent))
    busy = any(c.agent == agent and c.phase in UNDER_WAY for c in index.pending(order))
    return not busy and _has_nothing_to_judge(order, agent)


def _has_nothing_to_judge(order: Order, agent: str) -> bool:
    return not any(n.agent == agent for n in order.notices.values())


def may_still_touch(
    order: Order, agents: Table[Agent], position: Position, agent: str, resources: tuple[Resource, ...]
) -> tuple[str, ...]:
    """The agents that may yet act below the position on any of these resources, in rank order.

    An agent that declared its scope can touch nothing outside it; but whom it makes judge again can. A parent acts
    above its children's steps unless it has something to judge.
    """
    found: list[tuple[Rank, str]] = []
    for name, other in agents.ordered():
        if name == agent or other.rank > position or is_quiet(order, name) or family_of(other.rank) <= order.watermark:
            continue
        if position[: len(other.rank)] == other.rank and _has_nothing_to_judge(order, name):
            continue
        if resources and other.scope and not _reaches(order, agents, other.rank, other.scope, position, resources):
            continue
        found.append((other.rank, name))
    return tuple(name for _, name in sorted(found))


def unripe(order: Order, agents: Table[Agent], agent: str) -> frozenset[str]:
    """The notices that are not in the agent's hands and need not be yet, since somebody before it can still change what
    they are about: told once that is over, it judges once instead of each time.
    """
    found: set[str] = set()
    for notice in order.notices.values():
        call = order.calls.get(notice.call)
        if notice.agent != agent or notice.handed or call is None:
            continue
        about = (notice.resource,) if notice.resource else call.footprint.writes
        if may_still_touch(order, agents, call.position, agent, about):
            found.add(notice.id)
    return frozenset(found)


def _reaches(
    order: Order,
    agents: Table[Agent],
    low: Rank,
    scope: tuple[Resource, ...],
    high: Position,
    resources: tuple[Resource, ...],
) -> bool:
    """Whether what an agent of this scope does at `low` can come to change the resources as they are at `high`: by
    itself, or by making those between judge again, who then act within their own scopes, and so on.
    """
    reached, asleep = scope, [a for a in agents.values() if low < a.rank < high]
    while not any_overlap(reached, resources):
        woken = [a for a in asleep if any_overlap(reached, _touched_by(order, a.name))]
        if not woken:
            return False
        asleep = [a for a in asleep if a not in woken]
        for agent in woken:
            if not agent.scope:
                return True
            inside = (a.name for a in agents.values() if a.rank[: len(agent.rank)] == agent.rank)
            reached = (*reached, *agent.scope, *(r for name in inside for r in _touched_by(order, name)))
    return True


def _touched_by(order: Order, agent: str) -> tuple[Resource, ...]:
    every = (r for c in index.calls_of(order, agent) for r in (*c.footprint.writes, *c.footprint.reads))
    return tuple(dict.fromkeys(every))


def past_recall_above(
    order: Order, agents: Table[Agent], place: Rank, scope: tuple[Resource, ...]
) -> OrderedCall | None:
    """The lowest call above the place that can no longer be held back and rests on what somebody of this scope could
    come to change; without a scope that is anything. None when it is safe to act there.
    """
    for call in sorted(order.calls.values(), key=lambda call: call.position):
        if not call.irrevocable or call.phase not in DONE_FOR_GOOD or call.position < place:
            continue
        if not scope or _reaches(order, agents, place, scope, call.position, _rests_on(order, agents, call)):
            return call
    return None


def _rests_on(order: Order, agents: Table[Agent], call: OrderedCall) -> tuple[Resource, ...]:
    """What the call touches, and all that its agent, and whoever started that, have touched before it."""
    before = (
        earlier
        for name in _lineage(agents, call.agent)
        for earlier in index.calls_of(order, name)
        if earlier.position < call.position
    )
    return tuple(dict.fromkeys(r for c in (call, *before) for r in (*c.footprint.writes, *c.footprint.reads)))


def _lineage(agents: Table[Agent], agent: str) -> tuple[str, ...]:
    """The agent, who started it, who started that, and so on."""
    found: list[str] = []
    above: str | None = agent
    while above is not None and above in agents:
        found.append(above)
        above = agents[above].parent
    return tuple(found)


def not_done_below(order: Order, agents: Table[Agent], position: Position, agent: str) -> tuple[str, ...]:
    """The agents that are not done and whose next steps come before the position, in rank order."""
    return may_still_touch(order, agents, position, agent, ())


def waits_for(order: Order, agents: Table[Agent], call: OrderedCall) -> tuple[str, ...]:
    """Whom a gated call waits for: who can still touch its footprint or what its agent rests on, and its own agent and
    whoever started that, while they have something to judge. With nobody left the call may act.
    """
    lower = may_still_touch(order, agents, call.position, call.agent, _rests_on(order, agents, call))
    own = (name for name in _lineage(agents, call.agent) if not _has_nothing_to_judge(order, name))
    return tuple(dict.fromkeys((*lower, *own)))


def committable(order: Order, agents: Table[Agent]) -> int:
    """The highest top-level rank up to which everything is final; at least the present watermark."""
    mark, memory = order.watermark, vars(order)
    if order.repairs:
        return mark
    known: tuple[int, Table[Agent], str] | None = memory.get(_HOLDS)
    if known and known[0] == mark and known[1] is agents and not is_quiet(order, known[2]):
        return mark
    families: dict[int, list[str]] = {}
    for name, agent in agents.ordered():
        family = family_of(agent.rank)
        if family > mark:
            families.setdefault(family, []).append(name)
    for family in sorted(families):
        names = families[family]
        awake = next((name for name in names if not is_quiet(order, name)), None)
        if awake is not None:
            memory[_HOLDS] = (mark, agents, awake)
        if awake is not None or _holds_back(order, names):
            break
        mark = family
    return mark


def _holds_back(order: Order, names: list[str]) -> bool:
    return any(c.agent in names and c.phase is CallPhase.GATED for c in index.pending(order))
