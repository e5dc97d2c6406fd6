"""What annotations say: shapes, read from their text in the module that they stand in."""

import re
from collections.abc import Mapping

from coroom.checks.inference.shapes import NONE, READONLY, UNKNOWN, Shape, union
from coroom.checks.inference.standard import kind_named
from coroom.checks.program import Program
from coroom.syntax import Class, Module, Term

_TOKEN = re.compile(r"[\w$.]+|\[\]|[\[\]<>|,(){}&]|\"[^\"]*\"|'[^']*'|=>|\S")

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
