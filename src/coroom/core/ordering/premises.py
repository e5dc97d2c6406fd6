"""Who must judge again: the difference between what agents were told and what holds at their positions."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from coroom.core.ordering import index
from coroom.core.ordering.call import CallPhase, NoticeCause, Order, OrderedCall, Premise, any_overlap
from coroom.core.ordering.position import Position
from coroom.core.ordering.repair_plan import REPEATABLE
from coroom.core.ordering.trajectory import value_at
from coroom.core.quick import dataclass
from coroom.core.resource import Resource
from coroom.core.table import Table

V = TypeVar("V")
NOTHING = Order()
_PLACE_OF_PREMISE: Callable[[Premise], tuple[Position, Resource]] = attrgetter("position", "resource")
_PLACE_OF_CALL: Callable[[OrderedCall], tuple[Position, str]] = attrgetter("position", "id")
_MAY_BE_DUE = frozenset({CallPhase.CANCELLED, CallPhase.FINISHED})

UNSEEN = ""
"""The value of a notice when nobody could look at the content as of the reader's position; it has to be read anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notice that should be open: to whom, on which call, and what holds now. `notice` is the one it renews."""

    agent: str
    call: str
    resource: Resource | None
    cause: NoticeCause
    held: str
    value: str
    notice: str = ""


def premise_key(call: str, resource: Resource) -> str:
    """The name of what a call rests on."""
    return f"{call} {resource}"


def due(order: Order, since: Order = NOTHING) -> tuple[tuple[Due, ...], tuple[str, ...]]:
    """The notices to open or renew, lowest position first, and those to withdraw since the value returned. Only what a
    change after `since` can concern is looked at: as of then nothing was due.

    Values decide: a change that leaves a reader's value as it was tells nobody; of several changes before the reader
    hears there is one notice with the last value; one that the agent already has in hand is never withdrawn. While
    a repair is under way, what it touches says nothing to those above it.
    """
    opened: list[Due] = []
    gone: list[str] = []
    premises, calls = _concerned(order, since)
    for premise in sorted(premises, key=_PLACE_OF_PREMISE) if len(premises) > 1 else premises:
        found = _of_premise(order, premise)
        if found is None or _in_flux(order, (premise.resource,), premise.position):
            continue
        if isinstance(found, Due):
            opened.append(found)
        else:
            gone.append(found)
    for call in sorted(calls, key=_PLACE_OF_CALL) if len(calls) > 1 else calls:
        asked = _of_call(order, call)
        if asked and not _in_flux(order, call.footprint.writes, call.position):
            opened.append(asked)
    return tuple(opened), tuple(gone)


def _concerned(order: Order, since: Order) -> tuple[list[Premise], list[OrderedCall]]:
    """The premises and calls that are other than they were, or whose resources or notices are."""
    keys = dict.fromkeys(order.premises.changed(since.premises))
    names: dict[str, None] = {}
    moved: list[tuple[Resource, Position]] = []
    for changed in _both(order.calls, since.calls):
        names[changed.id] = None
        if changed.phase is CallPhase.FINISHED:
            moved += [(resource, changed.position) for resource in changed.footprint.writes]
    for notice in _both(order.notices, since.notices):
        names[notice.call] = None
        if notice.resource:
            keys[premise_key(notice.call, notice.resource)] = None
    for name, ended in () if order.repairs is since.repairs else since.repairs.ordered():
        for resource in () if name in order.repairs else ended.touched:
            moved.append((resource, ended.position))
            for above in index.writing_from(order, resource, ended.position):
                names[above.id] = None
    moved += [(one.resource, ()) for one in _both(order.tracked, since.tracked)]
    for resource, low in dict.fromkeys(moved) if len(moved) > 1 else moved:
        for key in index.resting_from(order, resource, low):
            keys[key] = None
    found = [premise for key in keys if (premise := order.premises.get(key))]
    return found, [call for name in names if (call := order.calls.get(name)) and call.phase in _MAY_BE_DUE]


def _in_flux(order: Order, resources: tuple[Resource, ...], position: Position) -> bool:
    """Whether a repair is under way that changes the resources at this position: what is below it stays as it is."""
    return any(r.position <= position and any_overlap(resources, r.touched) for _, r in order.repairs.ordered())


def _both(now: Table[V], before: Table[V]) -> Sequence[V]:
    """What is not as it was, as it is and as it was."""
    if now is before:
        return ()
    return [one for key in now.changed(before) for one in (now.get(key), before.get(key)) if one is not None]


def _of_premise(order: Order, premise: Premise) -> Due | str | None:
    now = value_at(order, premise.resource, premise.position)
    value = UNSEEN if now is None else now
    known = order.notices.get(premise.notice)
    queued = known if known and not known.handed else None
    if value == premise.held:
        return queued.id if queued else None
    if queued and queued.value == value:
        return None
    return Due(
        agent=premise.agent,
        call=premise.call,
        resource=premise.resource,
        cause=NoticeCause.CHANGED,
        held=premise.held,
        value=value,
        notice=queued.id if queued else "",
    )


def _of_call(order: Order, call: OrderedCall) -> Due | None:
    known = order.notices.get(call.notice)
    if call.phase is CallPhase.CANCELLED:
        if known:
            return None
        resource = call.footprint.writes[0]
        now = value_at(order, resource, call.position)
        return Due(
            agent=call.agent,
            call=call.id,
            resource=resource,
            cause=NoticeCause.UNDONE,
            held=call.result,
            value=UNSEEN if now is None else now,
        )
    if call.phase is CallPhase.FINISHED and call.effect in REPEATABLE and call.result != call.told and not known:
        return Due(
            agent=call.agent,
            call=call.id,
            resource=None,
            cause=NoticeCause.RESULT,
            held=call.told,
            value=call.result,
        )
    return None
