"""How long a task will take: by what it touches, and by how long tasks like it took before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from coroom.plan.task import TaskFootprint, words_in

LEARNED_MIN = 5
"""Of fewer tasks that were done nothing is learned."""

LIKE_MIN = 0.5
"""Titles with this share of their words in common speak of like work."""

PRIOR_WEIGHT = 2.0
"""What size says counts as much as this many like tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A task that was done: what it was called, how many resources it named, and the seconds from taking it to done."""

    title: str
    touches: int
    seconds: float


class Durations:
    """How long tasks will take, learned from those that were done in the same repository.

    What is said to take `seconds` takes that. Of the rest, size says how long (`2 + log2(1 + places)` minutes), times
    the pace at which the work here went by that measure; where like tasks were done, what they took is weighed in.
    """

    def __init__(self, done: Sequence[Done] = ()) -> None:
        self._done = [(words_in(each.title), each.seconds) for each in done] if len(done) >= LEARNED_MIN else []
        ratios = [each.seconds / _by_size(each.touches) for each in done]
        self.pace = median(ratios) if self._done else 1.0
        self.learned_from = len(self._done)

    def __call__(self, footprint: TaskFootprint) -> float:
        """Seconds that one agent will need for the task."""
        if footprint.task.seconds is not None:
            return footprint.task.seconds
        expected = _by_size(len(footprint.touches)) * self.pace
        mine = words_in(footprint.task.title)
        like = [seconds for words, seconds in self._done if _share(mine, words) >= LIKE_MIN]
        return (PRIOR_WEIGHT * expected + sum(like)) / (PRIOR_WEIGHT + len(like))


def _by_size(places: int) -> float:
    return 60.0 * (2.0 + math.log2(1 + places))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
