"""One call of a script, acted out: what it comes to, and which modules have to do with it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tree_sitter import Node

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.outcome import Outcome
from coroom.checks.enactment.play import Play, SetUpFailed
from coroom.checks.enactment.reach import reach
from coroom.checks.enactment.script.declared import declared_in
from coroom.checks.enactment.script.machine import Machine, Module, compiled
from coroom.checks.enactment.script.plays import plays
from coroom.checks.enactment.script.stage import BEYOND, FAULTS, Stage
from coroom.checks.enactment.script.taking import kind_name, taken_down, told
from coroom.checks.enactment.script.uses import how_it_changes, only_keeps, parameters
from coroom.checks.enactment.script.values import (
    MISSING,
    UNDEFINED,
    Accessor,
    Arr,
    Bag,
    Fun,
    Obj,
    Promise,
    Thrown,
    Value,
)
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Side


class ScriptLanguage:
    """JavaScript and TypeScript, acted out."""

    name = "script"
    ends = (".ts", ".js", ".mts", ".mjs", ".cts", ".cjs", ".tsx", ".jsx")
    mistaken = frozenset({"TypeError"})

    def worth(self, changed: Changed) -> bool:
        """Whether a new function is one that others call."""
        function = changed.function
        return function is not None and not {"private", "protected"} & function.flags and function.name[:1] != "#"

    def reach(self, side: Side, path: str) -> tuple[str, ...] | None:
        """The modules that a module imports, itself first; None when the other side changed none of them."""
        return reach(side, path, self.ends, _imported)

    def plays(self, side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:
        """The ways to call a function that one side newly wrote, the likeliest first."""
        del purse
        return plays(side, changed, reached)

    def stories(self, side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:  # noqa: ARG002
        """None so far: objects are filled by the plays alone."""
        return iter(())

    def act(
        self, program: Program, changed: Changed, play: Play, reached: Sequence[str], purse: Budget
    ) -> Outcome | None:
        """One call in one tree; None when it cannot be told what it comes to."""
        stage = Stage(program, purse)
        try:
            return _acted(stage, changed, play, reached)
        except BEYOND:
            return None
        finally:
            stage.close()

    def told(self, value: Any) -> str:
        """A short text of a value."""
        return told(value)


def _imported(program: Program, path: str) -> list[str]:
    module = program.module(path)
    if module is None:
        raise CannotGoOn("the module is not there")
    here = declared_in(program.texts[path], path)
    if here is None:
        return []
    specs = [
        *(spec for spec, _ in here.imports.values()),
        *here.stars,
        *(each.spec for each in compiled(program.texts[path], path).taken),
    ]
    places = [program.place_of(each, module) for each in dict.fromkeys(specs)]
    return [each for each in places if each is not None]


def _acted(stage: Stage, changed: Changed, play: Play, reached: Sequence[str]) -> Outcome | None:
    m = stage.machine
    try:
        module = stage.module(changed.module.path)
    except FAULTS as fault:
        return _raised(m, fault)
    there = [module, *stage.there(reached[1:]).values()]
    try:
        for path, name, given in play.first:
            held = m.look(stage.module(path).scope, name)
            if held is MISSING:
                return None
            m.awaited(m.call(held, UNDEFINED, [each.make(stage) for each in given]))
        owner, _, name = changed.within.rpartition(".")
        arguments = [each.make(stage) for each in play.arguments]
        called = m.look(module.scope, name) if play.of is None else None
    except (*FAULTS, SetUpFailed):
        return None
    this: Value = UNDEFINED
    if play.of is not None:
        try:
            this = play.of.make(stage)
        except FAULTS as fault:
            made_here = changed.base is None or owner not in changed.base.classes
            return _raised(m, fault) if made_here else None
        except SetUpFailed:
            return None
    return _called(m, called, this, name, arguments, there)


def _called(
    m: Machine, called: Value, this: Value, name: str, arguments: list[Value], there: Sequence[Module]
) -> Outcome:
    things = [each for each in (*arguments, this) if isinstance(each, Obj) and not isinstance(each, Fun)]
    before = _looks(m, things, there)
    m.asked, m.handed = 0, []
    m.seen.clear()
    m.said.clear()
    try:
        found = m.get(this, name) if this is not UNDEFINED else called
        value = m.call(found, this, arguments)
        if isinstance(found, Fun) and found.code.is_async and isinstance(value, Promise):
            value = m.awaited(value)
        shown = taken_down(m, value)
        if this is not UNDEFINED and m.asked:
            taken_down(m, m.call(found, this, arguments))
    except FAULTS as fault:
        return _raised(m, fault)
    seen, said = frozenset(m.seen), {name: list(texts) for name, texts in m.said.items()}
    asked, handed = m.asked, list(m.handed)
    return Outcome(shown, "", [*before, []], [*_looks(m, things, there), handed], asked, seen, said)


def _raised(m: Machine, fault: Thrown) -> Outcome:
    return Outcome(raised=kind_name(m, fault.value) or told(taken_down(m, fault.value)), seen=frozenset(m.seen))


def _looks(m: Machine, things: Sequence[Obj], modules: Sequence[Module]) -> list[Any]:
    """What can be seen of objects and modules: what their functions give that need nothing and change nothing."""
    found: list[Any] = []
    for module in modules:
        held = [each for each in module.scope.names.values() if isinstance(each, Arr | Bag) or type(each) is Obj]
        if held:
            own = {
                name: each
                for name, each in module.scope.names.items()
                if isinstance(each, Fun) and each.code.path == module.path and name in module.local
            }
            found.append(_seen(m, own, UNDEFINED))
    for thing in things:
        looks: dict[str, Fun] = {}
        where: Obj | None = thing
        while where is not None and where.closed != "built in":
            for name, each in where.own.items():
                held_by = each.get if isinstance(each, Accessor) else each
                if (
                    isinstance(held_by, Fun)
                    and held_by.shape is None
                    and name[:1] not in {"_", "#"}
                    and name != "constructor"
                ):
                    looks.setdefault(name, held_by)
            where = where.proto
        found.append(_seen(m, looks, thing) if looks else taken_down(m, thing))
    return found


def _keeps(node: Node) -> bool:
    return how_it_changes(node, lambda _: True) == "changes" and only_keeps(node)


def _seen(m: Machine, looks: Mapping[str, Fun], this: Value) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, held in looks.items():
        code = held.code
        if held.shape is not None or code.is_async or code.required or parameters(code.node, code.path):
            continue
        if how_it_changes(code.node, lambda _: True) and not _keeps(code.node):
            continue
        with suppress(*FAULTS):
            found[name] = taken_down(m, m.call(held, this, []))
    return found
