"""What the library has for iterators: none of them goes on for ever."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.built_in import own_kind
from coroom.checks.enactment.python.native import LARGEST
from coroom.checks.enactment.python.values import Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes

_PLAIN = ("groupby", "islice", "accumulate", "zip_longest", "takewhile", "dropwhile", "pairwise", "starmap", "tee",
          "compress", "filterfalse")  # fmt: skip
_MANY = ("count", "cycle", "repeat", "permutations", "combinations", "combinations_with_replacement")
_POOLS_MAX = 8


def itertools_names(machine: Attributes) -> dict[str, Value]:
    """What `itertools` gives."""
    chain = own_kind(machine.builtins["object"], "chain", itertools.chain)
    chain.space["from_iterable"] = itertools.chain.from_iterable

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

    return {
        "chain": chain,
        "product": product,
        "batched": batched,
        **{name: getattr(itertools, name) for name in _PLAIN},
        **{name: _counted(machine, getattr(itertools, name)) for name in _MANY},
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
