"""What an enacted function is given: values by the types and names of its parameters, and objects of its classes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from coroom.checks.enactment.naming import CALLED, NUMBERS, TEXTS, by_name, by_type, words_in
from coroom.checks.enactment.play import Recipe
from coroom.checks.enactment.python.recipes import (
    Stage,
    after,
    calling,
    got_from,
    made_of,
    member,
    one_of,
    plain,
    row,
    sample,
    table,
)
from coroom.checks.enactment.python.things import all_fields
from coroom.checks.enactment.python.uses import (
    MANY,
    Wanted,
    changers,
    gives,
    has_abstract,
    is_protocol,
    offers,
    parameters,
    parameters_of,
    serves,
    stands_for,
    unquoted,
    within,
)
from coroom.checks.enactment.python.values import FAULTS, Function, Kind, Value

DEEPEST = 3
"""Objects in objects."""

_COLLECTIONS: dict[str, Callable[[list[Value]], Value]] = {
    **dict.fromkeys(("list", "List", "Sequence", "Iterable", "Iterator", "Collection"), list),
    **dict.fromkeys(("tuple", "Tuple"), tuple),
    "set": set,
    "frozenset": frozenset,
}


@dataclass(slots=True)
class Inputs:
    """What can be given to the functions of one tree.

    `kinds` and `producers` are those of the modules at hand, by their paths; `ready` is what functions that need
    nothing gave, `words` the texts that the program is called with, `folded` what the enumerations are called
    that the function looks up, in another case.
    """

    kinds: dict[str, tuple[str, Kind]]
    producers: list[tuple[str, Function]]
    tables: tuple[str, ...]
    literals: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    ready: list[tuple[Recipe, Value]] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)

    def candidates(self, wanted: Wanted, depth: int = 0) -> list[Recipe]:
        """Values for a parameter, the likeliest first; empty when none is known."""
        note = unquoted(wanted.note)
        if note is not None:
            return self._of_note(note, wanted, depth)
        return [replace(each, guessed=True) for each in self._of_use(wanted, depth)]

    def _of_note(self, note: ast.expr, wanted: Wanted, depth: int) -> list[Recipe]:
        match note:
            case ast.Constant(value=None):
                return [plain(None)]
            case ast.Constant(value=str()):
                return self.candidates(Wanted(wanted.name, note, wanted.space), depth)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return [*self._of_note(left, wanted, depth), *self._of_note(right, wanted, depth)]
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return self._of_plain(name, wanted, depth)
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
                return self._of_general(name, inner, wanted, depth)
        return []

    def _of_plain(self, name: str, wanted: Wanted, depth: int) -> list[Recipe]:
        match name:
            case "str":
                return self._texts(wanted.name)
            case "int":
                return [
                    plain(each)
                    for each in dict.fromkeys((*(by_name(wanted.name, NUMBERS) or (3, 10, 0)), *self.literals))
                ]
            case "float":
                return [plain(each) for each in (2.5, 0.5)]
            case "bool":
                return [plain(True), plain(False)]
            case "list" | "List" | "Sequence" | "Iterable":
                return self._lists()
            case "dict" | "Dict" | "Mapping":
                return self._dicts(wanted)
            case "Callable":
                return [calling(1), calling(None)]
            case "None":
                return [plain(None)]
        if name in self.kinds:
            return self._objects(name, depth)
        known = by_type(name)
        if known:
            return [plain(each) for each in known]
        alias = wanted.space.get(name)
        if isinstance(alias, Kind) and alias.name != name:
            return self._of_plain(alias.name, wanted, depth)
        return self._of_use(wanted, depth)

    def _of_general(self, name: str, inner: ast.expr, wanted: Wanted, depth: int) -> list[Recipe]:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        match name:
            case "Optional":
                return [*self._of_note(inner, wanted, depth), plain(None)]
            case "Union":
                return [each for part in parts for each in self._of_note(part, wanted, depth)]
            case _ if name in _COLLECTIONS:
                return self._collections(name, inner, wanted, depth)
            case "dict" | "Dict" | "Mapping" | "MutableMapping":
                keys = wanted.keys or ("a", "x")
                values = self._of_note(parts[-1], wanted, depth + 1)[:2]
                return [table(keys, values), plain({})] if values else []
            case "Callable":
                return [calling(1), calling(None)]
            case "Literal":
                return [plain(each.value) for each in parts if isinstance(each, ast.Constant)]
            case "type" | "Type" | "Awaitable" | "Coroutine":
                return []
        return self._of_plain(name, wanted, depth)

    def _collections(self, name: str, inner: ast.expr, wanted: Wanted, depth: int) -> list[Recipe]:
        """What is given as such a whole somewhere, and collections of what is inside of it."""
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name in {"tuple", "Tuple"} and len(parts) > 1 and not isinstance(parts[1], ast.Constant):
            each = [self._of_note(part, wanted, depth + 1)[:1] for part in parts]
            return [row([one[0] for one in each], tuple)] if all(each) else []
        whole = self._produced(ast.unparse(ast.Subscript(ast.Name(name), inner)), depth)
        one = self._of_note(parts[0], wanted, depth + 1)[:4]
        if not one:
            return [*whole]
        made = _COLLECTIONS[name]
        return [*whole, row(one, made), row([*one[:2], *one[:2]], made), row(one[:1], made), row([], made)]

    def _texts(self, name: str) -> list[Recipe]:
        known = by_name(name, TEXTS)
        said = words_in(name)
        if known and known[0].startswith("/"):
            known = (*(each for each in self.words if each.startswith("/")), *known)
        elif said[-1] == "name" and self.tables:
            known = (*known, *self.tables)
        found = dict.fromkeys((*known, *(() if known else (*self.tables, "a", "b"))))
        found.update(dict.fromkeys((*self.folded, *self.own, *(f"{each}a" for each in self.own if len(each) <= 2))))
        return [plain(each) for each in found]

    def _lists(self, name: str = "") -> list[Recipe]:
        named = by_name(name, TEXTS)
        return [
            plain(each)
            for each in (
                *([list(named)] if named else []),
                [["b", "2"], ["a", "1"], ["a", "1"]],
                [["a", "1"], ["a", "2"], ["a", "1"]],
                [["3", "4"], ["1", "2"]],
                [3, 1, 2],
                ["b", "a", "b"],
                [[["3"]], [["1"]]],
                [],
            )
        ]

    def _dicts(self, wanted: Wanted) -> list[Recipe]:
        if not wanted.keys:
            return [plain({"a": 1}), plain({})]
        return [plain({key: sample(key) for key in wanted.keys})]

    def _of_use(self, wanted: Wanted, depth: int) -> list[Recipe]:
        """Candidates for a parameter without a type: what has all attributes that it is asked for, else by its name."""
        found: list[Recipe] = [recipe for recipe, value in self.ready if serves(value, wanted)] if depth == 0 else []
        if wanted.asked:
            for name, (_, kind) in self.kinds.items():
                if wanted.asked <= offers(kind):
                    found += self._objects(name, depth)[:3]
        if found and wanted.asked:
            return found
        if wanted.keys:
            found += self._dicts(wanted)
        labelled = (
            ("I-1",)
            if {"number", "id", "code", "key"} & set(words_in(wanted.name)) and "number" not in wanted.hints
            else ()
        )
        numbers = [
            plain(each) for each in (*labelled, *(by_name(wanted.name, NUMBERS) or (3, 10, 1, 0)), *self.literals)
        ]
        named = bool(by_name(wanted.name, NUMBERS))
        lists = self._lists(wanted.name)
        texts = self._texts(wanted.name) if not wanted.asked or wanted.asked <= set(dir(str)) else []
        listed = not wanted.asked or wanted.asked <= set(dir(list))
        if "called" in wanted.hints or set(words_in(wanted.name)) & CALLED:
            return [calling(1), calling(None)]
        if "many" in wanted.hints or set(words_in(wanted.name)) & MANY:
            found += lists
        elif "number" in wanted.hints or named:
            found += [*numbers[:2], *texts[:1], *numbers[2:]] if not wanted.asked else texts
        else:
            found += texts
            found += [*(lists if listed else ()), *([] if wanted.asked else [*numbers[:2], calling(1)])]
        said = words_in(wanted.name)
        for name in self.kinds:
            if words_in(name)[-1:] == [said[-1]]:
                found = [*self._objects(name, depth)[:3], *found]
            elif [f"{words_in(name)[-1]}s"] == said[-1:]:
                found = [row(self._objects(name, depth + 1)[:2], list), *found]
        return found

    def _objects(self, name: str, depth: int) -> list[Recipe]:
        if depth > DEEPEST or name in self._busy:
            return []
        self._busy.add(name)
        try:
            path, kind = self.kinds[name]
            made = self._produced(name, depth)
            made += [one_of(each, at) for each in self._produced(f"list[{name}]", depth)[:2] for at in (1, 0)]
            if kind.has("enum"):
                return [member(path, name, each) for each in list(kind.members)[:4]]
            below = [each for each, (_, other) in self.kinds.items() if other is not kind and other.inherits(kind)]
            alike = [each for each, (_, other) in self.kinds.items() if other is not kind and stands_for(other, kind)]
            if (
                is_protocol(kind)
                or has_abstract(kind)
                or (below and not all_fields(kind) and "__init__" not in kind.space)
            ):
                return [*made, *(one for each in (*below, *alike) for one in self._objects(each, depth + 1)[:2])][:6]
            return [*made, *self._constructed(path, name, kind, depth)][:8]
        finally:
            self._busy.discard(name)

    def _constructed(self, path: str, name: str, kind: Kind, depth: int) -> list[Recipe]:
        wanted = parameters_of(kind)
        each = [self.candidates(one, depth + 1) for one in wanted]
        if not all(each):
            return []
        found: list[Recipe] = []
        for turn in range(min(3, max((len(one) for one in each), default=1))):
            given = [one[min(turn, len(one) - 1)] for one in each]
            found.append(made_of(path, name, given, [one.name for one in wanted]))
        if depth > 1 or not found:
            return found
        return [*self._fed(kind, found[0], depth), *found]

    def _fed(self, kind: Kind, bare: Recipe, depth: int) -> list[Recipe]:
        """The object after it was filled, and after something else was done to it."""
        adders, others = changers(kind)
        turns = [self.calls_of(function, depth, turns=3) for function in adders]
        fills = [call for calls in turns for call in calls[:2]]
        again = [call for calls in turns for call in calls]
        if not fills:
            return []
        later = [[*fills, *self.calls_of(other, depth, turns=1)] for other in others[:3]]
        return [after(bare, calls) for calls in (fills, again, fills[:1], *later)]

    def calls_of(self, function: Function, depth: int, *, turns: int) -> list[tuple[str, list[Recipe]]]:
        """Calls of a function or method with other values each time."""
        wanted = parameters(function, skip=1 if function.owner is not None else 0, needed=True)
        each = [self.candidates(one, depth + 1) for one in wanted]
        if not all(each):
            return []
        return [
            (
                function.name,
                [
                    one[turn % len(one)]
                    for one in (
                        part[: 2 if "@" not in part[0].shown and part[0].shown[:1] == "'" else 3] for part in each
                    )
                ],
            )
            for turn in range(turns)
        ]

    def _produced(self, name: str, depth: int) -> list[Recipe]:
        """What functions of the program give that say that they give this."""
        if depth > 1:
            return []
        found: list[Recipe] = []
        for path, function in self.producers:
            if not gives(function, name) or function.name in self._busy:
                continue
            self._busy.add(function.name)
            try:
                each = [self.candidates(one, depth + 1) for one in parameters(function, needed=True)]
            finally:
                self._busy.discard(function.name)
            turns = range(2 if each and all(each) else 0)
            found += [got_from(path, function.name, [one[min(turn, len(one) - 1)] for one in each]) for turn in turns]
        return found[:4]


def gathered(stage: Stage, paths: Sequence[str], function: ast.AST) -> Inputs:
    """What the modules at some paths offer as inputs."""
    kinds: dict[str, tuple[str, Kind]] = {}
    producers: list[tuple[str, Function]] = []
    tables: dict[str, None] = {}
    words: dict[str, None] = {}
    for path in paths:
        space = stage.module(path).space
        words.update(dict.fromkeys(stage.texts_at(path)))
        for name, held in space.items():
            if isinstance(held, Kind) and held.make is not None and _at_home(held, space):
                kinds.setdefault(name, (path, held))
            elif isinstance(held, Function) and held.around.module is space and not name.startswith("_"):
                producers.append((path, held))
            elif isinstance(held, dict):
                tables.update({key: None for key in list(held)[:6] if isinstance(key, str) and len(key) < 20})
    numbers = {
        each.value
        for each in within(function)
        if isinstance(each, ast.Constant) and type(each.value) is int and each.value > 3
    }
    literals = tuple(sorted({near for each in numbers for near in (each, each + each // 2)}))[:6]
    own = tuple(
        dict.fromkeys(
            each.value
            for each in within(function)
            if isinstance(each, ast.Constant)
            and isinstance(each.value, str)
            and 0 < len(each.value) <= 12
            and "%" not in each.value
        )
    )
    inputs = Inputs(
        kinds, producers, tuple(tables)[:6], literals, tuple(words)[:12], own[:4], _folded(function, kinds)
    )  # fmt: skip
    for path, producer in producers:
        if not parameters(producer, needed=True) and producer.node is not function and not producer.traits:
            try:
                inputs.ready.append((got_from(path, producer.name, []), producer()))
            except FAULTS:
                continue
    return inputs


def _folded(function: ast.AST, kinds: dict[str, tuple[str, Kind]]) -> tuple[str, ...]:
    """What the members of the enumerations that a function looks up are called, in a case that is not theirs."""
    found: dict[str, None] = {}
    for each in within(function):
        held = each.func if isinstance(each, ast.Call) else each.value if isinstance(each, ast.Subscript) else None
        _, kind = kinds.get(held.id, ("", None)) if isinstance(held, ast.Name) else ("", None)
        for name, one in list(kind.members.items())[:2] if kind is not None and kind.has("enum") else ():
            said = one.attributes.get("value") if isinstance(each, ast.Call) else name
            if isinstance(said, str):
                found.update({other: None for other in (said.lower(), said.upper()) if other != said})
    return tuple(found)


def _at_home(kind: Kind, space: dict[str, Value]) -> bool:
    if kind.has("exception") or {"own", "note", "object", "abc"} & kind.traits:
        return kind.has("exception") and any(isinstance(held, Function) for held in kind.space.values())
    methods = [held for held in kind.space.values() if isinstance(held, Function)]
    return not methods or any(each.around.module is space for each in methods)
