"""The operators of a script."""

import math
from collections.abc import Callable, Mapping

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import same, truthy
from coroom.checks.enactment.script.numbers import NAN, int32
from coroom.checks.enactment.script.values import LARGEST, UNDEFINED, Scope, Value


def _text(scope: Scope, value: Value) -> str:
    found = scope.m.text(value)
    if len(found) > LARGEST:
        raise CannotGoOn("too large")
    return found


def plus(scope: Scope, one: Value, two: Value) -> Value:
    """`+`."""
    if type(one) is float and type(two) is float:
        return one + two
    m = scope.m
    one, two = m.plain(one, "valueOf", "toString"), m.plain(two, "valueOf", "toString")
    if isinstance(one, str) or isinstance(two, str):
        m.step()
        found = _text(scope, one) + _text(scope, two)
        if len(found) > LARGEST:
            raise CannotGoOn("too large")
        return found
    return m.number(one) + m.number(two)


def _power(one: float, two: float) -> float:
    try:
        found = one**two
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf if one > 0 or two % 2 == 0 else -math.inf
    return found if isinstance(found, float) else NAN


def _divided(one: float, two: float) -> float:
    if two != 0:
        return one / two
    if one == 0 or math.isnan(one) or math.isnan(two):
        return NAN
    return math.copysign(math.inf, one) * math.copysign(1.0, two)


def _rest(one: float, two: float) -> float:
    if two == 0 or math.isinf(one) or math.isnan(one) or math.isnan(two):
        return NAN
    return math.fmod(one, two)


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "-": lambda one, two: one - two,
    "*": lambda one, two: one * two,
    "/": _divided,
    "%": _rest,
    "**": _power,
    "&": lambda one, two: float(int32(one) & int32(two)),
    "|": lambda one, two: float(int32(one) | int32(two)),
    "^": lambda one, two: float(int32(one) ^ int32(two)),
    "<<": lambda one, two: float(int32(float(int32(one) << (int32(two) & 31)))),
    ">>": lambda one, two: float(int32(one) >> (int32(two) & 31)),
    ">>>": lambda one, two: float((int32(one) & 0xFFFFFFFF) >> (int32(two) & 31)),
}


def _less(scope: Scope, one: Value, two: Value) -> bool | None:
    m = scope.m
    if type(one) is float and type(two) is float:
        return one < two if one == one and two == two else None  # noqa: PLR0124 - only NaN is not itself
    one, two = m.plain(one, "valueOf", "toString"), m.plain(two, "valueOf", "toString")
    if isinstance(one, str) and isinstance(two, str):
        return one < two
    one, two = m.number(one), m.number(two)
    return None if math.isnan(one) or math.isnan(two) else one < two


def _in(scope: Scope, one: Value, two: Value) -> Value:
    return scope.m.has(two, scope.m.key(one))


OPERATORS: dict[str, Callable[[Scope, Value, Value], Value]] = {
    "+": plus,
    "===": lambda _, one, two: same(one, two),
    "!==": lambda _, one, two: not same(one, two),
    "==": lambda scope, one, two: scope.m.loosely(one, two),
    "!=": lambda scope, one, two: not scope.m.loosely(one, two),
    "<": lambda scope, one, two: _less(scope, one, two) is True,
    ">": lambda scope, one, two: _less(scope, two, one) is True,
    "<=": lambda scope, one, two: _less(scope, two, one) is False,
    ">=": lambda scope, one, two: _less(scope, one, two) is False,
    "instanceof": lambda scope, one, two: scope.m.inherits(one, two),
    "in": _in,
}


def _numbers(sign: str) -> Callable[[Scope, Value, Value], Value]:
    change = _ARITHMETIC[sign]
    return lambda scope, one, two: change(scope.m.number(one), scope.m.number(two))


OPERATORS.update({sign: _numbers(sign) for sign in _ARITHMETIC})


def stops(sign: str, value: Value) -> bool:
    """Whether what stands left of `&&`, `||` or `??` is the result."""
    if sign == "??":
        return value is not None and value is not UNDEFINED
    return truthy(value) is (sign == "||")
