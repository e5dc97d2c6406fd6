"""T(o), the writes on a resource in order, and M(o, p), what a reader at position p sees of it."""

from coroom.core.action import Effect
from coroom.core.ordering import index
from coroom.core.ordering.call import CallPhase, Order, OrderedCall, any_overlap, in_order, is_applied
from coroom.core.ordering.position import Position
from coroom.core.resource import Resource


def writes_on(call: OrderedCall, resource: Resource) -> bool:
    """Whether the call's effect is there now, and on the resource."""
    return call.phase is CallPhase.FINISHED and any_overlap(call.footprint.writes, (resource,))


def uppermost(order: Order, resource: Resource) -> OrderedCall | None:
    """The highest call on the resource whose effect is there now."""
    for call in index.writing_below(order, resource):
        if writes_on(call, resource):
            return call
    return None


def screened(order: Order, position: Position, resources: tuple[Resource, ...]) -> tuple[OrderedCall, ...]:
    """The applied calls above the position that write on any of the resources: what a reader there must not see."""
    above = (c for c in index.writing_above(order, resources, position) if is_applied(c))
    return in_order(c for c in above if any_overlap(c.footprint.writes, resources))


def value_at(order: Order, resource: Resource, position: Position) -> str | None:
    """What the resource holds for a reader at the position, from what was recorded; None when nobody has looked."""
    tracked = order.tracked.get(str(resource))
    if tracked is None:
        return None
    for call in index.writing_below(order, resource, position):
        if writes_on(call, resource):
            for seen, value in call.values:
                if seen == resource:
                    return value
            return None
    return tracked.base


def watched(order: Order, call: OrderedCall) -> tuple[Resource, ...]:
    """What is to be looked at after the call acted: what it touches, and all that is tracked and may have changed."""
    writes = call.footprint.writes
    found = dict.fromkeys(writes)
    for tracked in index.tracked_at(order, writes):
        if any_overlap((tracked.resource,), writes):
            found[tracked.resource] = None
    return tuple(found)


def unseen(order: Order, call: OrderedCall) -> tuple[Resource, ...]:
    """What is to be looked at before the call acts, since nothing is recorded of it for this position."""
    named = (*call.footprint.writes, *call.footprint.reads)
    return tuple([r for r in dict.fromkeys(named) if value_at(order, r, call.position) is None])


def commute(one: OrderedCall, other: OrderedCall) -> bool:
    """Whether both tools have declared that their calls may be swapped, whatever the arguments."""
    return other.tool in one.commutes and one.tool in other.commutes


def read_between(order: Order, low: OrderedCall, high: OrderedCall) -> bool:
    """Whether somebody between the two rests on what the lower one writes, so that its own content must be seen."""
    return any(
        any_overlap((premise.resource,), low.footprint.writes)
        for written in low.footprint.writes
        for premise in index.resting_between(order, written, low.position, high.position)
    )


def known_below(order: Order, call: OrderedCall) -> bool:
    """Whether it is recorded what the call found: without that nothing below it could ever be told again."""
    return all(value_at(order, r, call.position) is not None for r in call.footprint.writes)


def stands_on(order: Order, low: OrderedCall, high: OrderedCall) -> bool:
    """Whether the higher call must be undone before the lower one is put in or taken out."""
    if high.position <= low.position:
        return False
    if any_overlap(high.footprint.writes, low.footprint.writes):
        return not commute(low, high) or read_between(order, low, high) or not known_below(order, low)
    return high.effect is Effect.REPLAYABLE and any_overlap(high.footprint.reads, low.footprint.writes)


def closure(order: Order, roots: tuple[OrderedCall, ...]) -> tuple[OrderedCall, ...]:
    """The applied calls that must be undone, highest position first, before the roots are put in or taken out.

    A call's undo restores all that it wrote, so that whatever stands on any of it comes along, and so on. Roots that
    are applied are themselves in it.
    """
    found = {root.id: root for root in roots if root.phase is CallPhase.FINISHED}
    frontier = list(roots)
    while frontier:
        low = frontier.pop()
        for high in index.met_above(order, low.footprint.writes, low.position):
            if high.id not in found and is_applied(high) and stands_on(order, low, high):
                found[high.id] = high
                frontier.append(high)
    return tuple(sorted(found.values(), key=lambda call: call.position, reverse=True))
