"""What arrays can do in a script."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import entry_key, same, truthy
from coroom.checks.enactment.script.values import LARGEST, UNDEFINED, Arr, Flow, Native, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def listed(m: Machine, this: Value) -> list[Value]:
    """The items of an array; a method of one that is used on something else is not known here."""
    if not isinstance(this, Arr):
        raise CannotGoOn("a method of arrays on something else")
    m.step(1 + len(this.items) // 16)
    return this.items


def at(given: list[Value], place: int) -> Value:
    """An argument; `undefined` when it was not given."""
    return given[place] if place < len(given) else UNDEFINED


def whole(m: Machine, value: Value, default: float) -> float:
    """A number without its fraction."""
    if value is UNDEFINED:
        return default
    number = m.number(value)
    return 0.0 if number != number else float(int(max(-1e15, min(1e15, number))))  # noqa: PLR0124 - only NaN is not itself


def place(m: Machine, value: Value, size: int, default: int) -> int:
    """A place in something, counted from its end when it is negative."""
    found = int(whole(m, value, default))
    return max(0, size + found) if found < 0 else min(size, found)


def _test(m: Machine, given: list[Value], this: Value) -> Callable[[int, Value], bool]:
    return lambda number, each: truthy(m.call(at(given, 0), at(given, 1), [each, float(number), this]))


def _mutable(m: Machine, this: Value) -> list[Value]:
    items = listed(m, this)
    if this.closed:
        raise m.thrown("TypeError", "Cannot change a frozen array")
    return items


def _push(m: Machine, this: Value, given: list[Value]) -> Value:
    items = _mutable(m, this)
    items.extend(given)
    if len(items) > LARGEST:
        raise CannotGoOn("too large")
    return float(len(items))


def _unshift(m: Machine, this: Value, given: list[Value]) -> Value:
    items = _mutable(m, this)
    items[:0] = given
    if len(items) > LARGEST:
        raise CannotGoOn("too large")
    return float(len(items))


def _pop(m: Machine, this: Value, _: list[Value]) -> Value:
    items = _mutable(m, this)
    return items.pop() if items else UNDEFINED


def _shift(m: Machine, this: Value, _: list[Value]) -> Value:
    items = _mutable(m, this)
    return items.pop(0) if items else UNDEFINED


def _splice(m: Machine, this: Value, given: list[Value]) -> Value:
    items = _mutable(m, this)
    start = place(m, at(given, 0), len(items), 0)
    count = len(items) - start if len(given) == 1 else int(whole(m, at(given, 1), 0)) if given else 0
    count = max(0, min(count, len(items) - start))
    gone = items[start : start + count]
    items[start : start + count] = given[2:]
    return m.array(gone)


def _map(m: Machine, this: Value, given: list[Value]) -> Value:
    return m.array(
        [m.call(at(given, 0), at(given, 1), [each, float(n), this]) for n, each in enumerate(listed(m, this))]
    )


def _for_each(m: Machine, this: Value, given: list[Value]) -> Value:
    for number, each in enumerate(listed(m, this)):
        m.call(at(given, 0), at(given, 1), [each, float(number), this])
    return UNDEFINED


def _filter(m: Machine, this: Value, given: list[Value]) -> Value:
    test = _test(m, given, this)
    return m.array([each for number, each in enumerate(listed(m, this)) if test(number, each)])


def _find(m: Machine, this: Value, given: list[Value]) -> Value:
    test = _test(m, given, this)
    return next((each for number, each in enumerate(listed(m, this)) if test(number, each)), UNDEFINED)


def _find_index(m: Machine, this: Value, given: list[Value]) -> Value:
    test = _test(m, given, this)
    return float(next((number for number, each in enumerate(listed(m, this)) if test(number, each)), -1))


def _find_last(m: Machine, this: Value, given: list[Value]) -> Value:
    test, items = _test(m, given, this), listed(m, this)
    return next((items[number] for number in reversed(range(len(items))) if test(number, items[number])), UNDEFINED)


def _find_last_index(m: Machine, this: Value, given: list[Value]) -> Value:
    test, items = _test(m, given, this), listed(m, this)
    return float(next((number for number in reversed(range(len(items))) if test(number, items[number])), -1))


def _some(m: Machine, this: Value, given: list[Value]) -> Value:
    test = _test(m, given, this)
    return any(test(number, each) for number, each in enumerate(listed(m, this)))


def _every(m: Machine, this: Value, given: list[Value]) -> Value:
    test = _test(m, given, this)
    return all(test(number, each) for number, each in enumerate(listed(m, this)))


def _reduce(m: Machine, this: Value, given: list[Value]) -> Value:
    return _folded(m, this, given, list(enumerate(listed(m, this))))


def _reduce_right(m: Machine, this: Value, given: list[Value]) -> Value:
    return _folded(m, this, given, list(reversed(list(enumerate(listed(m, this))))))


def _folded(m: Machine, this: Value, given: list[Value], items: list[tuple[int, Value]]) -> Value:
    if len(given) > 1:
        held = given[1]
    elif items:
        held = items.pop(0)[1]
    else:
        raise m.thrown("TypeError", "Reduce of empty array with no initial value")
    for number, each in items:
        held = m.call(at(given, 0), UNDEFINED, [held, each, float(number), this])
    return held


def _join(m: Machine, this: Value, given: list[Value]) -> Value:
    sign = "," if at(given, 0) is UNDEFINED else m.text(given[0])
    return joined(m, sign, ["" if each is None or each is UNDEFINED else m.text(each) for each in listed(m, this)])


def joined(m: Machine, sign: str, texts: list[str]) -> str:
    """Texts with a sign between them, within bounds."""
    if sum(len(each) + len(sign) for each in texts) > LARGEST + len(sign):
        raise CannotGoOn("too large")
    m.step()
    return sign.join(texts)


def _slice(m: Machine, this: Value, given: list[Value]) -> Value:
    items = listed(m, this)
    size = len(items)
    return m.array(items[place(m, at(given, 0), size, 0) : place(m, at(given, 1), size, size)])


def _concat(m: Machine, this: Value, given: list[Value]) -> Value:
    found = list(listed(m, this))
    for each in given:
        found.extend(each.items if isinstance(each, Arr) else [each])
    return m.array(found)


def _index_of(m: Machine, this: Value, given: list[Value]) -> Value:
    items = listed(m, this)
    start = place(m, at(given, 1), len(items), 0)
    return float(next((n for n in range(start, len(items)) if same(items[n], at(given, 0))), -1))


def _last_index_of(m: Machine, this: Value, given: list[Value]) -> Value:
    items = listed(m, this)
    return float(next((n for n in reversed(range(len(items))) if same(items[n], at(given, 0))), -1))


def _includes(m: Machine, this: Value, given: list[Value]) -> Value:
    key = entry_key(at(given, 0))
    return any(entry_key(each) == key for each in listed(m, this))


def _sorted(m: Machine, items: list[Value], compare: Value) -> list[Value]:
    left = [each for each in items if each is not UNDEFINED]
    m.step(1 + len(left))
    if compare is UNDEFINED:
        made = sorted(left, key=m.text)
    else:

        def order(one: Value, two: Value) -> int:
            found = m.number(m.call(compare, UNDEFINED, [one, two]))
            return -1 if found < 0 else 1 if found > 0 else 0

        made = sorted(left, key=functools.cmp_to_key(order))
    return made + [UNDEFINED] * (len(items) - len(left))


def _sort(m: Machine, this: Value, given: list[Value]) -> Value:
    items = _mutable(m, this)
    items[:] = _sorted(m, list(items), at(given, 0))
    return this


def _to_sorted(m: Machine, this: Value, given: list[Value]) -> Value:
    return m.array(_sorted(m, list(listed(m, this)), at(given, 0)))


def _reverse(m: Machine, this: Value, _: list[Value]) -> Value:
    _mutable(m, this).reverse()
    return this


def _to_reversed(m: Machine, this: Value, _: list[Value]) -> Value:
    return m.array(listed(m, this)[::-1])


def _fill(m: Machine, this: Value, given: list[Value]) -> Value:
    items = _mutable(m, this)
    size = len(items)
    for number in range(place(m, at(given, 1), size, 0), place(m, at(given, 2), size, size)):
        items[number] = at(given, 0)
    return this


def _flat(m: Machine, this: Value, given: list[Value]) -> Value:
    return m.array(_flattened(m, listed(m, this), whole(m, at(given, 0), 1)))


def _flattened(m: Machine, items: list[Value], depth: float) -> list[Value]:
    found: list[Value] = []
    for each in items:
        m.step()
        found.extend(_flattened(m, each.items, depth - 1) if isinstance(each, Arr) and depth > 0 else [each])
        if len(found) > LARGEST:
            raise CannotGoOn("too large")
    return found


def _flat_map(m: Machine, this: Value, given: list[Value]) -> Value:
    return m.array(_flattened(m, _map(m, this, given).items, 1))


def _at(m: Machine, this: Value, given: list[Value]) -> Value:
    items = listed(m, this)
    found = int(whole(m, at(given, 0), 0))
    found += len(items) if found < 0 else 0
    return items[found] if 0 <= found < len(items) else UNDEFINED


def _with(m: Machine, this: Value, given: list[Value]) -> Value:
    items = list(listed(m, this))
    items[int(whole(m, at(given, 0), 0))] = at(given, 1)
    return m.array(items)


def _keys(m: Machine, this: Value, _: list[Value]) -> Value:
    return Flow(m.builtins["Generator"], (float(n) for n in range(len(listed(m, this)))))


def _values(m: Machine, this: Value, _: list[Value]) -> Value:
    listed(m, this)
    return Flow(m.builtins["Generator"], m.each(this))


def _entries(m: Machine, this: Value, _: list[Value]) -> Value:
    return Flow(m.builtins["Generator"], (m.array([float(n), each]) for n, each in enumerate(listed(m, this))))


def _to_text(m: Machine, this: Value, _: list[Value]) -> Value:
    return _join(m, this, [])


_ACTS: dict[str, Act] = {
    "push": _push,
    "unshift": _unshift,
    "pop": _pop,
    "shift": _shift,
    "splice": _splice,
    "map": _map,
    "forEach": _for_each,
    "filter": _filter,
    "find": _find,
    "findIndex": _find_index,
    "findLast": _find_last,
    "findLastIndex": _find_last_index,
    "some": _some,
    "every": _every,
    "reduce": _reduce,
    "reduceRight": _reduce_right,
    "join": _join,
    "slice": _slice,
    "concat": _concat,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "includes": _includes,
    "sort": _sort,
    "toSorted": _to_sorted,
    "reverse": _reverse,
    "toReversed": _to_reversed,
    "fill": _fill,
    "flat": _flat,
    "flatMap": _flat_map,
    "at": _at,
    "with": _with,
    "keys": _keys,
    "values": _values,
    "@@iterator": _values,
    "entries": _entries,
    "toString": _to_text,
}
ARRAY = {name: Native(name, act) for name, act in _ACTS.items()}
"""The methods of arrays."""
ARRAY_REAL = frozenset({"copyWithin", "toLocaleString", "toSpliced"})
"""Those that are left out."""


def _is_array(_: Machine, __: Value, given: list[Value]) -> Value:
    return isinstance(at(given, 0), Arr)


def _of(m: Machine, _: Value, given: list[Value]) -> Value:
    return m.array(list(given))


def _from(m: Machine, _: Value, given: list[Value]) -> Value:
    source, change = at(given, 0), at(given, 1)
    try_iterable = isinstance(source, str) or m.get(source, "@@iterator") is not UNDEFINED
    if try_iterable:
        items = []
        for each in m.each(source):
            m.step()
            items.append(each)
    else:
        size = whole(m, m.get(source, "length"), 0)
        if size > LARGEST:
            raise CannotGoOn("too large")
        items = [m.get(source, str(n)) for n in range(int(size))]
    if change is not UNDEFINED:
        items = [m.call(change, UNDEFINED, [each, float(n)]) for n, each in enumerate(items)]
    return m.array(items)


def _made(m: Machine, given: list[Value], _: Value) -> Value:
    if len(given) == 1 and isinstance(given[0], float):
        if not 0 <= given[0] <= LARGEST or not given[0].is_integer():
            raise CannotGoOn("an array of an odd size")
        return m.array([UNDEFINED] * int(given[0]))
    return m.array(list(given))


ARRAY_MAKER = Native("Array", lambda m, _, given: _made(m, given, None), _made)
ARRAY_MAKER.own.update(
    {"isArray": Native("isArray", _is_array), "of": Native("of", _of), "from": Native("from", _from)}
)
