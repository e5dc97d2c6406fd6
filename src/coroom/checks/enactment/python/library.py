"""The small part of the library that touches nothing, as an enacted program finds it."""

from __future__ import annotations

import bisect
import calendar
import copy
import functools
import hashlib
import heapq
import itertools
import json
import math
import re
import statistics
import string
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from datetime import time as day_time
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib import parse

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python import bounds, calling, declaring, iterating, native, sharing, writing
from coroom.checks.enactment.python.built_in import own_kind
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import Kind, Module, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes


def module(machine: Attributes, name: str) -> Module | None:
    """A module of the library, with what is known of it; None when nothing is."""
    if name not in _MODULES:
        return None
    made = _MODULES[name](machine)
    return Module(name, made)


def _re(machine: Attributes) -> dict[str, Value]:
    del machine

    def use(name: str) -> Callable[..., Value]:
        return lambda text, *given, flags=0: native.matched(
            text if isinstance(text, re.Pattern) else native.pattern(text, flags), name, *given
        )

    return {
        "compile": native.pattern,
        "escape": re.escape,
        "I": re.IGNORECASE,
        "IGNORECASE": re.IGNORECASE,
        "M": re.MULTILINE,
        "MULTILINE": re.MULTILINE,
        "S": re.DOTALL,
        "DOTALL": re.DOTALL,
        "X": re.VERBOSE,
        "VERBOSE": re.VERBOSE,
        **{name: use(name) for name in ("match", "search", "fullmatch", "sub", "split", "findall", "finditer", "subn")},
    }


def _copied(value: Value, *, deep: bool) -> Value:
    if isinstance(value, Thing):
        if value.kind.has("enum"):
            return value
        value.step()
        again = value.attributes.items()
        return Thing(value.kind, {k: _copied(v, deep=True) if deep else v for k, v in again}, value.items)
    if deep and type(value) in {list, tuple, set}:
        return type(value)(_copied(each, deep=True) for each in value)
    if deep and type(value) is dict:
        return {key: _copied(each, deep=True) for key, each in value.items()}
    if callable(value):
        return value
    return copy.copy(value)


def _time(machine: Attributes) -> dict[str, Value]:
    del machine
    ticks = itertools.count(1_700_000_000)
    return {
        "time": lambda: float(next(ticks)),
        "monotonic": lambda: float(next(ticks)),
        "perf_counter": lambda: float(next(ticks)),
        "sleep": lambda _: None,
        "time_ns": lambda: next(ticks) * 10**9,
    }


def _os(machine: Attributes) -> dict[str, Value]:
    kept: dict[str, str] = {}
    return {"environ": kept, "getenv": kept.get, "path": Module("os.path", writing.paths(machine)), "sep": "/"}


def _logging(machine: Attributes) -> dict[str, Value]:
    kind = Kind("Logger", (machine.builtins["object"],), {}, make=machine.new)
    quiet = ("debug", "info", "warning", "error", "exception", "critical", "log", "setLevel", "addHandler")
    logger = Thing(kind, {name: lambda *_, **__: None for name in quiet})
    return {"getLogger": lambda *_: logger, "DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, **logger.attributes}


def _datetime(machine: Attributes) -> dict[str, Value]:
    base = machine.builtins["object"]
    found: dict[str, Value] = {}
    for name, made, methods in (
        ("datetime", datetime, ("fromtimestamp", "fromisoformat", "strptime", "combine")),
        ("date", date, ("fromisoformat", "fromordinal")),
        ("timedelta", timedelta, ()),
        ("time", day_time, ()),
        ("timezone", timezone, ()),
    ):
        kind = own_kind(base, name, made)
        kind.space.update({each: bounds.guarded(getattr(made, each)) for each in methods})
        found[name] = kind
    found["datetime"].space["now"] = lambda tz=None: datetime(2024, 3, 1, 12, tzinfo=tz)
    found["date"].space["today"] = lambda: date(2024, 3, 1)
    found["timezone"].space["utc"] = timezone.utc  # noqa: UP017 - the class is what a program names
    found["UTC"] = timezone.utc  # noqa: UP017
    return found


_SMALL = {"factorial": 100, "comb": 1_000, "perm": 100}
"""Functions of `math` whose results grow fast, and the largest number that they are given."""


def _math(machine: Attributes) -> dict[str, Value]:
    del machine

    def bounded(name: str) -> Callable[..., Value]:
        def asked(*given: int) -> int:
            if any(isinstance(each, int) and each > _SMALL[name] for each in given):
                raise CannotGoOn("too large")
            return int(getattr(math, name)(*given))

        return asked

    found: dict[str, Value] = {name: held for name, held in vars(math).items() if not name.startswith("_")}

    def prod(many: Iterable[Value], *, start: Value = 1) -> Value:
        return functools.reduce(bounds.times, bounds.counted(many), start)

    def lcm(*many: int) -> int:
        return functools.reduce(lambda one, two: math.lcm(bounds.modest(one), two), many, 1)

    return {**found, **{name: bounded(name) for name in _SMALL}, "prod": prod, "lcm": lcm}


def _names(*pairs: tuple[object, tuple[str, ...]]) -> Callable[[Attributes], dict[str, Value]]:
    return lambda _: {
        name: bounds.guarded(made) if callable(made := getattr(held, name)) else made
        for held, names in pairs for name in names
    }  # fmt: skip


def _decimal(machine: Attributes) -> dict[str, Value]:
    return {
        "Decimal": own_kind(machine.builtins["object"], "Decimal", Decimal),
        "ROUND_HALF_UP": "ROUND_HALF_UP",
        "ROUND_HALF_EVEN": "ROUND_HALF_EVEN",
        "ROUND_DOWN": "ROUND_DOWN",
        "ROUND_UP": "ROUND_UP",
        "ROUND_CEILING": "ROUND_CEILING",
        "ROUND_FLOOR": "ROUND_FLOOR",
        "ROUND_HALF_DOWN": "ROUND_HALF_DOWN",
        "InvalidOperation": machine.builtins["InvalidOperation"],
    }


def _dumps(value: Value, *, indent: Value = None, **named: Value) -> Value:
    if isinstance(indent, str) and len(indent) > 20:
        raise CannotGoOn("too wide")
    return bounds.guarded(json.dumps)(value, indent=indent, **named)


def _given(held: Mapping[str, Value]) -> Callable[[Attributes], dict[str, Value]]:
    return lambda _: dict(held)


_MODULES: Mapping[str, Callable[[Attributes], dict[str, Value]]] = {
    "typing": declaring.typing_names,
    "typing_extensions": declaring.typing_names,
    "collections.abc": declaring.typing_names,
    "dataclasses": declaring.dataclasses_names,
    "enum": declaring.enum_names,
    "abc": declaring.abc_names,
    "collections": declaring.collections_names,
    "functools": calling.functools_names,
    "asyncio": calling.asyncio_names,
    "contextlib": calling.contextlib_names,
    "operator": calling.operator_names,
    "re": _re,
    "time": _time,
    "os": _os,
    "logging": _logging,
    "datetime": _datetime,
    "decimal": _decimal,
    "json": lambda machine: {
        "dumps": _dumps,
        "loads": bounds.guarded(json.loads),
        "JSONDecodeError": machine.builtins["JSONDecodeError"],
    },
    "copy": lambda _: {
        "copy": lambda v: _copied(v, deep=False),
        "deepcopy": lambda v: _copied(bounds.weighed(v), deep=True),
    },
    "fractions": lambda machine: {"Fraction": own_kind(machine.builtins["object"], "Fraction", bounds.fraction)},
    "warnings": lambda _: {"warn": lambda *_, **__: None},
    "types": lambda machine: {
        "SimpleNamespace": lambda **named: Thing(
            Kind("SimpleNamespace", (machine.builtins["object"],), {}, make=machine.new), named
        ),
        "MappingProxyType": dict,
    },
    "statistics": _names((statistics, ("mean", "median", "fmean", "mode", "stdev", "pstdev", "variance", "pvariance"))),
    "random": sharing.random_names,
    "threading": sharing.threading_names,
    "queue": sharing.queue_names,
    "io": writing.io_names,
    "csv": writing.csv_names,
    "os.path": writing.paths,
    "posixpath": writing.paths,
    "pathlib": writing.pathlib_names,
    "calendar": _names((calendar, ("monthrange", "isleap", "day_name", "month_name"))),
    "sys": lambda _: {"maxsize": sys.maxsize},
    "math": _math,
    "itertools": iterating.itertools_names,
    "string": _names(
        (
            string,
            ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "punctuation", "whitespace", "hexdigits"),
        )
    ),
    "textwrap": _names((textwrap, ("wrap", "fill", "indent", "dedent", "shorten"))),
    "bisect": _names((bisect, ("bisect", "bisect_left", "bisect_right", "insort", "insort_left", "insort_right"))),
    "heapq": lambda machine: {
        **_names((heapq, ("heappush", "heappop", "heapify", "nlargest", "nsmallest", "heapreplace", "heappushpop")))(
            machine
        ),
        "merge": lambda *many, **named: bounds.counted(heapq.merge(*many, **named)),
    },
    "hashlib": _names((hashlib, ("md5", "sha1", "sha256", "sha512", "blake2b"))),
    "urllib.parse": _names((parse, ("quote", "unquote", "quote_plus", "unquote_plus", "urlencode"))),
    "unicodedata": _names((unicodedata, ("normalize", "category", "combining"))),
    **{name: _given(held) for name, held in writing.TEXTS.items()},
}
