"""Who can still change what: gates of calls that cannot be taken back, the commit watermark, quiet."""

from coroom.core.agent import Agent, Rank
from coroom.core.ordering.call import CallPhase, Order, OrderedCall, any_overlap
from coroom.core.ordering.position import Position, family_of
from coroom.core.resource import Resource
from coroom.core.table import Table

STILL_THERE = frozenset({CallPhase.PLACED, CallPhase.STARTED, CallPhase.UNDONE, CallPhase.FINISHED})
"""The phases in which a call of an abandoned agent is yet to be taken back; one that cannot be counts as final."""

UNDER_WAY = frozenset({CallPhase.PLACED, CallPhase.STARTED, CallPhase.UNDONE})
"""The phases of a call that the host is acting on."""

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
        mine = (c for c in order.calls.values() if c.agent == agent and not c.irrevocable)
        return not any(c.phase in STILL_THERE for c in mine)
    open_notices = any(n.agent == agent for n in order.notices.values())
    busy = any(c.agent == agent and c.phase in UNDER_WAY for c in order.calls.values())
    return not open_notices and not busy


def _has_nothing_to_judge(order: Order, agent: str) -> bool:
    return not any(n.agent == agent for n in order.notices.values())


def may_still_touch(
    order: Order, agents: Table[Agent], position: Position, agent: str, resources: tuple[Resource, ...]
) -> tuple[str, ...]:
    """The agents that may yet act below the position on any of these resources, in rank order.

    An agent that declared its scope can touch nothing outside it. A parent acts above its children's steps unless it
    has something to judge.
    """
    found: list[tuple[Rank, str]] = []
    for name, other in agents.ordered():
        if name == agent or other.rank > position or is_quiet(order, name) or family_of(other.rank) <= order.watermark:
            continue
        above = position[: len(other.rank)] == other.rank and _has_nothing_to_judge(order, name)
        if above or (resources and other.scope and not any_overlap(other.scope, resources)):
            continue
        found.append((other.rank, name))
    return tuple(name for _, name in sorted(found))


def past_recall_above(order: Order, place: Rank, scope: tuple[Resource, ...]) -> OrderedCall | None:
    """The lowest call above the place that can no longer be held back and rests on what somebody of this scope could
    change; without a scope that is anything. None when it is safe to act there.
    """
    for call in sorted(order.calls.values(), key=lambda call: call.position):
        if not call.irrevocable or call.phase not in DONE_FOR_GOOD or call.position < place:
            continue
        if not scope or any_overlap(scope, _rests_on(order, call)):
            return call
    return None


def _rests_on(order: Order, call: OrderedCall) -> tuple[Resource, ...]:
    """What the call touches, and all that its agent has read."""
    read = (p.resource for p in order.premises.values() if p.agent == call.agent)
    return (*call.footprint.writes, *call.footprint.reads, *read)


def not_done_below(order: Order, agents: Table[Agent], position: Position, agent: str) -> tuple[str, ...]:
    """The agents that are not done and whose next steps come before the position, in rank order."""
    return may_still_touch(order, agents, position, agent, ())


def waits_for(order: Order, agents: Table[Agent], call: OrderedCall) -> tuple[str, ...]:
    """Whom a gated call waits for: who can still touch its footprint or what its agent rests on, and its own agent
    while that has something to judge. With nobody left the call may act.
    """
    lower = may_still_touch(order, agents, call.position, call.agent, _rests_on(order, call))
    own = () if _has_nothing_to_judge(order, call.agent) else (call.agent,)
    return (*lower, *own)


def committable(order: Order, agents: Table[Agent]) -> int:
    """The highest top-level rank up to which everything is final; at least the present watermark."""
    mark = order.watermark
    if order.repairs:
        return mark
    families: dict[int, list[str]] = {}
    for name, agent in agents.ordered():
        if family_of(agent.rank) > mark:
            families.setdefault(family_of(agent.rank), []).append(name)
    for family, names in sorted(families.items()):
        if not all(is_quiet(order, name) for name in names) or _holds_back(order, names):
            break
        mark = family
    return mark


def _holds_back(order: Order, names: list[str]) -> bool:
    return any(c.agent in names and c.phase is CallPhase.GATED for c in order.calls.values())
