"""What an enacted script is given: values by the types and names of its parameters, and objects of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from coroom.checks.enactment.naming import NUMBERS, TEXTS, by_name, words_in
from coroom.checks.enactment.play import Recipe
from coroom.checks.enactment.script import recipes
from coroom.checks.enactment.script.declared import Type, Types, note_of
from coroom.checks.enactment.script.reading import field as part
from coroom.checks.enactment.script.reading import parts, text_of, tokens, unescaped
from coroom.checks.enactment.script.uses import Wanted, how_it_changes, method_nodes, parameters
from coroom.checks.enactment.script.values import UNDEFINED

DEEPEST = 4
"""Objects in objects."""
MANY = frozenset({"rows", "items", "list", "values", "names", "lines", "words", "records", "entries", "all"})
CLASSES = frozenset({"class_declaration", "abstract_class_declaration"})
_LISTS = frozenset({"Array", "ReadonlyArray", "Iterable", "IterableIterator", "ArrayLike"})
_SAME = frozenset({"Readonly", "Required", "NonNullable", "Awaited", "NoInfer", "Mutable"})
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
class Inputs:
    """What can be given to the functions of one tree. `paths` are the files whose classes and functions are at hand;
    `numbers` and `texts` are what the function itself says.
    """

    types: Types
    paths: Sequence[str]
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    _busy: set[str] = field(default_factory=set)

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

    def _of_use(self, wanted: Wanted, depth: int) -> list[Recipe]:
        """Candidates for a parameter without a type: objects of what has all that it is asked for, else by its name."""
        found: list[Recipe] = []
        if wanted.asked:
            for path, node in self._classes():
                offered = set(self._every_method(node, path)) | set(_fields_of(node))
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


def _extended(node: Node) -> list[str]:
    """The classes that one extends or implements."""
    found: list[str] = []
    for each in parts(node):
        if each.type == "class_heritage":
            for clause in parts(each):
                held = parts(clause) if clause.type.endswith("_clause") else [clause]
                found += [text_of(one).partition("<")[0] for one in held]
    return found


def _fields_of(node: Node) -> list[str]:
    return [
        text_of(part(each, "name") or part(each, "property"))
        for each in parts(part(node, "body"))
        if each.type in {"public_field_definition", "field_definition"} or "get" in tokens(each)
    ]
