"""What an enacted script is given: values by the types and names of its parameters, and objects of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from coroom.checks.enactment.naming import NUMBERS, TEXTS, by_name, words_in
from coroom.checks.enactment.play import Recipe
from coroom.checks.enactment.script import recipes
from coroom.checks.enactment.script.declared import Type, note_of
from coroom.checks.enactment.script.making import DEEPEST, Making, fields_of
from coroom.checks.enactment.script.reading import field as part
from coroom.checks.enactment.script.reading import parts, text_of, unescaped
from coroom.checks.enactment.script.uses import Wanted, method_nodes
from coroom.checks.enactment.script.values import UNDEFINED

MANY = frozenset({"rows", "items", "list", "values", "names", "lines", "words", "records", "entries", "all"})
_LISTS = frozenset({"Array", "ReadonlyArray", "Iterable", "IterableIterator", "ArrayLike"})
_SAME = frozenset({"Readonly", "Required", "NonNullable", "Awaited", "NoInfer", "Mutable"})
_BARE: dict[str, tuple[Recipe, ...]] = {
    "boolean": (recipes.plain(True), recipes.plain(False)),
    "void": (recipes.plain(UNDEFINED),),
    "undefined": (recipes.plain(UNDEFINED),),
    "null": (recipes.plain(None),),
    "any": (recipes.plain("a"), recipes.plain(1.0)),
    "unknown": (recipes.plain("a"), recipes.plain(1.0)),
    "object": (recipes.record([("a", recipes.plain(1.0))]),),
}


@dataclass(slots=True)
class Inputs(Making):
    """What can be given to the functions of one tree. `numbers` and `texts` are what the function itself says."""

    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()

    def candidates(self, wanted: Wanted, depth: int = 0) -> list[Recipe]:
        """Values for a parameter, the likeliest first; empty when none is known."""
        if wanted.note is not None:
            found = self.of_type(wanted.note, wanted.name, depth)
            if not _says_nothing(wanted.note.node):
                return found
            return [*recipes.unsure(self._of_use(wanted, depth)), *recipes.unsure(found)]
        return recipes.unsure(self._of_use(wanted, depth))

    def of_type(self, wanted: Type, name: str, depth: int) -> list[Recipe]:  # noqa: C901, PLR0912 - one table of kinds
        """Values of a type."""
        node = wanted.node
        inner = parts(node)
        match node.type:
            case "predefined_type":
                return self._predefined(text_of(node), name)
            case "literal_type" | "string" | "number" | "true" | "false":
                return _literal(inner[0] if node.type == "literal_type" else node)
            case "parenthesized_type" | "readonly_type" | "optional_type" | "type_annotation":
                return self.of_type(self._in(inner[0], wanted), name, depth) if inner else []
            case "union_type":
                return self._united(wanted, name, depth)
            case "array_type":
                return self._list(self._in(inner[0], wanted), name, depth)
            case "tuple_type":
                each = [self.of_type(self._in(note_of(one) or one, wanted), name, depth + 1)[:1] for one in inner]
                return [recipes.row([one[0] for one in each])] if all(each) else []
            case "object_type" | "intersection_type" | "interface_declaration":
                return self._objects(wanted, depth)
            case "function_type" | "method_signature" | "constructor_type":
                return self._functions(wanted, depth)
            case "generic_type":
                return self._generic(wanted, name, depth)
            case "type_identifier" | "identifier":
                return self._named(wanted, name, depth)
            case "lookup_type":
                return self._looked_up(wanted, name, depth)
            case "index_type_query":
                return self._keys(wanted, depth)
            case "enum_declaration":
                return _members(node, wanted.path)
            case "class_declaration" | "abstract_class_declaration":
                return self._of_class(wanted, depth)
            case "template_literal_type":
                return [recipes.plain("a")]
        return []

    @staticmethod
    def _in(node: Node, around: Type) -> Type:
        return Type(node, around.path, around.given)

    def _predefined(self, kind: str, name: str) -> list[Recipe]:
        if kind == "string":
            return self._texts(name)
        if kind == "number":
            return self._numbers(name)
        return list(_BARE.get(kind, ()))

    def _texts(self, name: str) -> list[Recipe]:
        known = by_name(name, TEXTS)
        said = words_in(name)
        if not known and {"id", "key", "code", "sku"} & set(said):
            known = ("b2", "a1", "c3")
        elif not known and {"query", "search", "filter"} & set(said):
            known = ("red", "page=2&q=a", "b")
        found = dict.fromkeys((*(known or ("b", "a b", "A", "red")), *self.texts))
        return [recipes.plain(each) for each in found]

    def _numbers(self, name: str) -> list[Recipe]:
        found = dict.fromkeys(map(float, (*(by_name(name, NUMBERS) or (3, 10, 0)), *self.numbers)))
        return [recipes.plain(each) for each in found]

    def _united(self, wanted: Type, name: str, depth: int) -> list[Recipe]:
        options = [self.of_type(self._in(each, wanted), name, depth) for each in _options(wanted.node)]
        most = max((len(each) for each in options), default=0)
        found = [each[turn] for turn in range(most) for each in options if turn < len(each)]
        nothing = [each for each in found if each.shown in {"undefined", "null"}]
        return [*(each for each in found if each not in nothing), *nothing]

    def _list(self, inner: Type, name: str, depth: int) -> list[Recipe]:
        one = self.of_type(inner, _singular(name), depth + 1)[:4]
        if not one:
            return []
        return [
            recipes.row([*one[1:3], one[0]]),
            recipes.row([*one[:2], *one[:2]]),
            recipes.row([*reversed(one)]),
            recipes.row(one[:1]),
            recipes.row([]),
        ]

    def _objects(self, wanted: Type, depth: int) -> list[Recipe]:
        if depth > DEEPEST:
            return []
        every = self.types.fields(wanted)
        if wanted.node.type == "object_type" and any(each.type == "index_signature" for each in parts(wanted.node)):
            value = note_of(next(each for each in parts(wanted.node) if each.type == "index_signature"))
            return self._table(self._in(value, wanted), (), depth) if value is not None else []
        made: list[tuple[str, list[Recipe], bool]] = []
        for name, kind, optional in every:
            found = self.of_type(kind, name, depth + 1)
            if found:
                made.append((name, found, optional))
            elif not optional:
                return []
        turns = range(min(3, max((len(found) for _, found, _ in made), default=1)))
        full = [recipes.record([(name, found[turn % len(found)]) for name, found, _ in made]) for turn in turns]
        if any(optional for _, _, optional in made):
            bare = recipes.record([(name, found[0]) for name, found, optional in made if not optional])
            full.insert(1, bare)
        return full

    def _table(self, value: Type, keys: Sequence[str], depth: int) -> list[Recipe]:
        values = self.of_type(value, "value", depth + 1)
        if not values:
            return []
        names = keys or self._ids(value, depth) or ("b", "a")
        full = recipes.record([(name, values[at % len(values)]) for at, name in enumerate(names)])
        return [full] if keys else [full, recipes.record([])]

    def _ids(self, value: Type, depth: int) -> tuple[str, ...]:
        """What entries of a table are likely to be found under: what they are called themselves."""
        for name, kind, _ in self.types.fields(value):
            if name in {"id", "key"}:
                return tuple(each.shown.strip('"') for each in self.of_type(kind, name, depth + 2)[:3])
        return ()

    def _functions(self, wanted: Type, depth: int) -> list[Recipe]:
        given = part(wanted.node, "return_type")
        if given is not None and given.type == "type_annotation":
            given = parts(given)[0]
        if given is None or given.type in {"type_predicate", "asserts"}:
            return [recipes.calling(recipes.plain(True)), recipes.calling(recipes.plain(False))]
        found = self.of_type(self._in(given, wanted), "value", depth + 1) if depth <= DEEPEST else []
        return [recipes.calling(each) for each in found[:3]]

    def _generic(self, wanted: Type, name: str, depth: int) -> list[Recipe]:
        said = text_of(part(wanted.node, "name"))
        given = [self._in(each, wanted) for each in parts(part(wanted.node, "type_arguments"))]
        if said in wanted.given or not given or depth > DEEPEST + 1:
            return []
        if said in _LISTS:
            return self._list(given[0], name, depth)
        if said in _SAME:
            return self.of_type(given[0], name, depth)
        if said in {"Set", "ReadonlySet"}:
            one = self.of_type(given[0], _singular(name), depth + 1)[:3]
            return [recipes.bag([(each, each) for each in one], is_map=False)] if one else []
        if said in {"Map", "ReadonlyMap"}:
            keys, values = (self.of_type(each, "key", depth + 1)[:3] for each in given[:2])
            pairs = [(key, values[at % len(values)]) for at, key in enumerate(keys)] if values else []
            return [recipes.bag(pairs, is_map=True)] if pairs else []
        if said == "Record":
            said_keys = tuple(text.shown.strip('"') for text in self.of_type(given[0], "key", depth + 1))
            fixed = given[0].node.type != "predefined_type"
            return self._table(given[1], said_keys if fixed else self._ids(given[1], depth) or ("b", "a", "c"), depth)
        if said == "Promise":
            return [recipes.promise(each) for each in self.of_type(given[0], name, depth)[:3]]
        if said in {"Partial", "Pick", "Omit", "Exclude", "Extract"}:
            return self._changed(said, given, name, depth)
        return self._named(wanted, name, depth)

    def _changed(self, said: str, given: list[Type], name: str, depth: int) -> list[Recipe]:
        if said in {"Exclude", "Extract"}:
            without = {each.shown for each in self.of_type(given[1], name, depth)}
            found = self.of_type(given[0], name, depth)
            return [each for each in found if (each.shown in without) is (said == "Extract")]
        picked = {each.shown.strip('"') for each in self.of_type(given[1], "key", depth)} if len(given) > 1 else set()
        made: list[tuple[str, list[Recipe]]] = []
        for field_name, kind, _ in self.types.fields(given[0]):
            if said != "Partial" and (field_name in picked) is not (said == "Pick"):
                continue
            made.append((field_name, self.of_type(kind, field_name, depth + 1)))
        if not all(found for _, found in made):
            return []
        turns = range(min(3, max((len(found) for _, found in made), default=1)))
        full = [recipes.record([(each, found[turn % len(found)]) for each, found in made]) for turn in turns]
        return [*full, *([recipes.record([])] if said == "Partial" else [])]

    def _looked_up(self, wanted: Type, name: str, depth: int) -> list[Recipe]:
        held = parts(wanted.node)
        if len(held) != 2:
            return []
        key = text_of(held[1]).strip("\"'")
        if key == "number":
            kind = self.types.meant(self._in(held[0], wanted)) or self._in(held[0], wanted)
            if kind.node.type == "array_type":
                return self.of_type(self._in(parts(kind.node)[0], kind), name, depth)
            return []
        for field_name, kind, _ in self.types.fields(self._in(held[0], wanted)):
            if field_name == key:
                return self.of_type(kind, name, depth)
        return []

    def _keys(self, wanted: Type, depth: int) -> list[Recipe]:
        inner = parts(wanted.node)[0]
        if inner.type == "type_query":
            here = self.types.of(wanted.path)
            value = (
                part(here.values[text_of(parts(inner)[0])], "value")
                if (here is not None and text_of(parts(inner)[0]) in here.values)
                else None
            )
            while value is not None and value.type in {"as_expression", "satisfies_expression"}:
                value = parts(value)[0]
            pairs = [part(each, "key") for each in parts(value) if each.type == "pair"] if value is not None else []
            return [recipes.plain(text_of(each).strip("\"'")) for each in pairs if each is not None]
        del depth
        return [recipes.plain(each) for each, _, _ in self.types.fields(self._in(inner, wanted))]

    def _named(self, wanted: Type, name: str, depth: int) -> list[Recipe]:
        said = text_of(wanted.node) if wanted.node.type != "generic_type" else text_of(part(wanted.node, "name"))
        if said == "Date":
            return [
                recipes.moment(1_709_294_400_000.0, "2024-03-01"),
                recipes.moment(1_709_164_800_000.0, "2024-02-29"),
            ]
        if said in _LISTS:
            return [recipes.row([recipes.plain("b"), recipes.plain("a")])]
        found = self.types.meant(wanted)
        if found is None or f"{said}{depth}" in self._busy or depth > DEEPEST + 1:
            return [recipes.plain(2.0), recipes.plain("a")] if len(said) <= 2 and found is None else []
        self._busy.add(f"{said}{depth}")
        try:
            if found.node.type in {"interface_declaration", "object_type"}:
                return self._of_interface(said, found, depth)
            return self.of_type(found, name, depth)
        finally:
            self._busy.discard(f"{said}{depth}")

    def _of_interface(self, said: str, found: Type, depth: int) -> list[Recipe]:
        """Of what says only which methods there are: what a class or function of the program makes."""
        fields = self.types.fields(found)
        methods = {name for name, kind, _ in fields if kind.node.type in {"method_signature", "function_type"}}
        if not methods:
            return self._objects(found, depth)
        made = self._produced(said, depth)
        signatures = {
            name: kind.node for name, kind, _ in fields if kind.node.type in {"method_signature", "function_type"}
        }
        if made and depth <= 1:
            made = [*self._filled(made[0], signatures, found.path, depth), *made]
        for path, node in self._classes():
            if methods <= set(method_nodes(node)) and len(made) < 6:
                made += self._of_class(Type(node, path), depth)[:3]
        return made or self._objects(found, depth)

    def _of_use(self, wanted: Wanted, depth: int) -> list[Recipe]:
        """Candidates for a parameter without a type: objects of what has all that it is asked for, else by its name."""
        found: list[Recipe] = []
        if wanted.asked:
            for path, node in self._classes():
                offered = set(self._every_method(node, path)) | set(fields_of(node))
                if wanted.asked <= offered:
                    found += self._of_class(Type(node, path), depth)[:3]
        if found:
            return found
        if "called" in wanted.hints:
            return [recipes.calling(recipes.plain(1.0)), recipes.calling(recipes.plain(UNDEFINED))]
        if wanted.asked and not wanted.asked & _OF_LISTS and not wanted.asked & _OF_TEXTS:
            pairs = [(each, self._by_name(each)[0]) for each in sorted(wanted.asked)]
            return [recipes.record(pairs)]
        if "many" in wanted.hints or wanted.asked & _OF_LISTS or set(words_in(wanted.name)) & MANY:
            one = self._by_name(_singular(wanted.name))[:3]
            return [recipes.row([*one[1:], one[0]]), recipes.row([])]
        if "number" in wanted.hints:
            return self._numbers(wanted.name)
        found = self._by_name(wanted.name)
        one = self._by_name(_singular(wanted.name))[:3]
        listed = [recipes.row([*one[1:], one[0]]), recipes.row([])]
        return [*listed, *found] if _singular(wanted.name) != wanted.name else [*found[:4], *listed, *found[4:]]

    def _by_name(self, name: str) -> list[Recipe]:
        return self._numbers(name) if by_name(name, NUMBERS) else self._texts(name)


_OF_LISTS = frozenset({"map", "filter", "reduce", "forEach", "push", "some", "every", "find", "join", "sort"})
_OF_TEXTS = frozenset({"split", "trim", "toUpperCase", "toLowerCase", "replace", "startsWith", "padStart"})


def _says_nothing(node: Node) -> bool:
    return node.type == "predefined_type" and text_of(node) in {"any", "unknown", "object"}


def _options(node: Node) -> list[Node]:
    return [one for each in parts(node) for one in (_options(each) if each.type == "union_type" else [each])]


def _literal(node: Node) -> list[Recipe]:
    text = text_of(node)
    match node.type:
        case "string":
            return [recipes.plain(unescaped(text[1:-1]))]
        case "number" | "unary_expression":
            return [recipes.plain(float(text.replace("_", "")))]
        case "true" | "false":
            return [recipes.plain(node.type == "true")]
        case "null":
            return [recipes.plain(None)]
        case "undefined":
            return [recipes.plain(UNDEFINED)]
    return []


def _members(node: Node, path: str) -> list[Recipe]:
    name = text_of(part(node, "name"))
    found = [part(each, "name") if each.type == "enum_assignment" else each for each in parts(part(node, "body"))]
    return [recipes.member(path, name, text_of(each).strip("\"'")) for each in found[:4]]


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and len(name) > 2 else name
