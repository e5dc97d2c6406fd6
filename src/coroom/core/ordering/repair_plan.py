"""Repair plans: what is undone from above, what is put in, and what is put back from below."""

from coroom.core.action import Effect
from coroom.core.ordering import index
from coroom.core.ordering.call import Order, OrderedCall, Step, StepKind
from coroom.core.ordering.trajectory import closure, screened
from coroom.core.resource import Resource

_PLANNED = "_planned"

REPEATABLE = frozenset({Effect.COMMUTING, Effect.BLIND, Effect.REPLAYABLE})
"""The effect classes whose calls are put back without asking: the others are cancelled and their agent is asked."""


def repair_steps(
    order: Order,
    *,
    insert: OrderedCall | None = None,
    drop: tuple[OrderedCall, ...] = (),
    read: OrderedCall | None = None,
) -> tuple[Step, ...]:
    """The steps that put a call in at its position, or let it read there, and take others out.

    Undo runs strictly from the highest position down, and putting back from the lowest up, so that the physical order
    of the calls on a resource is again that of their positions.
    """
    if insert and not drop:
        return _put_in(order, insert)
    coming = insert or read
    roots = (*((coming,) if coming else ()), *drop)
    dropped = {call.id for call in drop}
    undone = closure(order, roots) if insert or drop else ()
    if read:
        undone = closure(order, screened(order, read.position, read.footprint.reads))
    return _down_and_up(undone, dropped, insert, read)


def _put_in(order: Order, insert: OrderedCall) -> tuple[Step, ...]:
    """The steps that put a call in. Kept with what is known of the order, since whoever prepares a call asks what it
    needs just before it is placed.
    """
    asked = (insert.id, insert.position, insert.footprint, insert.effect, insert.commutes)
    memory = vars(index.indexed(order))
    known: tuple[object, tuple[Step, ...]] | None = memory.get(_PLANNED)
    if known and known[0] == asked:
        return known[1]
    met = index.met_above(order, insert.footprint.writes, insert.position)
    undone = closure(order, (insert,)) if met else ()
    steps = _down_and_up(undone, set(), insert, None) if undone else (Step(StepKind.PERFORM, insert.id),)
    memory[_PLANNED] = (asked, steps)
    return steps


def _down_and_up(
    undone: tuple[OrderedCall, ...], dropped: set[str], insert: OrderedCall | None, read: OrderedCall | None
) -> tuple[Step, ...]:
    down = tuple(Step(_fate(call, dropped), call.id) for call in undone)
    back = [call for call, step in zip(undone, down, strict=True) if step.kind is StepKind.UNDO]
    up = [Step(StepKind.REDO, call.id) for call in sorted(back, key=lambda call: call.position)]
    if insert:
        place = sum(call.position < insert.position for call in back)
        up.insert(place, Step(StepKind.PERFORM, insert.id))
    if read:
        up.insert(0, Step(StepKind.READ, read.id))
    return (*down, *up)


def _fate(call: OrderedCall, dropped: set[str]) -> StepKind:
    if call.id in dropped:
        return StepKind.RETRACT
    return StepKind.UNDO if call.effect in REPEATABLE else StepKind.CANCEL


def saga(calls: tuple[OrderedCall, ...]) -> tuple[Step, ...]:
    """Take back all of these, the latest first, and put nothing back: what a restart does to an agent's own calls."""
    latest = sorted(calls, key=lambda call: call.seq, reverse=True)
    return tuple(Step(StepKind.RETRACT, call.id) for call in latest)


def touched_by(order: Order, steps: tuple[Step, ...], insert: OrderedCall | None = None) -> tuple[Resource, ...]:
    """All resources that the steps write or look at: what nobody else may touch meanwhile."""
    calls = [order.calls.get(step.call) for step in steps]
    every = [r for c in (*calls, insert) if c for r in (*c.footprint.writes, *c.footprint.reads)]
    return tuple(dict.fromkeys(every)) if len(every) > 1 else tuple(every)
