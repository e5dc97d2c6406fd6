"""What is noted of an agent in the order."""

from coroom.core.ordering.call import Order
from coroom.core.state import but


def acted(order: Order, agent: str, seq: int) -> Order:
    """The order in which the agent has done something, by the event of that number."""
    return but(order, standings=order.standings.put(agent, but(order.standing(agent), acted_seq=seq)))
