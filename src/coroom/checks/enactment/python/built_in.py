"""Python's built-in names, as an enacted program finds them."""

from __future__ import annotations

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python import bounds, native
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import (
    MISSING,
    Coroutine,
    Kind,
    Module,
    Names,
    Property,
    Raised,
    Static,
    Value,
)

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes


def is_library(name: str) -> bool:
    """Whether a module is one of the library; what is not known of it ends an enactment only when it is used."""
    return name.partition(".")[0] in sys.stdlib_module_names


_EXCEPTIONS = {
    "BaseException": "object",
    "Exception": "BaseException",
    "KeyboardInterrupt": "BaseException",
    "SystemExit": "BaseException",
    "ArithmeticError": "Exception",
    "ZeroDivisionError": "ArithmeticError",
    "OverflowError": "ArithmeticError",
    "AssertionError": "Exception",
    "AttributeError": "Exception",
    "FrozenInstanceError": "AttributeError",
    "ImportError": "Exception",
    "ModuleNotFoundError": "ImportError",
    "LookupError": "Exception",
    "IndexError": "LookupError",
    "KeyError": "LookupError",
    "NameError": "Exception",
    "UnboundLocalError": "NameError",
    "OSError": "Exception",
    "FileNotFoundError": "OSError",
    "PermissionError": "OSError",
    "TimeoutError": "OSError",
    "ConnectionError": "OSError",
    "RuntimeError": "Exception",
    "NotImplementedError": "RuntimeError",
    "RecursionError": "RuntimeError",
    "StopIteration": "Exception",
    "SyntaxError": "Exception",
    "TypeError": "Exception",
    "ValueError": "Exception",
    "UnicodeError": "ValueError",
    "UnicodeDecodeError": "UnicodeError",
    "UnicodeEncodeError": "UnicodeError",
    "JSONDecodeError": "ValueError",
    "InvalidOperation": "ArithmeticError",
    "Warning": "Exception",
    "DeprecationWarning": "Warning",
    "UserWarning": "Warning",
}


def _all_exceptions() -> dict[str, str]:
    """Those, and every other of Python's own, each with what it is a kind of, which comes before it."""
    found = dict(_EXCEPTIONS)
    waiting: list[type[BaseException]] = [Exception]
    while waiting:
        one = waiting.pop(0)
        waiting += [below for below in one.__subclasses__() if below.__module__ == "builtins"]
        if one.__base__ is not None and not one.__name__.endswith("Group"):
            found.setdefault(one.__name__, one.__base__.__name__)
    return found


_ALL_EXCEPTIONS = _all_exceptions()


def exception(machine: Attributes, name: str, *said: Value) -> Thing:
    """An exception of a built-in class."""
    kind = machine.builtins.get(name)
    if not isinstance(kind, Kind):
        raise CannotGoOn(f"{name} is not known here")
    return Thing(kind, {"args": said})


OWN: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bytes": (bytes,),
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "list": (list,),
    "tuple": (tuple,),
    "dict": (dict,),
    "set": (set,),
    "frozenset": (frozenset,),
    "Decimal": (Decimal,),
    "Fraction": (Fraction,),
    "datetime": (datetime,),
    "date": (date,),
    "timedelta": (timedelta,),
    "Counter": (Counter,),
    "deque": (deque,),
    "OrderedDict": (OrderedDict,),
    "defaultdict": (defaultdict,),
    "range": (range,),
    "Mapping": (dict,),
    "Sequence": (list, tuple, str),
    "Iterable": (list, tuple, str, dict, set),
    "Sized": (list, tuple, str, dict, set),
}


def is_of(thing: Value, kind: Kind) -> bool:
    """`isinstance`."""
    if isinstance(thing, Thing):
        if "own" in kind.traits:
            return (kind.name == "tuple" and thing.kind.has("tuple")) or (
                thing.kind.has("mixed enum") and isinstance(thing.attributes["value"], OWN[kind.name])
            )
        return thing.kind.inherits(kind)
    if kind.name == "object":
        return True
    if "own" in kind.traits:
        return isinstance(thing, OWN[kind.name])
    if kind.name == "Callable":
        return callable(thing)
    return False


_PLAIN: Mapping[str, Value] = {
    "len": len,
    "sum": bounds.total,
    "min": min,
    "max": max,
    "abs": abs,
    "all": all,
    "any": any,
    "sorted": sorted,
    "enumerate": enumerate,
    "zip": zip,
    "map": lambda run, *many: map(bounds.small(run), *many),
    "filter": lambda run, many: filter(bounds.small(run), many),
    "reversed": lambda many: reversed(list(many)),
    "round": bounds.rounded,
    "divmod": divmod,
    "repr": lambda value: repr(bounds.weighed(value)),
    "chr": chr,
    "ord": ord,
    "hash": lambda value: hash(bounds.weighed(value)),
    "id": id,
    "print": lambda *_, **__: None,
    "pow": bounds.power,
    "hex": hex,
    "bin": bin,
    "oct": oct,
    "ascii": lambda value: ascii(bounds.weighed(value)),
    "format": lambda value, spec="": bounds.formatted(value, spec),
    "slice": slice,
    "NotImplemented": NotImplemented,
    "Ellipsis": ...,
    "property": lambda get, put=None: Property(get, put),
    "staticmethod": Static,
    "classmethod": lambda function: Static(function, of_kind=True),
}
"""What is the same whoever asks."""


def names(machine: Attributes) -> dict[str, Value]:
    """The names that every module has."""
    found = Names(_MAKERS, machine)
    found.update(_PLAIN)
    found.update(_of_the_machine(machine))
    return found


def _of_the_machine(machine: Attributes) -> dict[str, Value]:
    """What must know how this program's own objects are looked at."""
    return {
        "isinstance": machine.is_a,
        "issubclass": _issubclass,
        "getattr": lambda held, name, *default: _getattr(machine, held, name, default),
        "hasattr": lambda held, name: _getattr(machine, held, name, (MISSING,)) is not MISSING,
        "setattr": machine.set_attribute,
        "delattr": partial(_delete, machine),
        "vars": lambda *held: machine.attribute(held[0], "__dict__") if held else _no_names(),
        "callable": lambda held: (
            callable(held)
            and not isinstance(held, Coroutine | Module)
            and (not isinstance(held, Thing) or held.kind.find("__call__") is not MISSING)
        ),
        "type": partial(_type_of, machine),
        "iter": _iterate,
        "next": lambda many, *default: _next(machine, many, default),
    }


def _issubclass(one: Value, other: Value) -> bool:
    if not isinstance(one, Kind):
        raise TypeError("issubclass() arg 1 must be a class")
    return any(one.inherits(each) for each in other) if isinstance(other, tuple) else one.inherits(other)


def _delete(machine: Attributes, held: Value, name: str) -> None:
    if not isinstance(held, Thing) or name not in held.attributes:
        raise Raised(exception(machine, "AttributeError", name))
    del held.attributes[name]


def _no_names() -> Value:
    raise CannotGoOn("the names of a function")


_OF_TEXTS = (
    "lower", "upper", "strip", "lstrip", "rstrip", "title", "casefold", "join", "split", "splitlines", "capitalize",
    "swapcase", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isnumeric", "isdecimal",
    "isidentifier", "startswith", "endswith", "count", "find", "replace", "removeprefix", "removesuffix", "partition",
)  # fmt: skip
_OF_TABLES = (
    "get", "keys", "values", "items", "copy", "update", "union", "intersection", "difference", "add", "discard",
    "issubset", "issuperset", "isdisjoint", "pop", "setdefault",
)  # fmt: skip
"""The methods that programs take from the classes themselves: `sorted(words, key=str.casefold)`."""
_NONE: Mapping[str, Value] = {}


def own_kind(base: Kind, name: str, make: Callable[..., Value], methods: Mapping[str, Value] = _NONE) -> Kind:
    """One of Python's own types as a class that can be called."""
    kind = Kind(name, (base,), dict(methods), traits={"own", "opaque"})
    kind.make = lambda _, /, *given, **named: bounds.modest(make(*given, **named))
    return kind


def _text(*given: Value) -> str:
    return str(*(bounds.weighed(each) for each in given))


def _bytes(*given: Value) -> bytes:
    if given and isinstance(given[0], int):
        raise CannotGoOn("bytes of a length")
    return bytes(*given)


def _methods(own: type, names: Sequence[str]) -> dict[str, Value]:
    return {each: getattr(own, each) for each in names if hasattr(own, each)}


_KINDS: Mapping[str, tuple[Callable[..., Value], Mapping[str, Value]]] = {
    "str": (_text, _methods(str, _OF_TEXTS)),
    "bytes": (_bytes, _NONE),
    "int": (int, _NONE),
    "float": (float, _NONE),
    "bool": (bool, _NONE),
    "list": (list, _methods(list, ("append", "sort", "copy", "count", "index", "pop"))),
    "tuple": (tuple, _NONE),
    "dict": (dict, {"fromkeys": dict.fromkeys, **_methods(dict, _OF_TABLES)}),
    "set": (set, _methods(set, _OF_TABLES)),
    "frozenset": (frozenset, _methods(frozenset, _OF_TABLES)),
    "range": (bounds.span, _NONE),
}
"""Python's own types: how one is called, and its methods."""


def _own(name: str, machine: Attributes) -> Kind:
    return own_kind(machine.builtins["object"], name, *_KINDS[name])


def _raised(name: str, above: str, machine: Attributes) -> Kind:
    return Kind(name, (machine.builtins[above],), {}, traits={"exception"}, make=machine.new)


_MAKERS: Mapping[str, Callable[[Any], Value]] = {
    "object": lambda machine: Kind("object", (), {}, traits={"object"}, make=machine.new),
    **{name: partial(_own, name) for name in _KINDS},
    **{name: partial(_raised, name, above) for name, above in _ALL_EXCEPTIONS.items()},
    **dict.fromkeys(("IOError", "EnvironmentError"), lambda machine: machine.builtins["OSError"]),
}
"""Most programs ask for few of them."""


def _iterate(many: Value) -> Value:
    return iter(many)


def _next(machine: Attributes, many: Value, default: tuple[Value, ...]) -> Value:
    try:
        return next(many)
    except StopIteration:
        if default:
            return default[0]
    raise Raised(exception(machine, "StopIteration"))


def _getattr(machine: Attributes, held: Value, name: str, default: tuple[Value, ...]) -> Value:
    try:
        return machine.attribute(held, name)
    except Raised as raised:
        if default and raised.value.kind.name == "AttributeError":
            return default[0]
        raise


def _type_of(machine: Attributes, held: Value) -> Value:
    if isinstance(held, Thing):
        return held.kind
    for name, types in OWN.items():
        kind = machine.builtins.get(name)
        if isinstance(kind, Kind) and type(held) in types:
            return kind
    raise CannotGoOn("a type that is not known here")


def special(machine: Attributes, held: Thing, name: str) -> Value:
    """What objects of some classes have by themselves."""
    kind = held.kind
    if kind.has("tuple"):
        if name == "_replace":
            return lambda **named: Thing(
                kind, {}, tuple(named.get(f, v) for f, v in zip(kind.fields, held.items, strict=True))
            )
        if name == "_asdict":
            return lambda: dict(zip(kind.fields, held.items, strict=True))
        if name in {"index", "count"}:
            return getattr(held.items, name)
    if kind.has("exception"):
        if name == "with_traceback":
            return lambda _: held
        if name in {"__cause__", "__context__", "__traceback__"}:
            return None
    if kind.has("mixed enum"):
        return native.attribute(held.attributes["value"], name)
    if name in {"__str__", "__repr__"}:
        return lambda: str(held) if name == "__str__" else repr(held)
    if name in {"__eq__", "__ne__", "__hash__"}:
        raise CannotGoOn(name)
    del machine
    return MISSING


def special_of_kind(machine: Attributes, held: Kind, name: str) -> Value:
    """What some classes have by themselves."""
    if held.has("tuple") and name == "_fields":
        return tuple(held.fields)
    if held.has("tuple") and name == "_make":
        return lambda many: held(*many)
    if name == "__doc__":
        return held.space.get("__doc__")
    if name.startswith("__"):
        raise CannotGoOn(f"{name} of a class")
    del machine
    return MISSING


def special_super(machine: Attributes, me: Value, name: str) -> Value:
    """What stands above all classes of the program."""
    if name == "__init__":
        if isinstance(me, Thing) and me.kind.has("exception"):
            return lambda *given: me.attributes.__setitem__("args", given)
        return lambda *given, **named: _nothing(given, named)
    if name in {"__init_subclass__", "__post_init__"}:
        return lambda *_, **__: None
    if name == "__str__" and isinstance(me, Thing) and me.kind.has("exception"):
        return lambda: str(me.attributes["args"][0]) if len(me.attributes["args"]) == 1 else str(me.attributes["args"])
    if name == "__setattr__" and isinstance(me, Thing):
        return me.attributes.__setitem__
    del machine
    return MISSING


def _nothing(given: tuple[Value, ...], named: dict[str, Value]) -> None:
    if given or named:
        raise TypeError("object.__init__() takes exactly one argument")
