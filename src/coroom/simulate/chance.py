"""Chance that is the same on every machine and every version of Python, and cheap enough to ask at every step."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_FACTOR, _ADDEND, _MASK = 6364136223846793005, 1442695040888963407, (1 << 64) - 1
"""Knuth's MMIX generator; the low bits are weak, so that only the upper half is used."""


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
        state = self._state
        drawn = [(state := (state * _FACTOR + _ADDEND) & _MASK) >> 33 for _ in range(count)]
        self._state = state
        return drawn

    def percent(self, chance: int) -> bool:
        """True in `chance` of a hundred cases."""
        return self.below(100) < chance

    def pick(self, things: Sequence[T]) -> T:
        """One of the things."""
        return things[self.below(len(things))]
