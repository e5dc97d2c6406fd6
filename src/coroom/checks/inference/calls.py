"""What a call gives: of built-ins, of methods of built-in kinds, of the standard library."""

from collections.abc import Mapping

from coroom.checks.inference.asking import names_in
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.defined import Arguments, defined
from coroom.checks.inference.demands import demanded, dotted, ordered, put_in
from coroom.checks.inference.shapes import BOOL, FLOAT, INT, NONE, STR, UNKNOWN, Names, Shape, union
from coroom.checks.inference.standard import STANDARD, kind_called, kind_of, qualified
from coroom.checks.inference.templates import formatted, laid_out
from coroom.checks.inference.zones import zone_kept, zone_made
from coroom.syntax import Term

_FIXED: Mapping[str, Shape] = {
    "len": INT, "str": STR, "repr": STR, "int": INT, "float": FLOAT, "bool": BOOL, "isinstance": BOOL, "hash": INT,
    "callable": BOOL, "any": BOOL, "all": BOOL, "ord": INT, "chr": STR, "hasattr": BOOL, "format": STR,
    "print": NONE, "issubclass": BOOL, "String": STR, "Number": INT, "Boolean": BOOL, "parseInt": INT,
    "parseFloat": INT,
}  # fmt: skip
_MADE: Mapping[str, str] = {
    "list": "list", "sorted": "list", "set": "set", "frozenset": "set", "tuple": "tuple", "reversed": "iterator",
    "iter": "iterator", "map": "iterator", "filter": "iterator", "zip": "iterator", "enumerate": "iterator",
}  # fmt: skip
_GOES_THROUGH = frozenset({*_MADE, "sum", "min", "max", "any", "all"}) - {"map", "filter"}
_TEXT: Mapping[str, Shape] = {
    **dict.fromkeys(
        ("lower", "upper", "strip", "lstrip", "rstrip", "replace", "title", "join", "format", "zfill", "ljust", "rjust",
         "capitalize", "casefold", "removeprefix", "removesuffix", "center", "toLowerCase", "toUpperCase", "trim",
         "slice", "padStart", "padEnd", "substring", "repeat", "charAt"), STR),
    **dict.fromkeys(("startswith", "endswith", "isdigit", "isalpha", "startsWith", "endsWith", "includes"), BOOL),
    **dict.fromkeys(("find", "index", "count", "rfind", "indexOf", "lastIndexOf"), INT),
    "encode": Shape("bytes"),
}  # fmt: skip


def call(checker: Checker, term: Term, names: Names) -> Shape:
    """The shape of a call's result."""
    called = term.parts[0]
    first = term.parts[1] if len(term.parts) > 1 else None
    handed = _handed(checker, called, names, first)
    arguments = [_argument(checker, each, names, handed, called.text) for each in term.parts[1:]]
    if called.kind == "name" and called.text not in names and _is_built_in(checker, called.text):
        return _built_in(checker, term, arguments)
    library = _of_library(checker, term, names, arguments)
    if library is not None:
        return library
    if called.kind == "member" and called.text == "group" and all(each.kind == "number" for each in term.parts[1:]):
        checker.value(called.parts[0], names)
        return STR
    if called.kind == "member":
        held = checker.value(called.parts[0], names)
        if held == UNKNOWN:
            held = _told_by_keywords(checker, term)
        if held == UNKNOWN:
            held = checker.told_by_use(called)
        if called.text == "format" and held.kind == "str" and not checker.script:
            formatted(checker, term, names)
        known = checker.attribute(called, held, called.text) if held.kind != "module" else checker.value(called, names)
        found = [_method(checker, term, each, called.text, arguments) for each in held.options]
        _grown(checker, term, held, names, arguments)
        if called.text == "map" and held.kind == "array" and arguments and arguments[0].of:
            return Shape("array", "", arguments[0].of)
        if known.kind in {"function", "class"} or held.kind in {"instance", "class", "module"}:
            return defined(checker, term, known, arguments)
        return union(found)
    return defined(checker, term, checker.value(called, names), arguments)


def _grown(checker: Checker, term: Term, held: Shape, names: Names, arguments: Arguments) -> None:
    """A collection under a local name holds from here on what is put into it, too."""
    called = term.parts[0]
    holder = called.parts[0]
    wanted = {"append": "list", "extend": "list", "add": "set"}.get(called.text)
    if checker.script or held.kind != wanted or held.ref or len(arguments) != 1 or holder.kind != "name":
        return
    if holder.text not in names:
        return
    put = arguments[0]
    if called.text == "extend":
        put = checker.inside(put)
    names[holder.text] = Shape(held.kind, "", (union((*held.of, put)),))


_OF_BUILT_INS = frozenset({"key", "reverse", "sep", "maxsplit", "keepends", "encoding", "errors", "default", "timeout"})


def _told_by_keywords(checker: Checker, term: Term) -> Shape:
    """What has a method that is called with these keywords, where one class of the tree alone has one."""
    keywords = frozenset(each.text for each in term.parts[1:] if each.kind == "keyword")
    if checker.script or not keywords - _OF_BUILT_INS:
        return UNKNOWN
    name = f"{term.parts[0].text}({', '.join(sorted(keywords))})"
    return checker.reading.guess(checker.module.path, checker.within, name, frozenset({term.parts[0].text}), keywords)


_OF_SCRIPTS: Mapping[str, Shape] = {
    "JSON.stringify": STR, "Math.floor": INT, "Math.ceil": INT, "Math.round": INT, "Date.now": INT,
}  # fmt: skip
_LISTS: Mapping[str, Shape] = {"re.findall": Shape("list"), "re.split": Shape("list", "", (STR,))}


def _of_library(checker: Checker, term: Term, names: Names, arguments: Arguments) -> Shape | None:
    """What a well-known function of a standard library gives; None for any other."""
    called = term.parts[0]
    name = dotted(called)
    head = name.partition(".")[0]
    if not name or head in names:
        return None
    if checker.script:
        outside = head not in checker.module.imports and head not in checker.module.names()
        return _OF_SCRIPTS.get(name) if outside else None
    known = qualified(name, checker.module)
    if not known or checker.program.meaning(head, checker.module) is not None:
        return None
    demanded(checker, term, known, arguments)
    kind = kind_called(name, checker.module)
    if kind == "datetime":
        return Shape(kind, zone_made(known, term, checker.module, checker.program))
    return Shape(kind) if kind else _LISTS.get(known)


_ASKING = frozenset({"filter", "some", "every", "find", "findIndex", "findLast"})
_BY_KEY = frozenset({"sorted", "min", "max"})
_HANDING = _ASKING | {"map", "forEach", "flatMap", "sort", "toSorted", "reduce"}


def _handed(checker: Checker, called: Term, names: Names, first: Term | None) -> tuple[Shape, ...]:
    """What an array's method, or `sorted` and its like, hands to the function that it is given."""
    if called.kind == "name" and called.text in _BY_KEY and not checker.script and first is not None:
        with checker.silent():
            return (checker.inside(checker.value(first, names)),)
    if called.kind != "member" or called.text not in _HANDING or not checker.script:
        return ()
    with checker.silent():
        held = checker.value(called.parts[0], names)
    if any(each.kind != "array" for each in held.options):
        return ()
    element = checker.inside(held)
    if called.text == "reduce":
        return (UNKNOWN, element, INT)
    return (element, element) if called.text in {"sort", "toSorted"} else (element, INT)


def _argument(checker: Checker, each: Term, names: Names, handed: tuple[Shape, ...], method: str) -> Shape:
    if each.kind == "keyword":
        each = each.parts[0]
    if each.kind != "function":
        return checker.value(each, names)
    found = checker.closure(each, names, handed)
    if method in _ASKING and any(one.kind == "awaitable" for one in found.options):
        said = f"what {method}() is given returns a promise, which is always true"
        checker.doubt("type-changed", each, method, said)
    return Shape("callable", "", (found,))


def _is_built_in(checker: Checker, name: str) -> bool:
    return (name in _FIXED or name in _MADE or name in _OTHERS) and checker.program.meaning(
        name, checker.module
    ) is None


_OTHERS = frozenset(
    {"sum", "min", "max", "dict", "next", "round", "abs", "range", "setattr", "getattr", "super", "type", "vars"}
)


def _built_in(checker: Checker, term: Term, arguments: Arguments) -> Shape:
    name, given = term.parts[0].text, term.parts[1:]
    first = arguments[0] if arguments else UNKNOWN
    if not checker.script and given:
        _demand(checker, name, given, first)
    if name in _FIXED:
        return _FIXED[name]
    several = name in {"min", "max"} and sum(each.kind != "keyword" for each in given) > 1
    if name in _GOES_THROUGH and given and not several:
        element = checker.iterated(given[0], first)
        ordered(checker, term, name, element, arguments)
        if name in {"set", "frozenset"}:
            checker.need(element, "hash", given[0])
        if name in {"min", "max", "sum"}:
            if name == "sum":
                _summed(checker, given[0], element, len(given))
            return element
        if name == "enumerate":
            return Shape("iterator", "", (Shape("tuple", "", (INT, element)),))
        if name == "zip":
            return Shape("iterator")
        return Shape(_MADE[name], "", (element,)) if _MADE[name] != "tuple" else Shape("tuple")
    return _other_built_in(checker, term, arguments)


def _other_built_in(checker: Checker, term: Term, arguments: Arguments) -> Shape:
    name, given = term.parts[0].text, term.parts[1:]
    first = arguments[0] if arguments else UNKNOWN
    if name == "setattr" and len(given) == 3 and given[1].kind == "string":
        checker.set_member(Term("member", given[1].text, (given[0],), term.line), first)
        return NONE
    if name == "getattr" and len(given) == 3 and given[1].kind == "string" and first.kind == "instance":
        if not checker.is_silent:
            checker.hopes.append((term, first.ref, given[1].text))
        return UNKNOWN
    if name == "getattr" and len(given) == 2 and given[1].kind == "string":
        return checker.attribute(Term("member", given[1].text, (given[0],), term.line), first, given[1].text)
    if name == "dict":
        return first if first.kind == "record" and len(given) == 1 else Shape("dict")
    if name == "round":
        return INT if len(given) == 1 else first
    if name == "abs":
        return first
    if name == "next":
        element = checker.inside(first)
        return union((element, arguments[1])) if len(given) > 1 else element
    if name == "range":
        return Shape("list", "", (INT,))
    if name == "super" and checker.function is not None and checker.function.owner:
        owner = checker.module.classes.get(checker.function.owner)
        bases = checker.program.bases_of(owner)[0] if owner is not None else []
        return Shape("instance", f"{bases[0].path}#{bases[0].name}") if bases else UNKNOWN
    if name in {"map", "filter"} and len(given) == 2:
        checker.iterated(given[1], arguments[1])
        return Shape("iterator")
    return Shape(_MADE[name]) if name in _MADE else UNKNOWN


def _demand(checker: Checker, name: str, given: tuple[Term, ...], first: Shape) -> None:
    if name == "format" and len(given) == 2 and given[1].kind == "string":
        laid_out(checker, given[0], first, given[1].text)
    if name == "len":
        checker.need(first, "len", given[0])
    elif name in {"next", "reversed"} and first.kind != "list":
        checker.need(first, name, given[0])
    elif (name in {"round", "abs", "float"} and first.kind not in {"str", "bytes"}) or (
        name == "int" and first.kind in {"list", "dict", "tuple", "set", "record", "none", "instance"}
    ):
        checker.need(first, "format-number", given[0])


def _summed(checker: Checker, at: Term, element: Shape, given: int) -> None:
    if given == 1:
        for each in element.options:
            if each.kind in {"str", "list", "tuple", "dict", "record", "none", "set", "awaitable"}:
                checker.doubt(
                    "type-changed", at, names_in(at), f"{names_in(at)} holds {each}, which cannot be summed up"
                )
            elif each.kind == "instance":
                checker.need(each, "+", at)


def _method(checker: Checker, term: Term, held: Shape, name: str, arguments: Arguments) -> Shape:
    """What a method of a built-in gives."""
    given = term.parts[1:]
    if held.kind in STANDARD and not checker.script:
        if held.kind == "Path" and name in {"iterdir", "glob", "rglob"}:
            return Shape("iterator", "", (held,))
        kind = kind_of(held.kind, name, called=True)
        if kind == "datetime":
            return Shape(kind, zone_kept(held, name, term, checker.module, checker.program))
        return Shape(kind or "unknown")
    if not checker.script:
        put_in(checker, term, held, arguments)
    if held.kind == "str":
        return _of_text(checker, term, name, arguments)
    if held.kind in {"dict", "record"} and name == "get" and given:
        if given[0].kind == "string" and held.lacks(given[0].text):
            said = f'"{given[0].text}" is not among the keys of {names_in(term.parts[0].parts[0])}'
            checker.doubt("missing-key", term, given[0].text, said)
        if held.kind == "dict" and len(held.of) == 2:
            return union((held.of[1], arguments[1] if len(arguments) > 1 else NONE))
        return UNKNOWN
    if held.kind in {"dict", "record"} and name == "copy":
        return held
    if held.kind == "record" and name == "get" and len(given) == 1:
        return held.entry(given[0].text)
    if held.kind == "dict" and len(held.of) == 2 and name in {"keys", "values", "items"}:
        inside = {"keys": held.of[0], "values": held.of[1], "items": Shape("tuple", "", held.of)}[name]
        return Shape("unknown") if inside == UNKNOWN else Shape("set" if name == "keys" else "view", "", (inside,))
    return _of_array(held, name) if held.kind == "array" else UNKNOWN


def _of_text(checker: Checker, term: Term, name: str, arguments: Arguments) -> Shape:
    given = term.parts[1:]
    if name in {"split", "splitlines", "rsplit"}:
        return Shape("array" if checker.script else "list", "", (STR,))
    if name == "join" and given:
        element = checker.iterated(given[0], arguments[0])
        odd = STANDARD | {"int", "float", "none", "list", "tuple", "record", "dict", "bool", "bytes", "awaitable"}
        for each in element.options:
            if each.kind in odd or (each.kind == "instance" and not checker.script and _alone(checker, each)):
                said = f"{names_in(given[0])} holds {each}, which cannot be joined"
                checker.doubt("type-changed", given[0], names_in(given[0]), said)
    return _TEXT.get(name, UNKNOWN)


def _alone(checker: Checker, held: Shape) -> bool:
    """Whether instances are of no built-in kind."""
    owner = checker.program.class_at(held.ref)
    return owner is not None and not owner.bases


def _of_array(held: Shape, name: str) -> Shape:
    if name in {"filter", "slice", "sort", "reverse", "concat", "toSorted", "toReversed"}:
        return Shape(held.kind, "", held.of) if name not in {"sort", "reverse"} else held
    if name in {"find", "at", "pop", "shift"} and held.of:
        return union((held.of[0], NONE)) if held.of[0] != UNKNOWN else UNKNOWN
    if name == "join":
        return STR
    if name in {"indexOf", "findIndex", "push", "unshift"}:
        return INT
    if name in {"some", "every", "includes"}:
        return BOOL
    return Shape("array") if name in {"map", "flatMap"} else UNKNOWN
