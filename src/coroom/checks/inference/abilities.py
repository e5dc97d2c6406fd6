"""What values of each kind can do, and which attributes they have, in Python and in scripts."""

from collections.abc import Mapping

from coroom.checks.inference.shapes import Shape
from coroom.checks.inference.standard import ABILITIES as STANDARD_ABILITIES
from coroom.checks.inference.standard import ATTRIBUTES as STANDARD_ATTRIBUTES
from coroom.checks.inference.standard import STANDARD
from coroom.checks.program import Program
from coroom.syntax import Class, Term


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SIZED = _words("len iterate in truth")

_ABILITIES: Mapping[str, frozenset[str]] = {
    "int": _words("% & * ** + - / // < << >> ^ format-number |"),
    "bool": _words("% & * ** + - / // < ^ format-number |"),
    "float": _words("% * ** + - / // < format-number"),
    "str": _SIZED | _words("% * + < index reversed slice"),
    "bytes": _SIZED | _words("% * + < index reversed slice"),
    "list": _SIZED | _words("* + < delete index reversed slice store"),
    "tuple": _SIZED | _words("* + < index reversed slice"),
    "set": _SIZED | _words("& - < ^ |"),
    "dict": _SIZED | _words("delete index reversed store |"),
    "record": _SIZED | _words("delete index reversed store |"),
    "iterator": _words("in iterate next"),
    "none": _words(""),
    "awaitable": _words("await"),
    "stream": _words("async-iterate"),
    "function": _words("call"),
}  # fmt: skip
"""What each built-in kind can do; a kind that is not named here can do anything as far as is known."""

_BUILT_IN: Mapping[str, type[object]] = {
    "int": int, "bool": bool, "float": float, "str": str, "bytes": bytes, "list": list, "tuple": tuple, "set": set,
    "dict": dict, "record": dict, "none": type(None),
}  # fmt: skip
_ADDED = {
    "list": _words("popleft appendleft rotate extendleft"),
    "dict": _words("most_common elements subtract move_to_end total"),
    "iterator": _words("send close throw __next__ __iter__"),
    "awaitable": _words("send close throw add_done_callback cancel result done"),
}
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    **{kind: frozenset(dir(made)) | _ADDED.get(kind, frozenset()) for kind, made in _BUILT_IN.items()},
    "iterator": _ADDED["iterator"],
    "awaitable": _ADDED["awaitable"],
}

_OF_OBJECTS = _words("constructor hasOwnProperty toLocaleString toString valueOf")

# A script lets almost anything be added and compared; what it does not forgive is a missing member.
_OF_ARRAYS = _words(
    "at concat copyWithin entries every fill filter find findIndex findLast findLastIndex flat flatMap "
    "forEach includes indexOf join keys lastIndexOf length map pop push reduce reduceRight reverse shift "
    "slice some sort splice toReversed toSorted toSpliced unshift values with"
)
SCRIPT_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "int": _OF_OBJECTS | _words("toExponential toFixed toPrecision"),
    "str": _OF_OBJECTS
    | _words(
        "at charAt charCodeAt codePointAt concat endsWith includes indexOf lastIndexOf length localeCompare "
        "match matchAll normalize padEnd padStart repeat replace replaceAll search slice split startsWith "
        "substr substring toLowerCase toUpperCase trim trimEnd trimStart"
    ),
    "bool": _OF_OBJECTS,
    "date": _OF_OBJECTS
    | _words(
        "getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime "
        "getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes "
        "getUTCMonth getUTCSeconds setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds "
        "setTime setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds "
        "toDateString toISOString toJSON toLocaleDateString toLocaleTimeString toTimeString toUTCString"
    ),
    "array": _OF_OBJECTS | _OF_ARRAYS,
    "tuple": _OF_OBJECTS | _OF_ARRAYS,
    "map": _OF_OBJECTS | _words("clear delete entries forEach get has keys set size values"),
    "set": _OF_OBJECTS | _words("add clear delete difference entries forEach has intersection keys size union values"),
    "awaitable": _words("catch finally then"),
    "iterator": _OF_OBJECTS | _words("drop every filter find forEach map next reduce return some take throw toArray"),
    "none": frozenset(),
}

_DUNDERS: Mapping[str, tuple[str, ...]] = {
    "+": (
        "__add__",
        "__radd__",
    ),
    "-": (
        "__sub__",
        "__rsub__",
    ),
    "*": (
        "__mul__",
        "__rmul__",
    ),
    "/": (
        "__truediv__",
        "__rtruediv__",
    ),
    "//": (
        "__floordiv__",
        "__rfloordiv__",
    ),
    "%": (
        "__mod__",
        "__rmod__",
    ),
    "|": (
        "__or__",
        "__ror__",
    ),
    "&": (
        "__and__",
        "__rand__",
    ),
    "^": (
        "__xor__",
        "__rxor__",
    ),
    "**": ("__pow__",),
    "<": (
        "__lt__",
        "__gt__",
        "__le__",
        "__ge__",
    ),
    "len": ("__len__",),
    "iterate": (
        "__iter__",
        "__getitem__",
    ),
    "index": ("__getitem__",),
    "slice": ("__getitem__",),
    "store": ("__setitem__",),
    "delete": ("__delitem__",),
    "call": ("__call__",),
    "in": (
        "__contains__",
        "__iter__",
        "__getitem__",
    ),
    "next": ("__next__",),
    "reversed": (
        "__reversed__",
        "__len__",
    ),
    "await": ("__await__",),
    "format-number": (
        "__float__",
        "__int__",
        "__index__",
    ),
    "with": ("__enter__",),
}
"""The methods that give instances an ability."""

_OF_EVERYBODY = _words("add_note args cause errno filename message mro stack strerror with_traceback")
"""Attributes of exceptions and enums, whose own classes are not of the tree."""


def can(shape: Shape, ability: str, program: Program, *, script: bool) -> bool | None:
    """Whether values of this shape can do this; None when that is not known.

    A union can when each of its members can.
    """
    if shape.kind == "union":
        found = [can(each, ability, program, script=script) for each in shape.of]
        return False if False in found else None if None in found else True
    if shape.kind == "instance":
        return _instance_can(shape, ability, program, script=script)
    if ability == "await" and script:
        return True
    if script and shape.kind in {"none", "awaitable"}:
        return ability not in {"index", "slice", "call", "iterate", "len", *"+-*/%<"}
    if script and shape.kind in {"array", "map", "set", "int", "bool"}:
        return None if ability != "call" else False
    if script and ability == "call" and shape.kind in {"str", "record"}:
        return False
    if ability == "hash":
        return _is_hashable(shape, program) if not script else None
    if not script and shape.kind in STANDARD:
        return ability in STANDARD_ABILITIES[shape.kind]
    if script or shape.kind not in _ABILITIES:
        return None
    return ability in _ABILITIES[shape.kind]


def _is_hashable(shape: Shape, program: Program) -> bool | None:
    """Whether values can be members of a set and keys of a dictionary."""
    if shape.kind == "tuple":
        return False if any(_is_hashable(each, program) is False for each in shape.of) else None
    return False if shape.kind in {"list", "set", "dict", "record"} else None


def _has_no_hash(owner: Class) -> bool:
    """Whether a class says what its instances are equal to, and not how they are hashed."""
    made = [mark for mark in owner.term.marks if (mark.parts[0] if mark.kind == "call" else mark).text == "dataclass"]
    told = {option for mark in made for option in _options(mark)}
    equal = "__eq__" in owner.methods or (bool(made) and ("eq", "False") not in told)
    hashed = "__hash__" in {*owner.methods, *owner.fields} or told & {("frozen", "True"), ("unsafe_hash", "True")}
    return equal and not hashed


def _instance_can(shape: Shape, ability: str, program: Program, *, script: bool) -> bool | None:
    owner = program.class_at(shape.ref)
    if owner is None:
        return None
    bases, whole = program.bases_of(owner)
    names = {name for each in (owner, *bases) for name in each.methods}
    if ability == "hash":
        return False if not script and whole and not owner.is_enum and _has_no_hash(owner) else None
    if script:
        return {"call": False}.get(ability) if not owner.term.flags & {"interface"} else None
    if owner.is_enum or not whole:
        return None
    if owner.tuple_of and ability in _ABILITIES["tuple"]:
        return True
    if any(mark.text == "total_ordering" or ("order", "True") in _options(mark) for mark in owner.term.marks):
        return None
    wanted = _DUNDERS.get(ability)
    return None if wanted is None else bool(names & set(wanted))


def _options(mark: Term) -> set[tuple[str, str]]:
    return {(each.text, each.parts[0].text) for each in mark.parts if each.kind == "keyword"}


def has(shape: Shape, name: str, program: Program, *, script: bool) -> bool | None:
    """Whether values of this shape have an attribute; None when that is not known."""
    if shape.kind == "union":
        found = [has(each, name, program, script=script) for each in shape.of]
        return False if False in found else None if None in found else True
    if shape.kind in {"instance", "class"}:
        owner = program.class_at(shape.ref)
        if owner is None:
            return None
        if program.member(owner, name) is not None:
            return True
        whole = program.bases_of(owner)[1]
        known = (
            name.startswith("__") or (owner.is_enum and name in {"name", "value", "_value_"}) or name in _OF_EVERYBODY
        )
        if owner.tuple_of and name in _ATTRIBUTES["tuple"] | {"_asdict", "_replace", "_fields", "_make"}:
            return True
        if script and name in _OF_OBJECTS | {"prototype", "name", "length"}:
            return True
        return None if known or not whole else False
    if shape.kind == "record" and script:
        return name in (shape.keys or ()) or name in shape.more or name in _OF_OBJECTS
    table = SCRIPT_ATTRIBUTES if script else STANDARD_ATTRIBUTES if shape.kind in STANDARD else _ATTRIBUTES
    return name in table[shape.kind] if shape.kind in table else None
