"""What an enacted program may do with Python's own values: known methods, and operations that stay small."""

import re
import string
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Generator, ItemsView, Iterable, Iterator, KeysView, ValuesView
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import wraps
from pathlib import PurePosixPath
from types import FunctionType
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import FAULTS, MISSING, Bound, Coroutine, Function, Kind, Module

LARGEST = 4_000
"""Longer texts and collections are not made."""

COLLECTIONS = (list, tuple, dict, set, frozenset, deque)
WEIGHT_MAX = 50_000
"""What holds more when all of it is told, each time that it is held, is not gone through."""

_LONG = tuple(
    re.compile(each)
    for each in (
        r"[*+?}]\)+[*+{]", r"\|[^()]*\)[*+{]", r"\((?:\?:|\?P<\w+>)?[^()]*(?<!\\)[*+?}][^()]*\)(?:[*+]|\{\d*,\})"
    )
)  # fmt: skip
"""Where something is repeated inside of what is repeated, or chosen."""

_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.ASCII | re.UNICODE
"""Those that only change what fits; another prints what the pattern was made into."""

UNKNOWN_BUILTINS = frozenset(
    [
        "open",
        "input",
        "exec",
        "eval",
        "compile",
        "globals",
        "locals",
        "dir",
        "__import__",
        "breakpoint",
        "memoryview",
        "bytearray",
        "complex",
        "help",
        "exit",
        "quit",
    ]
)

_PUBLIC = (
    str,
    bytes,
    int,
    float,
    bool,
    list,
    tuple,
    dict,
    set,
    frozenset,
    range,
    Counter,
    OrderedDict,
    defaultdict,
    deque,
    Decimal,
    Fraction,
    datetime,
    date,
    time,
    timedelta,
    timezone,
    re.Pattern,
    re.Match,
)
_VIEWS = (KeysView, ValuesView, ItemsView)
_GENERATOR = Generator
_REFUSED = frozenset(
    {
        "format_map",
        "maketrans",
        "translate",
        "fromhex",
        "to_bytes",
        "from_bytes",
        "ljust",
        "rjust",
        "center",
        "zfill",
        "expandtabs",
    }
)
_HASHED = frozenset({"hexdigest", "digest", "update"})
_WIDE = frozenset({"ljust", "rjust", "center", "zfill"})


def attribute(held: Any, name: str) -> Any:
    """An attribute of one of Python's own values; `MISSING` when it has none of that name.

    Raises:
        CannotGoOn: nothing is known about values of this type.
    """
    if isinstance(held, (*_PUBLIC, *_VIEWS)):
        modest(held)
        if isinstance(held, re.Pattern) and name in {
            "match",
            "search",
            "fullmatch",
            "sub",
            "split",
            "findall",
            "finditer",
            "subn",
        }:
            return lambda *given: matched(held, name, *given)
        if isinstance(held, str) and name == "format":
            return lambda *given, **named: _Plain().vformat(held, given, named)
        if name == "elements" and isinstance(held, Counter):
            return lambda: counted(held.elements())
        if name in _WIDE:
            return lambda width, *fill: getattr(held, name)(_small(width), *fill)
        if name.startswith("_") or name in _REFUSED:
            if name.startswith("__") and name.endswith("__"):
                raise CannotGoOn(f"{name} is not known here")
            return MISSING
        return getattr(held, name, MISSING)
    if held is None:
        return MISSING
    if isinstance(held, PurePosixPath):
        return _of_path(held, name)
    return _of_another(held, name)


_ON_DISK = frozenset(
    [
        "absolute",
        "chmod",
        "cwd",
        "exists",
        "expanduser",
        "glob",
        "group",
        "hardlink_to",
        "home",
        "is_dir",
        "is_file",
        "is_mount",
        "is_symlink",
        "iterdir",
        "lstat",
        "mkdir",
        "open",
        "owner",
        "read_bytes",
        "read_text",
        "readlink",
        "rename",
        "replace",
        "resolve",
        "rglob",
        "rmdir",
        "samefile",
        "stat",
        "symlink_to",
        "touch",
        "unlink",
        "walk",
        "write_bytes",
        "write_text",
    ]
)


def _of_path(held: PurePosixPath, name: str) -> Any:
    if name in _ON_DISK or name.startswith("_"):
        raise CannotGoOn(f"{name} of a path is not known here")
    return getattr(held, name, MISSING)


def _of_another(held: Any, name: str) -> Any:
    """An attribute of what is no data."""
    if name == "__name__" and isinstance(held, FunctionType) and held.__name__.isidentifier():
        return held.__name__
    if name in _HASHED and type(held).__module__ in {"_hashlib", "_blake2"}:
        return getattr(held, name)
    if isinstance(held, Coroutine):
        return (lambda: None) if name == "close" else MISSING
    if isinstance(held, _GENERATOR):
        return MISSING if name not in {"close", "send", "throw"} else _stop(name)
    raise CannotGoOn(f"{name} of {type(held).__name__} is not known here")


def _stop(name: str) -> Any:
    raise CannotGoOn(f"{name} of a generator is not known here")


class _Plain(string.Formatter):
    """`str.format` that reads no attributes."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if "." in field_name or "[" in field_name:
            raise CannotGoOn("a format that looks into its values")
        return super().get_field(field_name, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> Any:
        return formatted(value, format_spec)


def _small(number: Any) -> Any:
    if isinstance(number, int) and abs(number) > LARGEST:
        raise CannotGoOn("too large")
    return number


def _narrow(numbers: Iterable[str], most: int = 200) -> None:
    for each in numbers:
        said = each.lstrip("0")
        if len(said) > 3 or int(said or 0) > most:
            raise CannotGoOn("too wide")


def formatted(value: Any, spec: str) -> str:
    """`format`, within bounds."""
    _narrow(re.findall(r"\d+", spec))
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
            _narrow((said.replace("_", "") for said in re.findall(r"[eE][-+]?([\d_]+)", each)), 100)
    return Fraction(*given, **named)


def matched(held: re.Pattern[str], name: str, *given: Any) -> Any:
    """A pattern's method on a text that is short enough for it."""
    subject = next((each for each in reversed(given) if isinstance(each, str)), "")
    repeated = min(6, len(re.findall(r"[*+]|\{\d*,", held.pattern)))
    perhaps = len(re.findall(r"\?", re.sub(r"\(\?|[*+?}]\?|\\\?", "", held.pattern)))
    if (len(subject) + 1) ** repeated * 2**perhaps > 10_000_000:
        raise CannotGoOn("a match that may take long")
    try:
        return getattr(held, name)(*given)
    except re.error as fault:
        raise CannotGoOn("a text that says no replacement") from fault


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
            _narrow((wide, exact))
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


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern whose matching takes a time that is known: nothing is repeated inside of what is repeated."""
    if len(text) > 300 or "\\1" in text or any(each.search(text) for each in _LONG):
        raise CannotGoOn("a pattern that may take long")
    if flags & ~_FLAGS:
        raise CannotGoOn("a pattern of an odd kind")
    try:
        return re.compile(text, flags)
    except re.error as fault:
        raise CannotGoOn("a pattern that says nothing") from fault


def kind_name(value: Any) -> str:
    """What the type of a value is called."""
    if isinstance(value, Thing):
        return value.kind.name
    if isinstance(value, Coroutine):
        return "coroutine"
    if isinstance(value, Function | Bound):
        return "function"
    if isinstance(value, Kind):
        return "type"
    if isinstance(value, Module):
        return f"module {value.name}"
    return type(value).__name__
