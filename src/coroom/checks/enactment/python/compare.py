"""What an enacted function came to in two trees, and whether that is the same to whoever asked for it."""

from typing import Any

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.python.machine import Machine
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import Bound, Coroutine, Function, Kind, Module, Value

_DEEPEST = 6
_FREE = 1_000
"""So many values are taken down for nothing, as what nearly every call gives; each further one is a step."""
_MOST = 60


class _Room:
    __slots__ = ("budget", "free")

    def __init__(self, budget: Budget) -> None:
        self.free = _FREE
        self.budget = budget

    def step(self) -> None:
        if self.free:
            self.free -= 1
        else:
            self.budget.step()


def taken_down(machine: Machine, value: Value) -> Any:
    """A value as plain data: objects by what they are made of, generators by what they give.

    Raises:
        CannotGoOn: it is too much to be told.
    """
    return _taken_down(_Room(machine.budget), value, 0)


def _taken_down(left: _Room, value: Value, depth: int) -> Any:  # noqa: C901, PLR0912 - one table of kinds
    left.step()
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Thing):
        if value.kind.has("enum"):
            return ("enum", value.attributes["name"])
        if value.kind.has("tuple"):
            return [_taken_down(left, each, depth + 1) for each in value.items]
        kept = {
            name: _taken_down(left, each, depth + 1)
            for name, each in value.attributes.items()
            if not name.startswith("_")
        }
        return ("thing", value.kind.name, kept)
    if isinstance(value, Coroutine):
        return ("coroutine",)
    if isinstance(value, Function | Bound | Kind | Module):
        return ("function",)
    if isinstance(value, dict):
        return {_key(key): _taken_down(left, each, depth + 1) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return ("set", sorted(repr(_taken_down(left, each, depth + 1)) for each in value))
    if isinstance(value, str | bytes | int | float | bool) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_taken_down(left, each, depth + 1) for each in value]
    if hasattr(value, "__next__"):
        found = []
        for each in value:
            found.append(_taken_down(left, each, depth + 1))
            if len(found) > _MOST:
                raise CannotGoOn("it gives too much")
        return found
    if callable(value):
        return ("function",)
    return repr(value)


def _key(key: Value) -> str | int:
    return key if isinstance(key, str | int) else repr(key)


def told(value: Any) -> str:
    """A short text of what `taken_down` gave."""
    if isinstance(value, tuple) and value[:1] == ("thing",):
        text = f"{value[1]}(…)"
    elif isinstance(value, tuple) and value[:1] == ("enum",):
        text = str(value[1])
    elif isinstance(value, tuple) and value[:1] == ("set",):
        text = "{" + ", ".join(value[1]) + "}"
    elif isinstance(value, tuple):
        text = f"a {value[0]}"
    else:
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
