"""A call in the order as it goes through its life."""

from coroom.core.ordering.call import CALL_PHASE_AFTER, CallPhase, Order, OrderedCall
from coroom.core.ordering.premises import premise_key
from coroom.core.state import but


def after(call: OrderedCall, happened: str) -> CallPhase:
    """The phase of the call after this happened to it; the one it is in where that cannot happen."""
    return CALL_PHASE_AFTER.get((call.phase, happened), call.phase)


def moved(call: OrderedCall, happened: str) -> OrderedCall:
    """The call after this happened to it."""
    return but(call, phase=after(call, happened))


def put_call(order: Order, call: OrderedCall) -> Order:
    """The order with the call as it is now."""
    return but(order, calls=order.calls.put(call.id, call))


def without_premises(order: Order, call: OrderedCall) -> Order:
    """The order in which nothing rests on what the call read."""
    premises = order.premises
    for resource in call.footprint.reads:
        premises = premises.without(premise_key(call.id, resource))
    return order if premises is order.premises else but(order, premises=premises)
