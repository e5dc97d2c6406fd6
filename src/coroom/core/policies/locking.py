"""`locking`: two-phase locks on footprints, held until an agent is done; a circle of waiting is broken."""

from collections.abc import Iterator

from coroom.core.ordering import index
from coroom.core.ordering.call import Order, any_overlap
from coroom.core.policy import ActsAsItComes, Asked, CallAdmission, Gate, Go, OneLine, Restart, Wait
from coroom.core.resource import Footprint
from coroom.core.state import RoomState


class Locking(OneLine, ActsAsItComes):
    """2PL with saga undo: shared locks on what is read, exclusive ones on what is written."""

    name = "locking"

    def admit_call(self, state: RoomState, asked: Asked) -> CallAdmission:
        """Wait for whoever holds what the call needs. When waiting closes a circle, the agent of highest rank in it
        begins again: whoever is lowest of all never does, so that somebody always comes to an end. A call that cannot
        be taken back acts when its agent is done.
        """
        on = holders(state.order, asked.agent, asked.footprint) or _first_in_line(state, asked.agent)
        if not on:
            return Gate() if asked.irrevocable and asked.footprint.writes else Go()
        circle = _circle(state.order, asked.agent, on)
        if not circle:
            return Wait(on)
        victim = max(circle, key=lambda name: state.agents[name].rank)
        return Restart((victim,), f"{', '.join(sorted(circle))} waited for one another")


def _first_in_line(state: RoomState, agent: str) -> tuple[str, ...]:
    """Who has begun again takes no lock before those of lower rank have theirs that wait: it would only lose it."""
    order = state.order
    if not order.standing(agent).restarts or _holds_anything(order, agent):
        return ()
    rank = state.agents[agent].rank
    waiting = (name for name, standing in order.standings.ordered() if standing.waits_for)
    return tuple(name for name in waiting if state.agents[name].rank < rank)


def holders(order: Order, agent: str, footprint: Footprint) -> tuple[str, ...]:
    """Who else has touched, and not yet committed, what stands against the footprint; in the order of names."""
    written, read = met(order, agent, footprint)
    return tuple(sorted({*written, *read}))


def met(order: Order, agent: str, footprint: Footprint) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who else has written what the footprint touches, and who has read what it writes, and not yet committed that; in
    the order of names.
    """
    mine = (*footprint.writes, *footprint.reads)
    others = [call for call in index.touching(order, mine) if call.agent != agent]
    written = {call.agent for call in others if any_overlap(call.footprint.writes, mine)}
    read = {call.agent for call in others if any_overlap(call.footprint.reads, footprint.writes)}
    return tuple(sorted(written)), tuple(sorted(read))


def _holds_anything(order: Order, agent: str) -> bool:
    return any(True for _ in index.calls_of(order, agent))


def _circle(order: Order, agent: str, on: tuple[str, ...]) -> set[str]:
    """The agents on a way of waiting from `on` back to `agent`, with it; empty when there is none."""

    def ways(name: str, seen: frozenset[str]) -> Iterator[frozenset[str]]:
        if name == agent:
            yield seen
        elif name not in seen:
            for after in order.standing(name).waits_for:
                yield from ways(after, seen | {name})

    if not _holds_anything(order, agent):
        # Whoever holds nothing is waited for by nobody, whatever they said before it began again.
        return set()
    for first in on:
        found = next(ways(first, frozenset()), None)
        if found is not None:
            return {agent, *found}
    return set()
