"""What the language has by name: its classes and functions, of which nothing reaches outside."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import keys_of, truthy
from coroom.checks.enactment.script.arrays import ARRAY, ARRAY_MAKER, ARRAY_REAL, at
from coroom.checks.enactment.script.bags import MAP, SET, bag_maker, put
from coroom.checks.enactment.script.calculating import MATH, NUMBER, NUMBER_MAKER, PARSING
from coroom.checks.enactment.script.moments import MOMENT, MOMENT_MAKER, MOMENT_REAL
from coroom.checks.enactment.script.objects import OBJECT, OBJECT_MAKER, natives
from coroom.checks.enactment.script.promises import PROMISE, PROMISE_MAKER, TIMERS
from coroom.checks.enactment.script.regular import executed, regular
from coroom.checks.enactment.script.texts import (
    TEXT,
    TEXT_MAKER,
    TEXT_REAL,
)
from coroom.checks.enactment.script.values import (
    UNDEFINED,
    Arr,
    Bag,
    Fault,
    Flow,
    Native,
    Obj,
    Regular,
    Value,
)
from coroom.checks.enactment.script.written import parsed, written

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def _next(m: Machine, this: Value, given: list[Value]) -> Value:
    if not isinstance(this, Flow):
        raise CannotGoOn("next() of something else")
    m.step()
    if not this.done:
        try:
            sent = (at(given, 0),) if given and hasattr(this.run, "send") and this.begun else None
            this.begun = True
            value = this.run.send(sent) if sent is not None and hasattr(this.run, "send") else next(this.run)
        except StopIteration as end:
            this.done = True
            back = UNDEFINED if end.value is None else end.value
            return m.object({"value": back, "done": True})
        return m.object({"value": value, "done": False})
    return m.object({"value": UNDEFINED, "done": True})


GENERATOR = Obj(OBJECT, natives({"next": _next, "@@iterator": lambda _, this, __: this}), "built in")


def _fault_text(m: Machine, this: Value, _: list[Value]) -> Value:
    name, said = m.text(m.get(this, "name")), m.text(m.get(this, "message"))
    return f"{name}: {said}" if said else name


def _fault_maker(name: str, proto: Obj) -> Native:
    def make(m: Machine, given: list[Value], _: Value = None) -> Value:
        made = Fault(proto)
        if at(given, 0) is not UNDEFINED:
            made.own["message"] = m.text(given[0])
        made.own["stack"] = ""
        if isinstance(at(given, 1), Obj) and m.has(given[1], "cause"):
            made.own["cause"] = m.get(given[1], "cause")
        return made

    return Native(name, lambda m, _, given: make(m, given), make)


ERROR = Obj(OBJECT, {"name": "Error", "message": "", **natives({"toString": _fault_text})}, "built in")
FAULTS = {"Error": ERROR}
for _name in ("TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"):
    FAULTS[_name] = Obj(ERROR, {"name": _name, "message": ""}, "built in")


def _test(m: Machine, this: Value, given: list[Value]) -> Value:
    return _exec(m, this, given) is not None


def _exec(m: Machine, this: Value, given: list[Value]) -> Value:
    if not isinstance(this, Regular):
        raise CannotGoOn("a pattern's method on something else")
    return executed(m, this, m.text(at(given, 0)))


def _regular(m: Machine, given: list[Value], _: Value = None) -> Value:
    if isinstance(at(given, 0), Regular):
        return regular(m, given[0].source, given[0].flags if at(given, 1) is UNDEFINED else m.text(given[1]))
    return regular(m, m.text(at(given, 0)), "" if at(given, 1) is UNDEFINED else m.text(given[1]))


def _proto_of(methods: dict[str, Native]) -> Obj:
    return Obj(OBJECT, {**methods}, "built in")


_BOOLEAN: dict[str, Act] = {"toString": lambda m, this, _: m.text(this), "valueOf": lambda _, this, __: this}
BUILTINS: dict[str, Obj] = {
    "Object": OBJECT,
    "Function": Obj(OBJECT, {}, "built in"),
    "Array": _proto_of(ARRAY),
    "String": _proto_of(TEXT),
    "Number": _proto_of(NUMBER),
    "Boolean": Obj(OBJECT, natives(_BOOLEAN), "built in"),
    "Map": MAP,
    "Set": SET,
    "Generator": GENERATOR,
    "RegExp": Obj(OBJECT, natives({"test": _test, "exec": _exec}), "built in"),
    "Promise": _proto_of(PROMISE),
    "Date": _proto_of(MOMENT),
    **FAULTS,
}  # fmt: skip
"""What values inherit from, by the name of their kind."""

_OF_OBJECTS = frozenset({"isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "__proto__", "__defineGetter__"})
REAL: dict[int, frozenset[str]] = {
    id(OBJECT): _OF_OBJECTS,
    id(BUILTINS["Array"]): ARRAY_REAL,
    id(BUILTINS["String"]): TEXT_REAL,
    id(BUILTINS["Number"]): frozenset({"toExponential"}),
    id(BUILTINS["Function"]): frozenset({"toString", "caller", "arguments"}),
    id(BUILTINS["Date"]): MOMENT_REAL,
    id(BUILTINS["RegExp"]): frozenset({"source", "flags", "global", "lastIndex", "toString", "compile", "sticky"}),
    id(SET): frozenset(
        {"union", "intersection", "difference", "symmetricDifference", "isSubsetOf", "isSupersetOf", "isDisjointFrom"}
    ),
    id(GENERATOR): frozenset(
        {"return", "throw", "map", "filter", "take", "drop", "flatMap", "reduce", "toArray", "forEach", "some", "every"}
        | {"find"}
    ),
}
"""What is left out of them, by their identity."""


def _json_text(m: Machine, _: Value, given: list[Value]) -> Value:
    return written(m, at(given, 0), at(given, 1), at(given, 2))


def _json_parsed(m: Machine, _: Value, given: list[Value]) -> Value:
    if at(given, 1) is not UNDEFINED:
        raise CannotGoOn("JSON with a reviver")
    return parsed(m, m.text(at(given, 0)))


def _copied(m: Machine, _: Value, given: list[Value]) -> Value:
    return _clone(m, at(given, 0))


def _clone(m: Machine, value: Value) -> Value:
    m.step()
    if not isinstance(value, Obj):
        return value
    if type(value) is Arr:
        return m.array([_clone(m, each) for each in value.items])
    if type(value) is Bag:
        made = Bag(m.builtins["Map" if value.is_map else "Set"], is_map=value.is_map)
        for key, held in value.live():
            put(m, made, [_clone(m, key), _clone(m, held)])
        return made
    if type(value) is not Obj:
        raise CannotGoOn("a copy of an odd kind")
    return m.object({key: _clone(m, m.get(value, key)) for key in keys_of(value)})


def _closed(names: dict[str, Value], real: frozenset[str]) -> Obj:
    made = Obj(OBJECT, names, "built in")
    REAL[id(made)] = real
    return made


_NEVER_KNOWN = frozenset(
    {"acos", "asin", "sinh", "cosh", "tanh", "log1p", "expm1", "fround", "imul", "clz32", "LN2", "LN10", "SQRT2"}
)
_SYMBOL = Native("Symbol", lambda m, _, given: f"@@{m.count()} {at(given, 0)}")
_SYMBOL.own.update(
    {"iterator": "@@iterator", "for": Native("for", lambda m, _, given: f"@@for {m.text(at(given, 0))}")}
)
REAL[id(_SYMBOL)] = frozenset({"asyncIterator", "toStringTag", "toPrimitive", "hasInstance", "keyFor", "species"})
GLOBALS: dict[str, Value] = {
    "Object": OBJECT_MAKER,
    "Array": ARRAY_MAKER,
    "String": TEXT_MAKER,
    "Number": NUMBER_MAKER,
    "Boolean": Native("Boolean", lambda _, __, given: truthy(at(given, 0))),
    "Map": bag_maker("Map", MAP),
    "Set": bag_maker("Set", SET),
    "RegExp": Native("RegExp", lambda m, _, given: _regular(m, given), _regular),
    "Promise": PROMISE_MAKER,
    "Date": MOMENT_MAKER,
    "Math": _closed(MATH, _NEVER_KNOWN),
    "JSON": _closed(natives({"stringify": _json_text, "parse": _json_parsed}), frozenset({"rawJSON"})),
    "Symbol": _SYMBOL,
    "console": _closed(
        natives(dict.fromkeys(("log", "warn", "error", "info", "debug", "trace"), lambda _, __, ___: UNDEFINED)),
        frozenset({"table", "time", "timeEnd", "group", "groupEnd", "assert", "count", "dir"}),
    ),
    "structuredClone": Native("structuredClone", _copied),
    "isNaN": Native("isNaN", lambda m, _, given: math.isnan(m.number(at(given, 0)))),
    "isFinite": Native("isFinite", lambda m, _, given: math.isfinite(m.number(at(given, 0)))),
    "NaN": math.nan,
    "Infinity": math.inf,
    "encodeURIComponent": Native(
        "encodeURIComponent", lambda m, _, given: quote(m.text(at(given, 0)), safe="!'()*-._~")
    ),
    "decodeURIComponent": Native("decodeURIComponent", lambda m, _, given: unquote(m.text(at(given, 0)))),
    **PARSING,
    **TIMERS,
    **{name: _fault_maker(name, proto) for name, proto in FAULTS.items()},
}
"""The names that every script finds."""

for _name, _maker in GLOBALS.items():
    if isinstance(_maker, Native) and _name in BUILTINS:
        _maker.own["prototype"] = BUILTINS[_name]
        BUILTINS[_name].own["constructor"] = _maker
        if _maker.proto is None:
            _maker.proto = BUILTINS["Function"]
        REAL.setdefault(
            id(_maker),
            frozenset({"defineProperty", "defineProperties", "getOwnPropertyNames", "getOwnPropertyDescriptor", "raw"})
            | frozenset({"isSealed", "isExtensible", "getOwnPropertySymbols", "captureStackTrace", "fromAsync", "UTC"}),
        )
