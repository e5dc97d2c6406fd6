"""Arbitrary core values for Hypothesis: one generic rule over the core's types, as the codec has one."""

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Union, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from coroom.core import event as e
from coroom.core.resource import Resource, Scheme
from coroom.core.table import Table

NAMES = ("ada", "bob", "cyd", "host", "operator", "nobody", "", "*")
IDS = ("t1", "t2", "c1", "c2", "h1", "n1", "f1", "a1", "x", "")

A_KIND = 30
"""Examples of each kind of event: of all kinds together two thousand go through the code that they share."""

texts = st.one_of(
    st.sampled_from(NAMES), st.sampled_from(IDS), st.text(max_size=8), st.text(st.characters(), max_size=4)
)
numbers = st.one_of(st.integers(-2, 6), st.integers(0, 2**53))
resources = st.builds(
    Resource,
    st.sampled_from(Scheme),
    st.sampled_from(
        ("src/a.py", "src/", "src/**", "src/*.py", "", "src/a.py#A", "src/a.py#A.b", "db/t/1", "db/t", "db/t?a=1", "t1")
    ),
)


@cache
def of(kind: Hashable) -> st.SearchStrategy[object]:
    """Any value of a core type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Resource:
        return resources
    if origin in {Union, UnionType}:
        return st.one_of([st.none() if a is NoneType else of(a) for a in arguments])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    if origin is Table:
        # A state has many tables; those of calls in order hold the largest records.
        most = 1 if getattr(arguments[0], "__module__", "").startswith("coroom.core.ordering") else 3
        return st.dictionaries(texts, of(arguments[0]), max_size=most).map(lambda items: Table(items.items()))
    if kind in _PLAIN:
        return _PLAIN[kind]
    assert isinstance(kind, type)
    if issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: of(hints[field.name]) for field in fields(kind)})


_PLAIN: dict[object, st.SearchStrategy[object]] = {str: texts, int: numbers, bool: st.booleans()}

bodies = cast("st.SearchStrategy[e.Body]", st.one_of([of(kind) for kind in get_args(e.Body)]))
events = st.builds(e.Event, st.integers(0, 2**53), st.integers(0, 2**53), texts, bodies)
