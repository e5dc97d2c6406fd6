"""What is said of a value that has changed: both as they are where they are short, else where they differ.

An agent that has looked at a list of objects knows the list; told the whole of it again for each change, it would read
more the more others there are.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from coroom.core.quick import dataclass
from coroom.core.tool import canonical

SHORT_CHARS = 240
"""Two values that are no longer than this together are shown as they are."""

DIFFERENCES_CHARS_MAX = 320
"""About 80 tokens: some eight fields that changed."""

_ITEM_CHARS_MAX = 120
_MISSING = object()
_ELSEWHERE = " is in another order"


@dataclass(frozen=True, slots=True)
class Difference:
    """How it is said, and whether who knows the old value knows the new one from that (`whole`)."""

    text: str
    whole: bool


def difference(held: str, value: str) -> Difference:
    """How to say that what was `held` is now `value`, both JSON texts or none: in a length that has a bound."""
    if len(held) + len(value) <= SHORT_CHARS:
        return Difference(f"was {held} and is now {value}", whole=True)
    try:
        every = list(_between("", json.loads(held), json.loads(value)))
    except ValueError:
        every = []
    if not every:
        return Difference(f"was {shortened(held)} and is now {shortened(value)}", whole=False)
    shown: list[str] = []
    for one in every:
        if shown and sum(map(len, shown)) + len(one) > DIFFERENCES_CHARS_MAX:
            break
        shown.append(shortened(one, DIFFERENCES_CHARS_MAX))
    left = len(every) - len(shown)
    more = f"; {left} more, read it again" if left else ""
    moved = any(one.endswith(_ELSEWHERE.strip()) for one in every)
    return Difference(f"has changed: {'; '.join(shown)}{more}", whole=not moved and shown == every)


def _between(path: str, old: object, new: object) -> Iterator[str]:
    """Each place where two values differ, in words."""
    if new is _MISSING:
        yield f"{path} is gone"
    elif old is _MISSING:
        yield f"{path} is new: {canonical(new)}"
    elif canonical(old) == canonical(new):
        return
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _between(f"{path}.{key}" if path else key, old.get(key, _MISSING), new.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _between_lists(path, old, new)
    else:
        yield f"{path} {canonical(old)} -> {canonical(new)}".lstrip()


def _between_lists(path: str, old: Sequence[object], new: Sequence[object]) -> Iterator[str]:
    field = _telling_apart(old, new)
    if field:
        before, after = ({_named(each, field): each for each in side} for side in (old, new))
        inside = f"{path}/" if path else ""
        for name in dict.fromkeys((*before, *after)):
            yield from _between(f"{inside}{name}", before.get(name, _MISSING), after.get(name, _MISSING))
        if [name for name in before if name in after] != [name for name in after if name in before]:
            yield f"{path}{_ELSEWHERE}".lstrip()
        return
    had, has = (Counter(map(canonical, side)) for side in (old, new))
    yield from (f"{path} without {gone}".lstrip() for gone in (had - has).elements())
    yield from (f"{path} with {made}".lstrip() for made in (has - had).elements())
    if [each for each in map(canonical, old) if each in has] != [each for each in map(canonical, new) if each in had]:
        yield f"{path}{_ELSEWHERE}".lstrip()


def _telling_apart(old: Sequence[object], new: Sequence[object]) -> str:
    """The field by which the items of both lists are known, `id` or `metadata.name`; empty when there is none."""
    sides = [[dict(_scalars(each)) for each in side] for side in (old, new)]
    items = [*sides[0], *sides[1]]
    if not items:
        return ""
    fields = [name for name in sorted(items[0]) if all(name in each for each in items)]
    known = {name: [{each[name] for each in side} for side in sides] for name in fields}
    apart = [name for name in fields if all(len(known[name][at]) == len(sides[at]) for at in (0, 1))]
    return max(apart, key=lambda name: len(known[name][0] & known[name][1]), default="")


def _scalars(item: object) -> Iterator[tuple[str, str]]:
    if isinstance(item, Mapping):
        for key, value in item.items():
            if isinstance(value, str | int):
                yield key, str(value)
            elif isinstance(value, Mapping):
                yield from ((f"{key}.{part}", str(inner)) for part, inner in value.items() if isinstance(inner, str))


def _named(item: object, field: str) -> str:
    return dict(_scalars(item))[field]


def shortened(text: str, chars_max: int = _ITEM_CHARS_MAX) -> str:
    """The text, or as much of its beginning as may be shown."""
    return text if len(text) <= chars_max else f"{text[: chars_max - 3]}..."
