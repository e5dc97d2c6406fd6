"""What values can be: shapes, read from annotations, and what each kind of value can do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from coroom.checks.inference.abilities import (
    ABILITIES,
    ATTRIBUTES,
    DUNDERS,
    OF_EVERYBODY,
    OF_OBJECTS,
    SCRIPT_ATTRIBUTES,
)
from coroom.checks.inference.standard import ABILITIES as STANDARD_ABILITIES
from coroom.checks.inference.standard import ATTRIBUTES as STANDARD_ATTRIBUTES
from coroom.checks.inference.standard import STANDARD, kind_named
from coroom.checks.program import Program
from coroom.syntax import Class, Module, Term

_TOKEN = re.compile(r"[\w$.]+|\[\]|[\[\]<>|,(){}&]|\"[^\"]*\"|'[^']*'|=>|\S")


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
BOOL, INT, FLOAT, STR, BYTES = Shape("bool"), Shape("int"), Shape("float"), Shape("str"), Shape("bytes")
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
        flat[Shape("record", "", (), keys)] = None
    for each in [one for one in flat if one.kind in _COLLECTIONS and not one.of and not one.ref]:
        # An empty one, which says nothing of what the others hold.
        if any(one.kind == each.kind and one.of for one in flat):
            del flat[each]
    if not flat or UNKNOWN in flat or len(flat) > _WIDEST:
        return UNKNOWN
    return next(iter(flat)) if len(flat) == 1 else Shape("union", "", tuple(flat))


_PLAIN: Mapping[str, str] = {
    "int": "int", "float": "float", "str": "str", "bool": "bool", "bytes": "bytes", "complex": "float",
    "None": "none", "list": "list", "List": "list", "dict": "dict", "Dict": "dict", "set": "set", "Set": "set",
    "frozenset": "set", "FrozenSet": "set", "tuple": "tuple", "Tuple": "tuple", "Iterator": "iterator",
    "Generator": "iterator", "AsyncIterator": "stream", "AsyncGenerator": "stream", "Awaitable": "awaitable",
    "Coroutine": "awaitable", "Counter": "dict", "defaultdict": "dict", "OrderedDict": "dict", "deque": "list",
    "number": "int", "string": "str", "boolean": "bool", "void": "none", "undefined": "none", "null": "none",
    "Array": "array", "ReadonlyArray": "array", "Promise": "awaitable", "Map": "map", "ReadonlyMap": "map",
    "ReadonlySet": "set", "Record": "dict", "NoReturn": "never", "never": "never",
}  # fmt: skip
_OF_SCRIPTS: Mapping[str, str] = {**_PLAIN, "Date": "date"}
_THROUGH = frozenset({"Final", "ClassVar", "Annotated", "Required", "NotRequired", "Readonly", "Partial", "Type"})


class Notes:
    """Reads what annotations say, in the module that they stand in."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._kept: dict[tuple[str, str], Shape] = {}

    def shape(self, note: str, module: Module, depth: int = 0) -> Shape:
        """The shape that an annotation means; unknown when it is empty, `Any`, or not understood."""
        if not note or depth > 6:
            return UNKNOWN
        at = (note, module.path)
        if at not in self._kept:
            self._kept[at] = UNKNOWN
            self._kept[at] = _Parse(_TOKEN.findall(note), module, self._program, self, depth).whole()
        return self._kept[at]


class _Parse:
    def __init__(self, pieces: list[str], module: Module, program: Program, notes: Notes, depth: int) -> None:
        self._pieces = pieces
        self._at = 0
        self._module = module
        self._program = program
        self._notes = notes
        self._depth = depth

    def whole(self) -> Shape:
        found = self._union()
        return found if self._at >= len(self._pieces) else UNKNOWN

    def _peek(self) -> str:
        return self._pieces[self._at] if self._at < len(self._pieces) else ""

    def _take(self) -> str:
        found = self._peek()
        self._at += 1
        return found

    def _union(self) -> Shape:
        if self._peek() == "|":
            self._take()
        found = [self._one()]
        while self._peek() == "|":
            self._take()
            found.append(self._one())
        literals = [each for each in found if each.kind == "str" and each.keys]
        if len(found) > 1 and all(each.ref == "wanted" for each in found):
            return _one_of_records(found)
        if len(literals) == len(found) and len(found) > 1:
            return Shape("str", "", (), frozenset[str]().union(*(each.keys or frozenset() for each in literals)))
        return union(found)

    def _one(self) -> Shape:
        piece = self._take()
        if piece == "(":
            found = self._union()
            if self._take() != ")" or self._peek() == "=>":
                self._at = len(self._pieces)
                return UNKNOWN
        elif piece == "{":
            found = self._mapped() if self._peek() == "[" else self._object()
        elif piece == "[" and self._module.language == "script":
            found = self._tuple()
        elif piece == READONLY and self._module.language == "script":
            found = self._one()
            return Shape(found.kind, READONLY, found.of) if found.kind in {"array", "tuple"} else found
        elif piece[:1] in {'"', "'"}:
            inner = piece[1:-1]
            quoted = self._module.language == "python" and inner.isidentifier()
            found = self._named(inner, ()) if quoted else Shape("str", "", (), frozenset({inner}))
        elif re.match(r"[\w$]", piece):
            found = self._named(piece, self._arguments())
        else:
            self._at = len(self._pieces)
            return UNKNOWN
        if self._module.language == "script" and self._peek() == "[" and self._ahead()[:1] in {'"', "'"}:
            found = self._indexed(found)
        while self._peek() == "[]":
            self._take()
            found = Shape("array", "", (found,))
        return found

    def _ahead(self) -> str:
        return self._pieces[self._at + 1] if self._at + 1 < len(self._pieces) else ""

    def _indexed(self, held: Shape) -> Shape:
        """`Todo["priority"]`."""
        self._take()
        name = self._take()[1:-1]
        self._take()
        owner = self._program.class_at(held.ref) if held.kind == "instance" else None
        home = self._program.module(owner.path) if owner is not None else None
        if owner is None or home is None or name not in owner.fields:
            return UNKNOWN
        return self._notes.shape(owner.fields[name].note, home, self._depth + 1)

    def _tuple(self) -> Shape:
        """`[number, string]`; one with names, a rest or what may be left out is not told."""
        found: list[Shape] = []
        while self._peek() not in {"]", ""}:
            found.append(self._union())
            if self._peek() == ",":
                self._take()
            elif self._peek() != "]":
                self._at = len(self._pieces) + 1
        self._take()
        return Shape("tuple", "", tuple(found))

    def _mapped(self) -> Shape:
        """`{ [each in Unit]: string }`: what has something for each of them."""
        self._at += 2
        if self._pieces[self._at - 1 : self._at] != ["in"]:
            if self._pieces[self._at : self._at + 1] != ["in"]:
                self._at -= 2
                self._object()
                return Shape("dict")
            self._at += 1
        keys = self._union()
        if self._take() != "]" or self._take() != ":":
            self._at = len(self._pieces)
            return UNKNOWN
        value = self._union()
        self._take()
        return Shape("dict", "total", (keys, value), keys.keys) if keys.keys else Shape("dict")

    def _object(self) -> Shape:
        """`{ title: string; due?: Date }`: what must be there."""
        needed: dict[str, Shape] = {}
        more: set[str] = set()
        depth, before = 1, "{"
        while depth and self._peek():
            piece = self._take()
            named = depth == 1 and re.match(r"[\w$]+\Z", before)
            if named and piece == ":":
                said, after = self._peek(), self._ahead()
                literal = said[:1] in {'"', "'"} and after in {";", ",", "}"}
                needed[before] = Shape("str", "", (), frozenset({said[1:-1]})) if literal else UNKNOWN
            elif named and piece in {"?", "("}:
                more.add(before)
            depth += (piece in {"{", "(", "["}) - (piece in {"}", ")", "]"})
            before = piece
        of = tuple(needed[each] for each in sorted(needed))
        return Shape("record", "wanted", of, frozenset(needed), (), frozenset(more))

    def _arguments(self) -> tuple[Shape, ...]:
        if self._peek() not in ({"<"} if self._module.language == "script" else {"["}):
            return ()
        end = "]" if self._take() == "[" else ">"
        found: list[Shape] = []
        while self._peek() not in {end, ""}:
            if self._peek() == ",":
                self._take()
                continue
            if self._peek() in {"[", "..."}:
                self._skip()
                found.append(UNKNOWN)
                continue
            found.append(self._union())
        self._take()
        return tuple(found)

    def _skip(self) -> None:
        depth = 0
        while self._peek():
            piece = self._take()
            depth += (piece == "[") - (piece == "]")
            if depth <= 0:
                return

    def _named(self, name: str, inside: tuple[Shape, ...]) -> Shape:
        last = name.rpartition(".")[2]
        if last == "Optional" and inside:
            return union((*inside, NONE))
        if last == "Union":
            return union(inside)
        if last == "Literal":
            keys = [each.keys for each in inside]
            return Shape("str", "", (), frozenset[str]().union(*(each or frozenset() for each in keys)))
        if last in _THROUGH:
            return inside[0] if inside and last not in {"Partial", "Type"} else UNKNOWN
        meant = self._program.meaning(name, self._module) if "." not in name else self._dotted(name)
        if isinstance(meant, Class):
            return Shape("instance", f"{meant.path}#{meant.name}")
        if isinstance(meant, Term):
            if meant.kind == "alias":
                place = self._home(name)
                return self._notes.shape(meant.note, place, self._depth + 1)
            return UNKNOWN
        script = self._module.language == "script"
        kind = _OF_SCRIPTS.get(last) if script else kind_named(name, self._module) or _PLAIN.get(last)
        if kind is None:
            return UNKNOWN
        closed = READONLY if last.startswith("Readonly") else ""
        if kind == "array":
            return Shape("array", closed, inside or (UNKNOWN,))
        if kind == "tuple" and len(inside) == 2 and inside[1] == UNKNOWN:
            return Shape("tuple", "", ())
        if kind == "dict" and inside and inside[0].kind == "str" and inside[0].keys:
            return Shape("dict", "total", inside, inside[0].keys)
        return Shape(kind, closed, inside)

    def _dotted(self, name: str) -> object:
        head, _, rest = name.partition(".")
        there = self._program.meaning(head, self._module)
        return self._program.meaning(rest, there) if isinstance(there, Module) and "." not in rest else None

    def _home(self, name: str) -> Module:
        """The module that declares an alias: what its annotation names is to be looked for there."""
        module = self._module
        for _ in range(8):
            if name in module.aliases or name not in module.imports:
                return module
            spec, there = module.imports[name]
            place = self._program.place_of(spec, module)
            other = self._program.module(place) if place is not None else None
            if other is None:
                return module
            module, name = other, there
        return module


def _one_of_records(found: list[Shape]) -> Shape:
    """What is one of several records; a text that tells them apart is one of those that they say."""
    keys = frozenset[str]().union(*(each.keys or frozenset() for each in found))
    of: list[Shape] = []
    for key in sorted(keys):
        told = [each.entry(key) for each in found]
        literals = [each.keys for each in told if each.kind == "str" and each.keys]
        texts = frozenset[str]().union(*literals) if len(literals) == len(found) else frozenset[str]()
        of.append(Shape("str", "", (), texts) if texts else UNKNOWN)
    more = frozenset[str]().union(*(each.more for each in found))
    return Shape("record", "wanted", tuple(of), keys, tuple(found), more)


def can(shape: Shape, ability: str, program: Program, *, script: bool) -> bool | None:
    """Whether values of this shape can do this; None when that is not known.

    A union can when each of its members can.
    """
    if shape.kind == "union":
        found = [can(each, ability, program, script=script) for each in shape.of]
        return False if False in found else None if None in found else True
    if shape.kind == "instance":
        return _instance_can(shape, ability, program, script=script)
    if ability == "await" and script:
        return True
    if script and shape.kind in {"none", "awaitable"}:
        return ability not in {"index", "slice", "call", "iterate", "len", *"+-*/%<"}
    if script and shape.kind in {"array", "map", "set", "int", "bool"}:
        return None if ability != "call" else False
    if script and ability == "call" and shape.kind in {"str", "record"}:
        return False
    if ability == "hash":
        return _is_hashable(shape, program) if not script else None
    if not script and shape.kind in STANDARD:
        return ability in STANDARD_ABILITIES[shape.kind]
    if script or shape.kind not in ABILITIES:
        return None
    return ability in ABILITIES[shape.kind]


def _is_hashable(shape: Shape, program: Program) -> bool | None:
    """Whether values can be members of a set and keys of a dictionary."""
    if shape.kind == "tuple":
        return False if any(_is_hashable(each, program) is False for each in shape.of) else None
    return False if shape.kind in {"list", "set", "dict", "record"} else None


def _has_no_hash(owner: Class) -> bool:
    """Whether a class says what its instances are equal to, and not how they are hashed."""
    made = [mark for mark in owner.term.marks if (mark.parts[0] if mark.kind == "call" else mark).text == "dataclass"]
    told = {option for mark in made for option in _options(mark)}
    equal = "__eq__" in owner.methods or (bool(made) and ("eq", "False") not in told)
    hashed = "__hash__" in {*owner.methods, *owner.fields} or told & {("frozen", "True"), ("unsafe_hash", "True")}
    return equal and not hashed


def _instance_can(shape: Shape, ability: str, program: Program, *, script: bool) -> bool | None:
    owner = program.class_at(shape.ref)
    if owner is None:
        return None
    bases, whole = program.bases_of(owner)
    names = {name for each in (owner, *bases) for name in each.methods}
    if ability == "hash":
        return False if not script and whole and not owner.is_enum and _has_no_hash(owner) else None
    if script:
        return {"call": False}.get(ability) if not owner.term.flags & {"interface"} else None
    if owner.is_enum or not whole:
        return None
    if owner.tuple_of and ability in ABILITIES["tuple"]:
        return True
    if any(mark.text == "total_ordering" or ("order", "True") in _options(mark) for mark in owner.term.marks):
        return None
    wanted = DUNDERS.get(ability)
    return None if wanted is None else bool(names & set(wanted))


def _options(mark: Term) -> set[tuple[str, str]]:
    return {(each.text, each.parts[0].text) for each in mark.parts if each.kind == "keyword"}


def has(shape: Shape, name: str, program: Program, *, script: bool) -> bool | None:
    """Whether values of this shape have an attribute; None when that is not known."""
    if shape.kind == "union":
        found = [has(each, name, program, script=script) for each in shape.of]
        return False if False in found else None if None in found else True
    if shape.kind in {"instance", "class"}:
        owner = program.class_at(shape.ref)
        if owner is None:
            return None
        if program.member(owner, name) is not None:
            return True
        whole = program.bases_of(owner)[1]
        known = (
            name.startswith("__") or (owner.is_enum and name in {"name", "value", "_value_"}) or name in OF_EVERYBODY
        )
        if owner.tuple_of and name in ATTRIBUTES["tuple"] | {"_asdict", "_replace", "_fields", "_make"}:
            return True
        if script and name in OF_OBJECTS | {"prototype", "name", "length"}:
            return True
        return None if known or not whole else False
    if shape.kind == "record" and script:
        return name in (shape.keys or ()) or name in shape.more or name in OF_OBJECTS
    table = SCRIPT_ATTRIBUTES if script else STANDARD_ATTRIBUTES if shape.kind in STANDARD else ATTRIBUTES
    return name in table[shape.kind] if shape.kind in table else None
