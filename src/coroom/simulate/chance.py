"""Chance that is the same on every machine and every version of Python, and cheap enough to ask at every step."""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import TypeVar

T = TypeVar("T")

_FACTOR, _ADDEND, _MASK = 6364136223846793005, 1442695040888963407, (1 << 64) - 1
"""Knuth's MMIX generator; the low bits are weak, so that only the upper half is used."""

_LANE_BITS = 128
"""So wide is what a state times a factor plus an addend comes to, whatever they are."""

_AT_ONCE = 600
"""What a schedule of 200 steps needs."""


@lru_cache(maxsize=8)
def _leaps(count: int) -> tuple[int, int, Struct]:
    """What leads from a state to each of the `count` next ones at once: their factors side by side in one number, their
    addends in another, and how the states are read from what comes of it.
    """
    factor, addend, factors, addends = 1, 0, 0, 0
    for lane in range(count):
        factor, addend = factor * _FACTOR & _MASK, (addend * _FACTOR + _ADDEND) & _MASK
        factors |= factor << _LANE_BITS * lane
        addends |= addend << _LANE_BITS * lane
    return factors, addends, Struct("<" + "Q8x" * count)


class Chance:
    """A stream of choices that follows from its seed alone."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = (((seed ^ 0x9E3779B97F4A7C15) & _MASK) * _FACTOR + _ADDEND) & _MASK

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        self._state = (self._state * _FACTOR + _ADDEND) & _MASK
        return (self._state >> 33) % bound

    def draws(self, count: int) -> list[int]:
        """That many numbers at once, for whoever needs hundreds; `% bound` makes one what `below` gives."""
        drawn: list[int] = []
        while len(drawn) < count:
            factors, addends, lanes = _leaps(min(count - len(drawn), _AT_ONCE))
            states = lanes.unpack((self._state * factors + addends).to_bytes(lanes.size, "little"))
            self._state = states[-1]
            drawn += [state >> 33 for state in states]
        return drawn

    def percent(self, chance: int) -> bool:
        """True in `chance` of a hundred cases."""
        return self.below(100) < chance

    def pick(self, things: Sequence[T]) -> T:
        """One of the things."""
        return things[self.below(len(things))]
