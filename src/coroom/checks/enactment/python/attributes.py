"""Names, attributes and exceptions of an enacted program: what they mean and how they are set."""

import ast
from abc import ABC, abstractmethod

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.python import bounds, built_in, native
from coroom.checks.enactment.python.kinds import new_thing
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import (
    MISSING,
    Bound,
    Coroutine,
    Function,
    Kind,
    Module,
    Property,
    Raised,
    Scope,
    Static,
    Value,
)


class Attributes(ABC):
    """The part of the interpreter that knows names and attributes."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.builtins: dict[str, Value] = built_in.names(self)

    @abstractmethod
    def value(self, node: ast.expr, scope: Scope) -> Value:
        """What an expression gives."""

    def name(self, name: str, scope: Scope) -> Value:
        """What a name means in a scope."""
        where: Scope | None = scope
        while where is not None:
            if (
                name in where.names
                and (where is scope or not where.is_class)
                and (where.elsewhere is None or name not in where.elsewhere)
            ):
                return where.names[name]
            if name in where.own:
                raise Raised(built_in.exception(self, "UnboundLocalError", f"{name!r} has no value yet"))
            where = where.outer
        if name in scope.module:
            return scope.module[name]
        if name in self.builtins:
            return self.builtins[name]
        if name in native.UNKNOWN_BUILTINS:
            raise CannotGoOn(f"{name} is not known here")
        raise Raised(built_in.exception(self, "NameError", f"name {name!r} is not defined"))

    def put(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Bind a target."""
        match target:
            case ast.Name(id=name):
                told = scope.elsewhere.get(name) if scope.elsewhere is not None else None
                if told == "global":
                    scope.module[name] = value
                elif told == "nonlocal":
                    outer = scope.outer
                    while outer is not None and name not in outer.names:
                        outer = outer.outer
                    (outer or scope).names[name] = value
                else:
                    scope.names[name] = value
            case ast.Attribute(value=held, attr=name):
                self.set_attribute(self.value(held, scope), name, value)
            case ast.Subscript(value=held, slice=key):
                self._put_item(self.value(held, scope), self.value(key, scope), value)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                self._unpack(parts, list(value), scope)
            case ast.Starred(value=inner):
                self.put(inner, value, scope)
            case _:
                raise CannotGoOn("a target that is not known here")

    def _unpack(self, parts: list[ast.expr], values: list[Value], scope: Scope) -> None:
        star = next((at for at, each in enumerate(parts) if isinstance(each, ast.Starred)), None)
        if star is None:
            if len(parts) != len(values):
                raise ValueError(f"{len(values)} values for {len(parts)} names")
        else:
            after = len(parts) - star - 1
            if len(values) < star + after:
                raise ValueError("not enough values to unpack")
            end = len(values) - after
            values = [*values[:star], values[star:end], *values[end:]]
        for each, value in zip(parts, values, strict=True):
            self.put(each, value, scope)

    def attribute(self, held: Value, name: str) -> Value:
        """An attribute of a value."""
        self.budget.step()
        if isinstance(held, Thing):
            return self._of_thing(held, name)
        if isinstance(held, Kind):
            return self._of_kind(held, name)
        if isinstance(held, Module):
            if name in held.space:
                return held.space[name]
            if "__file__" not in held.space and built_in.is_library(held.name):
                raise CannotGoOn(f"{held.name}.{name} is not known here")
        elif isinstance(held, Function | Bound):
            function = held if isinstance(held, Function) else held.function
            if name in {"__name__", "__qualname__"}:
                return function.attributes.get("__name__", function.name)
            if name == "__doc__":
                return ast.get_docstring(function.node) if not isinstance(function.node, ast.Lambda) else None
            if name in function.attributes:
                return function.attributes[name]
            if name.startswith("__"):
                raise CannotGoOn(f"{name} is not known here")
        else:
            found = native.attribute(held, name)
            if found is not MISSING:
                return found
        raise Raised(built_in.exception(self, "AttributeError", f"{native.kind_name(held)} has no attribute {name!r}"))

    def _of_thing(self, held: Thing, name: str) -> Value:
        if name == "__class__":
            return held.kind
        if name == "__dict__" and _room_for(held.kind, name):
            return held.attributes
        found = held.kind.find(name)
        if isinstance(found, Property):
            if found.kept and name in held.attributes:
                return held.attributes[name]
            value = found.get(held)
            if found.kept:
                held.attributes[name] = value
            return value
        if name in held.attributes:
            return held.attributes[name]
        if held.kind.has("tuple") and name in (names := list(held.kind.fields)):
            return held.items[names.index(name)]
        if found is not MISSING:
            return self._bound(found, held, held.kind)
        special = built_in.special(self, held, name)
        if special is not MISSING:
            return special
        other = held.kind.find("__getattr__")
        if other is not MISSING:
            return other(held, name)
        raise Raised(built_in.exception(self, "AttributeError", f"{held.kind.name} has no attribute {name!r}"))

    def _bound(self, found: Value, held: Value, kind: Kind) -> Value:
        if isinstance(found, Static):
            return Bound(kind, found.function) if found.of_kind else found.function
        return Bound(held, found) if isinstance(found, Function) else found

    def _of_kind(self, held: Kind, name: str) -> Value:
        if name in {"__name__", "__qualname__"}:
            return held.name
        if name == "__members__":
            return dict(held.members)
        for each in held.line():
            if name in each.members:
                return each.members[name]
        found = held.find(name)
        if found is MISSING:
            special = built_in.special_of_kind(self, held, name)
            if special is not MISSING:
                return special
            raise Raised(built_in.exception(self, "AttributeError", f"{held.name} has no attribute {name!r}"))
        return (
            Bound(held, found.function)
            if isinstance(found, Static) and found.of_kind
            else (found.function if isinstance(found, Static) else found)
        )

    def set_attribute(self, held: Value, name: str, value: Value) -> None:
        """Set an attribute of an object, class, module or function of the program."""
        if isinstance(held, Thing):
            found = held.kind.find(name)
            own = held.kind.find("__setattr__")
            if own is not MISSING and isinstance(own, Function):
                own(held, name, value)
            elif isinstance(found, Property) and not found.kept:
                if found.put is None:
                    raise Raised(built_in.exception(self, "AttributeError", f"property {name!r} has no setter"))
                found.put(held, value)
            elif held.kind.has("frozen") or held.kind.has("tuple"):
                raise Raised(built_in.exception(self, "FrozenInstanceError", f"cannot assign to field {name!r}"))
            elif not _room_for(held.kind, name):
                raise Raised(built_in.exception(self, "AttributeError", f"{held.kind.name} has no attribute {name!r}"))
            else:
                held.attributes[name] = value
        elif isinstance(held, Kind | Module):
            held.space[name] = value
        elif isinstance(held, Function):
            held.attributes[name] = value
        else:
            raise Raised(built_in.exception(self, "AttributeError", f"{native.kind_name(held)} has no {name!r}"))

    def _item(self, held: Value, key: Value) -> Value:
        if isinstance(held, Coroutine | Function | Module | Bound):
            raise TypeError(f"{native.kind_name(held)} object is not subscriptable")
        return held[bounds.weighed(key)]

    def _put_item(self, held: Value, key: Value, value: Value) -> None:
        if isinstance(held, Coroutine | Function | Module | Bound | Kind):
            raise TypeError(f"{native.kind_name(held)} object does not support item assignment")
        held[bounds.weighed(key)] = value

    def raised(self, fault: BaseException) -> Thing:
        """The exception of the program that a fault stands for."""
        if isinstance(fault, Raised):
            return fault.value
        if isinstance(fault, RecursionError | MemoryError):
            raise CannotGoOn("too deep or too large") from fault
        return built_in.exception(self, type(fault).__name__, *fault.args)

    def is_a(self, thing: Value, kinds: Value) -> bool:
        """Whether a value is of a kind, or of one of several."""
        if isinstance(kinds, tuple):
            return any(self.is_a(thing, each) for each in kinds)
        if isinstance(kinds, Kind):
            return built_in.is_of(thing, kinds)
        raise CannotGoOn("what is no class")

    def new(self, kind: Kind, /, *given: Value, **named: Value) -> Value:
        """An object of a class."""
        self.budget.step()
        return new_thing(self, kind, given, named)


def _room_for(kind: Kind, name: str) -> bool:
    slots: set[str] = set()
    for each in kind.line():
        if "object" in each.traits:
            continue
        own = each.space.get("__slots__", MISSING)
        if own is MISSING:
            return True
        slots |= {own} if isinstance(own, str) else set(own)
    return name in slots
