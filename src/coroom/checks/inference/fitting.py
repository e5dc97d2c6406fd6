"""Whether a value can stand where another is wanted, and whether a call fills the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from coroom.checks.inference.asking import names_in
from coroom.checks.inference.shapes import READONLY, UNKNOWN, Shape
from coroom.checks.inference.standard import STANDARD
from coroom.syntax import Call, Class, Parameter, Term, fits

if TYPE_CHECKING:
    from coroom.checks.inference.checker import Checker


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
    "int": frozenset({"float", "Decimal", "Fraction"}), "bool": frozenset({"int", "float", "Decimal", "Fraction"}),
    "datetime": frozenset({"date"}), "record": frozenset({"dict"}),
    "dict": frozenset({"record"}), "str": frozenset({"iterator"}), "list": frozenset({"iterator", "array"}),
}  # fmt: skip


_NEAR = frozenset({"Path", "str", "UUID"})
"""Kinds that many functions take alike."""


def _goes(checker: Checker, given: Term, found: Shape, wanted: Shape) -> bool | None:
    """Whether a value of one shape can stand where another is wanted; None when that is not known."""
    if wanted.kind == "never":
        return False if found.kind == "str" and found.keys else None
    if wanted.kind == "instance":
        return _goes_as(checker, given, found, wanted)
    if wanted.ref == "wanted":
        if found.kind == "record" and found.keys is not None and given.kind == "dict":
            if wanted.choices:
                return any(not (each.keys or frozenset()) - found.keys for each in wanted.choices)
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
        "date",
        *STANDARD,
    }
    if found.kind not in told or wanted.kind not in told:
        return None
    if found.kind == "str" and wanted.kind == "str":
        literal = frozenset({given.text}) if given.kind == "string" else found.keys
        return literal <= wanted.keys if literal and wanted.keys else None
    if found.kind == wanted.kind:
        if found.ref == READONLY != wanted.ref:
            return False
        inside = [_goes(checker, given, one, other) for one, other in zip(found.of, wanted.of, strict=False)]
        same = found.kind != "tuple" or not found.of or not wanted.of or len(found.of) == len(wanted.of)
        return not (not same or (False in inside and found.kind in {"list", "set", "array", "tuple", "dict"}))
    if {found.kind, wanted.kind} <= _NEAR:
        return None
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
    if found.kind in {"int", "float", "bool", "str", "list", "dict", "tuple", "set", "none", "array", "date"}:
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
