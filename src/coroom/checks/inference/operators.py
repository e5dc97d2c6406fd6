"""What comparisons and arithmetic give, and what about them does not hold."""

from coroom.checks.inference.abilities import can
from coroom.checks.inference.asking import names_in
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.shapes import BOOL, FLOAT, INT, STR, UNKNOWN, Names, Shape, union
from coroom.checks.inference.standard import STANDARD, reckoned
from coroom.checks.inference.templates import filled
from coroom.checks.inference.zones import apart
from coroom.syntax import Function, Term, walk

_NUMBERS = frozenset({"int", "float", "bool"})
_PLAIN = frozenset({"int", "float", "bool", "str", "bytes", "list", "tuple", "set", "dict", "record", "none"})
_ALIKE = {
    "Decimal": "number",
    "Fraction": "number",
    "bool": "number",
    "int": "number",
    "float": "number",
    "record": "dict",
    "array": "list",
}


def compare(checker: Checker, term: Term, names: Names) -> Shape:
    """A comparison, and whether it can ever be true."""
    left, right = (checker.value(each, names) for each in term.parts)
    sign = term.text
    if sign in {"<", ">", "<=", ">="}:
        _ordered(checker, term, left, right)
    elif sign in {"==", "!="}:
        compared(checker, term, "value", left, right)
        for one, other in ((left, term.parts[1]), (right, term.parts[0])):
            _one_of(checker, term, one, other)
    elif sign in {"in", "not in"} and not checker.script:
        checker.need(right, "in", term.parts[1])
        if all(each.kind in {"set", "dict", "record"} for each in right.options):
            checker.need(left, "hash", term.parts[0])
        for each in right.options:
            if each.kind in {"list", "set", "tuple"} and each.of:
                compared(checker, term, "element", union(each.of), left)
            elif each.kind == "dict" and each.of:
                compared(checker, term, "key", each.of[0], left)
    for side, each in zip(term.parts, (left, right), strict=True):
        if any(one.kind == "awaitable" for one in each.options) and not checker.script:
            checker.doubt("type-changed", side, names_in(side), f"{names_in(side)} is not awaited where it is compared")
    if sign in {"is", "is not", "==", "!="} and term.parts[1].kind == "none":
        _none_asked(checker, term, left)
    return BOOL


def _none_asked(checker: Checker, term: Term, left: Shape) -> None:
    """Whether what is asked for being none can be none."""
    if checker.script and term.parts[0].kind == "member":
        return
    told = left.kind not in {"unknown", "never"} and not any(each.kind == "none" for each in left.options)
    if told or left.kind == "never":
        shown = names_in(term.parts[0])
        checker.doubt("none-check", term, shown, f"{shown} is asked for being None and never is", (), 0.9)


def _one_of(checker: Checker, term: Term, held: Shape, other: Term) -> None:
    if held.kind == "str" and held.keys and other.kind == "string" and other.text not in held.keys:
        said = f'"{other.text}" is not one of {", ".join(sorted(held.keys))}'
        checker.doubt("type-changed", term, other.text, said)


def _kinds(found: Shape) -> set[str]:
    return {_ALIKE.get(each.kind, each.kind) for each in found.options}


def compared(checker: Checker, term: Term, what: str, left: Shape, right: Shape) -> None:
    """Two values that can never be equal."""
    if apart(left, right):
        _of_two_zones(checker, term)
        return
    one, other = _kinds(left), _kinds(right)
    comparable = {"number", "str", "bytes", "list", "tuple", "set", "dict", "awaitable", "function", "iterator"}
    comparable |= STANDARD if not checker.script else frozenset()
    enums = [_enum(checker, left), _enum(checker, right)]
    instances = [_alone(checker, left), _alone(checker, right)]
    if one <= comparable | {"none"} and other <= comparable | {"none"} and not (one & other):
        if "none" in one | other and len(one | other) > 1 and (one == {"none"} or other == {"none"}):
            return
        said = f"{names_in(term)}: a {what} that is {left} is never equal to one that is {right}"
        checker.doubt("type-changed", term, names_in(term), said, (), 0.9)
    elif any((enums[place] or instances[place]) and kinds <= comparable for place, kinds in ((0, other), (1, one))):
        said = f"{names_in(term)}: {left} is never equal to {right}"
        checker.doubt("type-changed", term, names_in(term), said, (), 0.9)


def _enum(checker: Checker, shape: Shape) -> bool:
    owner = checker.program.class_at(shape.ref) if shape.kind == "instance" else None
    mixed = owner is not None and any(
        each.text in {"str", "int", "StrEnum", "IntEnum", "IntFlag"} for each in owner.bases
    )
    return owner is not None and owner.is_enum and not mixed and not checker.script


def _alone(checker: Checker, shape: Shape) -> bool:
    """An instance of a class that is equal to nothing but its like."""
    owner = checker.program.class_at(shape.ref) if shape.kind == "instance" else None
    if owner is None or owner.is_enum or owner.tuple_of:
        return False
    bases, whole = checker.program.bases_of(owner)
    own = any("__eq__" in each.methods for each in (owner, *bases))
    if checker.script:
        return not owner.term.flags & {"interface"}
    # An __eq__ of its own that first asks for its own class says no to everything else.
    asks = any(
        part.kind == "call"
        and part.parts[0].text == "isinstance"
        and len(part.parts) == 3
        and part.parts[2].text == owner.name
        for each in (owner, *bases)
        for part in (walk(each.methods["__eq__"].term) if "__eq__" in each.methods else ())
    )
    return whole and (not own or asks)


def _ordered(checker: Checker, term: Term, left: Shape, right: Shape) -> None:
    for one, other in ((left, right), (right, left)):
        for each in one.options:
            able = can(each, "<", checker.program, script=checker.script)
            reverse = can(other, "<", checker.program, script=checker.script)
            if able is False and (each.kind != "instance" or reverse is False or other.kind in _PLAIN):
                checker.need(each, "<", term, names_in(term.parts[0] if one is left else term.parts[1]))
                return
    if apart(left, right):
        _of_two_zones(checker, term)
    first, second = _kinds(left), _kinds(right)
    told = {"number", "str", "list", "tuple", "set", *STANDARD}
    if not checker.script and first <= told and second <= told and not (first & second):
        said = f"{names_in(term)}: {left} and {right} cannot be ordered"
        checker.doubt("type-changed", term, names_in(term), said)
    if checker.script and {"str"} in (first, second) and {"number"} in (first, second):
        checker.doubt("type-changed", term, names_in(term), f"{names_in(term)}: {left} is compared with {right}")


_JOINABLE = {
    "+": ("str", "bytes", "list", "tuple"),
    "*": (),
    "-": ("set",),
    "|": ("set", "dict", "record"),
    "&": ("set",),
    "^": ("set",),
}


def binary(checker: Checker, term: Term, names: Names) -> Shape:
    """An operator between two values."""
    left, right = (checker.value(each, names) for each in term.parts)
    if term.text == "%" and left.kind == "str" and not checker.script:
        filled(checker, term, names)
    return arithmetic(checker, term, term.text, left, right)


def arithmetic(checker: Checker, term: Term, sign: str, left: Shape, right: Shape) -> Shape:
    """What an operator makes of two shapes."""
    if UNKNOWN in (left, right):
        for side, each in ((term.parts[0], left), (term.parts[-1], right)):
            for option in each.options:
                if option.kind in {"none", "awaitable", "function", "iterator"} and not checker.script and sign != "%":
                    checker.need(option, sign, side)
        return UNKNOWN
    if checker.script:
        return _script_arithmetic(checker, term, sign, left, right)
    found = [_added(checker, term, sign, one, other) for one in left.options for other in right.options]
    return union(found)


def _script_arithmetic(checker: Checker, term: Term, sign: str, left: Shape, right: Shape) -> Shape:
    if sign == "+":
        if "str" in _kinds(left) | _kinds(right):
            return STR
        odd = [
            each
            for side in (left, right)
            for each in side.options
            if each.kind in {"array", "record", "none", "awaitable"}
        ]
        if odd:
            checker.need(odd[0], "+", term)
            said = f"{names_in(term)}: {left} and {right} are added"
            checker.doubt("type-changed", term, names_in(term), said, (), 0.88)
        return INT if _kinds(left) | _kinds(right) == {"number"} else UNKNOWN
    for side, each in ((term.parts[0], left), (term.parts[-1], right)):
        if any(
            one.kind in {"str", "array", "record", "none", "awaitable", "map", "instance", "function"}
            or (one.kind == "date" and checker.module.path.endswith((".ts", ".tsx", ".mts")))
            for one in each.options
        ):
            said = f"{names_in(side)} is {each} and used as a number"
            checker.doubt("type-changed", side, names_in(side), said)
    return INT


def _added(checker: Checker, term: Term, sign: str, left: Shape, right: Shape) -> Shape:
    if left.kind in _NUMBERS and right.kind in _NUMBERS:
        return FLOAT if "float" in {left.kind, right.kind} or sign == "/" else INT
    if left.kind in {"str", "bytes"} and sign == "%":
        return left
    if sign == "*" and {left.kind, right.kind} & {"int", "bool"}:
        other = left if right.kind in {"int", "bool"} else right
        if other.kind in {"str", "bytes", "list", "tuple"}:
            return other
    if left.kind == right.kind and left.kind in _JOINABLE.get(sign, ()):
        return left if left.kind not in {"record", "tuple"} else Shape("dict" if left.kind == "record" else "tuple")
    if {left.kind, right.kind} <= {"dict", "record"} and sign == "|":
        return Shape("dict")
    if "instance" not in {left.kind, right.kind} and {left.kind, right.kind} & STANDARD:
        return _of_standard(checker, term, sign, left, right)
    if "instance" in {left.kind, right.kind}:
        return _by_method(checker, term, sign, left, right)
    if left.kind in _PLAIN | {"iterator", "awaitable", "function"} and right.kind in _PLAIN | {
        "iterator",
        "awaitable",
        "function",
    }:
        shown = names_in(term)
        checker.doubt("type-changed", term, shown, f"{shown}: {left} {sign} {right} has no meaning", (), 0.93)
    return UNKNOWN


def _of_standard(checker: Checker, term: Term, sign: str, left: Shape, right: Shape) -> Shape:
    if not {left.kind, right.kind} <= STANDARD | _PLAIN:
        return UNKNOWN
    kind = reckoned(sign, left.kind, right.kind)
    if apart(left, right):
        _of_two_zones(checker, term)
    if kind == "none":
        shown = names_in(term)
        checker.doubt("type-changed", term, shown, f"{shown}: {left} {sign} {right} has no meaning", (), 0.93)
    zone = next((each.ref for each in (left, right) if each.kind == kind == "datetime"), "")
    return Shape(kind, zone) if kind not in {"", "none"} else UNKNOWN


def _of_two_zones(checker: Checker, term: Term) -> None:
    shown = names_in(term)
    said = f"{shown}: one of the two moments has a time zone and the other has none"
    checker.doubt("type-changed", term, shown, said, (), 0.93)


def _by_method(checker: Checker, term: Term, sign: str, left: Shape, right: Shape) -> Shape:
    able = [can(each, sign, checker.program, script=False) for each in (left, right) if each.kind == "instance"]
    if able and all(each is False for each in able):
        culprit = left if left.kind == "instance" else right
        checker.need(culprit, sign, term)
    elif left.kind == "instance" and able and able[0]:
        owner = checker.program.class_at(left.ref)
        dunder = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__"}.get(sign, "")
        method = checker.program.member(owner, dunder) if owner is not None else None
        return checker.reading.returns(method) if isinstance(method, Function) else UNKNOWN
    return UNKNOWN
