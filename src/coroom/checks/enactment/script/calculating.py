"""What numbers and `Math` can do in a script."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script import numbers
from coroom.checks.enactment.script.arrays import at, whole
from coroom.checks.enactment.script.values import UNDEFINED, Native, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def _number(m: Machine, this: Value) -> float:
    if not isinstance(this, float):
        raise CannotGoOn("a method of numbers on something else")
    m.step()
    return this


def _places(m: Machine, value: Value, least: int) -> int:
    places = int(whole(m, value, 0))
    if not least <= places <= 100:
        raise m.thrown("RangeError", "toFixed() digits argument must be between 0 and 100")
    return places


def _precise(m: Machine, this: Value, given: list[Value]) -> Value:
    number = _number(m, this)
    if at(given, 0) is UNDEFINED:
        return numbers.number_text(number)
    return numbers.precise(number, _places(m, given[0], 1))


def _for_people(m: Machine, this: Value, given: list[Value]) -> Value:
    number, options = _number(m, this), at(given, 1)
    if at(given, 0) not in (UNDEFINED, "en-US", "en"):
        raise CannotGoOn("numbers of another language")
    least, most = 0, 3
    if options is not UNDEFINED:
        if set(options.own) - {"minimumFractionDigits", "maximumFractionDigits"}:
            raise CannotGoOn("numbers with options")
        least = int(whole(m, m.get(options, "minimumFractionDigits"), 0))
        most = int(whole(m, m.get(options, "maximumFractionDigits"), max(3, least)))
    return numbers.grouped(number, least, most)


_NUMBER_ACTS: dict[str, Act] = {
    "toFixed": lambda m, this, given: numbers.fixed(_number(m, this), _places(m, at(given, 0), 0)),
    "toPrecision": _precise,
    "toLocaleString": _for_people,
    "valueOf": lambda m, this, _: _number(m, this),
    "toString": lambda m, this, given: numbers.in_base(_number(m, this), int(whole(m, at(given, 0), 10))),
}
NUMBER = {name: Native(name, act) for name, act in _NUMBER_ACTS.items()}
"""The methods of numbers."""


def _is_whole(value: Value) -> bool:
    return isinstance(value, float) and value.is_integer()


NUMBER_MAKER = Native("Number", lambda m, _, given: m.number(given[0]) if given else 0.0)
_STATICS: dict[str, Act] = {
    "isInteger": lambda _, __, given: _is_whole(at(given, 0)),
    "isSafeInteger": lambda _, __, given: _is_whole(at(given, 0)) and abs(given[0]) < 2**53,
    "isFinite": lambda _, __, given: isinstance(at(given, 0), float) and math.isfinite(given[0]),
    "isNaN": lambda _, __, given: isinstance(at(given, 0), float) and math.isnan(given[0]),
    "parseFloat": lambda m, _, given: numbers.leading_number(m.text(at(given, 0))),
    "parseInt": lambda m, _, given: numbers.leading_whole(m.text(at(given, 0)), m.number(at(given, 1))),
}
PARSING = {name: Native(name, _STATICS[name]) for name in ("parseFloat", "parseInt")}
"""What reads numbers, and is a name of its own, too."""
NUMBER_MAKER.own.update({name: Native(name, act) for name, act in _STATICS.items()})
NUMBER_MAKER.own.update(
    {
        "MAX_SAFE_INTEGER": float(2**53 - 1),
        "MIN_SAFE_INTEGER": -float(2**53 - 1),
        "EPSILON": 2.0**-52,
        "MAX_VALUE": 1.7976931348623157e308,
        "MIN_VALUE": 5e-324,
        "POSITIVE_INFINITY": math.inf,
        "NEGATIVE_INFINITY": -math.inf,
        "NaN": math.nan,
    }
)


def _rounded(value: float) -> float:
    if not math.isfinite(value) or abs(value) >= 2**52:
        return value
    below = math.floor(value)
    return float(below + (value - below >= 0.5))


def _finite(change: Callable[[float], float]) -> Callable[[float], float]:
    def act(value: float) -> float:
        try:
            return float(change(value))
        except (ValueError, OverflowError):
            return value if change in {math.floor, math.ceil, math.trunc} else math.nan

    return act


def _sign(value: float) -> float:
    return value if value == 0 or math.isnan(value) else math.copysign(1.0, value)


def _logarithm(change: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: -math.inf if value == 0 else change(value)


_MATH: dict[str, Callable[[float], float]] = {
    "floor": _finite(math.floor),
    "ceil": _finite(math.ceil),
    "trunc": _finite(math.trunc),
    "round": _rounded,
    "abs": abs,
    "sign": _sign,
    "sqrt": _finite(math.sqrt),
    "cbrt": _finite(math.cbrt),
    "log": _finite(_logarithm(math.log)),
    "log2": _finite(_logarithm(math.log2)),
    "log10": _finite(_logarithm(math.log10)),
    "exp": _finite(math.exp),
    "sin": _finite(math.sin),
    "cos": _finite(math.cos),
    "tan": _finite(math.tan),
    "atan": math.atan,
}


def _applied(change: Callable[[float], float]) -> Act:
    return lambda m, _, given: change(m.number(at(given, 0)))


def _extreme(start: float, pick: Callable[[float, float], float]) -> Act:
    def act(m: Machine, _: Value, given: list[Value]) -> Value:
        found = start
        for each in given:
            number = m.number(each)
            found = math.nan if math.isnan(number) or math.isnan(found) else pick(found, number)
        return found

    return act


MATH: dict[str, Value] = {name: Native(name, _applied(change)) for name, change in _MATH.items()}
"""What `Math` has. Nothing there is by chance."""
MATH.update(
    {
        "max": Native("max", _extreme(-math.inf, max)),
        "min": Native("min", _extreme(math.inf, min)),
        "pow": Native("pow", lambda m, _, given: _power(m.number(at(given, 0)), m.number(at(given, 1)))),
        "hypot": Native("hypot", lambda m, _, given: math.hypot(*(m.number(each) for each in given))),
        "atan2": Native("atan2", lambda m, _, given: math.atan2(m.number(at(given, 0)), m.number(at(given, 1)))),
        "random": Native("random", lambda _, __, ___: 0.5),
        "PI": math.pi,
        "E": math.e,
    }
)


def _power(one: float, two: float) -> float:
    try:
        return float(one**two)
    except (ZeroDivisionError, OverflowError, TypeError):
        raise CannotGoOn("a power that is no number") from None
