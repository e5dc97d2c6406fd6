"""Where calls and what they rest on are found without looking at all of them. Derived from the order, never stored.

An order carries the index of the order that it came from; what has changed since is put into it when somebody asks. So
a question costs what has changed, however much there is.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from coroom.core.ordering.call import ENDED, CallPhase, Order, OrderedCall, Premise, Tracked
from coroom.core.ordering.position import Position
from coroom.core.quick import dataclass
from coroom.core.resource import Resource, corner
from coroom.core.state import but
from coroom.core.table import Table

Places = tuple[tuple[Position, str], ...]
"""Names with their positions, lowest first."""

_MEMO = "_index"
_LAST = "\U0010ffff"
_WAITING = frozenset({CallPhase.PLACED, CallPhase.GATED, CallPhase.STARTED, CallPhase.UNDONE})


@dataclass(frozen=True, kw_only=True)
class Index:
    """What stands where. Names are found by the corner of their resources, so that whoever asks still has to look
    whether two really overlap. Calls that have ended are in none of it.
    """

    calls: Table[OrderedCall] = Table()
    premises: Table[Premise] = Table()
    tracked: Table[Tracked] = Table()
    writing: Table[Places] = Table()
    reading: Table[Places] = Table()
    resting: Table[Places] = Table()
    watched: Table[Places] = Table()
    of_agent: Table[Places] = Table()
    pending: Places = ()


_EMPTY = Index()


def indexed(order: Order) -> Index:
    """The index of this order."""
    own = order.__dict__
    known: Index = own.get(_MEMO, _EMPTY)
    calls, premises, tracked = order.calls, order.premises, order.tracked
    if known.calls is calls and known.premises is premises and known.tracked is tracked:
        return known
    if known.calls is not calls:
        known = _calls(known, calls)
    if known.premises is not premises:
        known = _premises(known, premises)
    if known.tracked is not tracked:
        known = _tracked(known, tracked)
    own[_MEMO] = known
    return known


def _calls(index: Index, calls: Table[OrderedCall]) -> Index:
    before = index.calls
    writing, reading, of_agent, pending = index.writing, index.reading, index.of_agent, index.pending
    for name in calls.changed(before):
        old, new = before.get(name), calls.get(name)
        if old and old.phase in _WAITING:
            pending = _without(pending, (old.position, name))
        if new and new.phase in _WAITING:
            pending = _with(pending, (new.position, name))
        if old and old.phase in ENDED:
            old = None
        if new and new.phase in ENDED:
            new = None
        if old and new and old.footprint is new.footprint and old.position == new.position:
            continue
        for one, change in ((old, _without_at), (new, _with_at)):
            if one:
                place = (one.position, name)
                writing = change(writing, _corners(one.footprint.writes), place)
                reading = change(reading, _corners(one.footprint.reads), place)
                of_agent = change(of_agent, (one.agent,), place)
    return Index(
        calls=calls,
        premises=index.premises,
        tracked=index.tracked,
        writing=writing,
        reading=reading,
        resting=index.resting,
        watched=index.watched,
        of_agent=of_agent,
        pending=pending,
    )


def _premises(index: Index, premises: Table[Premise]) -> Index:
    resting = index.resting
    for key in premises.changed(index.premises):
        old, new = index.premises.get(key), premises.get(key)
        if old and new and old.position == new.position:
            continue
        if old:
            resting = _without_at(resting, (corner(old.resource),), (old.position, key))
        if new:
            resting = _with_at(resting, (corner(new.resource),), (new.position, key))
    return but(index, premises=premises, resting=resting)


def _tracked(index: Index, tracked: Table[Tracked]) -> Index:
    watched = index.watched
    for key in tracked.changed(index.tracked):
        old, new = index.tracked.get(key), tracked.get(key)
        if old and not new:
            watched = _without_at(watched, (corner(old.resource),), ((), key))
        elif new and not old:
            watched = _with_at(watched, (corner(new.resource),), ((), key))
    return but(index, tracked=tracked, watched=watched)


def _corners(resources: tuple[Resource, ...]) -> tuple[str, ...]:
    if len(resources) < 2:
        return (corner(resources[0]),) if resources else ()
    return tuple(dict.fromkeys(map(corner, resources)))


def _with(places: Places, place: tuple[Position, str]) -> Places:
    if not places or places[-1] < place:
        return (*places, place)
    found = list(places)
    insort(found, place)
    return tuple(found)


def _without(places: Places, place: tuple[Position, str]) -> Places:
    at = bisect_left(places, place)
    return (*places[:at], *places[at + 1 :]) if at < len(places) and places[at] == place else places


def _with_at(table: Table[Places], keys: Iterable[str], place: tuple[Position, str]) -> Table[Places]:
    for key in keys:
        table = table.put(key, _with(table.get(key, ()), place))
    return table


def _without_at(table: Table[Places], keys: Iterable[str], place: tuple[Position, str]) -> Table[Places]:
    for key in keys:
        left = _without(table.get(key, ()), place)
        table = table.put(key, left) if left else table.without(key)
    return table


def writing_above(order: Order, resources: tuple[Resource, ...], position: Position) -> Iterator[OrderedCall]:
    """The calls above the position that may write on one of the resources, each once."""
    return _calls_of(order, _above(indexed(order).writing, resources, position))


def met_above(order: Order, writes: tuple[Resource, ...], position: Position) -> tuple[OrderedCall, ...]:
    """The calls above the position that may write or read one of these resources; who does both is there twice."""
    known, calls = indexed(order), order.calls
    places = (*_above(known.writing, writes, position), *_above(known.reading, writes, position))
    return tuple([calls[name] for _, name in places]) if places else ()


def writing_from(order: Order, resource: Resource, low: Position) -> Iterator[OrderedCall]:
    """The calls at the position or above it that may write on the resource, lowest position first."""
    places = indexed(order).writing.get(corner(resource), ())
    return _calls_of(order, places[bisect_left(places, (low,)) :])


def reading(order: Order, resource: Resource) -> Iterator[OrderedCall]:
    """The calls that may read the resource, lowest position first."""
    return _calls_of(order, indexed(order).reading.get(corner(resource), ()))


def depth(order: Order, resource: Resource) -> int:
    """How many calls may write on the resource."""
    return len(indexed(order).writing.get(corner(resource), ()))


def writing_below(order: Order, resource: Resource, high: Position | None = None) -> Iterator[OrderedCall]:
    """The calls below the position, or all, that may write on the resource, highest position first."""
    places = indexed(order).writing.get(corner(resource), ())
    first = len(places) if high is None else bisect_left(places, (high,))
    return (order.calls[places[at][1]] for at in range(first - 1, -1, -1))


def resting_between(order: Order, resource: Resource, low: Position, high: Position) -> Iterator[Premise]:
    """The premises that may be of the resource, of calls above `low` and not above `high`."""
    places = indexed(order).resting.get(corner(resource), ())
    some = places[bisect_left(places, (low, _LAST)) : bisect_left(places, (high, _LAST))]
    return (order.premises[key] for _, key in some)


def resting_from(order: Order, resource: Resource, low: Position) -> Iterator[str]:
    """The names of the premises that may be of the resource, of calls at the position or above it."""
    places = indexed(order).resting.get(corner(resource), ())
    return (key for _, key in places[bisect_left(places, (low,)) :])


def touching(order: Order, resources: tuple[Resource, ...]) -> Iterator[OrderedCall]:
    """The calls that may write or read one of the resources, each once."""
    index = indexed(order)
    corners = _corners(resources)
    places = (place for one in corners for table in (index.writing, index.reading) for place in table.get(one, ()))
    return _calls_of(order, dict.fromkeys(places))


def tracked_at(order: Order, resources: tuple[Resource, ...]) -> Iterator[Tracked]:
    """What is tracked that may overlap one of the resources, in order of names."""
    watched, corners, tracked = indexed(order).watched, _corners(resources), order.tracked
    if len(corners) == 1:
        return (tracked[key] for _, key in watched.get(corners[0], ()))
    return (tracked[key] for key in sorted({key for one in corners for _, key in watched.get(one, ())}))


def call_at(order: Order, agent: str, position: Position) -> OrderedCall | None:
    """The agent's call at a position, the oldest that has not ended."""
    places = indexed(order).of_agent.get(agent, ())
    at = bisect_left(places, (position,))
    return order.calls[places[at][1]] if at < len(places) and places[at][0] == position else None


def calls_of(order: Order, agent: str) -> Iterator[OrderedCall]:
    """The agent's calls that have not ended, lowest position first."""
    return _calls_of(order, indexed(order).of_agent.get(agent, ()))


def pending(order: Order) -> Iterator[OrderedCall]:
    """The calls that are on their way or wait for a gate, lowest position first."""
    return _calls_of(order, indexed(order).pending)


def _above(table: Table[Places], resources: tuple[Resource, ...], position: Position) -> Iterable[tuple[Position, str]]:
    if len(resources) == 1:
        places = table.get(corner(resources[0]), ())
        return places[bisect_left(places, (position, _LAST)) :] if places else ()
    found: dict[tuple[Position, str], None] = {}
    for one in _corners(resources):
        places = table.get(one, ())
        found |= dict.fromkeys(places[bisect_left(places, (position, _LAST)) :])
    return found


def _calls_of(order: Order, places: Iterable[tuple[Position, str]]) -> Iterator[OrderedCall]:
    calls = order.calls
    return (calls[name] for _, name in places)
