"""What values of each kind can do, and which attributes they have, in Python and in scripts."""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SIZED = _words("len iterate in truth")

ABILITIES: Mapping[str, frozenset[str]] = {
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
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    **{kind: frozenset(dir(made)) | _ADDED.get(kind, frozenset()) for kind, made in _BUILT_IN.items()},
    "iterator": _ADDED["iterator"],
    "awaitable": _ADDED["awaitable"],
}

OF_OBJECTS = _words("constructor hasOwnProperty toLocaleString toString valueOf")

# A script lets almost anything be added and compared; what it does not forgive is a missing member.
_OF_ARRAYS = _words(
    "at concat copyWithin entries every fill filter find findIndex findLast findLastIndex flat flatMap "
    "forEach includes indexOf join keys lastIndexOf length map pop push reduce reduceRight reverse shift "
    "slice some sort splice toReversed toSorted toSpliced unshift values with"
)
SCRIPT_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "int": OF_OBJECTS | _words("toExponential toFixed toPrecision"),
    "str": OF_OBJECTS
    | _words(
        "at charAt charCodeAt codePointAt concat endsWith includes indexOf lastIndexOf length localeCompare "
        "match matchAll normalize padEnd padStart repeat replace replaceAll search slice split startsWith "
        "substr substring toLowerCase toUpperCase trim trimEnd trimStart"
    ),
    "bool": OF_OBJECTS,
    "date": OF_OBJECTS
    | _words(
        "getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime "
        "getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes "
        "getUTCMonth getUTCSeconds setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds "
        "setTime setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds "
        "toDateString toISOString toJSON toLocaleDateString toLocaleTimeString toTimeString toUTCString"
    ),
    "array": OF_OBJECTS | _OF_ARRAYS,
    "tuple": OF_OBJECTS | _OF_ARRAYS,
    "map": OF_OBJECTS | _words("clear delete entries forEach get has keys set size values"),
    "set": OF_OBJECTS | _words("add clear delete difference entries forEach has intersection keys size union values"),
    "awaitable": _words("catch finally then"),
    "iterator": OF_OBJECTS | _words("drop every filter find forEach map next reduce return some take throw toArray"),
    "none": frozenset(),
}

DUNDERS: Mapping[str, tuple[str, ...]] = {
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

OF_EVERYBODY = _words("add_note args cause errno filename message mro stack strerror with_traceback")
"""Attributes of exceptions and enums, whose own classes are not of the tree."""
