"""The patterns of `match`, as an enacted program takes its values apart by them."""

from __future__ import annotations

import ast
from collections import deque
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.things import Thing, all_fields
from coroom.checks.enactment.python.values import Kind, Raised, Scope, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.machine import Machine


def fits(machine: Machine, pattern: ast.pattern, subject: Value, scope: Scope) -> bool:
    """Whether a value is of the form of a pattern; the names in it are bound.

    Raises:
        CannotGoOn: the pattern asks for what is not known here.
    """
    match pattern:
        case ast.MatchValue(value=value):
            return bool(subject == machine.value(value, scope))
        case ast.MatchSingleton(value=value):
            return subject is value
        case ast.MatchOr(patterns=patterns):
            return any(fits(machine, each, subject, scope) for each in patterns)
        case ast.MatchAs(pattern=inner, name=name):
            if inner is not None and not fits(machine, inner, subject, scope):
                return False
            if name is not None:
                scope.names[name] = subject
            return True
        case ast.MatchSequence(patterns=patterns):
            return _in_order(machine, patterns, subject, scope)
        case ast.MatchMapping():
            return _by_keys(machine, pattern, subject, scope)
        case ast.MatchClass():
            return _as_class(machine, pattern, subject, scope)
    raise CannotGoOn("a pattern that is not known here")


def _in_order(machine: Machine, patterns: list[ast.pattern], subject: Value, scope: Scope) -> bool:
    if isinstance(subject, Thing) and subject.kind.has("tuple"):
        values = list(subject.items)
    elif isinstance(subject, list | tuple | range | deque):
        values = list(subject)
    else:
        return False
    star = next((place for place, each in enumerate(patterns) if isinstance(each, ast.MatchStar)), None)
    if star is None:
        return len(values) == len(patterns) and all(
            fits(machine, each, value, scope) for each, value in zip(patterns, values, strict=True)
        )
    after = len(patterns) - star - 1
    if len(values) < star + after:
        return False
    held = patterns[star]
    if isinstance(held, ast.MatchStar) and held.name is not None:
        scope.names[held.name] = values[star : len(values) - after]
    ends = [*zip(patterns[:star], values, strict=False)]
    ends += zip(patterns[star + 1 :], values[len(values) - after :], strict=True)
    return all(fits(machine, each, value, scope) for each, value in ends)


def _by_keys(machine: Machine, pattern: ast.MatchMapping, subject: Value, scope: Scope) -> bool:
    if not isinstance(subject, dict):
        return False
    keys = [machine.value(each, scope) for each in pattern.keys]
    if not all(key in subject for key in keys):
        return False
    if pattern.rest is not None:
        scope.names[pattern.rest] = {key: value for key, value in subject.items() if key not in keys}
    return all(fits(machine, each, subject[key], scope) for key, each in zip(keys, pattern.patterns, strict=True))


def _as_class(machine: Machine, pattern: ast.MatchClass, subject: Value, scope: Scope) -> bool:
    kind = machine.value(pattern.cls, scope)
    if not isinstance(kind, Kind):
        raise CannotGoOn("a pattern of what is no class")
    if not machine.is_a(subject, kind):
        return False
    if kind.has("own") and pattern.patterns:
        return len(pattern.patterns) == 1 and fits(machine, pattern.patterns[0], subject, scope)
    told = next((each.space["__match_args__"] for each in kind.line() if "__match_args__" in each.space), None)
    fields = list(told or (all_fields(kind) if kind.has("dataclass") else kind.fields if kind.has("tuple") else ()))
    if len(pattern.patterns) > len(fields):
        raise TypeError(f"{kind.name}() accepts {len(fields)} positional sub-patterns")
    named = [*zip(fields, pattern.patterns, strict=False), *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)]
    for name, each in named:
        try:
            value = machine.attribute(subject, name)
        except Raised as raised:
            if raised.value.kind.name == "AttributeError":
                return False
            raise
        if not fits(machine, each, value, scope):
            return False
    return True
