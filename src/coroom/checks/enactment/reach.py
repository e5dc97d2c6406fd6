"""Which modules have to do with a function that is acted out, in any language."""

from collections.abc import Callable, Iterable

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.program import Program
from coroom.checks.sides import Side
from coroom.syntax import is_test

REACHED_MAX = 40
"""A function that more modules have to do with is left alone."""

SMALL_MAX = 24
"""The files of a tree in which what a function is given may be of any of them."""


def reach(
    side: Side, path: str, ends: tuple[str, ...], imported: Callable[[Program, str], Iterable[str]]
) -> tuple[str, ...] | None:
    """The modules that one imports, directly or through others, itself first; in a small tree then all others of its
    language.

    Args:
        side: in whose tree.
        path: the module.
        ends: the ends of the files of its language.
        imported: the modules that one names itself; it raises `CannotGoOn` when that cannot be told.

    Returns:
        Their paths; None when they are too many, cannot be told, or the other side changed none of them.
    """
    found: dict[str, None] = {path: None}
    waiting = [path]
    while waiting:
        try:
            named = imported(side.tree, waiting.pop())
        except CannotGoOn:
            return None
        for place in named:
            if place not in found:
                found[place] = None
                waiting.append(place)
        if len(found) > REACHED_MAX:
            return None
    others = [each for each in side.tree.texts if each.endswith(ends) and each not in found and not is_test(each)]
    if len(others) + len(found) <= SMALL_MAX:
        found.update(dict.fromkeys(others))
    return tuple(found) if found.keys() & set(side.other.paths) else None
