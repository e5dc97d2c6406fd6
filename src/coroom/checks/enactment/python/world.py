"""A world of objects for a story: made, filled and changed by the program's own calls, each tried before it is kept."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.naming import CALLED, words_in
from coroom.checks.enactment.play import Recipe, SetUpFailed, mixed
from coroom.checks.enactment.python.inputs import Inputs
from coroom.checks.enactment.python.recipes import asked_of, earlier, got_from, made_of, member, plain, row
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.tree import Tree
from coroom.checks.enactment.python.uses import (
    Wanted,
    changers,
    gives,
    has_abstract,
    is_protocol,
    offers,
    parameters,
    parameters_of,
    stands_for,
    unquoted,
)
from coroom.checks.enactment.python.values import FAULTS, Function, Kind, Value
from coroom.checks.enactment.python.vocabulary import Vocabulary

DEEPEST = 3
STEPS_MAX = 40
"""A story has no more steps."""

TRIES_MAX = 50
"""More ways to make one call are not tried."""

_PLAIN = frozenset({"float", "Decimal", "bool", "date", "datetime", "time", "timedelta", "bytes"})
_MANY = {"list": list, "List": list, "Sequence": list, "Iterable": list, "Collection": list, "set": set, "Set": set,
         "tuple": tuple, "frozenset": frozenset}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """A value for a parameter; `word` is it when it is no object."""

    recipe: Recipe
    word: Value = None


@dataclass(slots=True)
class World:
    """What there is so far: the steps that led to it, and what each gave.

    `varied` says that days and members of enumerations differ from object to object; `shaped` that texts of the forms
    that the program reads come first, `marked` that those of them do that begin with a sign; `again` that new objects
    are about what there is already, `linked` that they name what there is.
    """

    stage: Tree
    inputs: Inputs
    vocabulary: Vocabulary
    varied: bool = False
    shaped: bool = False
    marked: bool = False
    again: bool = False
    linked: bool = False
    steps: list[Recipe] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    new: frozenset[tuple[str, str]] = frozenset()
    """What the side newly wrote, by path and name: nothing is filled by that."""
    _busy: set[str] = field(default_factory=set)

    def take(self, recipe: Recipe) -> bool:
        """Try a step; it is kept when the program takes it."""
        if len(self.steps) >= STEPS_MAX:
            return False
        try:
            value = recipe.make(self.stage)
        except (CannotGoOn, SetUpFailed, *FAULTS):
            if self.stage.machine.budget.steps <= 0:
                raise
            return False
        if isinstance(value, Thing):
            named = f"{name_of(value, len(self.steps))} = {recipe.shown}"
            recipe = replace(recipe, shown=named)
        self.stage.results.append(value)
        self.steps.append(recipe)
        return True

    def those(self, kind: Kind) -> list[Recipe]:
        """The objects of a class that there are."""
        found: list[Recipe] = []
        seen: set[int] = set()
        for at, value in enumerate(self.stage.results):
            if isinstance(value, Thing) and value.kind.inherits(kind) and id(value) not in seen:
                seen.add(id(value))
                found.append(earlier(at, name_of(value, at)))
        return found

    def thing(self, name: str, turn: int, depth: int, *, fresh: bool) -> list[Recipe]:
        """Objects of a class: one for each turn."""
        _, kind = self.inputs.kinds[name]
        there = self.those(kind)
        if turn >= len(there) or (fresh and self.again):
            self.make(name, turn, depth)
            there = self.those(kind)
            if fresh and self.again:
                return there[::-1]
        at = turn % len(there) if there else 0
        return [*there[at:], *there[:at]]

    def make(self, name: str, turn: int, depth: int) -> bool:
        """Make an object of a class, and put into it what its methods take."""
        path, kind = self.inputs.kinds[name]
        if depth > DEEPEST or name in self._busy or kind.has("enum"):
            return False
        self._busy.add(name)
        try:
            if is_protocol(kind) or has_abstract(kind):
                kinds = self.inputs.kinds.items()
                below = [
                    each
                    for each, (_, other) in kinds
                    if other is not kind and (other.inherits(kind) or stands_for(other, kind))
                ]
                below = below[:3]
                at = turn % len(below) if below else 0
                return any(self.make(each, turn, depth) for each in (*below[at:], *below[:at]))
            wanted = parameters_of(kind)
            names = [each.name for each in wanted]
            made = self.call(wanted, turn, depth, name, partial(made_of, path, name, names=names), fresh=True)
            made = made or self._produced(name, turn, depth)
        finally:
            self._busy.discard(name)
        if made and name not in self.filled:
            self.filled.add(name)
            self.fill(kind, depth)
        return made

    def _produced(self, name: str, turn: int, depth: int) -> bool:
        for path, function in self.inputs.producers:
            if not gives(function, name) or function.name in self._busy:
                continue
            self._busy.add(function.name)
            try:
                if self.do(path, function, turn, depth, fresh=True):
                    return True
            finally:
                self._busy.discard(function.name)
        return False

    def fill(self, kind: Kind, depth: int, turns: Sequence[int] = (0, 1, 2)) -> None:
        """Put something into the last object of a class, by each of its methods that do so."""
        there = self.those(kind)
        if not there:
            return
        path = self.inputs.kinds[kind.name][0] if kind.name in self.inputs.kinds else ""
        known = [each for each in changers(kind)[0] if (path, f"{kind.name}.{each.name}") not in self.new]
        for function in known[:4]:
            for turn in turns:
                if self.ask(there[-1], function, turn, depth):
                    self._hand(function.name)

    def _hand(self, name: str) -> None:
        """Keep what a function gave for what it keeps."""
        gave = self.stage.results[-1]
        if isinstance(gave, str | int) and not isinstance(gave, bool) and 0 < len(str(gave)) < 20:
            self.vocabulary.handed.setdefault(gave, name)

    def ask(self, of: Recipe, function: Function, turn: int, depth: int = 0, *, fresh: bool = False) -> bool:
        """Call a method of an object."""
        wanted = parameters(function, skip=1, needed=True)
        return self.call(wanted, turn, depth + 1, function.name, partial(asked_of, of, function.name), fresh=fresh)

    def do(self, path: str, function: Function, turn: int, depth: int = 0, *, fresh: bool = False) -> bool:
        """Call a function of a module."""
        wanted = parameters(function, needed=True)
        return self.call(wanted, turn, depth + 1, function.name, partial(got_from, path, function.name), fresh=fresh)

    def call(
        self, wanted: Sequence[Wanted], turn: int, depth: int, name: str, made: Callable[[list[Recipe]], Recipe], *,
        fresh: bool,
    ) -> bool:  # fmt: skip
        """Make one call with the first values that the program takes."""
        each = self.row(wanted, turn, depth, name, fresh=fresh)
        if not all(each):
            return False
        sizes = [len(one) for one in each]
        turns = max(sizes, default=1)
        for tried, places in enumerate(mixed(sizes, turns)):
            if tried > TRIES_MAX:
                return False
            chosen = [one[place] for one, place in zip(each, places, strict=True)]
            if self.take(made([one.recipe for one in chosen])):
                for one, value in zip(wanted, chosen, strict=True):
                    if isinstance(value.word, str | int | float) and not isinstance(value.word, bool):
                        self.vocabulary.note(one.name, value.word, name)
                return True
        return False

    def row(self, wanted: Sequence[Wanted], turn: int, depth: int, function: str, *, fresh: bool) -> list[list[Given]]:
        """Values for each of the parameters of a function, the likeliest first."""
        marked = self.marked
        found: list[list[Given]] = []
        for at, one in enumerate(wanted):
            # Of several texts the first says which one is meant, and a later one what it is.
            self.marked = marked and (at > 0 or len(wanted) == 1)
            found.append(self.given(one, at, turn, depth, function, fresh=fresh))
        self.marked = marked
        return found

    def given(self, wanted: Wanted, place: int, turn: int, depth: int, function: str, *, fresh: bool) -> list[Given]:
        """Values for a parameter at a place, the likeliest first."""
        note = _bare(wanted.note)
        name = self._kind_of(wanted, note)
        if name:
            return self._of_kind(name, turn, depth, fresh=fresh)
        several = self._several_of(wanted) if note is None else ""
        if several:
            return self._rows(several, list, depth)
        said = note.id if isinstance(note, ast.Name) else ""
        if said in _PLAIN:
            values = self.vocabulary.plain(said, wanted.name, turn, function, varied=self.varied)
            return [Given(plain(each), each) for each in values]
        numbers = [Given(plain(each), each) for each in self._whole(wanted, place, turn, function, fresh=fresh)]
        if said == "int":
            return numbers
        texts = [Given(plain(each), each) for each in self._texts(wanted, turn, place, function, fresh=fresh)]
        if said == "str":
            return texts
        if note is None and self._is_word(wanted):
            return [*numbers, *texts[:2]] if "number" in wanted.hints else [*texts, *numbers[:2]]
        return self._many(note, depth) or [Given(each) for each in self.inputs.candidates(wanted, depth)[:4]]

    def _of_kind(self, name: str, turn: int, depth: int, *, fresh: bool) -> list[Given]:
        path, kind = self.inputs.kinds[name]
        if not kind.has("enum"):
            return [Given(each) for each in self.thing(name, turn, depth, fresh=fresh or self.again)]
        members = list(kind.members)
        at = turn % len(members) if members and self.varied else 0
        return [Given(member(path, name, each)) for each in (*members[at:], *members[:at])]

    def _many(self, note: ast.expr | None, depth: int) -> list[Given]:
        match note:
            case ast.Subscript(value=ast.Name(id=many), slice=ast.Name(id=inner)) if many in _MANY:
                return self._rows(inner, _MANY[many], depth) if inner in self.inputs.kinds else []
        return []

    def _rows(self, name: str, made: Callable[[list[Value]], Value], depth: int) -> list[Given]:
        """Some objects of a class together."""
        self.thing(name, 0, depth, fresh=False)
        there = self.thing(name, 1, depth, fresh=False)
        return [Given(row(there[:2], made)), Given(row(there, made))] if there else []

    def _several_of(self, wanted: Wanted) -> str:
        """The class that a parameter without a type is named after, in the plural."""
        said = words_in(wanted.name)[-1:]
        kinds = self.inputs.kinds.items()
        named = [each for each, (_, kind) in kinds if [f"{words_in(each)[-1]}s"] == said and not kind.has("enum")]
        return named[0] if named and not wanted.keys else ""

    def takes(self, function: Function, kind: Kind) -> bool:
        """Whether a method takes an object of a class and needs nothing else."""
        wanted = parameters(function, skip=1, needed=True)
        return len(wanted) == 1 and self._kind_of(wanted[0], _bare(wanted[0].note)) == kind.name

    def _texts(self, wanted: Wanted, turn: int, place: int, function: str, *, fresh: bool) -> list[str]:
        if self.linked:
            said = self.vocabulary.linked(wanted.name, turn + place)
            if said:
                return said
        fresh = fresh and not self.again
        return self.vocabulary.texts(
            wanted.name, turn, function, fresh=fresh, shaped=self.shaped, marked=self.marked
        )  # fmt: skip

    def _whole(self, wanted: Wanted, place: int, turn: int, function: str, *, fresh: bool) -> list[int]:
        return self.vocabulary.whole(wanted.name, place, turn, function, fresh=fresh)

    def _is_word(self, wanted: Wanted) -> bool:
        """Whether a parameter without a type seems to be a text or a number."""
        called = set(words_in(wanted.name)) & CALLED
        return not called and not wanted.keys and not {"called", "many"} & wanted.hints and self._is_plain(wanted)

    def _is_plain(self, wanted: Wanted) -> bool:
        return not wanted.asked or wanted.asked <= set(dir(str))

    def _kind_of(self, wanted: Wanted, note: ast.expr | None) -> str:
        if isinstance(note, ast.Name | ast.Attribute):
            name = note.id if isinstance(note, ast.Name) else note.attr
            return name if name in self.inputs.kinds else ""
        if note is not None:
            return ""
        said = words_in(wanted.name)[-1:]
        named = [each for each in self.inputs.kinds if words_in(each)[-1:] == said]
        fits = [each for each, (_, kind) in self.inputs.kinds.items() if wanted.asked and wanted.asked <= offers(kind)]
        if self._is_plain(wanted) and not named:
            return ""
        return next(iter([each for each in named if each in fits] or named or fits), "")


def name_of(thing: Thing, at: int) -> str:
    """What a story calls the object that a step gave."""
    return f"{words_in(thing.kind.name)[-1]}{at}"


def _bare(note: ast.expr | None) -> ast.expr | None:
    """A note without the quotes around it and without None."""
    note = unquoted(note)
    if isinstance(note, ast.BinOp) and isinstance(note.op, ast.BitOr):
        return _bare(note.left)
    if isinstance(note, ast.Subscript) and isinstance(note.value, ast.Name) and note.value.id == "Optional":
        return _bare(note.slice)
    return note
