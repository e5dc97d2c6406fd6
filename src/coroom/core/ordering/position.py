"""Where a call stands in the serial order: its agent's rank, then the number of the step.

Positions compare as tuples. A child that was started at step k of the agent (p,) has the rank (p, k, n): all its steps
come after step k of its parent and before step k + 1, which is what running it there would give.
"""

from coroom.core.agent import Rank

Position = tuple[int, ...]
"""A rank and a step, flat."""


def position_of(rank: Rank, step: int) -> Position:
    """Where step number `step` (from 1) of an agent of this rank stands."""
    return (*rank, step)


def step_of(position: Position) -> int:
    """The number of the step."""
    return position[-1] if position else 0


def family_of(place: Position) -> int:
    """The top-level rank that a rank or a position lies in: agents and the children they started commit together."""
    return place[0] if place else 0


def child_rank(parent: Rank, step: int, siblings: tuple[Rank, ...]) -> Rank:
    """The rank of a further child that is started at step `step` of `parent`, after its siblings of that step."""
    inside = (*parent, step)
    return (*inside, max((rank[-1] for rank in siblings if rank[:-1] == inside), default=0) + 1)
