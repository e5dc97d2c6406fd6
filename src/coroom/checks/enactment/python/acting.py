"""One call of a Python program, acted out: what it comes to, and which modules have to do with it."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.outcome import Outcome
from coroom.checks.enactment.play import Play, Recipe, SetUpFailed
from coroom.checks.enactment.python.compare import taken_down, told
from coroom.checks.enactment.python.machine import Machine, parsed
from coroom.checks.enactment.python.plays import plays
from coroom.checks.enactment.python.stories import stories
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.tree import Tree
from coroom.checks.enactment.python.uses import changes_anything, within
from coroom.checks.enactment.python.values import FAULTS, Coroutine, Function, Module, Value
from coroom.checks.enactment.reach import reach
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Side


class PythonLanguage:
    """Python, acted out."""

    name = "python"
    ends = (".py",)
    mistaken = frozenset({"TypeError", "AttributeError"})

    def worth(self, changed: Changed) -> bool:
        """Whether a new function is one that others call."""
        return changed.function is not None and not changed.function.name.startswith("_")

    def reach(self, side: Side, path: str) -> tuple[str, ...] | None:
        """The modules that a module imports, itself first; None when the other side changed none of them."""
        return reach(side, path, self.ends, _imported)

    def plays(self, side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:
        """The ways to call a function that one side newly wrote, the likeliest first."""
        return plays(side, changed, reached, purse)

    def stories(self, side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:
        """Plays in which much happens before the function is called."""
        return stories(side, changed, reached, purse)

    def act(
        self, program: Program, changed: Changed, play: Play, reached: Sequence[str], purse: Budget
    ) -> Outcome | None:
        """One call in one tree; None when it cannot be told what it comes to."""
        return _act(program, changed, play, reached, purse)

    def told(self, value: Any) -> str:
        """A short text of a value."""
        return told(value)


def _imported(program: Program, path: str) -> list[str]:
    module = program.module(path)
    if module is None:
        raise CannotGoOn("the module is not there")
    specs: list[str] = []
    for node in within(parsed(program.text(path))):
        if isinstance(node, ast.Import):
            specs += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            specs.append("." * node.level + (node.module or ""))
    return [place for each in specs if (place := program.place_of(each, module)) is not None]


def _act(program: Program, changed: Changed, play: Play, reached: Sequence[str], purse: Budget) -> Outcome | None:
    stage = Tree(program, purse)
    machine = stage.machine
    try:
        try:
            module = stage.module(changed.module.path)
        except FAULTS as fault:
            return _raised(machine, fault)
        there = [module, *stage.there(reached[1:]).values()]
        try:
            _begin(stage, play)
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
        before = [_looks(machine, things, there), _answers(stage, play.looks)]
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
        after = [_looks(machine, things, there), _answers(stage, play.looks)]
        return Outcome(shown, "", before, after, machine.asked, seen, said)
    except (CannotGoOn, RecursionError, MemoryError):
        return None
    finally:
        stage.close()


def _begin(stage: Tree, play: Play) -> None:
    """What happens before the call."""
    for path, name, given in play.first:
        held = stage.module(path).space.get(name)
        if held is None:
            raise SetUpFailed
        stage.machine.call(held, [each.make(stage) for each in given], {})
    for step in play.steps:
        stage.results.append(step.make(stage))


def _raised(machine: Machine, fault: BaseException) -> Outcome:
    return Outcome(raised=machine.raised(fault).kind.name, seen=frozenset(machine.seen))


def _answers(stage: Tree, looks: Sequence[Recipe]) -> dict[str, Any]:
    """What objects answer to a story's questions."""
    found: dict[str, Any] = {}
    for each in looks:
        with suppress(SetUpFailed, *FAULTS):
            found[each.shown] = taken_down(stage.machine, each.make(stage))
    return found


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
        if needs or "async" in held.traits or changes_anything(held.node):
            continue
        with suppress(*FAULTS):
            found[name] = taken_down(machine, held(*of))
    return found
