"""How values are made that an enacted function is given, anew in each tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from coroom.checks.enactment.naming import NUMBERS, TEXTS, by_name
from coroom.checks.enactment.play import Recipe, SetUpFailed
from coroom.checks.enactment.python.machine import Machine
from coroom.checks.enactment.python.uses import parameters_of
from coroom.checks.enactment.python.values import Kind, Module, Value


class Stage(Protocol):
    """One tree, ready to act."""

    machine: Machine
    results: list[Value]
    """What the steps of a story gave."""

    def module(self, path: str) -> Module:
        """The module at a path."""

    def texts_at(self, path: str) -> list[str]:
        """The texts that a module gives to what it calls at its top."""


def plain(value: Value) -> Recipe:
    """A number, text or collection of them."""
    return Recipe(repr(value), lambda _: _again(value))


def _again(value: Value) -> Value:
    if isinstance(value, list):
        return [_again(each) for each in value]
    if isinstance(value, dict):
        return {key: _again(each) for key, each in value.items()}
    return value


def calling(value: Value) -> Recipe:
    """A function that takes anything and gives one value."""

    def make(stage: Stage) -> Value:
        def called(*_: Value, **__: Value) -> Value:
            stage.machine.asked += 1
            return value

        return called

    return Recipe(f"lambda: {value!r}", make)


def sample(key: str) -> Value:
    """A value for a key of a table, by what the key is called."""
    numbers = by_name(key, NUMBERS)
    texts = by_name(key, TEXTS)
    return texts[0] if texts else numbers[0] if numbers else "a"


def row(parts: list[Recipe], made: Callable[[list[Value]], Value]) -> Recipe:
    """Several values together."""
    return Recipe(
        f"[{', '.join(each.shown for each in parts)}]",
        lambda stage: made([each.make(stage) for each in parts]),
        any(each.guessed for each in parts),
    )


def table(keys: Sequence[str], values: list[Recipe]) -> Recipe:
    """A dictionary."""
    pairs = [(key, values[min(at, len(values) - 1)]) for at, key in enumerate(keys)]
    shown = ", ".join(f"{key!r}: {value.shown}" for key, value in pairs)
    return Recipe(
        f"{{{shown}}}",
        lambda stage: {key: value.make(stage) for key, value in pairs},
        any(value.guessed for _, value in pairs),
    )


def _kind(stage: Stage, path: str, name: str) -> Kind:
    found = stage.module(path).space.get(name)
    if not isinstance(found, Kind):
        raise SetUpFailed
    return found


def member(path: str, name: str, member: str) -> Recipe:
    """A member of an enumeration."""

    def make(stage: Stage) -> Value:
        found = _kind(stage, path, name).members.get(member)
        if found is None:
            raise SetUpFailed
        return found

    return Recipe(f"{name}.{member}", make)


def made_of(path: str, name: str, given: list[Recipe], names: list[str]) -> Recipe:
    """An object that a class of the program makes."""

    def make(stage: Stage) -> Value:
        kind = _kind(stage, path, name)
        now = [each.name for each in parameters_of(kind)]
        if set(now) == set(names):
            return kind(**{each: recipe.make(stage) for each, recipe in zip(names, given, strict=True)})
        if len(now) != len(names) or sum(one == other for one, other in zip(now, names, strict=True)) < len(now) - 2:
            raise SetUpFailed
        return kind(*(each.make(stage) for each in given))

    return Recipe(f"{name}({', '.join(each.shown for each in given)})", make, any(each.guessed for each in given))


def after(bare: Recipe, calls: list[tuple[str, list[Recipe]]]) -> Recipe:
    """An object after calls of its methods."""

    def make(stage: Stage) -> Value:
        thing = bare.make(stage)
        for name, given in calls:
            method = stage.machine.attribute(thing, name)
            method(*(each.make(stage) for each in given))
        return thing

    said = ", ".join(f"{name}({', '.join(each.shown for each in given)})" for name, given in calls)
    return Recipe(
        f"{bare.shown} after {said}", make, bare.guessed or any(each.guessed for _, given in calls for each in given)
    )


def got_from(path: str, name: str, given: list[Recipe]) -> Recipe:
    """What a function of the program gives."""

    def make(stage: Stage) -> Value:
        function = stage.module(path).space.get(name)
        if function is None:
            raise SetUpFailed
        return function(*(each.make(stage) for each in given))

    return Recipe(f"{name}({', '.join(each.shown for each in given)})", make, any(each.guessed for each in given))


def one_of(whole: Recipe, at: int) -> Recipe:
    """One of the values that another recipe gives."""

    def make(stage: Stage) -> Value:
        many = list(whole.make(stage))
        if len(many) <= at:
            raise SetUpFailed
        return many[at]

    return Recipe(f"{whole.shown}[{at}]", make, whole.guessed)


def earlier(at: int, shown: str) -> Recipe:
    """What a step of a story gave."""

    def make(stage: Stage) -> Value:
        if at >= len(stage.results):
            raise SetUpFailed
        return stage.results[at]

    return Recipe(shown, make)


def asked_of(of: Recipe, name: str, given: list[Recipe]) -> Recipe:
    """What a method of an object gives."""

    def make(stage: Stage) -> Value:
        return stage.machine.call(
            stage.machine.attribute(of.make(stage), name), [each.make(stage) for each in given], {}
        )

    return Recipe(f"{of.shown}.{name}({', '.join(each.shown for each in given)})", make)
