"""What the language has by name: its classes and functions, of which nothing reaches outside."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from coroom.checks.enactment.script.access import entry_key, has_own, keys_of, same, truthy
from coroom.checks.enactment.script.arrays import ARRAY, ARRAY_MAKER, ARRAY_REAL, at
from coroom.checks.enactment.script.moments import MOMENT, MOMENT_MAKER, MOMENT_REAL
from coroom.checks.enactment.script.promises import PROMISE, PROMISE_MAKER, TIMERS
from coroom.checks.enactment.script.regular import executed, regular
from coroom.checks.enactment.script.texts import (
    MATH,
    NUMBER,
    NUMBER_MAKER,
    PARSING,
    TEXT,
    TEXT_MAKER,
    TEXT_REAL,
)
from coroom.checks.enactment.script.values import (
    UNDEFINED,
    Accessor,
    Arr,
    Bag,
    Fault,
    Flow,
    Fun,
    Native,
    Obj,
    Regular,
    Value,
)
from coroom.checks.enactment.script.written import parsed, written
from coroom.checks.enactment.values import CannotGoOn

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def _natives(acts: dict[str, Act]) -> dict[str, Value]:
    return {name: Native(name, act) for name, act in acts.items()}


def _shown_object(_: Machine, this: Value, __: list[Value]) -> Value:
    if isinstance(this, Fun | Native):
        raise CannotGoOn("the text of a function")
    return "[object Object]"


def _own(m: Machine, this: Value, given: list[Value]) -> Value:
    return isinstance(this, Obj) and has_own(this, m.key(at(given, 0)))


OBJECT = Obj(
    None,
    _natives(
        {
            "hasOwnProperty": _own,
            "toString": _shown_object,
            "valueOf": lambda _, this, __: this,
        }
    ),
    "built in",
)


def _keys(m: Machine, _: Value, given: list[Value]) -> Value:
    return m.array([*keys_of(_object(m, at(given, 0)))])


def _values(m: Machine, _: Value, given: list[Value]) -> Value:
    held = _object(m, at(given, 0))
    return m.array([m.get(held, each) for each in keys_of(held)])


def _entries(m: Machine, _: Value, given: list[Value]) -> Value:
    held = _object(m, at(given, 0))
    return m.array([m.array([each, m.get(held, each)]) for each in keys_of(held)])


def _object(m: Machine, value: Value) -> Value:
    if value is None or value is UNDEFINED:
        raise m.thrown("TypeError", "Cannot convert undefined or null to object")
    return value


def _from_entries(m: Machine, _: Value, given: list[Value]) -> Value:
    made = m.object()
    for each in m.each(at(given, 0)):
        m.step()
        made.own[m.key(m.get(each, "0"))] = m.get(each, "1")
    return made


def _assign(m: Machine, _: Value, given: list[Value]) -> Value:
    target = _object(m, at(given, 0))
    for each in given[1:]:
        for key in keys_of(each):
            m.step()
            m.put(target, key, m.get(each, key))
    return target


def _close(how: str) -> Act:
    def act(_: Machine, __: Value, given: list[Value]) -> Value:
        held = at(given, 0)
        if isinstance(held, Obj) and held.closed != "frozen":
            if held.closed == "built in":
                raise CannotGoOn("a change of the language")
            held.closed = how
        return held

    return act


def _group(m: Machine, _: Value, given: list[Value]) -> Value:
    made = Obj(None)
    for number, each in enumerate(m.each(at(given, 0))):
        key = m.key(m.call(at(given, 1), UNDEFINED, [each, float(number)]))
        made.own.setdefault(key, m.array([])).items.append(each)
    return made


def _create(_: Machine, __: Value, given: list[Value]) -> Value:
    if len(given) > 1 or not (given and (given[0] is None or isinstance(given[0], Obj))):
        raise CannotGoOn("an object that is made in an odd way")
    return Obj(given[0])


def _proto(_: Machine, __: Value, given: list[Value]) -> Value:
    held = at(given, 0)
    if not isinstance(held, Obj):
        raise CannotGoOn("what a plain value inherits from")
    return held.proto


def _is(_: Machine, __: Value, given: list[Value]) -> Value:
    one, two = at(given, 0), at(given, 1)
    if isinstance(one, float) and isinstance(two, float):
        return str(one) == str(two) or one == two != 0
    return same(one, two)


def _frozen(_: Machine, __: Value, given: list[Value]) -> Value:
    return not isinstance(at(given, 0), Obj) or given[0].closed == "frozen"


OBJECT_MAKER = Native("Object", lambda m, _, given: at(given, 0) if given else m.object())
OBJECT_MAKER.own.update(
    _natives(
        {
            "keys": _keys,
            "values": _values,
            "entries": _entries,
            "fromEntries": _from_entries,
            "assign": _assign,
            "freeze": _close("frozen"),
            "seal": _close("sealed"),
            "preventExtensions": _close("fixed"),
            "isFrozen": _frozen,
            "groupBy": _group,
            "create": _create,
            "getPrototypeOf": _proto,
            "setPrototypeOf": lambda _, __, given: _set_proto(given),
            "is": _is,
            "hasOwn": lambda m, _, given: _own(m, at(given, 0), given[1:]),
        }
    )
)


def _set_proto(given: list[Value]) -> Value:
    held, proto = at(given, 0), at(given, 1)
    if not isinstance(held, Obj) or held.closed or not (proto is None or isinstance(proto, Obj)):
        raise CannotGoOn("an object that is made in an odd way")
    where = proto
    while where is not None:
        if where is held:
            raise CannotGoOn("an object that inherits from itself")
        where = where.proto
    held.proto = proto
    return held


def _bag(m: Machine, this: Value) -> Bag:
    if not isinstance(this, Bag):
        raise m.thrown("TypeError", "Method called on incompatible receiver")
    m.step()
    return this


def _put(m: Machine, this: Value, given: list[Value]) -> Value:
    bag = _bag(m, this)
    key = at(given, 0)
    key = 0.0 if isinstance(key, float) and key == 0 else key
    known = bag.entries.get(entry_key(key))
    bag.entries[entry_key(key)] = (known[0] if known else key, at(given, 1) if bag.is_map else key)
    return this


def _delete(m: Machine, this: Value, given: list[Value]) -> Value:
    return _bag(m, this).entries.pop(entry_key(at(given, 0)), None) is not None


def _clear(m: Machine, this: Value, _: list[Value]) -> Value:
    _bag(m, this).entries.clear()
    return UNDEFINED


def _got(m: Machine, this: Value, given: list[Value]) -> Value:
    return _bag(m, this).entries.get(entry_key(at(given, 0)), (None, UNDEFINED))[1]


def _has(m: Machine, this: Value, given: list[Value]) -> Value:
    return entry_key(at(given, 0)) in _bag(m, this).entries


def _for_each(m: Machine, this: Value, given: list[Value]) -> Value:
    for key, value in _bag(m, this).live():
        m.call(at(given, 0), at(given, 1), [value, key, this])
    return UNDEFINED


def _flow(place: int) -> Act:
    return lambda m, this, _: Flow(m.builtins["Generator"], (pair[place] for pair in _bag(m, this).live()))


def _pairs(m: Machine, this: Value, _: list[Value]) -> Value:
    return Flow(m.builtins["Generator"], (m.array([*pair]) for pair in _bag(m, this).live()))


_BAG: dict[str, Act] = {
    "delete": _delete,
    "clear": _clear,
    "has": _has,
    "forEach": _for_each,
    "keys": _flow(0),
    "values": _flow(1),
    "entries": _pairs,
}


def _bag_of(name: str, acts: dict[str, Act]) -> Obj:
    made = Obj(OBJECT, _natives({**_BAG, **acts}), "built in")
    made.own["size"] = Accessor(Native("size", lambda m, this, _: float(len(_bag(m, this).entries))))
    made.own["@@iterator"] = made.own["entries" if name == "Map" else "values"]
    return made


MAP = _bag_of("Map", {"get": _got, "set": _put})
SET = _bag_of("Set", {"add": _put})


def _bag_maker(name: str, proto: Obj) -> Native:
    def make(m: Machine, given: list[Value], _: Value) -> Value:
        made = Bag(proto, is_map=name == "Map")
        source = at(given, 0)
        for each in m.each(source) if source is not None and source is not UNDEFINED else ():
            m.step()
            _put(m, made, [m.get(each, "0"), m.get(each, "1")] if name == "Map" else [each])
        return made

    def called(m: Machine, _: Value, __: list[Value]) -> Value:
        raise m.thrown("TypeError", f"Constructor {name} requires 'new'")

    return Native(name, called, make)


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


GENERATOR = Obj(OBJECT, _natives({"next": _next, "@@iterator": lambda _, this, __: this}), "built in")


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


ERROR = Obj(OBJECT, {"name": "Error", "message": "", **_natives({"toString": _fault_text})}, "built in")
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
    "Boolean": Obj(OBJECT, _natives(_BOOLEAN), "built in"),
    "Map": MAP,
    "Set": SET,
    "Generator": GENERATOR,
    "RegExp": Obj(OBJECT, _natives({"test": _test, "exec": _exec}), "built in"),
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
            _put(m, made, [_clone(m, key), _clone(m, held)])
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
GLOBALS: dict[str, Value] = {
    "Object": OBJECT_MAKER,
    "Array": ARRAY_MAKER,
    "String": TEXT_MAKER,
    "Number": NUMBER_MAKER,
    "Boolean": Native("Boolean", lambda _, __, given: truthy(at(given, 0))),
    "Map": _bag_maker("Map", MAP),
    "Set": _bag_maker("Set", SET),
    "RegExp": Native("RegExp", lambda m, _, given: _regular(m, given), _regular),
    "Promise": PROMISE_MAKER,
    "Date": MOMENT_MAKER,
    "Math": _closed(MATH, _NEVER_KNOWN),
    "JSON": _closed(_natives({"stringify": _json_text, "parse": _json_parsed}), frozenset({"rawJSON"})),
    "Symbol": _closed({"iterator": "@@iterator"}, frozenset({"for", "asyncIterator", "toStringTag", "toPrimitive"})),
    "console": _closed(
        _natives(dict.fromkeys(("log", "warn", "error", "info", "debug", "trace"), lambda _, __, ___: UNDEFINED)),
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
