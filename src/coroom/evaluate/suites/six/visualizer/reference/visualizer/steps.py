"""What a step is, carried out and taken back."""

from collections.abc import Iterable
from typing import Any

Step = tuple[str, int, Any]


def _place(items: list[Any], i: int) -> None:
    if not 0 <= i < len(items):
        raise IndexError(i)


def apply(step: Step, items: list[Any]) -> Step:
    """Carry a step out; returns what takes it back."""
    kind, i, other = step
    if kind not in {"compare", "swap", "set"}:
        message = f"no kind of step: {kind}"
        raise ValueError(message)
    _place(items, i)
    if kind == "set":
        before, items[i] = items[i], other
        return ("set", i, before)
    _place(items, other)
    if kind == "swap":
        items[i], items[other] = items[other], items[i]
    return step


def replay(items: list[Any], steps: Iterable[Step]) -> list[Any]:
    """A new list with all the steps carried out."""
    found = list(items)
    for step in steps:
        apply(step, found)
    return found
