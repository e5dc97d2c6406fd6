"""Events, commands and states to JSON text and back: one generic rule over the core's dataclasses."""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii
from types import NoneType, UnionType
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

from coroom.core import command
from coroom.core.event import Body
from coroom.core.quick import maker
from coroom.core.state import RoomState
from coroom.core.table import Table

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
T = TypeVar("T")

KINDS: dict[str, type[Body]] = {body.kind: body for body in get_args(Body)}
"""Every kind of event by its name in the log."""

_REPLIES: dict[str, type[command.Good]] = {reply.__name__: reply for reply in get_args(command.Good)}


def encode_body(body: Body) -> str:
    """The canonical JSON text of an event's body: sorted keys, no spaces, defaults written out."""
    return _WRITERS[type(body)](body)


def decode_body(kind: str, text: str) -> Body:
    """The body that `encode_body` wrote. Raises KeyError for a kind this version does not know, ValueError
    for a text that is not of that kind. A field that a newer version added with a default may be missing.
    """
    return cast("Body", from_json(KINDS[kind], _parse(text)))


def encode_state(state: RoomState) -> bytes:
    """A snapshot of the room; equal states give equal bytes."""
    return _text(state).encode("ascii")


def decode_state(data: bytes) -> RoomState:
    """The state that `encode_state` wrote."""
    return cast("RoomState", from_json(RoomState, json.loads(data)))


def encode_command(asked: command.Command) -> str:
    """What was asked for, as one text: equal commands give equal texts."""
    return _named_text(asked)


def encode_reply(reply: command.Good) -> str:
    """A good reply, for the answer that a repeated operation gets."""
    return _named_text(reply)


def _named_text(value: object) -> str:
    kind = type(value)
    return f'["{kind.__name__}",{_WRITERS[kind](value)}]'


def reply_begins(kind: type[command.Good]) -> str:
    """How the text of every reply of this kind begins."""
    return f'["{kind.__name__}",'


def reply_in(text: str) -> command.Good | None:
    """The reply that `encode_reply` wrote; None for a text that is none of this version."""
    try:
        return decode_reply(text)
    except (ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=256)
def decode_reply(text: str) -> command.Good:
    """The reply that `encode_reply` wrote. Many are alike, and all of an agent are read when it comes again."""
    name, value = cast("tuple[str, Json]", _parse(text))
    return cast("command.Good", from_json(_REPLIES[name], value))


_DECODER = json.JSONDecoder()


def _parse(text: str) -> Json:
    value: Json
    value, end = _DECODER.raw_decode(text)
    if end != len(text):
        value = _DECODER.decode(text)
    return value


def to_json(value: object) -> Json:
    """A core value as plain JSON: dataclasses and tables as objects, tuples as arrays."""
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return value.value if isinstance(value, StrEnum) else value
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Table):
        return {key: to_json(item) for key, item in value.items()}
    if is_dataclass(value):
        return {name: to_json(getattr(value, name)) for name in _names(cast("Hashable", type(value)))}
    raise TypeError(_formless(type(value)))


def _formless(kind: type) -> str:
    return f"no JSON form for {kind.__name__}"


def _text(value: object) -> str:
    """The canonical text of a core value: what a JSON encoder makes of `to_json`, without making that."""
    return _WRITERS[type(value)](value)


class _Writers(dict[type, Callable[[object], str]]):
    """One writer for each type, made when its first value comes."""

    def __missing__(self, kind: type) -> Callable[[object], str]:
        self[kind] = writer = _writer(kind)
        return writer


_WRITERS = _Writers()
_CONSTANTS_OF: dict[type, dict[object, str]] = {NoneType: {None: "null"}, bool: {False: "false", True: "true"}}


def _writer(kind: type) -> Callable[[object], str]:
    if issubclass(kind, str):
        return cast("Callable[[object], str]", encode_basestring_ascii)
    if kind in _CONSTANTS_OF:
        return _CONSTANTS_OF[kind].__getitem__
    if issubclass(kind, (int, float)):
        return repr if kind is int else json.dumps
    if issubclass(kind, tuple):
        return _tuple_text
    if issubclass(kind, Table):
        return _table_text
    if is_dataclass(kind):
        return _dataclass_writer(kind)
    raise TypeError(_formless(kind))


def _tuple_text(value: object) -> str:
    assert isinstance(value, tuple)
    if len(value) == 1:
        (only,) = value
        return f"[{_WRITERS[type(only)](only)}]"
    return "[" + ",".join([_WRITERS[type(item)](item) for item in value]) + "]"


def _names_text(value: tuple[str, ...]) -> str:
    return "[" + ",".join(map(encode_basestring_ascii, value)) + "]"


def _table_text(value: object) -> str:
    assert isinstance(value, Table)
    return "{" + ",".join([f"{encode_basestring_ascii(key)}:{_text(item)}" for key, item in value.ordered()]) + "}"


_FORMS = {str: "quoted(v.{0})", int: "v.{0}!r", bool: "'true' if v.{0} else 'false'"}
"""How the fields of these types are written, inside a format string; all others by the type of what is in them."""


def _dataclass_writer(kind: type) -> Callable[[object], str]:
    """One format string for all fields, as a person would write it down: the log is written by these."""
    hints = get_type_hints(kind)
    parts = [f'"{name}":{{{_form(hints[name]).format(name)}}}' for name in sorted(_names(kind))]
    source = f"lambda v: f'''{{{{{','.join(parts)}}}}}'''"
    names = {"quoted": encode_basestring_ascii, "text": _text, "texts": _tuple_text, "names": _names_text}
    return cast("Callable[[object], str]", eval(source, names))  # noqa: S307


def _form(hint: object) -> str:
    if hint == tuple[str, ...]:
        return "names(v.{0}) if v.{0} else '[]'"
    if get_origin(hint) is tuple:
        return "texts(v.{0}) if v.{0} else '[]'"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        hint = str
    return _FORMS.get(cast("type", hint), "text(v.{0})")


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    assert isinstance(kind, type)
    assert is_dataclass(kind)
    return tuple(field.name for field in fields(kind))


def from_json(kind: object, value: Json) -> object:
    """The core value of type `kind` that `to_json` made into `value`. Raises ValueError when it is none."""
    return _reader(kind)(value)


@cache
def _reader(kind: object) -> Callable[[Json], object]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _union_reader(arguments)
    if origin is tuple:
        return _tuple_reader(arguments)
    if origin is Table:
        return _table_reader(_reader(arguments[0]))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _enum_reader(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    if isinstance(kind, type):
        return _plain_reader(kind)
    message = f"no reader for {kind!r}"
    raise TypeError(message)


def _expect(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise ValueError(_unexpected(kind, value))
    return value


def _unexpected(kind: type, value: object) -> str:
    return f"expected {kind.__name__}, got {value!r:.60}"


def _plain_reader(kind: type) -> Callable[[Json], object]:
    def read(value: Json) -> object:
        if type(value) is not kind:
            raise ValueError(_unexpected(kind, value))
        return value

    return read


def _enum_reader(kind: type[StrEnum]) -> Callable[[Json], object]:
    members = {member.value: member for member in kind}

    def read(value: Json) -> object:
        member = members.get(value) if type(value) is str else None
        if member is None:
            raise ValueError(_unexpected(kind, value))
        return member

    return read


def _union_reader(arguments: tuple[object, ...]) -> Callable[[Json], object]:
    others = [argument for argument in arguments if argument is not NoneType]
    if len(others) != 1 or len(arguments) != 2:
        message = f"only optional values are read back, not {arguments!r}"
        raise TypeError(message)
    read = _reader(others[0])
    return lambda value: None if value is None else read(value)


def _tuple_reader(arguments: tuple[object, ...]) -> Callable[[Json], object]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        read = _reader(arguments[0])
        return lambda value: tuple([read(item) for item in _expect(list, value)])
    readers = [_reader(argument) for argument in arguments]
    return lambda value: tuple([read(item) for read, item in zip(readers, _expect(list, value), strict=True)])


def _table_reader(read: Callable[[Json], object]) -> Callable[[Json], object]:
    return lambda value: Table((key, read(item)) for key, item in _expect(dict, value).items())


def _dataclass_reader(kind: type) -> Callable[[Json], object]:
    hints = get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name in _names(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    read_whole = _whole_reader(kind, readers)

    def read(value: Json) -> object:
        if type(value) is not dict:
            raise ValueError(_unexpected(dict, value))
        try:
            return read_whole(value)
        except KeyError:
            return read_with_defaults(value)

    def read_with_defaults(value: dict[str, Json]) -> object:
        given = {name: readers[name](item) for name, item in value.items() if name in readers}
        missing = needed - given.keys()
        if missing:
            message = f"{kind.__name__} without {', '.join(sorted(missing))}"
            raise ValueError(message)
        return kind(**given)

    return read


def _whole_reader(kind: type, readers: Mapping[str, Callable[[Json], object]]) -> Callable[[dict[str, Json]], object]:
    """Reads an object that has all the fields: what this version wrote. Raises KeyError when one is missing."""
    hints = get_type_hints(kind)
    names = {f"read_{name}": read for name, read in readers.items()} | {"kind": maker(kind)}
    source = f"lambda value: kind({', '.join(f'{name}={_read_field(name, hints[name])}' for name in readers)})"
    return cast("Callable[[dict[str, Json]], object]", eval(source, names))  # noqa: S307


def _read_field(name: str, hint: object) -> str:
    """How one field is read. What is a plain value of the right type already is taken as it is."""
    if hint in {str, int, bool}:
        return f"v if type(v := value[{name!r}]) is {cast('type', hint).__name__} else read_{name}(v)"
    return f"read_{name}(value[{name!r}])"
