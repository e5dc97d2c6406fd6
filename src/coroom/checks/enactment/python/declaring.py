"""What the library has to declare with: types, data classes, enumerations, abstract classes, kinds of collections."""

from __future__ import annotations

import functools
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from coroom.checks.enactment.python.built_in import OWN, own_kind
from coroom.checks.enactment.python.kinds import AUTO, Field, dataclass
from coroom.checks.enactment.python.things import Thing, all_fields
from coroom.checks.enactment.python.values import MISSING, Function, Kind, Names, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes


_ANNOTATIONS = (
    "Any", "Optional", "Union", "Callable", "Iterator", "Iterable", "Generator", "Sequence", "Mapping",
    "MutableMapping", "List", "Dict", "Tuple", "Set", "FrozenSet", "Type", "Literal", "Final", "ClassVar",
    "Awaitable", "Coroutine", "AsyncIterator", "Self", "TypeAlias", "Annotated", "Hashable", "Sized", "Collection",
    "NoReturn", "Never", "Text", "Required", "NotRequired", "Unpack", "Concatenate", "Container", "MutableSequence",
    "Reversible", "Buffer",
)  # fmt: skip
"""What types are written with, and what means nothing while a program runs."""


def typing_names(machine: Attributes) -> dict[str, Value]:
    """What `typing` gives."""
    return Names(_TYPING, machine)


def same(value: Value) -> Value:
    """What marks a thing and leaves it as it is."""
    return value


def _kind(name: str, trait: str, machine: Attributes) -> Kind:
    return Kind(name, (machine.builtins["object"],), {}, traits={trait}, make=machine.new)


def _variable(machine: Attributes) -> Callable[..., Kind]:
    base = machine.builtins["object"]
    return lambda *_, **__: Kind("T", (base,), {}, traits={"note"}, make=lambda _, value: value)


_TYPING: Mapping[str, Callable[[Any], Value]] = {
    **{name: functools.partial(_kind, name, "own" if name in OWN else "note") for name in _ANNOTATIONS},
    **{name: functools.partial(_kind, name, "object") for name in ("Generic", "Protocol")},
    "NamedTuple": functools.partial(_kind, "NamedTuple", "tuple"),
    "TypedDict": functools.partial(_kind, "TypedDict", "typed dict"),
    **dict.fromkeys(("TypeVar", "ParamSpec", "NewType", "TypeVarTuple"), _variable),
    **dict.fromkeys(("overload", "final", "override", "runtime_checkable", "no_type_check"), lambda _: same),
    "cast": lambda _: lambda _, value: value,
    "TYPE_CHECKING": lambda _: False,
}


def dataclasses_names(machine: Attributes) -> dict[str, Value]:
    """What `dataclasses` gives."""

    def decorator(kind: Value = None, **options: Value) -> Value:
        if kind is None:
            return lambda each: dataclass(machine, each, options)
        return dataclass(machine, kind, options)

    def field(*, default: Value = MISSING, default_factory: Value = None, **_: Value) -> Field:
        make = default_factory if default_factory is not None else (lambda: default) if default is not MISSING else None
        return Field(make, default, given=default is not MISSING)

    def replace(thing: Thing, **named: Value) -> Value:
        return thing.kind(**{**{name: thing.attributes[name] for name in all_fields(thing.kind)}, **named})

    def fields(thing: Value) -> tuple[Thing, ...]:
        kind = thing if isinstance(thing, Kind) else thing.kind
        note = Kind("Field", (machine.builtins["object"],), {}, make=machine.new)
        return tuple(Thing(note, {"name": name}) for name in all_fields(kind))

    found = Names({"FrozenInstanceError": lambda _: machine.builtins["FrozenInstanceError"]}, machine)
    found |= {
        "dataclass": decorator,
        "field": field,
        "replace": replace,
        "asdict": _as_dict,
        "fields": fields,
        "astuple": lambda thing: tuple(thing.attributes[name] for name in all_fields(thing.kind)),
        "is_dataclass": lambda thing: (thing if isinstance(thing, Kind) else thing.kind).has("dataclass"),
    }
    return found


def _as_dict(value: Value) -> Value:
    if isinstance(value, Thing) and value.kind.has("dataclass"):
        value.step()
        return {name: _as_dict(value.attributes[name]) for name in all_fields(value.kind)}
    if isinstance(value, list | tuple):
        return type(value)(_as_dict(each) for each in value)
    if isinstance(value, dict):
        return {key: _as_dict(each) for key, each in value.items()}
    return value


def enum_names(machine: Attributes) -> dict[str, Value]:
    """What `enum` gives."""
    base = machine.builtins["object"]
    plain = Kind("Enum", (base,), {}, traits={"enum"}, make=machine.new)
    whole = Kind("IntEnum", (plain,), {}, traits={"enum", "mixed enum"}, make=machine.new)
    text = Kind("StrEnum", (plain,), {}, traits={"enum", "mixed enum", "text enum"}, make=machine.new)
    return {"Enum": plain, "IntEnum": whole, "StrEnum": text, "auto": lambda: AUTO, "unique": same}


def abc_names(machine: Attributes) -> dict[str, Value]:
    """What `abc` gives."""

    def abstract(function: Value) -> Value:
        if isinstance(function, Function):
            function.attributes["__isabstractmethod__"] = True
        return function

    return {
        "ABC": Kind("ABC", (machine.builtins["object"],), {}, traits={"abc", "object"}, make=machine.new),
        "abstractmethod": abstract,
        "ABCMeta": machine.builtins["object"],
    }


def collections_names(machine: Attributes) -> dict[str, Value]:
    """What `collections` gives."""
    base = machine.builtins["object"]

    def named_tuple(name: str, fields: Value, *, defaults: Value = ()) -> Kind:
        names = fields.replace(",", " ").split() if isinstance(fields, str) else list(fields)
        made: dict[str, Callable[[], Value] | None] = dict.fromkeys(names)
        for each, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            made[each] = functools.partial(same, value)
        return Kind(name, (base,), {}, fields=made, traits={"tuple"}, make=machine.new)

    return {
        "namedtuple": named_tuple,
        "defaultdict": own_kind(base, "defaultdict", defaultdict),
        "Counter": own_kind(base, "Counter", Counter),
        "OrderedDict": own_kind(base, "OrderedDict", OrderedDict),
        "deque": own_kind(base, "deque", deque),
    }
