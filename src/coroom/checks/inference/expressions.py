"""What an expression is, and what about it does not hold."""

from collections.abc import Callable, Mapping

from coroom.checks.inference.asking import names_in
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.fitting import fits_into
from coroom.checks.inference.narrowing import asked_for, narrow
from coroom.checks.inference.operators import arithmetic, binary, compare, compared
from coroom.checks.inference.shapes import BOOL, FLOAT, INT, NONE, OPEN, STR, UNKNOWN, Names, Shape, union
from coroom.checks.inference.templates import laid_out
from coroom.syntax import Function, Term

_NUMBERS = frozenset({"int", "float", "bool"})


def value(checker: Checker, term: Term, names: Names) -> Shape:
    """The shape of a term; what does not hold about it is doubted on the way."""
    step = _STEPS.get(term.kind)
    if step is not None:
        found = step(checker, term, names)
        if "satisfies" in term.flags:
            fits_into(checker, term, term, found, checker.reading.notes.shape(term.note, checker.module))
        return found.without_none() if "sure" in term.flags else found
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
    held = checker.told_by_use(term) if held == UNKNOWN else held
    found = checker.attribute(term, held, term.text)
    module = checker.program.module(held.ref) if held.kind == "module" else None
    if module is not None and not module.wildcard and term.text not in module.names():
        text = f"{held.ref} has no {term.text}"
        if checker.program.place_of(term.text, module) is None and "__getattr__" not in module.functions:
            checker.doubt("removed-name-used", term, term.text, text, (held.ref, f"{held.ref}#{term.text}"), 0.95)
    if asked_for(term) in names:
        found = found.without_none()
    return checker.guessed_member(term) if found == UNKNOWN and held.kind == "instance" else found


def _index(checker: Checker, term: Term, names: Names) -> Shape:
    held, key = checker.value(term.parts[0], names), term.parts[1]
    held = held.without_none() if "optional" in term.flags else held
    if key.kind == "slice":
        checker.value(key, names)
        checker.need(held, "slice", term.parts[0])
        return held if held.kind in {"list", "str", "tuple", "array", "bytes"} else UNKNOWN
    at = checker.value(key, names)
    checker.need(held, "index", term.parts[0])
    if all(each.kind in {"dict", "record"} for each in held.options):
        checker.need(at, "hash", key)
    return union(_entry(checker, term, each, at) for each in held.options)


def _entry(checker: Checker, term: Term, held: Shape, at: Shape) -> Shape:
    """What one shape of value holds under a key, with a doubt when it cannot hold it."""
    key, shown = term.parts[1], names_in(term.parts[0])
    if held.kind == "record" and key.kind == "string":
        if held.lacks(key.text):
            checker.doubt("missing-key", term, key.text, f'"{key.text}" is not among the keys of {shown}')
        return held.entry(key.text)
    if checker.script and held.kind in {"map", "set", "date"}:
        checker.doubt("type-changed", term, shown, f"{shown} is a {held} and is not indexed")
    if held.kind in {"list", "tuple", "array", *(() if checker.script else ("str",))} and key.kind == "string":
        checker.doubt("type-changed", term, shown, f"{shown} is a {held} and has no keys")
    if held.kind == "tuple" and held.of and key.kind == "number" and key.text.isdigit():
        if int(key.text) < len(held.of):
            return held.of[int(key.text)]
        checker.doubt("type-changed", term, shown, f"{shown} has {len(held.of)} values")
    if held.kind == "dict" and held.of and not checker.script:
        compared(checker, term, "key", held.of[0], at)
    if held.kind in {"list", "array"} and held.of:
        return held.of[0]
    if held.kind == "dict" and len(held.of) == 2:
        return held.of[1]
    return STR if held.kind == "str" else UNKNOWN


def _list(checker: Checker, term: Term, names: Names) -> Shape:
    inside = [
        checker.iterated(each.parts[0], checker.value(each.parts[0], names))
        if each.kind == "spread" and each.parts
        else checker.value(each, names)
        for each in term.parts
    ]
    kind = "array" if checker.script else "list"
    return Shape(kind, "", (union(inside),)) if inside else Shape(kind)


def _tuple(checker: Checker, term: Term, names: Names) -> Shape:
    inside = tuple(checker.value(each, names) for each in term.parts)
    if checker.script:
        return inside[-1] if inside else UNKNOWN
    return Shape("tuple", "", inside) if not any(each.kind == "spread" for each in term.parts) else Shape("tuple")


def _set(checker: Checker, term: Term, names: Names) -> Shape:
    inside = [checker.value(each, names) for each in term.parts]
    for each, found in zip(term.parts, inside, strict=True):
        checker.need(found, "hash", each)
    return Shape("set", "", (union(inside),))


def _dict(checker: Checker, term: Term, names: Names) -> Shape:
    keys: set[str] | None = set()
    values: dict[str, Shape] = {}
    ref = ""
    for each in term.parts:
        if each.kind == "pair":
            checker.need(checker.value(each.parts[0], names), "hash", each.parts[0])
            values[each.parts[0].text] = checker.value(each.parts[1], names)
            keys = keys | {each.parts[0].text} if keys is not None and each.parts[0].kind == "string" else None
        elif each.kind == "spread":
            held = checker.value(each.parts[0], names)
            if held.kind == "record" and held.keys is not None:
                keys = keys | held.keys if keys is not None else None
                ref = OPEN if held.ref == OPEN else ref
                values.update({key: held.entry(key) for key in held.keys if not checker.script})
            else:
                keys, ref = None if checker.script else keys, OPEN
        elif each.kind == "function":
            checker.value(each, names)
            keys = keys | {each.text} if keys is not None else None
        else:
            keys = None
    if not keys:
        return Shape("dict")
    return Shape("record", ref, tuple(values.get(key, UNKNOWN) for key in sorted(keys)), frozenset(keys))


def _comprehension(checker: Checker, term: Term, names: Names) -> Shape:
    inner = dict(names)
    for each in term.parts[1:]:
        if each.kind == "for" and len(each.parts) == 2:
            held = checker.value(each.parts[1], inner)
            checker.bind(each.parts[0], checker.iterated(each.parts[1], held), inner)
        else:
            for part in each.parts:
                checker.tested(part, inner)
                narrow(checker.program, checker.module, part, inner, holds=True)
    element = term.parts[0]
    if element.kind == "pair":
        shapes = tuple(checker.value(part, inner) for part in element.parts)
        checker.need(shapes[0], "hash", element.parts[0])
        return Shape("dict", "", shapes)
    found = checker.value(element, inner)
    if term.text == "set":
        checker.need(found, "hash", element)
    return Shape("iterator" if term.text == "generator" else term.text, "", (found,))


def _function(checker: Checker, term: Term, names: Names) -> Shape:
    return Shape("callable", "", (checker.closure(term, names, ()),))


def _conditional(checker: Checker, term: Term, names: Names) -> Shape:
    checker.tested(term.parts[0], names)
    then, other = dict(names), dict(names)
    narrow(checker.program, checker.module, term.parts[0], then, holds=True)
    narrow(checker.program, checker.module, term.parts[0], other, holds=False)
    return union((checker.value(term.parts[1], then), checker.value(term.parts[2], other)))


def _and(checker: Checker, term: Term, names: Names) -> Shape:
    inner = dict(names)
    found: list[Shape] = []
    for each in term.parts:
        found.append(checker.tested(each, inner))
        narrow(checker.program, checker.module, each, inner, holds=True)
    return found[-1] if found and all(each.kind == "bool" for each in found) else UNKNOWN


def _or(checker: Checker, term: Term, names: Names) -> Shape:
    inner = dict(names)
    found: list[Shape] = []
    for place, each in enumerate(term.parts):
        last = place == len(term.parts) - 1
        found.append(checker.value(each, inner) if last else checker.tested(each, inner).without_none())
        if not term.text:
            narrow(checker.program, checker.module, each, inner, holds=False)
    return union(found)


def _not(checker: Checker, term: Term, names: Names) -> Shape:
    checker.tested(term.parts[0], names)
    return BOOL


def _unary(checker: Checker, term: Term, names: Names) -> Shape:
    found = checker.value(term.parts[0], names)
    if term.text == "typeof":
        return STR
    return found if found.kind in _NUMBERS else UNKNOWN


def _template(checker: Checker, term: Term, names: Names) -> Shape:
    for each, spec in zip(term.parts, [*term.note.split("\0"), *[""] * len(term.parts)], strict=False):
        held = checker.value(each, names)
        if spec and not checker.script:
            laid_out(checker, each, held, spec)
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
            found = arithmetic(checker, term, term.text.rstrip("="), before, found)
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
    from coroom.checks.inference.calls import call  # noqa: PLC0415

    return call(checker, term, names)


def _matched(checker: Checker, term: Term, names: Names) -> Shape:
    from coroom.checks.inference.patterns import matched  # noqa: PLC0415

    return matched(checker, term, names)


_STEPS: Mapping[str, Callable[[Checker, Term, Names], Shape]] = {
    "name": _name, "member": _member, "index": _index, "number": _number, "call": _call,
    "string": lambda _, __, ___: STR, "bool": lambda _, __, ___: BOOL, "none": lambda _, __, ___: NONE,
    "list": _list, "tuple": _tuple, "set": _set, "dict": _dict, "comprehension": _comprehension,
    "function": _function, "conditional": _conditional, "and": _and, "or": _or, "not": _not, "unary": _unary,
    "compare": compare, "binary": binary, "template": _template, "await": _await, "assign": _assign,
    "spread": _spread, "delete": _delete,
    "matched": _matched,
}  # fmt: skip
