"""Classes of an enacted program, plain ones, dataclasses, named tuples and enumerations, and how objects are made."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.things import Thing, all_fields
from coroom.checks.enactment.python.values import MISSING, Function, Kind, Property, Raised, Scope, Static, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes


def make_kind(machine: Attributes, kind: Kind, scope: Scope) -> Kind:
    """A class of the program, once its body has been acted out."""
    kind.make = machine.new
    kind.budget = machine.budget
    for name, value in kind.space.items():
        if isinstance(value, Function) and value.owner is None:
            value.owner = kind
        if name == "__hash__" and value is None:
            kind.traits.add("unhashable")
    if kind.has("enum"):
        _enumerate(kind)
    elif kind.has("tuple") and any("tuple" in each.traits for each in kind.bases if each.name == "NamedTuple"):
        kind.traits.add("tuple")
        _take_fields(machine, kind, scope)
    elif kind.has("typed dict"):
        kind.make = lambda _, /, **named: dict(named)
    return kind


def _enumerate(kind: Kind) -> None:
    count = 0
    for name, value in list(kind.space.items()):
        if name.startswith("_") or isinstance(value, Function | Property | Static | Kind):
            continue
        count = value if isinstance(value, int) else count + 1
        held = value if value is not AUTO else name.lower() if kind.has("text enum") else count
        same = next((each for each in kind.members.values() if each.attributes["value"] == held), None)
        kind.members[name] = same or Thing(kind, {"name": name, "value": held, "_value_": held, "_name_": name})
        del kind.space[name]


AUTO = object()
"""What `enum.auto()` gives."""


def _take_fields(machine: Attributes, kind: Kind, scope: Scope) -> None:
    for name, note in kind.space.get("__annotations__", {}).items():
        told = ast.unparse(note)
        if "ClassVar" in told:
            continue
        default = kind.space.get(name, MISSING)
        if default is MISSING:
            kind.fields[name] = None
        elif isinstance(default, Field):
            kind.fields[name] = default.make
            kind.space.pop(name, None)
            if default.make is not None and default.plain is not MISSING:
                kind.space[name] = default.plain
        else:
            if isinstance(default, list | dict | set):
                raise Raised(_fault(machine, "ValueError", "mutable default"))
            kind.fields[name] = _always(default)
    del scope


def _always(value: Value) -> Callable[[], Value]:
    return lambda: value


class Field:
    """What `dataclasses.field` gives."""

    def __init__(self, make: Callable[[], Value] | None, plain: Value, *, given: bool) -> None:
        self.make = make
        self.plain = plain
        self.given = given


def dataclass(machine: Attributes, kind: Kind, options: dict[str, Value]) -> Kind:
    """Make a class a dataclass."""
    kind.traits.add("dataclass")
    _take_fields(machine, kind, Scope({}, {}))
    if options.get("frozen"):
        kind.traits.add("frozen")
    if options.get("order"):
        kind.traits.add("ordered")
    if options.get("kw_only"):
        kind.traits.add("named only")
    if options.get("slots"):
        kind.space["__slots__"] = tuple(kind.fields)
    if options.get("eq") is False or options.get("init") is False:
        raise CannotGoOn("a dataclass of an odd kind")
    return kind


def new_thing(machine: Attributes, kind: Kind, given: tuple[Value, ...], named: dict[str, Value]) -> Value:
    """An object of a class, made as the class says."""
    if kind.has("enum"):
        for each in kind.members.values():
            if each.attributes["value"] == given[0] or each is given[0]:
                return each
        raise Raised(_fault(machine, "ValueError", f"{given[0]!r} is not a valid {kind.name}"))
    if kind.find("__new__") is not MISSING or kind.has("opaque"):
        raise CannotGoOn("an object that is made in an odd way")
    missing = sorted(name for name in _abstract(kind))
    if missing:
        raise TypeError(f"Can't instantiate abstract class {kind.name} without an implementation for {missing}")
    if kind.has("tuple"):
        return Thing(kind, {}, tuple(_fitted(kind, given, named).values()))
    thing = Thing(kind)
    if kind.has("exception"):
        thing.attributes["args"] = given
    make = kind.find("__init__")
    if kind.has("dataclass") and not (isinstance(make, Function) and make.owner in _before_dataclass(kind)):
        thing.attributes.update(_fitted(kind, given, named))
        after = kind.find("__post_init__")
        if after is not MISSING:
            after(thing)
    elif make is not MISSING:
        make(thing, *given, **named)
    elif (given or named) and not kind.has("exception"):
        raise TypeError(f"{kind.name}() takes no arguments")
    return thing


def _before_dataclass(kind: Kind) -> tuple[Kind, ...]:
    line = kind.line()
    first = next(at for at, each in enumerate(line) if "dataclass" in each.traits)
    return line[: first + 1]


def _abstract(kind: Kind) -> set[str]:
    if not kind.has("abc"):
        return set()
    found: set[str] = set()
    for each in reversed(kind.line()):
        for name, value in each.space.items():
            held = value.get if isinstance(value, Property) else value.function if isinstance(value, Static) else value
            if isinstance(held, Function) and held.attributes.get("__isabstractmethod__"):
                found.add(name)
            else:
                found.discard(name)
    return found


def _fitted(kind: Kind, given: tuple[Value, ...], named: dict[str, Value]) -> dict[str, Value]:
    fields = all_fields(kind) if kind.has("dataclass") else kind.fields
    if len(given) > (0 if kind.has("named only") else len(fields)):
        raise TypeError(f"{kind.name}() takes {len(fields)} positional arguments but {len(given)} were given")
    found = dict(zip(fields, given, strict=False))
    for name, value in named.items():
        if name not in fields:
            raise TypeError(f"{kind.name}() got an unexpected keyword argument {name!r}")
        if name in found:
            raise TypeError(f"{kind.name}() got multiple values for argument {name!r}")
        found[name] = value
    for name, make in fields.items():
        if name not in found:
            if make is None:
                raise TypeError(f"{kind.name}() missing required argument: {name!r}")
            found[name] = make()
    return {name: found[name] for name in fields}


def _fault(machine: Attributes, name: str, *said: Value) -> Thing:
    return Thing(machine.builtins[name], {"args": said})
