"""Frozen records that are made in half the time: every event, command, reply and version passes here.

A frozen dataclass sets each of its fields by a call, because its own assignment refuses. The same record is made here
as an instance of a twin with the same slots and no such refusal, which becomes the record when it is whole. One without
slots has its fields written where they are kept, and no defaults left in its class: a field that its class has too is
found in twice the time.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from typing import TypeVar, cast

T = TypeVar("T")


def quick(kind: type[T]) -> type[T]:
    """The same frozen dataclass, whose instances are made quickly; all else about it stays as it was.

    Its defaults are values, never factories; a dataclass that inherits from it must be quick itself.
    """
    assert is_dataclass(kind)
    parts = fields(kind)
    if not parts:
        return kind
    assert all(part.init and part.default_factory is MISSING for part in parts)
    names: dict[str, object] = {f"default_{part.name}": part.default for part in parts if part.default is not MISSING}
    slotted = "__slots__" in vars(kind)
    if slotted:
        names["twin"] = type(f"{kind.__name__}Twin", (), {"__slots__": tuple(part.name for part in parts)})
    else:
        for part in parts:
            if part.default is not MISSING:
                delattr(kind, part.name)
    names["new"], names["put"] = object.__new__, object.__setattr__
    exec(_source(parts, slotted=slotted), names)  # noqa: S102  as dataclasses themselves do; the names in it are those of our fields
    for name, change in (("__new__", names["made"]), ("__getnewargs_ex__", _again)):
        setattr(kind, name, change)
    delattr(kind, "__init__")
    return kind


def is_quick(kind: type) -> bool:
    """Whether the records of this class are made quickly."""
    return "__new__" in vars(kind)


def maker(kind: type[T]) -> type[T]:
    """What makes records of a quick kind, or named tuples, called as the kind is, in half the time: a class gathers
    what it is called with for its own constructor, a function has it at once. For the few places where most are made.
    """
    return cast("type[T]", partial(kind.__new__, kind))


def of_parts(kind: type[T]) -> Callable[[tuple[object, ...]], T]:
    """What makes named tuples of this kind, each of a tuple of all its parts in order, which are not counted: in half
    the time that `kind` takes. For the few places where most are made.
    """
    return cast("Callable[[tuple[object, ...]], T]", partial(tuple.__new__, kind))


def _source(parts: Sequence[Field[object]], *, slotted: bool) -> str:
    given = [_parameter(part) for part in parts if not part.kw_only]
    named = [_parameter(part) for part in parts if part.kw_only]
    signature = ", ".join(["cls", *given, *(["*", *named] if named else [])])
    sets = "".join(f"    record.{part.name} = {part.name}\n" for part in parts)
    body = f"    record = twin()\n{sets}    record.__class__ = cls\n"
    if not slotted:
        pairs = ", ".join(f"{part.name!r}: {part.name}" for part in parts)
        body = f"    record = new(cls)\n    put(record, '__dict__', {{{pairs}}})\n"
    return f"def made({signature}):\n{body}    return record\n"


def _parameter(part: Field[object]) -> str:
    return part.name if part.default is MISSING else f"{part.name}=default_{part.name}"


def _again(record: object) -> tuple[tuple[()], dict[str, object]]:
    """What makes an equal record: for copies and pickles, which would else make it without its fields."""
    assert is_dataclass(record)
    return (), {part.name: getattr(record, part.name) for part in fields(record)}
