"""T(o), the writes on a resource in order, and M(o, p), what a reader at position p sees of it."""

from coroom.core.action import Effect
from coroom.core.ordering.call import ENDED, CallPhase, Order, OrderedCall, any_overlap, applied, in_order, is_applied
from coroom.core.ordering.position import Position
from coroom.core.resource import Resource, overlaps


def writers(order: Order, resource: Resource) -> tuple[OrderedCall, ...]:
    """The calls on the resource whose effect is there now, in order."""
    return in_order(c for c in order.calls.values() if is_applied(c) and _writes(c, resource))


def _writes(call: OrderedCall, resource: Resource) -> bool:
    return any(overlaps(written, resource) for written in call.footprint.writes)


def screened(order: Order, position: Position, resources: tuple[Resource, ...]) -> tuple[OrderedCall, ...]:
    """The applied calls above the position that write on any of the resources: what a reader there must not see."""
    above = (c for c in order.calls.values() if c.position > position and is_applied(c))
    return in_order(c for c in above if any_overlap(c.footprint.writes, resources))


def value_at(order: Order, resource: Resource, position: Position) -> str | None:
    """What the resource holds for a reader at the position, from what was recorded; None when nobody has looked."""
    tracked = order.tracked.get(str(resource))
    if tracked is None:
        return None
    last: OrderedCall | None = None
    for call in order.calls.values():
        nearer = call.position < position and (last is None or last.position < call.position)
        if nearer and is_applied(call) and _writes(call, resource):
            last = call
    return dict(last.values).get(resource) if last else tracked.base


def watched(order: Order, call: OrderedCall) -> tuple[Resource, ...]:
    """What is to be looked at after the call acted: what it touches, and all that is tracked and may have changed."""
    own = dict.fromkeys(call.footprint.writes)
    known = (t.resource for t in order.tracked.values() if any_overlap((t.resource,), call.footprint.writes))
    return tuple(dict.fromkeys((*own, *known)))


def unseen(order: Order, call: OrderedCall) -> tuple[Resource, ...]:
    """What is to be looked at before the call acts, since nothing is recorded of it for this position."""
    named = dict.fromkeys((*call.footprint.writes, *call.footprint.reads))
    return tuple(r for r in named if value_at(order, r, call.position) is None)


def commute(one: OrderedCall, other: OrderedCall) -> bool:
    """Whether both tools have declared that their calls may be swapped, whatever the arguments."""
    return other.tool in one.commutes and one.tool in other.commutes


def read_between(order: Order, low: OrderedCall, high: OrderedCall) -> bool:
    """Whether somebody between the two rests on what the lower one writes, so that its own content must be seen."""
    return any(
        low.position < p.position <= high.position and any_overlap((p.resource,), low.footprint.writes)
        for p in order.premises.values()
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
    there = applied(order)
    found = {root.id: root for root in roots if root.phase is CallPhase.FINISHED}
    frontier = list(roots)
    while frontier:
        low = frontier.pop()
        for high in there:
            if high.id not in found and stands_on(order, low, high):
                found[high.id] = high
                frontier.append(high)
    return tuple(sorted(found.values(), key=lambda call: call.position, reverse=True))


def standing_at(order: Order, position: Position) -> OrderedCall | None:
    """The call at a position, unless it has ended."""
    return next((c for c in order.calls.values() if c.position == position and c.phase not in ENDED), None)
