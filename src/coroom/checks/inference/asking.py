"""What is asked of values on a walk through a function: what they can do, what they have, what comes out of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from coroom.checks.inference.abilities import can, has
from coroom.checks.inference.reading import Doubt, Reading
from coroom.checks.inference.shapes import INT, READONLY, STR, UNKNOWN, Shape, union
from coroom.checks.inference.standard import STANDARD, kind_of
from coroom.syntax import Function, Module, Term, walk

_SURE_AT_FIRST = frozenset({"removed-name-used", "stale-call"})


class Asking:
    """One function, or with None the top of a module.

    `doubts` is what does not hold; `reads` are the members whose meaning is known, with `path#name` of what they mean,
    `hopes` the attributes that an instance is asked for which it need not have: the call, its class, the name.
    """

    def __init__(self, reading: Reading, module: Module, function: Function | None) -> None:
        self.reading = reading
        self.program = reading.program
        self.module = module
        self.function = function
        self.script = module.language == "script"
        self.within = function.qualname if function is not None else ""
        self.doubts: list[Doubt] = []
        self.reads: list[tuple[Term, str]] = []
        self.hopes: list[tuple[Term, str, str]] = []
        self._silent = 0
        self._first = 0
        self._consumed: dict[str, int] = {}

    def doubt(
        self, kind: str, at: Term, symbol: str, message: str, about: tuple[str, ...] = (), sure: float = 0.93
    ) -> None:
        """Say that something does not hold, unless what is walked is walked once more."""
        if not self._silent and (not self._first or kind in _SURE_AT_FIRST):
            self.doubts.append(Doubt(kind, self.module.path, self.within, at.line, symbol, message, about, sure))

    @property
    def is_silent(self) -> bool:
        """Whether what is walked is walked once more."""
        return self._silent > 0 or self._first > 0

    @contextmanager
    def silent(self) -> Iterator[None]:
        """While this lasts, nothing is doubted."""
        self._silent += 1
        try:
            yield
        finally:
            self._silent -= 1

    def need(self, held: Shape, ability: str, at: Term, shown: str = "") -> None:
        """Doubt that a value can do what it is asked to."""
        for each in held.options:
            if can(each, ability, self.program, script=self.script) is False:
                name = shown or names_in(at)
                what = _WORDS.get(ability, f"used with {ability}")
                article = "an" if str(each)[:1] in "aeiou" else "a"
                said = (
                    f"{name} is {article} {each} and cannot be {what}"
                    if each.kind != "none"
                    else f"{name} can be {'undefined' if self.script else 'None'} and is {what}"
                )
                about = (each.ref,) if each.ref else ()
                self.doubt("type-changed", at, name, said, about, 0.93)
                return

    def iterated(self, at: Term, held: Shape) -> Shape:
        """What comes out of a value that is gone through."""
        if not self.script:
            self.need(held, "iterate", at)
        if at.kind == "name" and held.kind == "iterator":
            count = self._consumed.get(at.text, 0) + 1
            self._consumed[at.text] = count
            if count > 1:
                said = f"{at.text} can be gone through only once, and is gone through again"
                self.doubt("type-changed", at, at.text, said, (), 0.9)
        return self.inside(held)

    def inside(self, held: Shape) -> Shape:
        """What a value holds that can be gone through; whether it can is not asked."""
        if held.kind == "union":
            return union(self.inside(each) for each in held.of)
        if held.kind in {"list", "set", "iterator", "array", "dict"} and held.of:
            return held.of[0]
        if held.kind == "tuple" and held.of:
            return union(held.of)
        return STR if held.kind in {"str", "record"} else UNKNOWN

    def attribute(self, at: Term, held: Shape, name: str) -> Shape:
        """What `held.name` is."""
        found = []
        for each in held.options:
            if has(each, name, self.program, script=self.script) is False:
                if each.kind == "none" and "optional" in at.flags:
                    continue
                self.missing(at, each, name)
            if each.ref == READONLY and name in _CHANGING[each.kind]:
                self.doubt("type-changed", at, name, f"{name} is not there for what is {each}", (), 0.95)
            found.append(self._attribute(each, name))
            self._closed(at, each, name)
            if each.kind in {"instance", "class"} and not self.is_silent:
                self.reads.append((at, f"{each.ref}.{name}"))
        return union(found)

    def _closed(self, at: Term, held: Shape, name: str) -> None:
        """A member of a script's class that only the class itself may use."""
        owner = self.program.class_at(held.ref) if self.script and held.kind == "instance" else None
        if owner is None or (self.function is not None and self.function.owner == owner.name):
            return
        found = owner.methods[name].term if name in owner.methods else owner.fields.get(name)
        if found is not None and "private" in found.flags:
            about = (held.ref, f"{held.ref}.{name}")
            self.doubt("removed-name-used", at, name, f"{name} of {owner.name} is private", about, 0.93)

    def _attribute(self, held: Shape, name: str) -> Shape:
        if held.kind == "module":
            other = self.program.module(held.ref)
            return self.reading.named(name, other) if other is not None else UNKNOWN
        if held.kind in {"instance", "class"}:
            owner = self.program.class_at(held.ref)
            return self.reading.field(owner, name) if owner is not None else UNKNOWN
        if self.script and held.ref == "wanted":
            return held.entry(name)
        if not self.script and held.kind in STANDARD:
            kind = kind_of(held.kind, name, called=False)
            return Shape(kind) if kind else UNKNOWN
        if self.script and name in {"length", "size"} and held.kind in {"array", "str", "map", "set"}:
            return INT
        return UNKNOWN

    def missing(self, at: Term, held: Shape, name: str) -> None:
        """Say that there is no such attribute."""
        if held.kind in {"instance", "class"}:
            owner = self.program.class_at(held.ref)
            shown = owner.name if owner is not None else "it"
            about = (held.ref, f"{held.ref}.{name}")
            self.doubt("removed-name-used", at, name, f"{shown} has no {name}", about, 0.95)
        else:
            self.doubt("type-changed", at, name, f"a value that can be {held} has no {name}", (), 0.92)


def names_in(term: Term) -> str:
    """A name to call a term by."""
    if term.kind == "call":
        return f"{names_in(term.parts[0])}()"
    if term.kind in {"name", "member"}:
        return term.text
    found = next((each for each in walk(term) if each.kind in {"member", "name"}), None)
    return found.text if found is not None else term.kind


_OF_LISTS = frozenset(["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"])
_CHANGING = {
    "array": _OF_LISTS,
    "tuple": _OF_LISTS,
    "map": frozenset({"set", "delete", "clear"}),
    "set": frozenset({"add", "delete", "clear"}),
}
"""What is not there for collections of scripts that may not be changed."""
_WORDS = {
    "len": "measured", "iterate": "gone through", "index": "indexed", "slice": "sliced", "call": "called",
    "hash": "hashed", "store": "stored into", "await": "awaited", "<": "ordered", "in": "searched",
    "next": "asked for its next", "reversed": "reversed", "format-number": "used as a number", "delete": "deleted from",
}  # fmt: skip
