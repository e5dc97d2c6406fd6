"""What values can be."""

from collections.abc import Iterable
from dataclasses import dataclass

OPEN = "open"
"""The `ref` of a record that can have other keys, too."""

READONLY = "readonly"
"""The `ref` of a collection of a script that may not be changed."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value is known to be.

    `kind` is a built-in type (`str`, `list`, …), `instance` or `class` of the class that `ref` names, `module`,
    `function`, `record` (a mapping whose keys are known), `iterator`, `awaitable`, `none`, `union`, or `unknown`.
    `of` are the shapes inside: elements, keys and values, members of a union. `keys` are those of a record or the
    values that a `str` is one of.
    """

    kind: str
    ref: str = ""
    of: tuple["Shape", ...] = ()
    keys: frozenset[str] | None = None
    choices: tuple["Shape", ...] = ()
    """Of a record that is one of several: those, each with what it must have."""
    more: frozenset[str] = frozenset()
    """The keys that a record may have besides."""

    @property
    def options(self) -> tuple["Shape", ...]:
        """The shapes that it can be."""
        return self.of if self.kind == "union" else (self,)

    def entry(self, key: str) -> "Shape":
        """What a record holds under a key; unknown when that is not told."""
        keys = sorted(self.keys or ())
        return self.of[keys.index(key)] if key in keys and len(self.of) == len(keys) else UNKNOWN

    def lacks(self, key: str) -> bool:
        """Whether it is a record that cannot have this key."""
        return self.kind == "record" and self.keys is not None and self.ref != OPEN and key not in self.keys

    def without_none(self) -> "Shape":
        """It, where it is known not to be none."""
        return union(each for each in self.options if each.kind != "none") if self.kind == "union" else self

    def __str__(self) -> str:
        if self.kind == "union":
            return " or ".join(str(each) for each in self.of)
        if self.kind in {"instance", "class"}:
            return self.ref.rpartition("#")[2]
        if self.kind == "record":
            return "dict"
        inside = f"[{', '.join(str(each) for each in self.of)}]" if self.of and UNKNOWN not in self.of else ""
        return f"{'readonly ' if self.ref == READONLY else ''}{self.kind}{inside}"


UNKNOWN = Shape("unknown")
NONE = Shape("none")
BOOL, INT, FLOAT, STR = Shape("bool"), Shape("int"), Shape("float"), Shape("str")
Names = dict[str, Shape]
"""What the names of a function are at some place in it."""
_WIDEST = 8
_COLLECTIONS = frozenset({"list", "set", "dict", "array"})


def union(found: Iterable[Shape]) -> Shape:
    """What is one of these; unknown when one of them is, or when they are too many to mean anything."""
    flat: dict[Shape, None] = {}
    for each in found:
        for option in each.options:
            flat[option] = None
    if {each.kind for each in flat if each.kind == "record"} and len(flat) > 1:
        records = [each for each in flat if each.kind == "record"]
        keys = frozenset[str]().union(*(each.keys or frozenset() for each in records))
        for each in records:
            del flat[each]
        ref = OPEN if any(each.ref == OPEN for each in records) else ""
        flat[Shape("record", ref, (), keys)] = None
    for each in [one for one in flat if one.kind in _COLLECTIONS and not one.of and not one.ref]:
        # An empty one, which says nothing of what the others hold.
        if any(one.kind == each.kind and one.of for one in flat):
            del flat[each]
    if not flat or UNKNOWN in flat or len(flat) > _WIDEST:
        return UNKNOWN
    return next(iter(flat)) if len(flat) == 1 else Shape("union", "", tuple(flat))
