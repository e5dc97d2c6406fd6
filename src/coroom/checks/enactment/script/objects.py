"""What every object of a script can do, and `Object` itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import has_own, keys_of, same
from coroom.checks.enactment.script.arrays import at
from coroom.checks.enactment.script.values import UNDEFINED, Fun, Native, Obj, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def natives(acts: dict[str, Act]) -> dict[str, Value]:
    """Functions of the language, by their names."""
    return {name: Native(name, act) for name, act in acts.items()}


def _shown_object(_: Machine, this: Value, __: list[Value]) -> Value:
    if isinstance(this, Fun | Native):
        raise CannotGoOn("the text of a function")
    return "[object Object]"


def _own(m: Machine, this: Value, given: list[Value]) -> Value:
    return isinstance(this, Obj) and has_own(this, m.key(at(given, 0)))


OBJECT = Obj(
    None,
    natives(
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
    natives(
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
