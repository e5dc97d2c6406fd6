"""What an expression is, and what about it does not hold."""

from collections.abc import Callable, Mapping

from coroom.checks.checker import Checker, Names, names_in
from coroom.checks.shapes import BOOL, FLOAT, INT, NONE, STR, UNKNOWN, Shape, can, union
from coroom.syntax import Call, Class, Function, Parameter, Term, fits

_NUMBERS = frozenset({"int", "float", "bool"})
_PLAIN = frozenset({"int", "float", "bool", "str", "bytes", "list", "tuple", "set", "dict", "record", "none"})
_ALIKE = {"bool": "number", "int": "number", "float": "number", "record": "dict", "array": "list"}


def value(checker: Checker, term: Term, names: Names) -> Shape:
    """The shape of a term; what does not hold about it is doubted on the way."""
    step = _STEPS.get(term.kind)
    if step is not None:
        return step(checker, term, names)
    for each in term.parts:
        checker.value(each, names)
    return UNKNOWN


def _name(checker: Checker, term: Term, names: Names) -> Shape:
    if term.text in names:
        return names[term.text]
    if checker.function is not None and _binds(checker.function, term.text):
        return UNKNOWN
    return checker.reading.named(term.text, checker.module)


def _binds(function: Function, name: str) -> bool:
    return any(each.text == name for each in function.term.parts[:-1])


def _number(_: Checker, term: Term, __: Names) -> Shape:
    return FLOAT if "." in term.text and not term.text.startswith("0x") else INT


def _member(checker: Checker, term: Term, names: Names) -> Shape:
    held = checker.value(term.parts[0], names)
    found = checker.attribute(term, held, term.text)
    module = checker.program.module(held.ref) if held.kind == "module" else None
    if module is not None and not module.wildcard and term.text not in module.names():
        text = f"{held.ref} has no {term.text}"
        if checker.program.place_of(term.text, module) is None and "__getattr__" not in module.functions:
            checker.doubt("removed-name-used", term, term.text, text, (held.ref, f"{held.ref}#{term.text}"), 0.95)
    return found


def _index(checker: Checker, term: Term, names: Names) -> Shape:
    held, key = checker.value(term.parts[0], names), term.parts[1]
    if key.kind == "slice":
        checker.value(key, names)
        checker.need(held, "slice", term.parts[0])
        return held if held.kind in {"list", "str", "tuple", "array", "bytes"} else UNKNOWN
    at = checker.value(key, names)
    checker.need(held, "index", term.parts[0])
    return union(_entry(checker, term, each, at) for each in held.options)


def _entry(checker: Checker, term: Term, held: Shape, at: Shape) -> Shape:
    """What one shape of value holds under a key, with a doubt when it cannot hold it."""
    key, shown = term.parts[1], names_in(term.parts[0])
    if held.kind == "record" and key.kind == "string":
        if held.keys is not None and key.text not in held.keys:
            checker.doubt("missing-key", term, key.text, f'"{key.text}" is not among the keys of {shown}')
        return held.entry(key.text)
    if held.kind in {"list", "tuple", "array", *(() if checker.script else ("str",))} and key.kind == "string":
        checker.doubt("type-changed", term, shown, f"{shown} is a {held} and has no keys")
    if held.kind == "tuple" and held.of and key.kind == "number" and key.text.isdigit():
        if int(key.text) < len(held.of):
            return held.of[int(key.text)]
        checker.doubt("type-changed", term, shown, f"{shown} has {len(held.of)} values")
    if held.kind == "dict" and held.of and not checker.script:
        _compared(checker, term, "key", held.of[0], at)
    if held.kind in {"list", "array"} and held.of:
        return held.of[0]
    if held.kind == "dict" and len(held.of) == 2:
        return held.of[1]
    return STR if held.kind == "str" else UNKNOWN


def _list(checker: Checker, term: Term, names: Names) -> Shape:
    inside = [checker.value(each, names) for each in term.parts]
    kind = "array" if checker.script else "list"
    spread = any(each.kind == "spread" for each in term.parts)
    return Shape(kind, "", (union(inside),)) if inside and not spread else Shape(kind)


def _tuple(checker: Checker, term: Term, names: Names) -> Shape:
    inside = tuple(checker.value(each, names) for each in term.parts)
    if checker.script:
        return inside[-1] if inside else UNKNOWN
    return Shape("tuple", "", inside) if not any(each.kind == "spread" for each in term.parts) else Shape("tuple")


def _set(checker: Checker, term: Term, names: Names) -> Shape:
    return Shape("set", "", (union(checker.value(each, names) for each in term.parts),))


def _dict(checker: Checker, term: Term, names: Names) -> Shape:
    keys: set[str] | None = set()
    values: dict[str, Shape] = {}
    for each in term.parts:
        if each.kind == "pair":
            checker.value(each.parts[0], names)
            values[each.parts[0].text] = checker.value(each.parts[1], names)
            keys = keys | {each.parts[0].text} if keys is not None and each.parts[0].kind == "string" else None
        elif each.kind == "spread":
            held = checker.value(each.parts[0], names)
            keys = keys | held.keys if keys is not None and held.kind == "record" and held.keys is not None else None
        elif each.kind == "function":
            checker.value(each, names)
            keys = keys | {each.text} if keys is not None else None
        else:
            keys = None
    if not keys:
        return Shape("dict")
    return Shape("record", "", tuple(values.get(key, UNKNOWN) for key in sorted(keys)), frozenset(keys))


def _comprehension(checker: Checker, term: Term, names: Names) -> Shape:
    inner = dict(names)
    for each in term.parts[1:]:
        if each.kind == "for" and len(each.parts) == 2:
            held = checker.value(each.parts[1], inner)
            checker.bind(each.parts[0], checker.iterated(each.parts[1], held), inner)
        else:
            for part in each.parts:
                checker.tested(part, inner)
                checker.narrow(part, inner, holds=True)
    element = term.parts[0]
    if element.kind == "pair":
        shapes = tuple(checker.value(part, inner) for part in element.parts)
        return Shape("dict", "", shapes)
    found = checker.value(element, inner)
    return Shape("iterator" if term.text == "generator" else term.text, "", (found,))


def _function(checker: Checker, term: Term, names: Names) -> Shape:
    return Shape("callable", "", (checker.closure(term, names, ()),))


def _conditional(checker: Checker, term: Term, names: Names) -> Shape:
    checker.tested(term.parts[0], names)
    then, other = dict(names), dict(names)
    checker.narrow(term.parts[0], then, holds=True)
    checker.narrow(term.parts[0], other, holds=False)
    return union((checker.value(term.parts[1], then), checker.value(term.parts[2], other)))


def _and(checker: Checker, term: Term, names: Names) -> Shape:
    inner = dict(names)
    found: list[Shape] = []
    for each in term.parts:
        found.append(checker.tested(each, inner))
        checker.narrow(each, inner, holds=True)
    return found[-1] if found and all(each.kind == "bool" for each in found) else UNKNOWN


def _or(checker: Checker, term: Term, names: Names) -> Shape:
    inner = dict(names)
    found: list[Shape] = []
    for place, each in enumerate(term.parts):
        last = place == len(term.parts) - 1
        found.append(checker.value(each, inner) if last else checker.tested(each, inner).without_none())
        if not term.text:
            checker.narrow(each, inner, holds=False)
        elif not last and not any(part.kind == "none" for part in found[-1].options):
            pass
    return union(found)


def _not(checker: Checker, term: Term, names: Names) -> Shape:
    checker.tested(term.parts[0], names)
    return BOOL


def _unary(checker: Checker, term: Term, names: Names) -> Shape:
    found = checker.value(term.parts[0], names)
    if term.text == "typeof":
        return STR
    return found if found.kind in _NUMBERS else UNKNOWN


def _compare(checker: Checker, term: Term, names: Names) -> Shape:
    left, right = (checker.value(each, names) for each in term.parts)
    sign = term.text
    if sign in {"<", ">", "<=", ">="}:
        _ordered(checker, term, left, right)
    elif sign in {"==", "!="}:
        _compared(checker, term, "value", left, right)
        for one, other in ((left, term.parts[1]), (right, term.parts[0])):
            _one_of(checker, term, one, other)
    elif sign in {"in", "not in"} and not checker.script:
        checker.need(right, "in", term.parts[1])
        for each in right.options:
            if each.kind in {"list", "set", "tuple"} and each.of:
                _compared(checker, term, "element", union(each.of), left)
            elif each.kind == "dict" and each.of:
                _compared(checker, term, "key", each.of[0], left)
    for side, each in zip(term.parts, (left, right), strict=True):
        if any(one.kind == "awaitable" for one in each.options) and not checker.script:
            checker.doubt("type-changed", side, names_in(side), f"{names_in(side)} is not awaited where it is compared")
    if sign in {"is", "is not", "==", "!="} and term.parts[1].kind == "none":
        _none_asked(checker, term, left)
    return BOOL


def _none_asked(checker: Checker, term: Term, left: Shape) -> None:
    """Whether what is asked for being none can be none."""
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


def _compared(checker: Checker, term: Term, what: str, left: Shape, right: Shape) -> None:
    """Two values that can never be equal."""
    one, other = _kinds(left), _kinds(right)
    comparable = {"number", "str", "bytes", "list", "tuple", "set", "dict", "awaitable", "function", "iterator"}
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
        for part in ((_walk(each.methods["__eq__"].term)) if "__eq__" in each.methods else ())
    )
    return whole and (not own or asks)


def _walk(term: Term) -> list[Term]:
    found = [term]
    for each in found:
        found.extend(each.parts)
    return found


def _ordered(checker: Checker, term: Term, left: Shape, right: Shape) -> None:
    for one, other in ((left, right), (right, left)):
        for each in one.options:
            able = can(each, "<", checker.program, script=checker.script)
            reverse = can(other, "<", checker.program, script=checker.script)
            if able is False and (each.kind != "instance" or reverse is False or other.kind in _PLAIN):
                checker.need(each, "<", term, names_in(term.parts[0] if one is left else term.parts[1]))
                return
    first, second = _kinds(left), _kinds(right)
    told = {"number", "str", "list", "tuple", "set"}
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


def _binary(checker: Checker, term: Term, names: Names) -> Shape:
    left, right = (checker.value(each, names) for each in term.parts)
    return _arithmetic(checker, term, term.text, left, right)


def _arithmetic(checker: Checker, term: Term, sign: str, left: Shape, right: Shape) -> Shape:
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


def _template(checker: Checker, term: Term, names: Names) -> Shape:
    for each in term.parts:
        held = checker.value(each, names)
        if each.kind in {"name", "member"} and any(one.kind in {"function", "awaitable"} for one in held.options):
            what = "a function" if held.kind == "function" else "not awaited"
            said = f"{names_in(each)} is {what} where its text is wanted"
            checker.doubt("type-changed", each, names_in(each), said)
        elif each.kind == "call" and any(one.kind == "awaitable" for one in held.options):
            checker.doubt(
                "type-changed", each, names_in(each), f"{names_in(each)} is not awaited where its text is wanted"
            )
    return STR


def _await(checker: Checker, term: Term, names: Names) -> Shape:
    held = checker.value(term.parts[0], names)
    checker.need(held, "await", term.parts[0])
    return (
        held.of[0]
        if held.kind == "awaitable" and held.of
        else UNKNOWN
        if held.kind == "awaitable" or not checker.script
        else held
    )


def _assign(checker: Checker, term: Term, names: Names) -> Shape:
    target = term.parts[0]
    if len(term.parts) < 2:
        if target.kind == "name":
            names[target.text] = checker.reading.notes.shape(term.note, checker.module)
        return UNKNOWN
    found = checker.value(term.parts[1], names)
    said = checker.reading.notes.shape(term.note, checker.module) if term.note else UNKNOWN
    if said != UNKNOWN:
        fits_into(checker, term, term.parts[1], found, said)
        found = said if not (said.kind == "dict" and found.kind == "record") else found
    if term.text == "as" and found.kind == "instance":
        found = _entered(checker, found)
    elif term.text not in {"=", "as", ":="}:
        before = checker.value(target, names)
        if term.text == "??=":
            found = union((before.without_none(), found))
        else:
            found = _arithmetic(checker, term, term.text.rstrip("="), before, found)
    checker.bind(target, found, names)
    return found


def _entered(checker: Checker, held: Shape) -> Shape:
    owner = checker.program.class_at(held.ref)
    method = checker.program.member(owner, "__enter__") if owner is not None else None
    found = checker.reading.returns(method) if isinstance(method, Function) else UNKNOWN
    return found if found != UNKNOWN else held


def _spread(checker: Checker, term: Term, names: Names) -> Shape:
    for each in term.parts:
        checker.value(each, names)
    return UNKNOWN


def _delete(checker: Checker, term: Term, names: Names) -> Shape:
    for each in term.parts:
        if each.kind == "index":
            checker.need(checker.value(each.parts[0], names), "delete", each.parts[0])
        else:
            checker.value(each, names)
    return UNKNOWN


def _call(checker: Checker, term: Term, names: Names) -> Shape:
    from coroom.checks.calls import call  # noqa: PLC0415

    return call(checker, term, names)


def fits_into(checker: Checker, at: Term, given: Term, found: Shape, wanted: Shape) -> None:
    """Doubt a value that is not what its place is said to hold."""
    if UNKNOWN in (found, wanted) or found.kind == "never":
        return
    if wanted.ref == "total" and found.kind == "record" and wanted.keys and found.keys is not None:
        lacking = sorted(wanted.keys - found.keys)
        if lacking:
            said = f"{names_in(at)} has nothing for {', '.join(lacking)}"
            checker.doubt("not-exhaustive", at, names_in(at), said, (), 0.95)
    for each in found.options:
        verdicts = [_goes(checker, given, each, option) for option in wanted.options]
        if all(verdict is False for verdict in verdicts):
            said = f"{names_in(at)}: {each} is given where {wanted} is wanted"
            about = tuple(one.ref for one in (each, *wanted.options) if one.ref)
            checker.doubt("type-changed", at, names_in(at), said, about, 0.9)
            return


_WIDER: Mapping[str, frozenset[str]] = {
    "int": frozenset({"float"}), "bool": frozenset({"int", "float"}), "record": frozenset({"dict"}),
    "dict": frozenset({"record"}), "str": frozenset({"iterator"}), "list": frozenset({"iterator", "array"}),
}  # fmt: skip


def _goes(checker: Checker, given: Term, found: Shape, wanted: Shape) -> bool | None:
    """Whether a value of one shape can stand where another is wanted; None when that is not known."""
    if wanted.kind == "instance":
        return _goes_as(checker, given, found, wanted)
    if wanted.ref == "wanted":
        if found.kind == "record" and found.keys is not None and given.kind == "dict":
            return not (wanted.keys or frozenset()) - found.keys
        return False if found.kind in {"str", "int", "bool", "array", "none"} else None
    if found.kind == "instance":
        owner = checker.program.class_at(found.ref)
        plain = owner is not None and checker.program.bases_of(owner)[1] and not owner.is_enum and not owner.tuple_of
        return False if plain and wanted.kind in {"int", "str", "float", "bool", "bytes"} else None
    told = {
        "int",
        "float",
        "bool",
        "str",
        "bytes",
        "none",
        "list",
        "set",
        "tuple",
        "dict",
        "record",
        "array",
        "awaitable",
    }
    if found.kind not in told or wanted.kind not in told:
        return None
    if found.kind == "str" and wanted.kind == "str":
        literal = frozenset({given.text}) if given.kind == "string" else found.keys
        return literal <= wanted.keys if literal and wanted.keys else None
    if found.kind == wanted.kind:
        inside = [_goes(checker, given, one, other) for one, other in zip(found.of, wanted.of, strict=False)]
        same = found.kind != "tuple" or not found.of or not wanted.of or len(found.of) == len(wanted.of)
        return not (not same or (False in inside and found.kind in {"list", "set", "array", "tuple"}))
    return wanted.kind in _WIDER.get(found.kind, frozenset())


def _goes_as(checker: Checker, given: Term, found: Shape, wanted: Shape) -> bool | None:
    owner = checker.program.class_at(wanted.ref)
    if owner is None:
        return None
    needed = {name for name, each in owner.fields.items() if "required" in each.flags}
    if found.kind == "record" and "interface" in owner.term.flags and found.keys is not None:
        bases, whole = checker.program.bases_of(owner)
        for base in bases:
            needed |= {name for name, each in base.fields.items() if "required" in each.flags}
        known = {name for each in (owner, *bases) for name in (*each.fields, *each.methods)}
        lacking = sorted(needed - found.keys)
        extra = sorted(found.keys - known) if whole and given.kind == "dict" and known else []
        if lacking or extra:
            said = f"{owner.name} needs {lacking[0]}" if lacking else f"{owner.name} has no {extra[0]}"
            name = (lacking or extra)[0]
            checker.doubt("missing-field", given, name, said, (wanted.ref, f"{wanted.ref}.{name}"), 0.95)
        _fields_fit(checker, given, owner)
        return None
    if found.kind == "instance" and found.ref != wanted.ref:
        mine = checker.program.class_at(found.ref)
        if mine is None:
            return None
        bases, whole = checker.program.bases_of(mine)
        if any(f"{base.path}#{base.name}" == wanted.ref for base in bases):
            return True
        if "interface" in owner.term.flags or any(each.text == "Protocol" for each in owner.bases):
            names = {*owner.methods, *needed}
            have = {name for each in (mine, *bases) for name in (*each.methods, *each.fields)}
            return False if whole and names - have else None
        others = checker.program.bases_of(owner)[0]
        under = any(f"{base.path}#{base.name}" == found.ref for base in others)
        return False if whole and not under else None
    if found.kind in {"int", "float", "bool", "str", "list", "dict", "tuple", "set", "none", "array"}:
        plain = owner.is_enum or not (
            owner.term.flags & {"interface"} or any(each.text == "Protocol" for each in owner.bases)
        )
        return False if plain or found.kind in {"none", "int", "bool"} else None
    return None


def _fields_fit(checker: Checker, given: Term, owner: Class) -> None:
    """The values of a literal against the types of the fields that they are for."""
    home = checker.program.module(owner.path)
    if given.kind != "dict" or home is None:
        return
    for each in given.parts:
        if each.kind != "pair" or each.parts[0].text not in owner.fields:
            continue
        wanted = checker.reading.notes.shape(owner.fields[each.parts[0].text].note, home)
        with checker.silent():
            found = checker.value(each.parts[1], {})
        if each.parts[1].kind in {"string", "number", "bool", "none", "list"}:
            fits_into(checker, each, each.parts[1], found, wanted)


def parameters_of(given: tuple[Term, ...]) -> tuple[Parameter, ...]:
    """Parameters as `fits` takes them."""
    found = []
    for each in given:
        kind = next((flag for flag in ("rest", "options", "keyword") if flag in each.flags), "plain")
        found.append(Parameter(name=each.text, required="required" in each.flags, kind=kind))
    return tuple(found)


def call_of(term: Term) -> Call:
    """A call as `fits` takes it."""
    arguments = term.parts[1:]
    return Call(
        name=names_in(term.parts[0]),
        receiver=None,
        positional=sum(each.kind not in {"keyword", "spread"} for each in arguments),
        keywords=tuple(each.text for each in arguments if each.kind == "keyword"),
        spread=any(each.kind == "spread" for each in arguments),
        line=term.line,
        text="",
    )


def call_fits(term: Term, given: tuple[Term, ...], *, script: bool) -> bool:
    """Whether a call can be made with these parameters."""
    made = call_of(term)
    if script and not made.spread and made.positional > len(given) and not any("rest" in each.flags for each in given):
        return False
    return fits(made, parameters_of(given))


_STEPS: Mapping[str, Callable[[Checker, Term, Names], Shape]] = {
    "name": _name, "member": _member, "index": _index, "number": _number, "call": _call,
    "string": lambda _, __, ___: STR, "bool": lambda _, __, ___: BOOL, "none": lambda _, __, ___: NONE,
    "list": _list, "tuple": _tuple, "set": _set, "dict": _dict, "comprehension": _comprehension,
    "function": _function, "conditional": _conditional, "and": _and, "or": _or, "not": _not, "unary": _unary,
    "compare": _compare, "binary": _binary, "template": _template, "await": _await, "assign": _assign,
    "spread": _spread, "delete": _delete,
}  # fmt: skip
