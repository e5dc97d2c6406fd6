"""What an earlier call that read the same has recorded, for a reader that must not see what is there now."""

from collections.abc import Iterator

from coroom.core.ordering import index
from coroom.core.ordering.call import CallPhase, Order, OrderedCall, Values, any_overlap, is_applied
from coroom.core.ordering.position import Position
from coroom.core.ordering.trajectory import value_at
from coroom.core.resource import Resource


def known_values(order: Order, resources: tuple[Resource, ...], position: Position) -> Values | None:
    """What each of the resources holds at the position, from what was recorded; None when nobody has looked at one."""
    found = [(resource, value_at(order, resource, position)) for resource in resources]
    return tuple((resource, value) for resource, value in found if value is not None) if _all_known(found) else None


def _all_known(found: list[tuple[Resource, str | None]]) -> bool:
    return all(value is not None for _, value in found)


def recorded_reads(order: Order, tool: str, arguments: str, reads: tuple[Resource, ...]) -> Iterator[OrderedCall]:
    """The calls of the tool with these arguments whose results are still what they would give at their positions,
    highest position first.
    """
    for call in reversed(tuple(index.reading(order, reads[0]))) if reads else ():
        same = (call.tool, call.arguments, call.phase) == (tool, arguments, CallPhase.FINISHED)
        whole = same and not call.footprint.writes and {seen for seen, _ in call.values} == set(reads)
        if whole and all(value_at(order, resource, call.position) == value for resource, value in call.values):
            yield call


def written_between(
    order: Order, reads: tuple[Resource, ...], low: Position, high: Position
) -> tuple[OrderedCall, ...]:
    """The calls above `low` and below `high` that stand and write on what is read, lowest position first."""
    above = index.writing_above(order, reads, low)
    found = (c for c in above if c.position < high and is_applied(c) and any_overlap(c.footprint.writes, reads))
    return tuple(sorted(found, key=lambda call: call.position))


def looked_before(order: Order, call: OrderedCall) -> bool:
    """Whether its agent has taken the same look before, and seen the same."""
    same = (call.agent, call.tool, call.arguments, call.result)
    reads = call.footprint.reads
    earlier = index.reading(order, reads[0]) if reads and not call.footprint.writes else ()
    return any((c.agent, c.tool, c.arguments, c.result) == same and c.position < call.position for c in earlier)
