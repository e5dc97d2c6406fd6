"""Frozen dataclasses whose records are made in half the time, and which are declared in a fraction of it: every event,
command, reply and version passes here, and every start of every command declares them all.

A frozen dataclass sets each of its fields by a call, because its own assignment refuses. The same record is made here
as an instance of a twin with the same slots and no such refusal, which becomes the record when it is whole. One without
slots has its fields written where they are kept, and no defaults left in its class: a field that its class has too is
found in twice the time. A dataclass has six more methods compiled for each class, from texts; here they are functions
that know the names of its fields, and its constructor is compiled when the first record is made.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, fields, is_dataclass
from dataclasses import dataclass as usual_dataclass
from functools import partial
from operator import attrgetter, eq, ge, gt, le, lt
from typing import TYPE_CHECKING, TypeVar, cast

__all__ = ["dataclass", "maker", "of_parts"]

T = TypeVar("T")
Values = tuple[object, ...]

_WAITING: set[type] = set()
"""The kinds of which there has been no record yet."""

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool = False, kw_only: bool = False, order: bool = False):
        """`dataclasses.dataclass` for the checker and whoever uses the class; the same but for the time it takes.

        It is always frozen. Its defaults are values, never factories; a dataclass that inherits from it must be one of
        these itself.
        """
        assert frozen
        usual = usual_dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)
        return lambda kind: _with_methods(usual(kind), order=order)


def _with_methods(kind: type[T], *, order: bool) -> type[T]:
    assert is_dataclass(kind)
    assert not hasattr(kind, "__post_init__")
    parts = fields(kind)
    assert all(part.init and part.compare and part.default_factory is MISSING for part in parts)
    values = _values_of([part.name for part in parts])
    methods = {
        "__new__": _compiled_at_first(kind),
        "__repr__": _shown,
        "__eq__": _compared(values, eq),
        "__hash__": lambda record: hash(values(record)),
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getnewargs_ex__": _again,
        "__getstate__": _nothing_more,
    }
    if order:
        methods |= {f"__{compare.__name__}__": _compared(values, compare) for compare in (lt, le, gt, ge)}
    own = set(vars(kind))
    if "__slots__" not in own:
        for part in parts:
            if part.default is not MISSING:
                delattr(kind, part.name)
    for name, method in methods.items():
        if name not in own:
            setattr(kind, name, method)
    return kind


def _compiled_at_first(kind: type[object]) -> object:
    """A constructor for the first record of this kind, which leaves a compiled one for all others: of most kinds a
    command makes none.
    """

    def first(own: type, *given: object, **named: object) -> object:
        maker(kind)
        return kind.__new__(own, *given, **named)

    _WAITING.add(kind)
    return first


def _compiled(kind: type, parts: Sequence[Field[object]]) -> object:
    # The names in the text below are such that no field bears one.
    names: dict[str, object] = {f"default_{part.name}": part.default for part in parts if part.default is not MISSING}
    names["_new_"], names["_put_"] = object.__new__, object.__setattr__
    if "__slots__" not in vars(kind):
        pairs = ", ".join(f"{part.name!r}: {part.name}" for part in parts)
        body = f"    _record_ = _new_(_cls_)\n    _put_(_record_, '__dict__', {{{pairs}}})\n"
    elif kind.__base__ is object:
        names["_twin_"] = type(f"{kind.__name__}Twin", (), {"__slots__": tuple(part.name for part in parts)})
        sets = "".join(f"    _record_.{part.name} = {part.name}\n" for part in parts)
        body = f"    _record_ = _twin_()\n{sets}    _record_.__class__ = _cls_\n"
    else:
        # One that has slots of its base as well can be nothing else's twin.
        sets = "".join(f"    _put_(_record_, {part.name!r}, {part.name})\n" for part in parts)
        body = f"    _record_ = _new_(_cls_)\n{sets}"
    source = f"def made({_signature(parts)}):\n{body}    return _record_\n"
    exec(source, names)  # noqa: S102  as dataclasses themselves do; the names in it are those of our fields
    return names["made"]


def maker(kind: type[T]) -> type[T]:
    """What makes records of a quick kind, or named tuples, called as the kind is, in half the time: a class gathers
    what it is called with for its own constructor, a function has it at once. For the few places where most are made.
    """
    if kind in _WAITING:
        assert is_dataclass(kind)
        setattr(kind, "__new__", _compiled(kind, fields(kind)))  # noqa: B010  a checker knows that nobody sets that
        _WAITING.discard(kind)
    return cast("type[T]", partial(kind.__new__, kind))


def of_parts(kind: type[T]) -> Callable[[tuple[object, ...]], T]:
    """What makes named tuples of this kind, each of a tuple of all its parts in order, which are not counted: in half
    the time that `kind` takes. For the few places where most are made.
    """
    return cast("Callable[[tuple[object, ...]], T]", partial(tuple.__new__, kind))


def _signature(parts: Sequence[Field[object]]) -> str:
    given = [_parameter(part) for part in parts if not part.kw_only]
    named = [_parameter(part) for part in parts if part.kw_only]
    return ", ".join(["_cls_", *given, *(["*", *named] if named else [])])


def _parameter(part: Field[object]) -> str:
    return part.name if part.default is MISSING else f"{part.name}=default_{part.name}"


def _values_of(names: Sequence[str]) -> Callable[[object], Values]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple([getattr(record, name) for name in names])


def _compared(
    values: Callable[[object], Values], compare: Callable[[Values, Values], object]
) -> Callable[[object, object], object]:
    def compared(record: object, other: object) -> object:
        return compare(values(record), values(other)) if other.__class__ is record.__class__ else NotImplemented

    return compared


def _shown(record: object) -> str:
    assert is_dataclass(record)
    shown = ", ".join([f"{part.name}={getattr(record, part.name)!r}" for part in fields(record)])
    return f"{type(record).__qualname__}({shown})"


def _refuse_to_set(_record: object, name: str, _value: object) -> None:
    message = f"cannot assign to field {name!r}"
    raise FrozenInstanceError(message)


def _refuse_to_delete(_record: object, name: str) -> None:
    message = f"cannot delete field {name!r}"
    raise FrozenInstanceError(message)


def _again(record: object) -> tuple[tuple[()], dict[str, object]]:
    """What makes an equal record: for copies and pickles, which would else make it without its fields."""
    assert is_dataclass(record)
    return (), {part.name: getattr(record, part.name) for part in fields(record)}


def _nothing_more(_record: object) -> None:
    """Of state: what `_again` gives is all of it."""
