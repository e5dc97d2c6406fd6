"""Maps and sets of a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.script.access import entry_key
from coroom.checks.enactment.script.arrays import at
from coroom.checks.enactment.script.objects import OBJECT, natives
from coroom.checks.enactment.script.values import UNDEFINED, Accessor, Bag, Flow, Native, Obj, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def _bag(m: Machine, this: Value) -> Bag:
    if not isinstance(this, Bag):
        raise m.thrown("TypeError", "Method called on incompatible receiver")
    m.step()
    return this


def put(m: Machine, this: Value, given: list[Value]) -> Value:
    """`set` of a map and `add` of a set."""
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
    made = Obj(OBJECT, natives({**_BAG, **acts}), "built in")
    made.own["size"] = Accessor(Native("size", lambda m, this, _: float(len(_bag(m, this).entries))))
    made.own["@@iterator"] = made.own["entries" if name == "Map" else "values"]
    return made


MAP = _bag_of("Map", {"get": _got, "set": put})
SET = _bag_of("Set", {"add": put})


def bag_maker(name: str, proto: Obj) -> Native:
    """`Map` or `Set` itself."""

    def make(m: Machine, given: list[Value], _: Value) -> Value:
        made = Bag(proto, is_map=name == "Map")
        source = at(given, 0)
        for each in m.each(source) if source is not None and source is not UNDEFINED else ():
            m.step()
            put(m, made, [m.get(each, "0"), m.get(each, "1")] if name == "Map" else [each])
        return made

    def called(m: Machine, _: Value, __: list[Value]) -> Value:
        raise m.thrown("TypeError", f"Constructor {name} requires 'new'")

    return Native(name, called, make)
