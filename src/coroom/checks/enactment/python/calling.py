"""What the library has for functions: wrapped, kept, run later, used as context managers, made of operators."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.python import bounds, sharing
from coroom.checks.enactment.python.declaring import same
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import Coroutine, Function, Kind, Property, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes


def functools_names(machine: Attributes) -> dict[str, Value]:
    """What `functools` gives."""

    def wraps(of: Value) -> Callable[[Value], Value]:
        def mark(function: Value) -> Value:
            if isinstance(function, Function):
                function.attributes["__name__"] = machine.attribute(of, "__name__")
                function.attributes["__wrapped__"] = of
            return function

        return mark

    def cached(function: Value) -> Value:
        kept: dict[Value, Value] = {}

        def asked(*given: Value, **named: Value) -> Value:
            key = (given, tuple(sorted(named.items())))
            if key not in kept:
                kept[key] = function(*given, **named)
            return kept[key]

        made = _wrapped(function, asked)
        if isinstance(made, Function):
            made.attributes["cache_clear"] = kept.clear
        return made

    def lru_cache(function: Value = None, **_: Value) -> Value:
        return cached(function) if callable(function) else cached

    return {
        "wraps": wraps,
        "reduce": lambda run, *given: functools.reduce(bounds.small(run), *given),
        "partial": lambda run, *given, **named: functools.partial(bounds.small(run), *given, **named),
        "cache": cached,
        "lru_cache": lru_cache,
        "cached_property": lambda get: Property(get, kept=True),
        "cmp_to_key": functools.cmp_to_key,
        "total_ordering": same,
        "singledispatch": sharing.dispatching(machine),
    }


def _wrapped(function: Value, run: Callable[..., Value]) -> Value:
    if not isinstance(function, Function):
        return run
    return Function(
        function.name,
        function.node,
        function.around,
        function.defaults,
        lambda _, given, named: run(*given, **named),
        function.owner,
        function.traits,
    )


def asyncio_names(machine: Attributes) -> dict[str, Value]:
    """What `asyncio` gives."""

    def run(waiting: Value) -> Value:
        if not isinstance(waiting, Coroutine):
            raise TypeError("a coroutine was expected")
        return waiting.run()

    def gather(*waiting: Value, **_: Value) -> Coroutine:
        return Coroutine(lambda: [run(each) for each in waiting])

    del machine
    return {"run": run, "gather": gather, "sleep": lambda *_: Coroutine(lambda: None)}


def contextlib_names(machine: Attributes) -> dict[str, Value]:
    """What `contextlib` gives."""
    base = machine.builtins["object"]

    def manager(function: Value) -> Value:
        kind = Kind("Manager", (base,), {}, make=machine.new)

        def asked(*given: Value, **named: Value) -> Thing:
            flow = function(*given, **named)
            return Thing(kind, {"__enter__": lambda: next(flow), "__exit__": lambda *_: next(flow, None) and False})

        return _wrapped(function, asked)

    def suppress(*kinds: Kind) -> Thing:
        kind = Kind("Suppress", (base,), {}, make=machine.new)
        return Thing(
            kind,
            {
                "__enter__": lambda: None,
                "__exit__": lambda _, raised, __: raised is not None and machine.is_a(raised, kinds),
            },
        )

    return {"contextmanager": manager, "suppress": suppress, **sharing.contexts(machine)}


def operator_names(machine: Attributes) -> dict[str, Value]:
    """What `operator` gives."""

    def attrgetter(*names: str) -> Callable[[Value], Value]:
        def get(held: Value) -> Value:
            found = [functools.reduce(machine.attribute, name.split("."), held) for name in names]
            return found[0] if len(found) == 1 else tuple(found)

        return get

    def methodcaller(name: str, *given: Value, **named: Value) -> Callable[[Value], Value]:
        return lambda held: machine.attribute(held, name)(*given, **named)

    named = (
        "add",
        "sub",
        "itemgetter",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "neg",
        "not_",
        "contains",
        "truediv",
        "floordiv",
        "and_",
        "or_",
        "xor",
        "is_",
        "is_not",
        "truth",
        "getitem",
        "setitem",
        "delitem",
        "countOf",
        "indexOf",
        "index",
        "pos",
        "invert",
    )
    own = {"attrgetter": attrgetter, "methodcaller": methodcaller, "mul": bounds.times, "pow": bounds.power}
    return {**own, "mod": bounds.rest, **{name: getattr(operator, name) for name in named}}
