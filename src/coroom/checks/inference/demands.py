"""What well-known functions ask of what they are given: that it can be ordered, hashed, written as JSON."""

from collections.abc import Callable, Mapping

from coroom.checks.inference.asking import names_in
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.shapes import UNKNOWN, Shape
from coroom.checks.inference.standard import STANDARD
from coroom.syntax import Term

_NO_JSON = STANDARD | {"set", "bytes", "iterator", "awaitable", "function"}


def dotted(term: Term) -> str:
    """`a.b.c` as it is written, empty for anything else."""
    if term.kind == "name":
        return term.text
    held = dotted(term.parts[0]) if term.kind == "member" else ""
    return f"{held}.{term.text}" if held else ""


def ordered(checker: Checker, term: Term, name: str, element: Shape, arguments: list[Shape]) -> None:
    """Doubt that `sorted` and its like can put in order what they are given, or what their key gives of it."""
    if name not in {"sorted", "min", "max"}:
        return
    keys = [found for each, found in zip(term.parts[1:], arguments, strict=True) if each.text == "key"]
    at = term.parts[1]
    if not keys and element != UNKNOWN:
        checker.need(element, "<", at)
    for each in keys:
        if each.kind == "callable" and each.of and each.of[0] != UNKNOWN:
            checker.need(each.of[0], "<", at, f"the key of {names_in(at)}")


def put_in(checker: Checker, term: Term, held: Shape, arguments: list[Shape]) -> None:
    """Doubt that what is put into a collection, or looked up in it, can be a member or key of it."""
    name, given = term.parts[0].text, term.parts[1:]
    keyed = held.kind in {"dict", "record"} and name in {"get", "setdefault", "pop"}
    if given and (keyed or (held.kind == "set" and name in {"add", "discard", "remove"})):
        checker.need(arguments[0], "hash", given[0])
    if held.kind == "list" and name == "sort" and held.of and not given:
        checker.need(held.of[0], "<", term.parts[0].parts[0])


def demanded(checker: Checker, term: Term, name: str, arguments: list[Shape]) -> None:
    """Doubt a call of a function of the standard library by what it is known to ask for."""
    step = _DEMANDS.get(name)
    if step is not None and len(term.parts) > 1:
        step(checker, term, arguments)


def _written(checker: Checker, term: Term, arguments: list[Shape]) -> None:
    if any(each.text in {"default", "cls"} or each.kind == "spread" for each in term.parts[1:]):
        return
    odd = _not_json(checker, arguments[0], 0)
    if odd is not None:
        shown = names_in(term.parts[1])
        said = f"{shown} holds {odd}, which cannot be written as JSON"
        checker.doubt("type-changed", term, shown, said, (odd.ref,) if odd.ref else (), 0.93)


def _not_json(checker: Checker, held: Shape, depth: int) -> Shape | None:
    """What of a value JSON has no form for; None when nothing is known of that kind."""
    for each in held.options:
        if each.kind in _NO_JSON:
            return each
        if each.kind == "instance":
            owner = checker.program.class_at(each.ref)
            bases = owner.bases if owner is not None else ()
            if owner is not None and not bases and not owner.is_enum:
                return each
            if owner is not None and owner.is_enum and len(bases) == 1 and bases[0].text in {"Enum", "Flag"}:
                return each
        if each.kind in {"list", "tuple", "dict", "record"} and depth < 4:
            inside = each.of[1:] if each.kind == "dict" else each.of
            found = next((odd for one in inside if (odd := _not_json(checker, one, depth + 1)) is not None), None)
            if found is not None:
                return found
            if (
                each.kind == "dict"
                and each.of
                and any(key.kind in {*STANDARD, "tuple", "bytes"} for key in each.of[:1])
            ):
                return each.of[0]
    return None


def _counted(checker: Checker, term: Term, arguments: list[Shape]) -> None:
    if term.parts[1].kind not in {"keyword", "spread"}:
        element = checker.inside(arguments[0])
        if arguments[0].kind not in {"dict", "record"}:
            checker.need(element, "hash", term.parts[1])


def _joined(checker: Checker, term: Term, arguments: list[Shape]) -> None:
    for each, found in zip(term.parts[1:], arguments, strict=True):
        odd = next((one for one in found.options if one.kind in {"int", "float", "none", "list", "record"}), None)
        if odd is not None:
            said = f"{names_in(each)} is {odd} and cannot be a part of a path"
            checker.doubt("type-changed", each, names_in(each), said, (), 0.93)


def _attributes_got(checker: Checker, term: Term, _: list[Shape]) -> None:
    """`attrgetter("worth")` asks the attribute of whatever it is given: of the one class of the tree that has it."""
    for each in term.parts[1:]:
        if each.kind == "string" and each.text.isidentifier():
            name = f"{names_in(term.parts[0])}({each.text})"
            held = checker.reading.guess(checker.module.path, checker.within, name, frozenset({each.text}))
            checker.attribute(Term("member", each.text, term.parts[:1], term.line), held, each.text)


def _method_called(checker: Checker, term: Term, _: list[Shape]) -> None:
    """`methodcaller("close", 1)` calls the method of whatever it is given: of the one class of the tree that has it."""
    from coroom.checks.inference.defined import defined  # noqa: PLC0415

    said = term.parts[1]
    if said.kind != "string" or not said.text.isidentifier():
        return
    name = f"{names_in(term.parts[0])}({said.text})"
    held = checker.reading.guess(checker.module.path, checker.within, name, frozenset({said.text}))
    member = Term("member", said.text, term.parts[:1], term.line)
    known = checker.attribute(member, held, said.text)
    if known.kind == "function":
        given = term.parts[2:]
        defined(checker, Term("call", "", (member, *given), term.line), known, [UNKNOWN for _ in given])


_DEMANDS: Mapping[str, Callable[[Checker, Term, list[Shape]], None]] = {
    "json.dumps": _written, "json.dump": _written, "collections.Counter": _counted, "os.path.join": _joined,
    "operator.attrgetter": _attributes_got,
    "operator.methodcaller": _method_called,
}  # fmt: skip
