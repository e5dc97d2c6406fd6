"""Objects that an enacted script is given: how those of its classes are made, filled and changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from coroom.checks.enactment.naming import words_in
from coroom.checks.enactment.play import Recipe
from coroom.checks.enactment.script import recipes
from coroom.checks.enactment.script.declared import Type, Types
from coroom.checks.enactment.script.reading import CLASSES, parts, text_of, tokens
from coroom.checks.enactment.script.reading import field as part
from coroom.checks.enactment.script.uses import Wanted, how_it_changes, method_nodes, parameters

DEEPEST = 4
"""Objects in objects."""
_FILLING = frozenset(
    [
        "add",
        "push",
        "set",
        "put",
        "register",
        "insert",
        "create",
        "enqueue",
        "append",
        "record",
        "log",
        "save",
        "open",
        "deposit",
        "subscribe",
        "on",
        "join",
        "book",
        "schedule",
        "send",
        "track",
        "store",
        "write",
        "load",
        "import",
    ]
)
"""The first words of methods that are likely to put something in."""


@dataclass(slots=True)
class Making(ABC):
    """What classes and functions of one tree make. `paths` are the files whose classes and functions are at hand."""

    types: Types
    paths: Sequence[str]
    _busy: set[str] = field(default_factory=set, kw_only=True)

    @abstractmethod
    def candidates(self, wanted: Wanted, depth: int = 0) -> list[Recipe]:
        """Values for a parameter, the likeliest first; empty when none is known."""

    def _filled(self, bare: Recipe, signatures: dict[str, Node], path: str, depth: int) -> list[Recipe]:
        fills = [
            call
            for name, node in signatures.items()
            if words_in(name)[:1] and words_in(name)[0] in _FILLING
            for call in self.calls_of(name, node, path, depth, turns=3)
        ]
        return [recipes.after(bare, fills[:6])] if fills else []

    def _classes(self) -> list[tuple[str, Node]]:
        found: list[tuple[str, Node]] = []
        for path in self.paths:
            here = self.types.of(path)
            if here is not None:
                found += [(path, node) for node in here.types.values() if node.type in CLASSES]
        return found

    def _of_class(self, wanted: Type, depth: int) -> list[Recipe]:
        node, path = wanted.node, wanted.path
        name = text_of(part(node, "name"))
        if depth > DEEPEST or name in self._busy:
            return []
        self._busy.add(name)
        try:
            made = self._produced(name, depth)
            if node.type == "abstract_class_declaration":
                below = [(where, each) for where, each in self._classes() if name in _extended(each)]
                return [*made, *(one for where, each in below for one in self._of_class(Type(each, where), depth)[:2])]
            return [*self._constructed(name, node, path, depth), *made][:6]
        finally:
            self._busy.discard(name)

    def _constructed(self, name: str, node: Node, path: str, depth: int) -> list[Recipe]:
        maker = self._maker_of(node, path)
        wanted = parameters(maker[0], maker[1]) if maker is not None else []
        each = [self.candidates(one, depth + 1) for one in wanted]
        if not all(each):
            return []
        turns = range(min(3, max((len(one) for one in each), default=1)))
        bare = [recipes.made_of(path, name, [one[min(turn, len(one) - 1)] for one in each]) for turn in turns]
        if depth > 1:
            return bare
        return [*self._fed(node, path, bare[0], depth), *bare]

    def _maker_of(self, node: Node, path: str, depth: int = 0) -> tuple[Node, str] | None:
        for each in parts(part(node, "body")):
            if each.type == "method_definition" and text_of(part(each, "name")) == "constructor":
                return each, path
        for above in _extended(node) if depth < 5 else ():
            found = self.types.find(above, path)
            if found is not None:
                return self._maker_of(found[1], found[0], depth + 1)
        return None

    def _every_method(self, node: Node, path: str, depth: int = 0) -> dict[str, tuple[Node, str]]:
        found: dict[str, tuple[Node, str]] = {}
        for above in _extended(node) if depth < 5 else ():
            base = self.types.find(above, path)
            if base is not None:
                found.update(self._every_method(base[1], base[0], depth + 1))
        found.update({name: (each, path) for name, each in method_nodes(node).items()})
        return found

    def _fed(self, node: Node, path: str, bare: Recipe, depth: int) -> list[Recipe]:
        """The object after it was filled, and after something else was done to it."""
        adders: list[tuple[str, Node, str]] = []
        others: list[tuple[str, Node, str]] = []
        for name, (method, where) in self._every_method(node, path).items():
            how = how_it_changes(method, lambda root: root == "this")
            if how:
                (adders if how == "adds" else others).append((name, method, where))
        turns = [self.calls_of(name, method, where, depth, turns=3) for name, method, where in adders[:4]]
        fills = [call for calls in turns for call in calls[:2]]
        again = [call for calls in turns for call in calls]
        if not fills:
            return []
        later = [[*again, *self.calls_of(name, method, where, depth, turns=1)] for name, method, where in others[:3]]
        return [recipes.after(bare, calls) for calls in (again, fills, *later)]

    def calls_of(self, name: str, method: Node, path: str, depth: int, *, turns: int) -> list[tuple[str, list[Recipe]]]:
        """Calls of a function or method with other values each time."""
        every = parameters(method, path, needed=False)
        needed = len(parameters(method, path))
        each = [
            self.candidates(one, depth + 1) if one.note is not None or at < needed else []
            for at, one in enumerate(every)
        ]
        if not all(each[:needed]):
            return []
        told = [each[:needed] if turn == 0 or not all(each) else each for turn in range(turns)]
        return [(name, [one[turn % len(one)] for one in told[turn]]) for turn in range(turns)]

    def _produced(self, name: str, depth: int) -> list[Recipe]:
        """What functions of the program give that say that they give this."""
        found: list[Recipe] = []
        for path in self.paths if depth <= 2 else ():
            here = self.types.of(path)
            for function, node in here.functions.items() if here is not None else ():
                returns = part(node, "return_type")
                said = text_of(parts(returns)[0]) if returns is not None and parts(returns) else ""
                if said.removeprefix("Promise<").removesuffix(">").partition("<")[0] != name or function in self._busy:
                    continue
                self._busy.add(function)
                try:
                    each = [self.candidates(one, depth + 1) for one in parameters(node, path)]
                finally:
                    self._busy.discard(function)
                turns = range(2 if each and all(each) else 1 if all(each) else 0)
                found += [
                    recipes.got_from(path, function, [one[min(turn, len(one) - 1)] for one in each]) for turn in turns
                ]
        return found[:4]


def _extended(node: Node) -> list[str]:
    """The classes that one extends or implements."""
    found: list[str] = []
    for each in parts(node):
        if each.type == "class_heritage":
            for clause in parts(each):
                held = parts(clause) if clause.type.endswith("_clause") else [clause]
                found += [text_of(one).partition("<")[0] for one in held]
    return found


def fields_of(node: Node) -> list[str]:
    """The names of the fields that a class declares."""
    return [
        text_of(part(each, "name") or part(each, "property"))
        for each in parts(part(node, "body"))
        if each.type in {"public_field_definition", "field_definition"} or "get" in tokens(each)
    ]
