"""What is declared, and whether code keeps to it: what a function returns, what a field holds, the values of a type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coroom.checks.inference.asking import names_in
from coroom.checks.inference.fitting import fits_into
from coroom.checks.inference.shapes import UNKNOWN, Shape
from coroom.syntax import Class, Term

if TYPE_CHECKING:
    from coroom.checks.inference.checker import Checker

_TOLD_APART = frozenset({"str", "bytes", "list", "set", "tuple", "dict", "record", "iterator", "awaitable"})
"""Kinds of which Python code that is annotated with one seldom gets on with another."""


def promise(checker: Checker, function: Term) -> Shape:
    """What a function says that it returns, as far as a `return` in it can be held to that."""
    if "generator" in function.flags:
        return UNKNOWN
    said = checker.reading.notes.shape(function.note, checker.module)
    if said.kind == "awaitable":
        return said.of[0] if "async" in function.flags and said.of else UNKNOWN
    return said


def returned(checker: Checker, at: Term, found: Shape) -> None:
    """Doubt a returned value that is not what its function says that it returns."""
    wanted = checker.promised
    if checker.script or (found.kind in _TOLD_APART and wanted.kind in _TOLD_APART):
        fits_into(checker, at, at, found, wanted)


def field_set(checker: Checker, target: Term, owner: Class, value: Shape) -> None:
    """A declared field that is given a value: may it be, and is the value one of those that it is said to hold?"""
    field, home = owner.fields[target.text], checker.program.module(owner.path)
    if "readonly" in field.flags:
        said = f"{target.text} of {owner.name} can no longer be set"
        checker.doubt("type-changed", target, target.text, said, (f"{owner.path}#{owner.name}",), 0.95)
    elif home is not None:
        fits_into(checker, target, target, value, checker.reading.notes.shape(field.note, home))


def cases_of(switch: Term) -> frozenset[str]:
    """The texts that a switch has a case for."""
    asked = [each.parts[0] for each in switch.parts[1:] if each.kind == "if"]
    tests = [part for each in asked for part in (each.parts if each.kind == "or" else (each,))]
    return frozenset(each.parts[1].text for each in tests if each.kind == "compare" and each.parts[1].kind == "string")


def covers(checker: Checker, switch: Term, values: frozenset[str]) -> bool:
    """Whether a switch all of whose cases end the function has one for each value; if not, one falls through it."""
    lacking = sorted(values - cases_of(switch))
    if lacking and checker.promised.kind not in {"unknown", "none"}:
        said = f'nothing is returned for "{lacking[0]}"'
        checker.doubt("not-exhaustive", switch, names_in(switch.parts[0]), said, (), 0.93)
    return not lacking
