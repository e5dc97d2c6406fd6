"""The check: what one side newly wrote, acted out in its own tree and in what both became together.

A function that gives one thing in the tree of the side that wrote it, and another in the merged tree, is where
behaviour interferes. Nothing is run: the programs are interpreted, and whatever the interpreter does not know ends a
enactment without a word.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from coroom.checks.enactment.compare import alike, taken_down, told
from coroom.checks.enactment.machine import Machine, parsed
from coroom.checks.enactment.plays import Play, plays
from coroom.checks.enactment.recipes import SetUpFailed
from coroom.checks.enactment.things import Thing
from coroom.checks.enactment.tree import Spent, Tree
from coroom.checks.enactment.uses import how_it_changes
from coroom.checks.enactment.values import (
    FAULTS,
    Budget,
    CannotGoOn,
    Coroutine,
    Function,
    Module,
    Value,
)
from coroom.checks.engine import BEHAVIOUR
from coroom.checks.finding import Finding
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Four, Side
from coroom.checks.wording import is_test
from coroom.syntax import walk

STEPS_IN_ALL = 600_000
"""The steps of all of them, about a second."""

FUNCTIONS_MAX = 40
"""A side that newly wrote more is not one change."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a call came to: what it gave, or the name of what it raised; and what could be seen before and after."""

    value: Any = None
    raised: str = ""
    before: Any = None
    after: Any = None
    asked: int = 0
    seen: frozenset[tuple[str, str]] = frozenset()
    said: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)


def enactments(four: Four) -> Iterator[Finding]:
    """Where what one side newly wrote comes to something else together with what the other side changed."""
    purse = Budget(STEPS_IN_ALL)
    try:
        for side in four.sides:
            yield from _of(four, side, purse)
    except Spent:
        return


def _of(four: Four, side: Side, purse: Budget) -> Iterator[Finding]:
    if not any(path.endswith(".py") and not is_test(path) for path in side.other.paths):
        return
    fresh = [each for each in side.changed if _worth(each)]
    if len(fresh) > FUNCTIONS_MAX:
        return
    known: dict[str, tuple[str, ...] | None] = {}
    told_of: set[str] = set()
    for changed in fresh:
        path = changed.module.path
        if path not in known:
            known[path] = _reach(four, side, path)
        reached = known[path]
        if not reached or path in told_of:
            continue
        found = _enact(four, side, changed, reached, purse)
        if found is not None:
            told_of.add(path)
            yield found


def _worth(changed: Changed) -> bool:
    return (
        changed.function is not None
        and changed.before is None
        and changed.module.language == "python"
        and not is_test(changed.module.path)
        and changed.within.count(".") <= 1
        and not changed.function.name.startswith("_")
    )


def _reach(four: Four, side: Side, path: str) -> tuple[str, ...] | None:
    """The modules that a module imports, itself first; None when the other side changed none of them."""
    program = side.tree
    found: dict[str, None] = {path: None}
    waiting = [path]
    while waiting:
        each = waiting.pop()
        module = program.module(each)
        if module is None:
            return None
        try:
            tree = parsed(program.texts[each].decode(errors="replace"))
        except CannotGoOn:
            return None
        for node in ast.walk(tree):
            specs = (
                [name.name for name in node.names]
                if isinstance(node, ast.Import)
                else ["." * node.level + (node.module or "")]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for spec in specs:
                place = program.place_of(spec, module)
                if place is not None and place not in found:
                    found[place] = None
                    waiting.append(place)
        if len(found) > 40:
            return None
    beside = _beside(four, side, found)
    return tuple(found) + beside if {*found, *beside} & set(side.other.paths) else None


def _beside(four: Four, side: Side, found: dict[str, None]) -> tuple[str, ...]:
    """Modules that are not imported and whose classes what is given could be of, in a tree that is small."""
    del four
    others = [path for path in side.tree.texts if path.endswith(".py") and path not in found and not is_test(path)]
    return tuple(others) if len(others) + len(found) <= 24 else ()


def _enact(four: Four, side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Finding | None:
    function = changed.function
    assert function is not None
    if _agreed(four, side, changed):
        return None
    doubtful: Finding | None = None
    for given in plays(side, changed, reached, purse):
        one = _act(side.tree, changed, given, reached, purse)
        other = _act(four.merged, changed, given, reached, purse) if one is not None and not one.raised else None
        if one is None or other is None:
            continue
        about = _changed_on_the_way(side, other)
        said = _difference(one, other)
        if not said or _handed_on(changed, about, one, other):
            if doubtful is not None and about and not said and one.value:
                return None
            continue
        call = f"{changed.within}({', '.join(each.shown for each in given.arguments)})"
        because = f" since {about[0].within}() changed" if about else ""
        found = four.finding(
            side, BEHAVIOUR, changed.module.path, function.line, function.name, f"{call} {said}{because}",
            about=tuple(f"{each.module.path}#{each.within}" for each in about[:3]), sure=0.85,
        )  # fmt: skip
        if other.raised not in {"TypeError", "AttributeError"} or not given.guessed:
            return found
        doubtful = doubtful or found
    return doubtful


def _agreed(four: Four, side: Side, changed: Changed) -> bool:
    """Whether a function names something by a word that both sides brought in: then it is meant to be seen by it."""
    words = {each.text for each in walk(changed.term) if each.kind == "string" and each.text.isidentifier()}
    return any(not four.base_says(word) and side.other.defines(word) for word in words)


def _changed_on_the_way(side: Side, outcome: _Outcome) -> list[Changed]:
    """What the other side changed of the functions that an enactment came through."""
    return [
        each for each in side.other.changed
        if each.function is not None and (each.module.path, each.function.name) in outcome.seen
    ]  # fmt: skip


def _handed_on(changed: Changed, about: Sequence[Changed], one: _Outcome, other: _Outcome) -> bool:
    """Whether a function only hands on what changed, as is expected of it: a constant, a text, what it extends."""
    if other.raised:
        return False
    if not about and isinstance(one.value, int | float) and not isinstance(one.value, bool):
        return True
    if any(each.within.endswith(f".{changed.within.rpartition('.')[2]}") for each in about):
        return True
    value = one.value
    for each in about:
        assert each.function is not None
        at = (each.module.path, each.function.name)
        for was, now in zip(one.said.get(at, ()), other.said.get(at, ()), strict=False):
            value = _with_text(value, was, now)
    return value != one.value and alike(value, other.value)


def _with_text(value: Any, was: str, now: str) -> Any:
    if isinstance(value, str):
        return value.replace(was, now) if was else value
    if isinstance(value, list):
        return [_with_text(each, was, now) for each in value]
    return value


def _difference(one: _Outcome, other: _Outcome) -> str:
    if other.raised:
        return f"gives {told(one.value)} here and raises {other.raised} together"
    if not alike(one.value, other.value):
        return f"gives {told(one.value)} here and {told(other.value)} together"
    if alike(one.before, other.before) and not alike(one.after, other.after):
        return f"leaves {told(one.after)} here and {told(other.after)} together"
    if one.asked != other.asked:
        return f"asks what it is given {one.asked} times here and {other.asked} times together"
    return ""


def _act(program: Program, changed: Changed, play: Play, reached: Sequence[str], purse: Budget) -> _Outcome | None:
    """One call in one tree; None when it cannot be told what it comes to."""
    stage = Tree(program, purse)
    machine = stage.machine
    try:
        try:
            module = stage.module(changed.module.path)
        except FAULTS as fault:
            return _raised(machine, fault)
        there = [module, *stage.there(reached[1:]).values()]
        try:
            for path, name, given in play.first:
                held = stage.module(path).space.get(name)
                if held is None:
                    return None
                machine.call(held, [each.make(stage) for each in given], {})
            owner, _, name = changed.within.rpartition(".")
            arguments = [each.make(stage) for each in play.arguments]
            called = module.space[name] if play.of is None else None
        except (*FAULTS, SetUpFailed):
            return None
        if play.of is not None:
            try:
                called = machine.attribute(play.of.make(stage), name)
            except FAULTS as fault:
                made_here = changed.base is None or owner not in changed.base.classes
                return _raised(machine, fault) if made_here else None
            except SetUpFailed:
                return None
        things = [each for each in (*arguments, getattr(called, "of", None)) if isinstance(each, Thing | list | dict)]
        before = _looks(machine, things, there)
        machine.asked = 0
        try:
            value = machine.call(called, arguments, {})
            if isinstance(value, Coroutine) and "async" in getattr(
                called, "traits", getattr(getattr(called, "function", None), "traits", ())
            ):
                value = value.run()
            shown = taken_down(machine, value)
            if play.of is not None and machine.asked:
                taken_down(machine, machine.call(called, arguments, {}))
        except FAULTS as fault:
            return _raised(machine, fault)
        seen, said = frozenset(machine.seen), {name: list(texts) for name, texts in machine.said.items()}
        return _Outcome(shown, "", before, _looks(machine, things, there), machine.asked, seen, said)
    except (CannotGoOn, RecursionError, MemoryError):
        return None
    finally:
        stage.close()


def _raised(machine: Machine, fault: BaseException) -> _Outcome:
    return _Outcome(raised=machine.raised(fault).kind.name, seen=frozenset(machine.seen))


def _looks(machine: Machine, things: Sequence[Value], modules: Sequence[Module]) -> list[Any]:
    """What can be seen of objects and modules: what their functions give that need nothing and change nothing."""
    found: list[Any] = []
    for module in modules:
        if any(isinstance(held, dict | list | set) for held in module.space.values()):
            space = module.space
            own = [held for held in space.values() if isinstance(held, Function) and held.around.module is space]
            found.append(_seen(machine, {each.name: each for each in own}, 0))
    for each in things:
        if isinstance(each, Thing):
            methods = {name: held for kind in reversed(each.kind.line()) for name, held in kind.space.items()}
            looks = {name: held for name, held in methods.items() if isinstance(held, Function) and name[:1] != "_"}
            found.append(_seen(machine, looks, 1, each))
        else:
            found.append(taken_down(machine, each))
    return found


def _seen(machine: Machine, looks: Mapping[str, Function], own: int, *of: Thing) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, held in looks.items():
        needs = len(held.node.args.args) - own > len(held.defaults)
        if needs or "async" in held.traits or how_it_changes(held.node, lambda _: True):
            continue
        with suppress(*FAULTS):
            found[name] = taken_down(machine, held(*of))
    return found
