"""What happens when a function is acted out: what is done first, of what object it is called, with which arguments."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


class SetUpFailed(BaseException):
    """What a function is to be given cannot be made in this tree."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a value is made in a tree that is ready to act, of any language, and how it is shown."""

    shown: str
    make: Callable[[Any], Any]
    guessed: bool = False
    """Whether the type of something in it was guessed."""


Deed = tuple[str, str, tuple[Recipe, ...]]
"""A call of a function: the path of its module, its name, what it is given."""

INPUTS_MAX = 24
"""More ways to call one function are not tried."""


@dataclass(frozen=True, slots=True)
class Play:
    """What happens: something is done in modules, then the function is called, perhaps of an object.

    `steps` is a story that leads there, whose later steps use what earlier ones gave; `looks` is asked before the call
    and after it.
    """

    first: tuple[Deed, ...]
    of: Recipe | None
    arguments: tuple[Recipe, ...]
    steps: tuple[Recipe, ...] = ()
    looks: tuple[Recipe, ...] = ()

    @property
    def guessed(self) -> bool:
        """Whether the type of something that is given was guessed."""
        given = [
            *self.arguments,
            *(each for _, _, many in self.first for each in many),
            *([self.of] if self.of else []),
        ]
        return any(each.guessed for each in given)


def combined(
    firsts: Sequence[tuple[Deed, ...]], owners: Sequence[Recipe | None], arguments: Sequence[Sequence[Recipe]]
) -> Iterator[Play]:
    """Plays of what can be done first, the objects and the arguments, the likeliest of each together at first."""
    turns = max([len(one) for one in arguments] + [1])
    pairs = list(mixed([len(one) for one in arguments], turns))
    found: dict[tuple[int, int, tuple[int, ...]], None] = {(0, 0, pairs[0]): None}
    for at in range(1, max(len(pairs), len(owners), len(firsts))):
        for first, owner, pair in ((0, 0, at), (at, 0, 0), (0, at, 0), (at, at, at), (at, 0, at)):
            if first < len(firsts) and owner < len(owners) and pair < len(pairs):
                found[first, owner, pairs[pair]] = None
    for first, owner, places in list(found)[:INPUTS_MAX]:
        yield Play(
            firsts[first], owners[owner], tuple(one[place] for one, place in zip(arguments, places, strict=True))
        )


def mixed(sizes: Sequence[int], turns: int) -> Iterator[tuple[int, ...]]:
    """Places in lists of these lengths: all in step first, then each list moving by itself."""
    seen: set[tuple[int, ...]] = set()
    steps = [tuple(turn % size for size in sizes) for turn in range(turns)]
    alone = [
        tuple(turn if at == moving else 0 for at in range(len(sizes)))
        for moving, size in enumerate(sizes)
        for turn in range(size)
    ]
    for each in (*steps, *alone):
        if each not in seen:
            seen.add(each)
            yield each
    if not seen:
        yield ()
