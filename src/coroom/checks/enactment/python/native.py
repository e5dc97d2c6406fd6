"""What an enacted program may do with Python's own values: known methods, and patterns whose time is known."""

import re
import string
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Generator, ItemsView, KeysView, ValuesView
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from types import FunctionType
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.bounds import LARGEST, counted, formatted, modest
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import MISSING, Bound, Coroutine, Function, Kind, Module

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
