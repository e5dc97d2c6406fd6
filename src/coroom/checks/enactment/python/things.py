"""Objects of the classes that an enacted program defines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.values import MISSING, Kind, Value

INDEX_MAX = 4_000
"""An object that stands for a larger number is not counted with: Python's own functions take it as it is."""


class Thing:
    """An object of a class that the program defines."""

    __slots__ = ("attributes", "items", "kind")

    def __init__(self, kind: Kind, attributes: dict[str, Value] | None = None, items: tuple[Value, ...] = ()) -> None:
        self.kind = kind
        self.attributes = {} if attributes is None else attributes
        self.items = items

    def step(self) -> None:
        """Take a step: objects may hold one another again and again."""
        if self.kind.budget is not None:
            self.kind.budget.step()

    def ask(self, name: str, *given: Value) -> Value:
        """Call one of its methods; `MISSING` when it has none of that name."""
        self.step()
        found = self.kind.find(name)
        if found is MISSING or found is None:
            return MISSING
        return found(self, *given)

    def _or_not(self, name: str, *given: Value) -> Value:
        found = self.ask(name, *given)
        return NotImplemented if found is MISSING else found

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        found = self.ask("__eq__", other)
        if found is not MISSING:
            return found
        if self.kind.has("tuple"):
            return self.items == (other.items if isinstance(other, Thing) else other)
        if self.kind.has("dataclass") and isinstance(other, Thing):
            return self.kind is other.kind and all(
                self.attributes.get(each) == other.attributes.get(each) for each in all_fields(self.kind)
            )
        if self.kind.has("mixed enum"):
            mine = self.attributes["value"]
            return mine == (other.attributes.get("value") if isinstance(other, Thing) else other)
        return NotImplemented

    def __hash__(self) -> int:
        found = self.ask("__hash__")
        if found is not MISSING:
            return int(found)
        if self.kind.has("tuple"):
            return hash(self.items)
        if self.kind.has("mixed enum"):
            return hash(self.attributes["value"])
        if self.kind.has("dataclass"):
            if not self.kind.has("frozen"):
                raise TypeError(f"unhashable type: '{self.kind.name}'")
            return hash(tuple(self.attributes.get(each) for each in all_fields(self.kind)))
        if self.kind.find("__eq__") is not MISSING:
            raise TypeError(f"unhashable type: '{self.kind.name}'")
        return id(self)

    def _compared(self, name: str, other: Value) -> Value:
        found = self.ask(name, other)
        if found is not MISSING:
            return found
        if self.kind.has("ordered") or self.kind.has("tuple") or self.kind.has("mixed enum"):
            mine, yours = _row(self), _row(other) if isinstance(other, Thing) else other
            return {"__lt__": mine < yours, "__le__": mine <= yours}[name]
        return NotImplemented

    def __lt__(self, other: Value) -> Value:
        return self._compared("__lt__", other)

    def __le__(self, other: Value) -> Value:
        return self._compared("__le__", other)

    def __gt__(self, other: Value) -> Value:
        found = self.ask("__gt__", other)
        return NotImplemented if found is MISSING else found

    def __ge__(self, other: Value) -> Value:
        found = self.ask("__ge__", other)
        return NotImplemented if found is MISSING else found

    def __len__(self) -> int:
        if self.kind.has("tuple"):
            return len(self.items)
        found = self.ask("__len__")
        if found is MISSING:
            raise TypeError(f"object of type '{self.kind.name}' has no len()")
        return int(found)

    def __bool__(self) -> bool:
        found = self.ask("__bool__")
        if found is not MISSING:
            return bool(found)
        if self.kind.find("__len__") is not MISSING or self.kind.has("tuple"):
            return len(self) > 0
        return True

    def __iter__(self) -> Iterator[Value]:
        if self.kind.has("tuple"):
            return iter(self.items)
        found = self.ask("__iter__")
        if found is MISSING:
            raise TypeError(f"'{self.kind.name}' object is not iterable")
        return iter(found)

    def __next__(self) -> Value:
        found = self.ask("__next__")
        if found is MISSING:
            raise TypeError(f"'{self.kind.name}' object is not an iterator")
        return found

    def __contains__(self, item: Value) -> bool:
        found = self.ask("__contains__", item)
        return bool(found) if found is not MISSING else any(each is item or each == item for each in self)

    def __getitem__(self, key: Value) -> Value:
        if self.kind.has("tuple"):
            return self.items[key]
        found = self.ask("__getitem__", key)
        if found is MISSING:
            raise TypeError(f"'{self.kind.name}' object is not subscriptable")
        return found

    def __setitem__(self, key: Value, value: Value) -> None:
        if self.ask("__setitem__", key, value) is MISSING:
            raise TypeError(f"'{self.kind.name}' object does not support item assignment")

    def __delitem__(self, key: Value) -> None:
        if self.ask("__delitem__", key) is MISSING:
            raise TypeError(f"'{self.kind.name}' object does not support item deletion")

    def __call__(self, /, *given: Value, **named: Value) -> Value:
        """Call it."""
        found = self.kind.find("__call__")
        if found is MISSING:
            raise TypeError(f"'{self.kind.name}' object is not callable")
        return found(self, *given, **named)

    def __str__(self) -> str:
        found = self.ask("__str__")
        if found is not MISSING:
            return str(found)
        if self.kind.has("exception"):
            args = self.attributes.get("args", ())
            return str(args[0]) if len(args) == 1 else str(args) if args else ""
        if self.kind.has("mixed enum"):
            return str(self.attributes["value"])
        return repr(self)

    def __repr__(self) -> str:
        found = self.ask("__repr__")
        if found is not MISSING:
            return str(found)
        if self.kind.has("enum"):
            return f"{self.kind.name}.{self.attributes['name']}"
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self.kind.fields, _row(self), strict=False))
        return f"{self.kind.name}({shown})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __int__(self) -> int:
        found = self.ask("__int__")
        if found is MISSING:
            raise TypeError(f"int() argument must be a number, not '{self.kind.name}'")
        return int(found)

    def __float__(self) -> float:
        found = self.ask("__float__")
        if found is MISSING:
            raise TypeError(f"float() argument must be a number, not '{self.kind.name}'")
        return float(found)

    def __index__(self) -> int:
        found = self.ask("__index__")
        if found is MISSING:
            raise TypeError(f"'{self.kind.name}' object cannot be interpreted as an integer")
        if abs(int(found)) > INDEX_MAX:
            raise CannotGoOn("too large")
        return int(found)


def all_fields(kind: Kind) -> dict[str, Callable[[], Value] | None]:
    """The fields of a dataclass with those that it inherits, theirs first."""
    found: dict[str, Callable[[], Value] | None] = {}
    for each in reversed(kind.line()):
        found.update(each.fields)
    return found


def _row(thing: Thing) -> Any:
    if thing.kind.has("tuple"):
        return thing.items
    if thing.kind.has("enum"):
        return thing.attributes["value"]
    return tuple(thing.attributes.get(each) for each in all_fields(thing.kind))


def _operator(name: str) -> Callable[..., Value]:
    def asked(self: Thing, other: Value) -> Value:
        if self.kind.has("mixed enum"):
            mine = self.attributes["value"]
            return getattr(mine, name)(other.attributes.get("value") if isinstance(other, Thing) else other)
        return self._or_not(name, other)

    return asked


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
    "matmul",
):
    setattr(Thing, f"__{_name}__", _operator(f"__{_name}__"))
    setattr(Thing, f"__r{_name}__", _operator(f"__r{_name}__"))


def _alone(name: str) -> Callable[..., Value]:
    def asked(self: Thing) -> Value:
        found = self.ask(name)
        if found is MISSING:
            raise TypeError(f"bad operand type for {name}: '{self.kind.name}'")
        return found

    return asked


for _name in ("neg", "pos", "abs", "invert", "round"):
    setattr(Thing, f"__{_name}__", _alone(f"__{_name}__"))
