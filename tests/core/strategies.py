"""Arbitrary core values for Hypothesis: one generic rule over the core's types, as the codec has one."""

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from random import Random
from types import NoneType, UnionType
from typing import Union, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from coroom.core import event as e
from coroom.core.resource import Resource, Scheme
from coroom.core.state import RoomState
from coroom.core.table import Table

NAMES = ("ada", "bob", "cyd", "host", "operator", "nobody", "", "*")
IDS = ("t1", "t2", "c1", "c2", "h1", "n1", "f1", "a1", "x", "")

A_KIND = 30
"""Examples of each kind of event: of all kinds together two thousand go through the code that they share."""

texts = st.one_of(
    st.sampled_from(NAMES), st.sampled_from(IDS), st.text(max_size=8), st.text(st.characters(), max_size=4)
)
numbers = st.one_of(st.integers(-2, 6), st.integers(0, 2**53))
PLACES = (
    *("src/a.py", "src/", "src/**", "src/*.py", "", "src/a.py#A", "src/a.py#A.b"),
    *("db/t/1", "db/t", "db/t?a=1", "t1"),
)
resources = st.builds(Resource, st.sampled_from(Scheme), st.sampled_from(PLACES))


@cache
def of(kind: Hashable) -> st.SearchStrategy[object]:
    """Any value of a core type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is RoomState:
        return st.builds(_some, st.just(kind), st.randoms(use_true_random=True), st.integers(0, 3))
    if kind is Resource:
        return resources
    if origin in {Union, UnionType}:
        return st.one_of([st.none() if a is NoneType else of(a) for a in arguments])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    if origin is Table:
        return st.dictionaries(texts, of(arguments[0]), max_size=3).map(lambda items: Table(items.items()))
    if kind in _PLAIN:
        return _PLAIN[kind]
    assert isinstance(kind, type)
    if issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: of(hints[field.name]) for field in fields(kind)})


_CHARACTERS = (*'"\\\n\x00\x7f\x80é\u2028', "\ud800", "\U0001f600", *"{}[],:a1 ")


def _some(kind: Hashable, chance: Random, most: int) -> object:
    """Any value of a core type with at most so many entries in each collection, drawn at once: a state has a thousand
    parts, and with Hypothesis drawing each the tests of states did little else.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        argument = chance.choice(arguments)
        return None if argument is NoneType else _some(argument, chance, most)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return tuple(_some(argument, chance, most) for argument in arguments)
    if origin is tuple:
        return tuple(_some(arguments[0], chance, most) for _ in range(chance.randint(0, most)))
    if origin is Table:
        keys = dict.fromkeys(_some_text(chance) for _ in range(chance.randint(0, most)))
        return Table((key, _some(arguments[0], chance, most)) for key in keys)
    if kind in _DRAWN:
        return _DRAWN[kind](chance)
    assert isinstance(kind, type)
    if issubclass(kind, StrEnum):
        return chance.choice(_members(cast("Hashable", kind)))
    return kind(**{name: _some(hint, chance, most) for name, hint in _parts(cast("Hashable", kind))})


@cache
def _members(kind: Hashable) -> tuple[StrEnum, ...]:
    return tuple(cast("type[StrEnum]", kind))


@cache
def _parts(kind: Hashable) -> tuple[tuple[str, Hashable], ...]:
    assert isinstance(kind, type)
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in fields(kind))


def _some_text(chance: Random) -> str:
    if chance.random() < 0.6:
        return chance.choice((*NAMES, *IDS))
    point = chance.choice((0x20, 0x80, 0x1000, 0x110000))
    text = "".join(
        chance.choice(_CHARACTERS) if chance.random() < 0.5 else chr(chance.randrange(point))
        for _ in range(chance.randint(0, 8))
    )
    # Two halves of one character beside each other are that character in JSON, and in no text that Python has read.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


_DRAWN: dict[object, Callable[[Random], object]] = {
    str: _some_text,
    int: lambda chance: (
        chance.randint(-2, 6) if chance.random() < 0.5 else chance.randint(0, 2 ** chance.randint(0, 53))
    ),
    bool: lambda chance: chance.random() < 0.5,
    Resource: lambda chance: Resource(chance.choice(tuple(Scheme)), chance.choice(PLACES)),
}

_PLAIN: dict[object, st.SearchStrategy[object]] = {str: texts, int: numbers, bool: st.booleans()}

bodies = cast("st.SearchStrategy[e.Body]", st.one_of([of(kind) for kind in get_args(e.Body)]))
events = st.builds(e.Event, st.integers(0, 2**53), st.integers(0, 2**53), texts, bodies)
