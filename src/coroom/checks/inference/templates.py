"""Texts with places to be filled: whether what fills them has what the places ask for."""

import re
import string
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from coroom.checks.inference.asking import names_in
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.shapes import Names, Shape
from coroom.syntax import Term, walk

_STEP = re.compile(r"\.(\w+)|\[([^\]]*)\]")
_NAMED = re.compile(r"%\((\w+)\)")


class _Hole(NamedTuple):
    """One place of a template: what fills it, by number or name, how it is to look, and the attributes and keys asked
    of that.
    """

    filler: str
    look: str
    steps: tuple[tuple[str, str], ...]


def formatted(checker: Checker, term: Term, names: Names) -> None:
    """Doubt a call of `format` on a text that is known, by what its places ask for."""
    text = _text_of(checker, term.parts[0].parts[0])
    holes = list(_holes(text, count())) if text is not None else []
    given = term.parts[1:]
    places = [each for each in given if each.kind not in {"keyword", "spread"}]
    by_name = {each.text: each.parts[0] for each in given if each.kind == "keyword"}
    by_name.update(_spread_out(given))
    spread = any(each.kind == "spread" for each in given)
    for hole in holes:
        filler = by_name.get(hole.filler)
        if hole.filler.isdigit():
            filler = places[int(hole.filler)] if int(hole.filler) < len(places) else None
        if filler is None:
            if not spread:
                said = f'"{hole.filler}" is a place of {names_in(term.parts[0].parts[0])} that nothing is given for'
                checker.doubt("missing-key", term, hole.filler, said, (), 0.95)
            continue
        for kind, text_of in hole.steps:
            if kind == "member":
                filler = Term("member", text_of, (filler,), term.line)
            else:
                key = Term("number" if text_of.isdigit() else "string", text_of, (), term.line)
                filler = Term("index", "", (filler, key), term.line)
        if hole.steps or hole.look:
            laid_out(checker, filler, checker.value(filler, names), hole.look)


def filled(checker: Checker, term: Term, names: Names) -> None:
    """Doubt `text % record` by the keys that the text asks for."""
    text = _text_of(checker, term.parts[0])
    keys = list(dict.fromkeys(_NAMED.findall(text.replace("%%", "")))) if text is not None else []
    if not keys:
        return
    with checker.silent():
        held = checker.value(term.parts[1], names)
    for key in keys:
        if held.lacks(key):
            said = f'"{key}" is a place of {names_in(term.parts[0])} that nothing is given for'
            checker.doubt("missing-key", term, key, said, (), 0.95)
    owned = _attributes_of(term.parts[1])
    for key in keys if owned is not None else ():
        checker.value(Term("member", key, (owned,) if owned is not None else (), term.line), names)


def _spread_out(given: tuple[Term, ...]) -> dict[str, Term]:
    """`**{…}`, as far as they name what they give."""
    found: dict[str, Term] = {}
    for each in given:
        held = each.parts[0] if each.kind == "spread" and each.parts else None
        if held is not None and held.kind == "dict":
            found.update({part.parts[0].text: part.parts[1] for part in held.parts if part.kind == "pair"})
    return found


def _attributes_of(term: Term) -> Term | None:
    """The object whose attributes a mapping has: `vars(x)`, `x.__dict__`."""
    if term.kind == "call" and term.parts[0].text == "vars" and len(term.parts) == 2:
        return term.parts[1]
    return term.parts[0] if term.kind == "member" and term.text == "__dict__" else None


def _text_of(checker: Checker, term: Term) -> str | None:
    """The text that a term is known to be: a literal, or a name or attribute that is one literal."""
    if term.kind == "string":
        return term.text
    meant: object = None
    if term.kind == "name":
        body = checker.function.body if checker.function is not None else None
        bound = [
            each.parts[-1]
            for each in (walk(body) if body is not None else ())
            if each.kind == "assign" and each.parts[0].kind == "name" and each.parts[0].text == term.text
        ]
        if bound:
            return bound[0].text if len(bound) == 1 and bound[0].kind == "string" else None
        meant = checker.program.meaning(term.text, checker.module)
    elif term.kind == "member" and term.parts[0].text in {"self", "cls"} and checker.function is not None:
        owner = checker.module.classes.get(checker.function.owner)
        meant = checker.program.member(owner, term.text) if owner is not None else None
    value = meant.parts[-1] if isinstance(meant, Term) and meant.parts else None
    return value.text if value is not None and value.kind == "string" else None


def _holes(text: str, numbers: Iterator[int]) -> Iterator[_Hole]:
    """The places of a template, those in the looks of others among them; `numbers` are those of places without a name,
    in the order in which they are counted.
    """
    try:
        parts = [each for each in string.Formatter().parse(text) if each[1] is not None]
    except ValueError:
        return
    for _, field, look, conversion in parts:
        named = re.match(r"[^.\[]*", field or "")
        head = named[0] if named is not None else ""
        steps = tuple(
            ("member", match[1]) if match[1] is not None else ("index", match[2])
            for match in _STEP.finditer((field or "")[len(head) :])
        )
        yield _Hole(head or str(next(numbers)), (look or "") if not conversion else "", steps)
        yield from _holes(look or "", numbers)


_LOOK = re.compile(r"(.?[<>=^])?[-+ ]?z?#?0?\d*([,_]?)(\.\d+)?([a-zA-Z%]?)\Z")
_OF_NUMBERS = frozenset("deEfFgGnoxXbc%")
_WITHOUT_LOOK = frozenset({"none", "list", "dict", "record", "set", "tuple", "bytes", "timedelta", "Path", "UUID"})


def laid_out(checker: Checker, at: Term, held: Shape, look: str) -> None:
    """Doubt that the text of a value can look as it is said to (`f"{x:.2f}"`)."""
    match = _LOOK.match(look)
    if not look or "{" in look or (match is None and "%" not in look):
        return
    kind = match[4] if match is not None else ""
    for each in held.options:
        dated = each.kind in {"date", "datetime", "time"}
        wrong = (
            each.kind in _WITHOUT_LOOK
            or (dated and "%" not in look)
            or (each.kind == "str" and (kind in _OF_NUMBERS or match is None) and kind != "")
            or (each.kind in {"str", "int", "bool", "float", "Decimal"} and match is None)
            or (each.kind in {"int", "bool", "float", "Decimal"} and kind == "s")
            or (each.kind in {"float", "Decimal"} and kind in {"d", "x", "X", "o", "b", "c"})
            or (each.kind == "instance" and _is_plain(checker, each))
        )
        if wrong:
            said = f'{names_in(at)} is {each} and has no text of the form "{look}"'
            checker.doubt("type-changed", at, names_in(at), said, (each.ref,) if each.ref else (), 0.93)
            return


def _is_plain(checker: Checker, held: Shape) -> bool:
    """Whether instances have no form of text of their own."""
    owner = checker.program.class_at(held.ref)
    if owner is None or owner.is_enum or owner.bases:
        return False
    bases, whole = checker.program.bases_of(owner)
    return whole and not any("__format__" in each.methods for each in (owner, *bases))
