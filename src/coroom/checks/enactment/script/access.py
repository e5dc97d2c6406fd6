"""What values of a script are when they are asked: their properties, their form as a text, whether they are equal."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.numbers import NAN, number_of, number_text
from coroom.checks.enactment.script.values import (
    LARGEST,
    MISSING,
    UNDEFINED,
    Accessor,
    Arr,
    Bag,
    Fault,
    Flow,
    Fun,
    Moment,
    Native,
    Obj,
    Outside,
    Promise,
    Regular,
    Thrown,
    Value,
)

ITERATOR = "@@iterator"
"""The key that `Symbol.iterator` stands for."""


class Access(ABC):
    """The part of the interpreter that knows values. `builtins` are what the language has, by kind."""

    def __init__(self, steps: int, builtins: dict[str, Obj], real: dict[int, frozenset[str]]) -> None:
        self.steps = steps
        self.builtins = builtins
        self._real = real

    def step(self, number: int = 1) -> None:
        """Take steps.

        Raises:
            CannotGoOn: none is left.
        """
        self.steps -= number
        if self.steps < 0:
            raise CannotGoOn("too many steps")

    @abstractmethod
    def call(self, called: Value, this: Value, given: list[Value]) -> Value:
        """Call what can be called."""

    def thrown(self, name: str, said: str) -> Thrown:
        """An error of the language, to be raised."""
        return Thrown(Fault(self.builtins[name], {"message": said}))

    def get(self, held: Value, key: str) -> Value:
        """What a value has under a key; `undefined` when nothing."""
        where: Obj | None
        if isinstance(held, Obj):
            if type(held) is Arr:
                if key == "length":
                    return float(len(held.items))
                if key.isdecimal():
                    return held.items[int(key)] if int(key) < len(held.items) else UNDEFINED
            where = held
        elif isinstance(held, str):
            if key == "length":
                return float(length(held))
            if key.isdecimal():
                return held[int(key)] if int(key) < length(held) else UNDEFINED
            where = self.builtins["String"]
        elif isinstance(held, bool):
            where = self.builtins["Boolean"]
        elif isinstance(held, float):
            where = self.builtins["Number"]
        elif held is None or held is UNDEFINED:
            raise self.thrown("TypeError", f"Cannot read properties of {text_of_plain(held)} (reading '{key}')")
        else:
            raise CannotGoOn("what is outside")
        return self._inherited(where, held, key)

    def _inherited(self, where: Obj | None, held: Value, key: str) -> Value:
        while where is not None:
            found = where.own.get(key, MISSING)
            if found is not MISSING:
                if type(found) is Accessor:
                    return UNDEFINED if found.get is None else self.call(found.get, held, [])
                return found
            if where.closed == "built in" and key in self._real.get(id(where), ()):
                raise CannotGoOn(f"{key} is not known here")
            if isinstance(where, Fun | Native) and key in {"name", "length", "prototype", "call", "apply", "bind"}:
                return self.of_function(where, key)
            where = where.proto
        return UNDEFINED

    @abstractmethod
    def of_function(self, function: Fun | Native, key: str) -> Value:
        """What every function has."""

    def put(self, held: Value, key: str, value: Value, this: Value = MISSING) -> None:
        """Set a property."""
        if not isinstance(held, Obj):
            if held is None or held is UNDEFINED:
                raise self.thrown("TypeError", f"Cannot set properties of {text_of_plain(held)} (setting '{key}')")
            raise CannotGoOn("a property of a plain value")
        if held.closed == "built in":
            raise CannotGoOn("a change of the language")
        if type(held) is Arr and self._put_in_array(held, key, value):
            return
        where: Obj | None = held
        while where is not None:
            found = where.own.get(key, MISSING)
            if type(found) is Accessor:
                if found.put is None:
                    raise self.thrown("TypeError", f"Cannot set property {key} which has only a getter")
                self.call(found.put, held if this is MISSING else this, [value])
                return
            if found is not MISSING:
                break
            where = where.proto
        if held.closed and (held.closed == "frozen" or key not in held.own):
            raise self.thrown("TypeError", f"Cannot assign to read only property '{key}'")
        held.own[key] = value
        if len(held.own) > LARGEST:
            raise CannotGoOn("too large")

    def _put_in_array(self, held: Arr, key: str, value: Value) -> bool:
        if not key.isdecimal() and key != "length":
            return False
        if held.closed:
            raise self.thrown("TypeError", f"Cannot assign to read only property '{key}'")
        if key == "length":
            size = int(self.number(value))
            if size > len(held.items):
                raise CannotGoOn("an array with holes")
            del held.items[size:]
            return True
        at = int(key)
        if at > len(held.items):
            raise CannotGoOn("an array with holes")
        if at == len(held.items):
            if at >= LARGEST:
                raise CannotGoOn("too large")
            held.items.append(value)
        else:
            held.items[at] = value
        return True

    def has(self, held: Value, key: str) -> bool:
        """`key in held`."""
        if not isinstance(held, Obj):
            raise self.thrown("TypeError", f"Cannot use 'in' operator to search for '{key}'")
        where: Obj | None = held
        while where is not None:
            if has_own(where, key):
                return True
            where = where.proto
        return False

    def key(self, value: Value) -> str:
        """A value as the name of a property."""
        if isinstance(value, str):
            return value
        if type(value) is float and value.is_integer() and 0 <= value < 1e15:
            return str(int(value))
        return self.text(value)

    def text(self, value: Value) -> str:
        """A value as a text."""
        if isinstance(value, str):
            return value
        if isinstance(value, float) and not isinstance(value, bool):
            return number_text(value)
        if not isinstance(value, Obj):
            return text_of_plain(value)
        return self.text(self.plain(value, "toString", "valueOf"))

    def number(self, value: Value) -> float:
        """A value as a number."""
        if isinstance(value, bool):
            return 1.0 if value else 0.0
        if isinstance(value, float):
            return value
        if isinstance(value, str):
            return number_of(value)
        if value is None:
            return 0.0
        if value is UNDEFINED:
            return NAN
        if isinstance(value, Moment):
            return value.ms
        return self.number(self.plain(value, "valueOf", "toString"))

    def plain(self, value: Value, *ways: str) -> Value:
        """An object as a text, number or the like, by the first of its methods that gives one."""
        if not isinstance(value, Obj):
            if isinstance(value, Outside):
                raise CannotGoOn("what is outside")
            return value
        self.step()
        for way in ways:
            method = self.get(value, way)
            if isinstance(method, Fun | Native):
                found = self.call(method, value, [])
                if not isinstance(found, Obj):
                    return found
        raise self.thrown("TypeError", "Cannot convert object to primitive value")

    def loosely(self, one: Value, two: Value) -> bool:
        """`==`."""
        if one is None or one is UNDEFINED or two is None or two is UNDEFINED:
            return (one is None or one is UNDEFINED) and (two is None or two is UNDEFINED)
        if type(one) is type(two) or (isinstance(one, Obj) and isinstance(two, Obj)):
            return same(one, two)
        one, two = self.plain(one, "valueOf", "toString"), self.plain(two, "valueOf", "toString")
        return same(one, two) if type(one) is type(two) else self.number(one) == self.number(two)

    def inherits(self, held: Value, kind: Value) -> bool:
        """`instanceof`."""
        if not isinstance(kind, Fun | Native):
            if isinstance(kind, Outside):
                raise CannotGoOn("what is outside")
            raise self.thrown("TypeError", "Right-hand side of 'instanceof' is not callable")
        proto = self.get(kind, "prototype")
        where = held.proto if isinstance(held, Obj) else None
        while where is not None:
            if where is proto:
                return True
            where = where.proto
        return False

    def each(self, value: Value) -> Iterator[Value]:
        """What an iterable gives, one after the other."""
        if type(value) is Arr and ITERATOR not in value.own:
            return _places(value)
        if isinstance(value, str):
            return iter(list(value))
        if isinstance(value, Bag):
            return (Arr(self.builtins["Array"], list(pair)) if value.is_map else pair[0] for pair in value.live())
        if isinstance(value, Flow):
            return _rest(value)
        if isinstance(value, Obj):
            method = self.get(value, ITERATOR)
            if isinstance(method, Fun | Native):
                return self._stepped(self.call(method, value, []))
        if isinstance(value, Outside):
            raise CannotGoOn("what is outside")
        raise self.thrown("TypeError", "it is not iterable")

    def _stepped(self, iterator: Value) -> Iterator[Value]:
        if isinstance(iterator, Flow):
            yield from _rest(iterator)
            return
        following = self.get(iterator, "next")
        while True:
            self.step()
            given = self.call(following, iterator, [])
            if truthy(self.get(given, "done")):
                return
            yield self.get(given, "value")

    def array(self, items: list[Value]) -> Arr:
        """An array."""
        if len(items) > LARGEST:
            raise CannotGoOn("too large")
        self.step(1 + len(items) // 16)
        return Arr(self.builtins["Array"], items)

    def object(self, own: dict[str, Value] | None = None) -> Obj:
        """An object without a class."""
        return Obj(self.builtins["Object"], own)


def _places(held: Arr) -> Iterator[Value]:
    at = 0
    while at < len(held.items):
        yield held.items[at]
        at += 1


def _rest(flow: Flow) -> Iterator[Value]:
    while not flow.done:
        try:
            yield next(flow.run)
        except StopIteration:
            flow.done = True


def length(text: str) -> int:
    """The length of a text.

    Raises:
        CannotGoOn: it has letters that take two places in a script.
    """
    if not text.isascii() and any(each > "\uffff" for each in text):
        raise CannotGoOn("letters of two places")
    return len(text)


def text_of_plain(value: Value) -> str:
    """`null`, `undefined`, `true` and `false` as texts."""
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    raise CannotGoOn("what is outside")


def truthy(value: Value) -> bool:
    """Whether a value counts as true."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    if isinstance(value, str):
        return value != ""
    if isinstance(value, Obj):
        return True
    if isinstance(value, Outside):
        raise CannotGoOn("what is outside")
    return bool(value)


def same(one: Value, two: Value) -> bool:
    """`===`."""
    kind = type(one)
    if kind is not type(two):
        return False
    if kind is float or kind is str or kind is bool:
        return bool(one == two)
    if kind is Outside:
        raise CannotGoOn("what is outside")
    return one is two


def sort_of(value: Value) -> str:
    """`typeof`."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str) and value[:2] != "@@":
        return "string"
    if isinstance(value, Outside | str):
        raise CannotGoOn("what is outside")
    return "function" if isinstance(value, Fun | Native) else "object"


def entry_key(value: Value) -> Value:
    """What a `Map` or `Set` knows a value by."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else ("number", value)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, str):
        return ("string", value)
    if isinstance(value, Outside):
        raise CannotGoOn("what is outside")
    return value


def has_own(held: Obj, key: str) -> bool:
    """Whether an object has a property of its own."""
    if key in held.own:
        return True
    return isinstance(held, Arr) and ((key.isdecimal() and int(key) < len(held.items)) or key == "length")


_SILENT = frozenset({"message", "stack", "cause"})


def keys_of(held: Value) -> list[str]:
    """The names of the properties that are given one after the other."""
    if isinstance(held, str):
        return [str(at) for at in range(len(held))]
    if not isinstance(held, Obj):
        return []
    if isinstance(held, Promise | Flow | Regular):
        return list(held.own)
    found = [str(at) for at in range(len(held.items))] if isinstance(held, Arr) else []
    hidden = _SILENT if isinstance(held, Fault) else frozenset()
    own = [name for name in held.own if name not in hidden and name[:1] != "#" and name[:2] != "@@"]
    if any(name[:1].isdecimal() for name in own):
        whole = sorted((name for name in own if name.isdecimal()), key=int)
        own = [*whole, *(name for name in own if not name.isdecimal())]
    return found + own
