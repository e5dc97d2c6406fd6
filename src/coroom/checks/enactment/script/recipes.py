"""How values are made that an enacted script is given, anew in each tree."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from coroom.checks.enactment.play import Recipe, SetUpFailed
from coroom.checks.enactment.script.numbers import number_text
from coroom.checks.enactment.script.stage import Stage
from coroom.checks.enactment.script.taking import taken_down
from coroom.checks.enactment.script.values import MISSING, UNDEFINED, Bag, Fun, Moment, Native, Promise, Value


def plain(value: Value) -> Recipe:
    """A text, number or the like."""
    if isinstance(value, float):
        shown = number_text(value)
    else:
        shown = "undefined" if value is UNDEFINED else json.dumps(value, ensure_ascii=False)
    return Recipe(shown, lambda _: value)


def row(items: Sequence[Recipe]) -> Recipe:
    """An array."""
    return _of(items, f"[{', '.join(each.shown for each in items)}]", lambda stage, made: stage.machine.array(made))


def _of(items: Sequence[Recipe], shown: str, make: Callable[[Stage, list[Value]], Value]) -> Recipe:
    return Recipe(
        shown, lambda stage: make(stage, [each.make(stage) for each in items]), any(each.guessed for each in items)
    )


def record(pairs: Sequence[tuple[str, Recipe]]) -> Recipe:
    """An object."""
    shown = ", ".join(f"{name}: {each.shown}" for name, each in pairs)
    names = [name for name, _ in pairs]
    return _of(
        [each for _, each in pairs],
        f"{{{shown}}}",
        lambda stage, made: stage.machine.object(dict(zip(names, made, strict=True))),
    )


def bag(pairs: Sequence[tuple[Recipe, Recipe]], *, is_map: bool) -> Recipe:
    """A map, or a set of the first of each pair."""
    name = "Map" if is_map else "Set"

    def make(stage: Stage, made: list[Value]) -> Value:
        held = Bag(stage.machine.builtins[name], is_map=is_map)
        for key, value in zip(made[::2], made[1::2], strict=True):
            stage.machine.method(held, "set" if is_map else "add", key, value)
        return held

    shown = ", ".join(f"{key.shown} => {value.shown}" if is_map else key.shown for key, value in pairs)
    return _of([each for pair in pairs for each in pair], f"new {name}({shown})", make)


def moment(ms: float, shown: str) -> Recipe:
    """A date."""
    return Recipe(shown, lambda stage: Moment(stage.machine.builtins["Date"], ms))


def promise(inner: Recipe) -> Recipe:
    """A promise that is kept."""
    return _of(
        [inner], f"a promise of {inner.shown}",
        lambda stage, made: Promise(stage.machine.builtins["Promise"], "kept", made[0]),
    )  # fmt: skip


def calling(inner: Recipe) -> Recipe:
    """A function that takes anything and gives one value; what it is given is taken down."""

    def make(stage: Stage) -> Value:
        def act(m: Value, _: Value, given: list[Value]) -> Value:
            m.asked += 1
            m.handed.append([taken_down(m, each) for each in given])
            return inner.make(stage)

        return Native("given", act, proto=stage.machine.builtins["Function"])

    return Recipe(f"() => {inner.shown}", make, inner.guessed)


def _named(stage: Stage, path: str, name: str) -> Value:
    found = stage.machine.look(stage.module(path).scope, name)
    if found is MISSING:
        raise SetUpFailed
    return found


def made_of(path: str, name: str, given: Sequence[Recipe]) -> Recipe:
    """An object that a class of the program makes."""

    def make(stage: Stage, made: list[Value]) -> Value:
        kind = _named(stage, path, name)
        if not isinstance(kind, Fun) or kind.shape is None:
            raise SetUpFailed
        return stage.machine.make(kind, made)

    return _of(given, f"new {name}({', '.join(each.shown for each in given)})", make)


def got_from(path: str, name: str, given: Sequence[Recipe]) -> Recipe:
    """What a function of the program gives."""
    return _of(
        given,
        f"{name}({', '.join(each.shown for each in given)})",
        lambda stage, made: stage.machine.awaited(stage.machine.call(_named(stage, path, name), UNDEFINED, made)),
    )


def constant(path: str, name: str) -> Recipe:
    """What a name of the program holds."""
    return Recipe(name, lambda stage: _named(stage, path, name))


def member(path: str, name: str, key: str) -> Recipe:
    """A member of an enumeration."""

    def make(stage: Stage) -> Value:
        held = _named(stage, path, name)
        if key not in held.own:
            raise SetUpFailed
        return held.own[key]

    return Recipe(f"{name}.{key}", make)


def after(bare: Recipe, calls: Sequence[tuple[str, Sequence[Recipe]]]) -> Recipe:
    """An object after calls of its methods."""

    def make(stage: Stage) -> Value:
        thing = bare.make(stage)
        for name, given in calls:
            made = [each.make(stage) for each in given]
            stage.machine.awaited(stage.machine.method(thing, name, *made))
        return thing

    said = ", ".join(f"{name}({', '.join(each.shown for each in given)})" for name, given in calls)
    guessed = bare.guessed or any(each.guessed for _, given in calls for each in given)
    return Recipe(f"{bare.shown} after {said}", make, guessed)


def unsure(found: Sequence[Recipe]) -> list[Recipe]:
    """The same, with types that were guessed."""
    return [replace(each, guessed=True) for each in found]
