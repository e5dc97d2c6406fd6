"""Four trees, and what each side changed of the first."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from coroom.checks.finding import Finding
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.reading import Guesses, Reading
from coroom.checks.program import Program, Read
from coroom.syntax import Class, Function, Module, Term, walk

Texts = Mapping[str, bytes]
TOP = ""
"""The name of what lies outside all functions of a module."""


def parents_in(term: Term) -> dict[int, Term]:
    """What is around each term, by the identity of the term."""
    found: dict[int, Term] = {}
    stack = [term]
    while stack:
        each = stack.pop()
        for part in (*each.parts, *each.marks, *each.bases):
            found[id(part)] = each
            stack.append(part)
    return found


@dataclass(frozen=True)
class Changed:
    """A function that one side added or changed, as it stands in the merged tree; None for the top of the module."""

    module: Module
    function: Function | None
    before: Function | None
    base: Module | None

    @property
    def within(self) -> str:
        """Its qualified name."""
        return self.function.qualname if self.function is not None else TOP

    @property
    def term(self) -> Term:
        """What it says."""
        return self.function.term if self.function is not None else top_of(self.module)

    @cached_property
    def above(self) -> dict[int, Term]:
        """What is around each of its terms, by the identity of the term."""
        return parents_in(self.term)

    @property
    def old(self) -> Term | None:
        """What it said before, None when it is new."""
        if self.function is not None:
            return self.before.term if self.before is not None else None
        return top_of(self.base) if self.base is not None else None

    def new_terms(self) -> Iterator[Term]:
        """The terms that it did not have before."""
        known = {each.key for each in walk(self.old)} if self.old is not None else frozenset[int]()
        yield from (each for each in walk(self.term) if each.key not in known)


class Side:
    """What one side did: its own tree, and what of it is new against the base and stands in the merged tree."""

    def __init__(self, name: str, tree: Program, four: "Four") -> None:
        self.name = name
        self.tree = tree
        self._four = four
        self.reading = Reading(tree)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The files that it changed, added or removed."""
        base, mine = self._four.base.texts, self.tree.texts
        if isinstance(mine, Overlaid) and mine.under is base:
            return tuple(sorted(path for path in mine.over if mine.get(path) != base.get(path)))
        both = [path for path, text in mine.items() if base.get(path) != text]
        return tuple(sorted([*both, *(path for path in base if path not in mine)]))

    def defines(self, name: str) -> bool:
        """Whether its tree has this word anywhere outside of quotes or in them, as a word of its own."""
        pattern = re.compile(rb"(?<![\w-])" + re.escape(name.encode()) + rb"(?![\w-])")
        return any(name.encode() in text and pattern.search(text) for text in self.tree.texts.values())

    @property
    def base(self) -> Program:
        """The tree that both began from."""
        return self._four.base

    @property
    def other(self) -> "Side":
        """The other side."""
        return self._four.theirs if self is self._four.ours else self._four.ours

    @cached_property
    def guesses(self) -> Guesses:
        """What unannotated names were taken to be in its own tree."""
        return self.reading.guesses

    @cached_property
    def changed(self) -> tuple[Changed, ...]:
        """The functions and module tops that it added or changed and that stand in the merged tree."""
        return tuple(self._changed())

    def _changed(self) -> Iterator[Changed]:
        for path in self.paths:
            merged, mine = self._four.merged.module(path), self.tree.module(path)
            if merged is None or mine is None:
                continue
            base = self._four.base.module(path)
            olds = functions_of(base) if base is not None else {}
            own, news = functions_of(mine), functions_of(merged)
            for name, each in news.items():
                old = olds.get(name)
                if name in own and (old is None or old.term.key != own[name].term.key):
                    yield Changed(merged, each, old, base)
            if base is None or top_of(mine).key != top_of(base).key:
                yield Changed(merged, None, None, base)


class Overlaid(dict[str, bytes]):
    """A tree that differs from another one in a few files, without a copy of it."""

    def __init__(self, under: Texts, over: Mapping[str, bytes | None]) -> None:
        super().__init__({path: text for path, text in under.items() if path not in over})
        super().update({path: text for path, text in over.items() if text is not None})
        self.under = under
        self.over = over


@dataclass(frozen=True, slots=True)
class Walked:
    """A changed function, walked in the tree of the side that changed it and in the merged tree."""

    changed: Changed
    own: Checker
    both: Checker


def _walk(reading: Reading, module: Module | None, changed: Changed) -> Checker | None:
    if module is None:
        return None
    function = functions_of(module).get(changed.within) if changed.within else None
    if function is None and changed.within != TOP:
        return None
    checker = Checker(reading, module, function)
    checker.run()
    return checker


class Four:
    """Base, both sides and what they became together."""

    def __init__(self, base: Texts, ours: Texts, theirs: Texts, merged: Texts) -> None:
        read: Read = {}
        self.base = Program(base, read)
        self.ours = Side("ours", Program(ours, read), self)
        self.theirs = Side("theirs", Program(theirs, read), self)
        self.merged = Program(merged, read)
        self.before = Reading(self.base)
        self._walked: dict[str, tuple[Walked, ...]] = {}
        self._said: dict[str, bool] = {}

    def base_says(self, word: str) -> bool:
        """Whether the base has this word anywhere, as a word of its own."""
        if word not in self._said:
            raw = word.encode()
            pattern = re.compile(rb"(?<![\w-])" + re.escape(raw) + rb"(?![\w-])")
            self._said[word] = any(raw in text and pattern.search(text) for text in self.base.texts.values())
        return self._said[word]

    def base_quotes(self, text: str) -> bool:
        """Whether the base has this text in quotes anywhere."""
        return any(each in held for held in self.base.texts.values() for each in quoted(text))

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both, ours first."""
        return self.ours, self.theirs

    def walked(self, side: Side) -> tuple["Walked", ...]:
        """What a side changed, walked in its own tree and then, with the same guesses, in the merged one."""
        if side.name not in self._walked:
            own = [(each, _walk(side.reading, side.tree.module(each.module.path), each)) for each in side.changed]
            after = Reading(self.merged, side.reading.guesses)
            self._walked[side.name] = tuple(
                Walked(each, mine, both)
                for each, mine in own
                if mine is not None and (both := _walk(after, each.module, each)) is not None
            )
        return self._walked[side.name]

    def finding(
        self, side: Side, kind: str, path: str, line: int, symbol: str, message: str, *,
        about: tuple[str, ...] = (), sure: float = 0.9,
    ) -> Finding:  # fmt: skip
        """A finding about a place that `side` wrote and things that the other side changed."""
        own = (f"{path}:{line}",)
        others = tuple(dict.fromkeys(place for ref in about if (place := place_of(side.other.tree, ref))))
        if not others:
            others = tuple(f"{each}:1" for each in side.other.paths[:3])
        mine, yours = (own, others) if side is self.ours else (others, own)
        return Finding(
            kind=kind, path=path, line=line, symbol=symbol, message=message, ours=mine, theirs=yours, confidence=sure
        )


def quoted(text: str) -> tuple[bytes, ...]:
    """A text in each kind of quotes, as files say it."""
    return tuple(f"{mark}{text}{mark}".encode() for mark in "\"'`")


def place_of(tree: Program, ref: str) -> str | None:
    """`path:line` of what `path#name` names; the file alone when the name is gone from it."""
    path, _, name = ref.partition("#")
    module = tree.module(path)
    if module is None:
        return None
    found: Function | Class | Term | None
    owner, _, last = name.rpartition(".")
    if owner in module.classes:
        held = module.classes[owner]
        found = held.methods.get(last) or held.fields.get(last) or held
    else:
        found = module.functions.get(name) or module.classes.get(name) or module.values.get(name)
    return f"{path}:{found.line if found is not None else 1}"


def functions_of(module: Module) -> dict[str, Function]:
    """Functions and methods by qualified name."""
    return {each.qualname: each for each in module.every_function()}


def top_of(module: Module) -> Term:
    """What a module does outside its functions and methods, class bodies among it."""
    kept = tuple(each for each in module.block.parts if each.kind not in {"function", "class"})
    return Term("block", "", kept)
