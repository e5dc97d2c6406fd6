"""What a call came to when it was acted out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: what it gave, or the name of what it raised; and what could be seen before and after."""

    value: Any = None
    raised: str = ""
    before: Any = None
    after: Any = None
    asked: int = 0
    seen: frozenset[tuple[str, str]] = frozenset()
    said: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)


def alike(one: Any, other: Any) -> bool:
    """Whether what was there before is there as it was; what is added beside it is no difference."""
    if isinstance(one, float) or isinstance(other, float):
        return (
            isinstance(one, int | float)
            and isinstance(other, int | float)
            and (abs(one - other) <= 1e-9 * max(1, abs(one)) or one == other or (one != one and other != other))  # noqa: PLR0124
        )
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return all(key in other and alike(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        if one[:1] == ("thing",) == other[:1]:
            return all(alike(value, other[2][name]) for name, value in one[2].items() if name in other[2])
        return one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(alike(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)
