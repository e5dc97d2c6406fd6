"""Operations and values that stay small: what an enacted program asks of Python takes no more than its steps."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import wraps
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.values import FAULTS, Bound, Function

LARGEST = 4_000
"""Longer texts and collections are not made."""

COLLECTIONS = (list, tuple, dict, set, frozenset, deque)

WEIGHT_MAX = 50_000
"""What holds more when all of it is told, each time that it is held, is not gone through."""


def narrow(numbers: Iterable[str], most: int = 200) -> None:
    """Leave the program alone where one of these numerals asks for more than `most`.

    Raises:
        CannotGoOn: one does.
    """
    for each in numbers:
        said = each.lstrip("0")
        if len(said) > 3 or int(said or 0) > most:
            raise CannotGoOn("too wide")


def formatted(value: Any, spec: str) -> str:
    """`format`, within bounds."""
    narrow(re.findall(r"\d+", spec))
    return format(weighed(value), spec)


def modest(value: Any) -> Any:
    """The value, when it is one of a size that an enactment makes.

    Raises:
        CannotGoOn: it is larger.
    """
    if isinstance(value, str | bytes | list | tuple | dict | set | frozenset | deque):
        if len(value) > LARGEST:
            raise CannotGoOn("too large")
    elif isinstance(value, int):
        if value.bit_length() > 4096:
            raise CannotGoOn("too large")
    elif isinstance(value, Decimal):
        if value.is_finite() and abs(value.adjusted()) > 100:
            raise CannotGoOn("too large")
    elif isinstance(value, Fraction):
        modest(value.numerator)
        modest(value.denominator)
    return value


def weighed(value: Any) -> Any:
    """The value, when all that its collections hold can be gone through; what is held twice counts twice.

    Raises:
        CannotGoOn: it is more.
    """
    if not isinstance(value, COLLECTIONS):
        return value
    waiting, left = [value], WEIGHT_MAX
    while waiting:
        each = waiting.pop()
        left -= 1 + len(each)
        for one in (*each, *each.values()) if isinstance(each, dict) else each:
            if isinstance(one, COLLECTIONS):
                waiting.append(one)
            elif isinstance(one, str | bytes):
                left -= len(one) >> 4
            elif isinstance(one, Fraction):
                left -= one.denominator.bit_length()
        if left < 0:
            raise CannotGoOn("too large when all is told")
    return value


def counted(many: Iterable[Any]) -> Iterator[Any]:
    """The same values; whoever asks for too many of them is left alone."""
    for at, each in enumerate(many):
        if at > LARGEST:
            raise CannotGoOn("an iterator that goes on")
        yield each


def guarded(make: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the library that gives what is modest of what is modest; its odd faults end the enactment."""

    @wraps(make)
    def asked(*given: Any, **named: Any) -> Any:
        for each in (*given, *named.values()):
            weighed(modest(each))
        if any(isinstance(each, int) and abs(each) > 200 for each in named.values()):
            raise CannotGoOn("too large")
        try:
            return modest(make(*given, **named))
        except FAULTS:
            raise
        except Exception as fault:
            raise CannotGoOn("a fault that is not known here") from fault

    return asked


def small(run: Any) -> Any:
    """What is called by Python's own functions, so that all it gives is modest."""
    if run is None or isinstance(run, Function | Bound):
        return run
    return lambda *given, **named: modest(run(*given, **named))


def total(many: Iterable[Any], /, start: Any = 0) -> Any:
    """`sum`, within bounds."""
    values = list(counted(many))
    if isinstance(start, int | float) and all(isinstance(each, int | float) for each in values):
        return sum(values, start)
    if isinstance(start, str | bytes):
        return sum(values, start)
    for each in values:
        start = modest(start + each)
    return start


def rounded(number: Any, *places: Any, **named: Any) -> Any:
    """`round`, within bounds."""
    if any(isinstance(each, int) and abs(each) > 100 for each in (*places, *named.values())):
        raise CannotGoOn("too large")
    return round(number, *places, **named)


def fraction(*given: Any, **named: Any) -> Fraction:
    """`Fraction`, within bounds."""
    for each in (*given, *named.values()):
        if isinstance(modest(each), str):
            narrow((said.replace("_", "") for said in re.findall(r"[eE][-+]?([\d_]+)", each)), 100)
    return Fraction(*given, **named)


def times(one: Any, two: Any) -> Any:
    """`*`, within bounds."""
    for many, number in ((one, two), (two, one)):
        if (
            isinstance(many, str | bytes | list | tuple | deque)
            and isinstance(number, int)
            and len(many) * number > LARGEST
        ):
            raise CannotGoOn("too large")
    _bounded(one, two)
    return one * two


def power(one: Any, two: Any) -> Any:
    """`**`, within bounds."""
    if isinstance(two, int | Fraction) and not -64 <= two <= 64:
        raise CannotGoOn("too large")
    _bounded(one, two)
    return one**two


def shifted(one: Any, two: Any) -> Any:
    """`<<`, within bounds."""
    if isinstance(two, int) and two > 64:
        raise CannotGoOn("too large")
    return one << two


def rest(one: Any, two: Any) -> Any:
    """`%`, of numbers and of texts."""
    if isinstance(one, str | bytes):
        text = one if isinstance(one, str) else one.decode("latin-1")
        for wide, exact in re.findall(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?", text):
            if "*" in {wide, exact}:
                raise CannotGoOn("a width that is given")
            narrow((wide, exact))
    return one % (weighed(two) if isinstance(one, str | bytes) else two)


def _bounded(*numbers: Any) -> None:
    if any(isinstance(each, int) and each.bit_length() > 4096 for each in numbers):
        raise CannotGoOn("too large")


def span(*given: Any) -> range:
    """`range`, within bounds."""
    made = range(*given)
    if len(made) > LARGEST:
        raise CannotGoOn("too long")
    return made
