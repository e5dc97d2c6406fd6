"""The small part of the library that touches nothing, as an enacted program finds it."""

from __future__ import annotations

import bisect
import copy
import functools
import heapq
import itertools
import json
import math
import operator
import re
import string
import textwrap
import unicodedata
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from datetime import time as day_time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from coroom.checks.enactment import native
from coroom.checks.enactment.kinds import AUTO, Field, dataclass
from coroom.checks.enactment.things import Thing, all_fields
from coroom.checks.enactment.values import (
    MISSING,
    CannotGoOn,
    Coroutine,
    Function,
    Kind,
    Module,
    Property,
    Value,
)

if TYPE_CHECKING:
    from coroom.checks.enactment.attributes import Attributes

from coroom.checks.enactment.built_in import KNOWN, OWN, own_kind


def module(machine: Attributes, name: str) -> Module | None:
    """A module of the library, with what is known of it; None when nothing is."""
    if name not in KNOWN:
        return None
    if name not in _MODULES:
        raise CannotGoOn(f"the module {name} is not known here")
    made = _MODULES[name](machine)
    return Module(name, made)


def _typing(machine: Attributes) -> dict[str, Value]:
    base = machine.builtins["object"]
    found: dict[str, Value] = {}
    for name in (
        "Any",
        "Optional",
        "Union",
        "Callable",
        "Iterator",
        "Iterable",
        "Generator",
        "Sequence",
        "Mapping",
        "MutableMapping",
        "List",
        "Dict",
        "Tuple",
        "Set",
        "FrozenSet",
        "Type",
        "Literal",
        "Final",
        "ClassVar",
        "Awaitable",
        "Coroutine",
        "AsyncIterator",
        "Self",
        "TypeAlias",
        "Annotated",
        "Hashable",
        "Sized",
        "Collection",
        "NoReturn",
        "Never",
        "Text",
        "Required",
        "NotRequired",
        "Unpack",
        "Concatenate",
        "Container",
        "MutableSequence",
        "Reversible",
        "Buffer",
    ):
        found[name] = Kind(name, (base,), {}, traits={"own" if name in OWN else "note"}, make=machine.new)
    found["Generic"] = Kind("Generic", (base,), {}, traits={"object"}, make=machine.new)
    found["Protocol"] = Kind("Protocol", (base,), {}, traits={"object"}, make=machine.new)
    found["NamedTuple"] = Kind("NamedTuple", (base,), {}, traits={"tuple"}, make=machine.new)
    found["TypedDict"] = Kind("TypedDict", (base,), {}, traits={"typed dict"}, make=machine.new)
    for name in ("TypeVar", "ParamSpec", "NewType", "TypeVarTuple"):
        found[name] = lambda *_, **__: Kind("T", (base,), {}, traits={"note"}, make=lambda _, value: value)
    for name in ("overload", "final", "override", "runtime_checkable", "no_type_check"):
        found[name] = _same
    found["cast"] = lambda _, value: value
    found["TYPE_CHECKING"] = False
    return found


def _same(value: Value) -> Value:
    return value


def _dataclasses(machine: Attributes) -> dict[str, Value]:
    def decorator(kind: Value = None, **options: Value) -> Value:
        if kind is None:
            return lambda each: dataclass(machine, each, options)
        return dataclass(machine, kind, options)

    def field(*, default: Value = MISSING, default_factory: Value = None, **_: Value) -> Field:
        make = default_factory if default_factory is not None else (lambda: default) if default is not MISSING else None
        return Field(make, default, given=default is not MISSING)

    def replace(thing: Thing, **named: Value) -> Value:
        return thing.kind(**{**{name: thing.attributes[name] for name in all_fields(thing.kind)}, **named})

    def fields(thing: Value) -> tuple[Thing, ...]:
        kind = thing if isinstance(thing, Kind) else thing.kind
        note = Kind("Field", (machine.builtins["object"],), {}, make=machine.new)
        return tuple(Thing(note, {"name": name}) for name in all_fields(kind))

    return {
        "dataclass": decorator,
        "field": field,
        "replace": replace,
        "asdict": _as_dict,
        "fields": fields,
        "FrozenInstanceError": machine.builtins["FrozenInstanceError"],
        "astuple": lambda thing: tuple(thing.attributes[name] for name in all_fields(thing.kind)),
        "is_dataclass": lambda thing: (thing if isinstance(thing, Kind) else thing.kind).has("dataclass"),
    }


def _as_dict(value: Value) -> Value:
    if isinstance(value, Thing) and value.kind.has("dataclass"):
        return {name: _as_dict(value.attributes[name]) for name in all_fields(value.kind)}
    if isinstance(value, list | tuple):
        return type(value)(_as_dict(each) for each in value)
    if isinstance(value, dict):
        return {key: _as_dict(each) for key, each in value.items()}
    return value


def _enum(machine: Attributes) -> dict[str, Value]:
    base = machine.builtins["object"]
    plain = Kind("Enum", (base,), {}, traits={"enum"}, make=machine.new)
    whole = Kind("IntEnum", (plain,), {}, traits={"enum", "mixed enum"}, make=machine.new)
    text = Kind("StrEnum", (plain,), {}, traits={"enum", "mixed enum", "text enum"}, make=machine.new)
    return {"Enum": plain, "IntEnum": whole, "StrEnum": text, "auto": lambda: AUTO, "unique": _same}


def _abc(machine: Attributes) -> dict[str, Value]:
    def abstract(function: Value) -> Value:
        if isinstance(function, Function):
            function.attributes["__isabstractmethod__"] = True
        return function

    return {
        "ABC": Kind("ABC", (machine.builtins["object"],), {}, traits={"abc", "object"}, make=machine.new),
        "abstractmethod": abstract,
        "ABCMeta": machine.builtins["object"],
    }


def _collections(machine: Attributes) -> dict[str, Value]:
    base = machine.builtins["object"]

    def named_tuple(name: str, fields: Value, *, defaults: Value = ()) -> Kind:
        names = fields.replace(",", " ").split() if isinstance(fields, str) else list(fields)
        made: dict[str, Callable[[], Value] | None] = dict.fromkeys(names)
        for each, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            made[each] = functools.partial(_same, value)
        return Kind(name, (base,), {}, fields=made, traits={"tuple"}, make=machine.new)

    return {
        "namedtuple": named_tuple,
        "defaultdict": own_kind(base, "defaultdict", defaultdict),
        "Counter": own_kind(base, "Counter", Counter),
        "OrderedDict": own_kind(base, "OrderedDict", OrderedDict),
        "deque": own_kind(base, "deque", deque),
    }


def _functools(machine: Attributes) -> dict[str, Value]:
    def wraps(of: Value) -> Callable[[Value], Value]:
        def mark(function: Value) -> Value:
            if isinstance(function, Function):
                function.attributes["__name__"] = machine.attribute(of, "__name__")
                function.attributes["__wrapped__"] = of
            return function

        return mark

    def cached(function: Value) -> Value:
        kept: dict[Value, Value] = {}

        def asked(*given: Value, **named: Value) -> Value:
            key = (given, tuple(sorted(named.items())))
            if key not in kept:
                kept[key] = function(*given, **named)
            return kept[key]

        return _wrapped(function, asked)

    def lru_cache(function: Value = None, **_: Value) -> Value:
        return cached(function) if callable(function) else cached

    return {
        "wraps": wraps,
        "reduce": functools.reduce,
        "partial": functools.partial,
        "cache": cached,
        "lru_cache": lru_cache,
        "cached_property": lambda get: Property(get, kept=True),
        "cmp_to_key": functools.cmp_to_key,
        "total_ordering": _same,
    }


def _wrapped(function: Value, run: Callable[..., Value]) -> Value:
    if not isinstance(function, Function):
        return run
    return Function(
        function.name,
        function.node,
        function.around,
        function.defaults,
        lambda _, given, named: run(*given, **named),
        function.owner,
        function.traits,
    )


def _asyncio(machine: Attributes) -> dict[str, Value]:
    def run(waiting: Value) -> Value:
        if not isinstance(waiting, Coroutine):
            raise TypeError("a coroutine was expected")
        return waiting.run()

    def gather(*waiting: Value, **_: Value) -> Coroutine:
        return Coroutine(lambda: [run(each) for each in waiting])

    del machine
    return {"run": run, "gather": gather, "sleep": lambda *_: Coroutine(lambda: None)}


def _contextlib(machine: Attributes) -> dict[str, Value]:
    base = machine.builtins["object"]

    def manager(function: Value) -> Value:
        kind = Kind("Manager", (base,), {}, make=machine.new)

        def asked(*given: Value, **named: Value) -> Thing:
            flow = function(*given, **named)
            return Thing(kind, {"__enter__": lambda: next(flow), "__exit__": lambda *_: next(flow, None) and False})

        return _wrapped(function, asked)

    def suppress(*kinds: Kind) -> Thing:
        kind = Kind("Suppress", (base,), {}, make=machine.new)
        return Thing(
            kind,
            {
                "__enter__": lambda: None,
                "__exit__": lambda _, raised, __: raised is not None and machine.is_a(raised, kinds),
            },
        )

    return {"contextmanager": manager, "suppress": suppress}


def _operator(machine: Attributes) -> dict[str, Value]:
    def attrgetter(*names: str) -> Callable[[Value], Value]:
        def get(held: Value) -> Value:
            found = [functools.reduce(machine.attribute, name.split("."), held) for name in names]
            return found[0] if len(found) == 1 else tuple(found)

        return get

    named = (
        "add",
        "sub",
        "itemgetter",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "neg",
        "not_",
        "contains",
        "truediv",
        "floordiv",
    )
    return {"attrgetter": attrgetter, "mul": native.times, **{name: getattr(operator, name) for name in named}}


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
    del machine
    kept: dict[str, str] = {}
    return {"environ": kept, "getenv": kept.get}


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
        kind.space.update({each: getattr(made, each) for each in methods})
        found[name] = kind
    found["datetime"].space["now"] = lambda tz=None: datetime(2024, 3, 1, 12, tzinfo=tz)
    found["date"].space["today"] = lambda: date(2024, 3, 1)
    found["timezone"].space["utc"] = timezone.utc  # noqa: UP017 - the class is what a program names
    found["UTC"] = timezone.utc  # noqa: UP017
    return found


def _names(*pairs: tuple[object, tuple[str, ...]]) -> Callable[[Attributes], dict[str, Value]]:
    return lambda _: {name: getattr(held, name) for held, names in pairs for name in names}


def _decimal(machine: Attributes) -> dict[str, Value]:
    return {
        "Decimal": own_kind(machine.builtins["object"], "Decimal", Decimal),
        "ROUND_HALF_UP": "ROUND_HALF_UP",
        "ROUND_HALF_EVEN": "ROUND_HALF_EVEN",
        "ROUND_DOWN": "ROUND_DOWN",
        "ROUND_UP": "ROUND_UP",
        "InvalidOperation": machine.builtins["InvalidOperation"],
    }


_MODULES: Mapping[str, Callable[[Attributes], dict[str, Value]]] = {
    "typing": _typing,
    "typing_extensions": _typing,
    "collections.abc": _typing,
    "dataclasses": _dataclasses,
    "enum": _enum,
    "abc": _abc,
    "collections": _collections,
    "functools": _functools,
    "asyncio": _asyncio,
    "contextlib": _contextlib,
    "operator": _operator,
    "re": _re,
    "time": _time,
    "os": _os,
    "logging": _logging,
    "datetime": _datetime,
    "decimal": _decimal,
    "json": lambda machine: {
        "dumps": json.dumps,
        "loads": json.loads,
        "JSONDecodeError": machine.builtins["JSONDecodeError"],
    },
    "copy": lambda _: {"copy": lambda v: _copied(v, deep=False), "deepcopy": lambda v: _copied(v, deep=True)},
    "fractions": lambda machine: {"Fraction": own_kind(machine.builtins["object"], "Fraction", Fraction)},
    "warnings": lambda _: {"warn": lambda *_, **__: None},
    "types": lambda machine: {
        "SimpleNamespace": lambda **named: Thing(
            Kind("SimpleNamespace", (machine.builtins["object"],), {}, make=machine.new), named
        ),
        "MappingProxyType": dict,
    },
    "statistics": lambda _: {"mean": lambda many: sum(many) / len(many)},
    "math": _names(
        (
            math,
            (
                "ceil",
                "floor",
                "sqrt",
                "pi",
                "inf",
                "isclose",
                "trunc",
                "log10",
                "log2",
                "log",
                "hypot",
                "gcd",
                "nan",
                "isnan",
                "fabs",
                "copysign",
                "prod",
                "fsum",
                "e",
                "sin",
                "cos",
                "exp",
            ),
        )
    ),
    "itertools": _names(
        (
            itertools,
            (
                "chain",
                "groupby",
                "islice",
                "accumulate",
                "zip_longest",
                "takewhile",
                "dropwhile",
                "pairwise",
                "starmap",
                "tee",
                "compress",
                "filterfalse",
            ),
        )
    ),
    "string": _names(
        (
            string,
            ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "punctuation", "whitespace", "hexdigits"),
        )
    ),
    "textwrap": _names((textwrap, ("wrap", "fill", "indent", "dedent", "shorten"))),
    "bisect": _names((bisect, ("bisect", "bisect_left", "bisect_right", "insort", "insort_left", "insort_right"))),
    "heapq": _names((heapq, ("heappush", "heappop", "heapify", "nlargest", "nsmallest"))),
    "unicodedata": _names((unicodedata, ("normalize", "category", "combining"))),
}
