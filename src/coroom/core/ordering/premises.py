"""Who must judge again: the difference between what agents were told and what holds at their positions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from coroom.core.ordering import index
from coroom.core.ordering.call import CallPhase, NoticeCause, Order, OrderedCall, Premise, any_overlap, is_applied
from coroom.core.ordering.plan import REPEATABLE
from coroom.core.ordering.position import Position
from coroom.core.ordering.trajectory import value_at
from coroom.core.quick import quick
from coroom.core.resource import Resource
from coroom.core.table import Table

V = TypeVar("V")
NOTHING = Order()

UNSEEN = ""
"""The value of a notice when nobody could look at the content as of the reader's position; it has to be read anew."""


@quick
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
    for premise in sorted(premises, key=lambda p: (p.position, p.resource)):
        if _in_flux(order, (premise.resource,), premise.position):
            continue
        found = _of_premise(order, premise)
        if isinstance(found, Due):
            opened.append(found)
        elif found:
            gone.append(found)
    for call in sorted(calls, key=lambda c: (c.position, c.id)):
        asked = _of_call(order, call)
        if asked and not _in_flux(order, call.footprint.writes, call.position):
            opened.append(asked)
    return tuple(opened), tuple(gone)


def _concerned(order: Order, since: Order) -> tuple[list[Premise], list[OrderedCall]]:
    """The premises and calls that are other than they were, or whose resources or notices are."""
    changed = order.calls.changed(since.calls)
    calls = dict.fromkeys(changed)
    keys = dict.fromkeys(order.premises.changed(since.premises))
    if order.notices is not since.notices:
        for one in _both(order.notices, since.notices, order.notices.changed(since.notices)):
            calls[one.call] = None
            if one.resource:
                keys[premise_key(one.call, one.resource)] = None
    moved: dict[tuple[Resource, Position], None] = {}
    for name, ended in () if order.repairs is since.repairs else since.repairs.ordered():
        for resource in () if name in order.repairs else ended.touched:
            moved[resource, ended.position] = None
            calls |= dict.fromkeys(c.id for c in index.writing_from(order, resource, ended.position))
    for call in _both(order.calls, since.calls, changed):
        for resource in call.footprint.writes if is_applied(call) else ():
            moved[resource, call.position] = None
    if order.tracked is not since.tracked:
        looked = _both(order.tracked, since.tracked, order.tracked.changed(since.tracked))
        moved |= dict.fromkeys((one.resource, ()) for one in looked)
    for resource, low in moved:
        keys |= dict.fromkeys(index.resting_from(order, resource, low))
    return [p for key in keys if (p := order.premises.get(key))], [c for name in calls if (c := order.calls.get(name))]


def _in_flux(order: Order, resources: tuple[Resource, ...], position: Position) -> bool:
    """Whether a repair is under way that changes the resources at this position: what is below it stays as it is."""
    return any(r.position <= position and any_overlap(resources, r.touched) for _, r in order.repairs.ordered())


def _both(now: Table[V], before: Table[V], keys: tuple[str, ...]) -> Iterator[V]:
    """What is at these keys, as it is and as it was."""
    for key in keys:
        for table in (now, before):
            one = table.get(key)
            if one is not None:
                yield one


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
