"""What the library has for iterators: none of them goes on for ever."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.bounds import LARGEST, counted, small
from coroom.checks.enactment.python.built_in import own_kind
from coroom.checks.enactment.python.values import Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes

_PLAIN = ("groupby", "islice", "accumulate", "zip_longest", "takewhile", "dropwhile", "pairwise", "tee", "compress",
          "filterfalse")  # fmt: skip
_MANY = ("count", "cycle", "repeat")
_CHOSEN = ("permutations", "combinations", "combinations_with_replacement")
_POOLS_MAX = 8


def itertools_names(machine: Attributes) -> dict[str, Value]:
    """What `itertools` gives."""
    chain = own_kind(machine.builtins["object"], "chain", lambda *many: counted(itertools.chain(*many)))
    chain.space["from_iterable"] = lambda many: counted(itertools.chain.from_iterable(many))

    def product(*many: Value, repeat: int = 1) -> Iterator[Value]:
        if len(many) * repeat > _POOLS_MAX:
            raise CannotGoOn("too many pools")
        return _bounded(machine, itertools.product(*many, repeat=repeat))

    def batched(many: Value, size: int) -> Iterator[Value]:
        if size < 1:
            raise ValueError("n must be at least one")
        rest = iter(many)
        while batch := tuple(itertools.islice(rest, size)):
            yield batch

    def chosen(name: str) -> Callable[..., Iterator[Value]]:
        def choose(many: Value, r: int | None = None) -> Iterator[Value]:
            if r is not None and r > LARGEST:
                raise CannotGoOn("too many are chosen")
            return _bounded(machine, getattr(itertools, name)(many, r))

        return choose

    return {
        "chain": chain,
        "starmap": lambda run, many: itertools.starmap(small(run), many),
        "product": product,
        "batched": batched,
        **{name: getattr(itertools, name) for name in _PLAIN},
        **{name: _counted(machine, getattr(itertools, name)) for name in _MANY},
        **{name: chosen(name) for name in _CHOSEN},
    }


def _counted(machine: Attributes, make: Callable[..., Iterator[Value]]) -> Callable[..., Iterator[Value]]:
    return lambda *given, **named: _bounded(machine, make(*given, **named))


def _bounded(machine: Attributes, many: Iterator[Value]) -> Iterator[Value]:
    """The same values; whoever asks for too many of them is left alone."""
    for at, each in enumerate(many):
        machine.budget.step()
        if at > LARGEST:
            raise CannotGoOn("an iterator that goes on")
        yield each
