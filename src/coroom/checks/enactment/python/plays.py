"""The ways in which an enacted function is called: what happens first, of what object, with which arguments."""

import ast
from collections.abc import Collection, Iterator, Sequence
from functools import partial

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.play import Deed, Play, Recipe, SetUpFailed, combined
from coroom.checks.enactment.python.inputs import Inputs, gathered
from coroom.checks.enactment.python.tree import Tree
from coroom.checks.enactment.python.uses import Wanted, how_it_changes, parameters
from coroom.checks.enactment.python.values import FAULTS, Function, Kind
from coroom.checks.sides import Changed, Side


def plays(side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:
    """The ways to call a function that one side newly wrote, the likeliest first."""
    stage = Tree(side.tree, purse)
    try:
        function, kind, inputs = prepared(stage, changed, reached)
        if function is None or inputs is None:
            return
        wanted = parameters(function, skip=1 if kind is not None else 0, needed=True)
        owners: Sequence[Recipe | None] = [None]
        if kind is not None:
            owners = inputs.candidates(Wanted("it", ast.Name(kind.name), {}))[:5]
        each = [inputs.candidates(one)[:12] for one in wanted]
        new = {(one.module.path, one.within) for one in side.changed if one.before is None}
        firsts = _firsts(stage, reached, inputs, new)
    except (CannotGoOn, SetUpFailed, *FAULTS):
        return
    finally:
        stage.close()
    if not all(each) or not owners:
        return
    yield from combined(firsts, owners, each)


def prepared(
    stage: Tree, changed: Changed, reached: Sequence[str]
) -> tuple[Function | None, Kind | None, Inputs | None]:
    """A function that is to be enacted, its class when it is a method, and what its tree offers as inputs."""
    path = changed.module.path
    space = stage.module(path).space
    owner, _, name = changed.within.rpartition(".")
    kind = space.get(owner) if owner else None
    held = kind.find(name) if isinstance(kind, Kind) else space.get(name)
    if not isinstance(held, Function) or (owner and not isinstance(kind, Kind)):
        return None, None, None
    there = list(stage.there(reached))
    return held, kind if isinstance(kind, Kind) else None, gathered(stage, there, held.node)


def _firsts(stage: Tree, reached: Sequence[str], inputs: Inputs, new: set[tuple[str, str]]) -> list[tuple[Deed, ...]]:
    """What can be done in the modules before: what puts something into them, nothing, and a change after that."""
    adders: list[Deed] = []
    changers: list[Deed] = []
    for path, held, how in changing(stage, reached, new):
        calls = [
            (path, name, tuple(given))
            for name, given in inputs.calls_of(held, 0, turns=2 if how == "adds" else 1)
            if _goes(stage, held, given)
        ]
        (adders if how == "adds" else changers).extend(calls)
    filled = [tuple(adders[:6])] if adders else []
    return [*filled, (), *((*adders[:6], each) for each in changers[:3])]


def changing(
    stage: Tree, reached: Sequence[str], new: Collection[tuple[str, str]]
) -> Iterator[tuple[str, Function, str]]:
    """The functions, but for the new ones, that change what their module keeps: where, which, and how."""
    for path, module in stage.there(reached).items():
        space = module.space
        kept = {name for name, held in space.items() if isinstance(held, dict | list | set)}
        for name, held in space.items():
            if not isinstance(held, Function) or held.around.module is not space or name.startswith("_") or held.traits:
                continue
            how = how_it_changes(held.node, partial(_is_in, kept)) if (path, name) not in new else ""
            if how:
                yield path, held, how


def _goes(stage: Tree, function: Function, given: Sequence[Recipe]) -> bool:
    """Whether a function takes these arguments."""
    try:
        stage.machine.call(function, [each.make(stage) for each in given], {})
    except (CannotGoOn, SetUpFailed, *FAULTS):
        if stage.machine.budget.steps <= 0:
            raise
        return False
    return True


def _is_in(kept: set[str], node: ast.expr) -> bool:
    return _root(node) in kept


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
