"""Judges an end: do the invariants hold, and is it what some order of the jobs gives when they run one by one?

Up to `ALL_ORDERS` agents every order is tried. Above, the orders that the trial itself suggests are tried first, then
as many others as `NODES_MAX` allows; what is not found then counts as no order.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from coroom.evaluate.live.model import key_of, run_alone
from coroom.evaluate.live.task import Job, LiveTask, State

ALL_ORDERS = 6
NODES_MAX = 400

Shares = Sequence[tuple[Job, ...]]
"""The jobs of each agent, in order of rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`broken` names the invariants that do not hold; `order` is a serial order which gives this end, if any does."""

    broken: tuple[str, ...]
    order: tuple[int, ...] | None

    @property
    def right(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.broken and self.order is not None


def judge(task: LiveTask, shares: Shares, end: State, hints: Sequence[Sequence[int]] = ()) -> Judged:
    """Judge an end.

    Args:
        task: what was asked.
        shares: the jobs by agent.
        end: how the live state stands.
        hints: orders of the agents that are likely.
    """
    jobs = [job for share in shares for job in share]
    start = task.start(max(len(jobs), 2))
    broken = tuple(one.name for one in task.invariants if not one.holds(start, end, jobs))
    # What holds in every order and not here was made by none of them.
    order = None if broken else _order(task, start, shares, end, hints)
    return Judged(broken=broken, order=order)


def serial_end(task: LiveTask, shares: Shares, order: Sequence[int]) -> State:
    """The live state after the agents ran one by one in an order."""
    state = task.start(max(sum(map(len, shares)), 2))
    for at in order:
        run_alone(task.world, state, shares[at])
    return state


def _order(
    task: LiveTask, start: State, shares: Shares, end: State, hints: Sequence[Sequence[int]]
) -> tuple[int, ...] | None:
    wanted = key_of(end)
    every = tuple(range(len(shares)))
    for order in (*hints, every):
        if sorted(order) == list(every) and key_of(serial_end(task, shares, order)) == wanted:
            return tuple(order)
    return _Search(task, shares, wanted).from_(start)


class _Search:
    """Depth first over who is next; a state with the same agents left is looked at once."""

    def __init__(self, task: LiveTask, shares: Shares, wanted: str) -> None:
        self._task, self._shares, self._wanted = task, shares, wanted
        self._left = NODES_MAX if len(shares) > ALL_ORDERS else -1
        self._seen: set[tuple[frozenset[int], str]] = set()

    def from_(self, start: State) -> tuple[int, ...] | None:
        return self._next(start, frozenset(range(len(self._shares))), ())

    def _next(self, state: State, left: frozenset[int], so_far: tuple[int, ...]) -> tuple[int, ...] | None:
        key = key_of(state)
        if not left:
            return so_far if key == self._wanted else None
        if (left, key) in self._seen or self._left == 0:
            return None
        self._seen.add((left, key))
        self._left -= 1
        for at in sorted(left):
            after = deepcopy(state)
            run_alone(self._task.world, after, self._shares[at])
            found = self._next(after, left - {at}, (*so_far, at))
            if found is not None:
                return found
        return None
