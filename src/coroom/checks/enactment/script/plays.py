"""The ways in which an enacted function of a script is called."""

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from coroom.checks.enactment.play import Deed, Play, Recipe, SetUpFailed, combined
from coroom.checks.enactment.script import recipes
from coroom.checks.enactment.script.declared import Type, Types
from coroom.checks.enactment.script.inputs import Inputs
from coroom.checks.enactment.script.reading import field, tokens
from coroom.checks.enactment.script.stage import BEYOND
from coroom.checks.enactment.script.uses import (
    how_it_changes,
    literals_in,
    method_nodes,
    parameters,
    words_about,
)
from coroom.checks.enactment.script.values import UNDEFINED
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Side

_KEPT = frozenset({"array", "object", "new_expression"})


def plays(side: Side, changed: Changed, reached: Sequence[str]) -> Iterator[Play]:
    """The ways to call a function that one side newly wrote, the likeliest first."""
    try:
        found = _prepared(side.tree, changed, reached)
        if found is None:
            return
        node, owner, inputs = found
        path = changed.module.path
        given: list[list[Recipe]] = []
        needed = {each.name for each in parameters(node, path)}
        for one in parameters(node, path, needed=False):
            optional = [] if one.name in needed else [recipes.plain(UNDEFINED)]
            known = inputs.candidates(one) if one.note is not None or not optional else []
            given.append([*optional, *known][:12])
        owners: Sequence[Recipe | None] = [None]
        if owner is not None:
            owners = inputs.of_type(Type(owner, path), "it", 0)[:6]
        new = {(each.module.path, each.within) for each in side.changed if each.before is None}
        firsts = _firsts(inputs, reached, new)
    except (SetUpFailed, *BEYOND):
        return
    if all(given) and owners:
        yield from combined(firsts, owners, given)


def _prepared(program: Program, changed: Changed, reached: Sequence[str]) -> tuple[Node, Node | None, Inputs] | None:
    """A function, its class if it has one, and what it can be given; None when others cannot call it."""
    path = changed.module.path
    types = Types(program)
    here = types.of(path)
    owner_name, _, name = changed.within.rpartition(".")
    if here is None or (here.exported and (owner_name or name) not in here.exported):
        return None
    owner = here.types.get(owner_name) if owner_name else None
    node = here.functions.get(name) if not owner_name else method_nodes(owner).get(name) if owner is not None else None
    if node is None:
        return None
    numbers, texts = literals_in(node)
    words = words_about(node, here.values)
    return node, owner, Inputs(types, reached, numbers, tuple(dict.fromkeys((*texts, *words))))


def _firsts(inputs: Inputs, reached: Sequence[str], new: set[tuple[str, str]]) -> list[tuple[Deed, ...]]:
    """What can be done in the modules before: what puts something into them, nothing, and a change after that."""
    adders: list[Deed] = []
    changers: list[Deed] = []
    for path in reached:
        here = inputs.types.of(path)
        if here is None:
            continue
        kept = {
            name for name, node in here.values.items() if (value := field(node, "value")) is not None and _keeps(value)
        }
        for name, node in here.functions.items() if kept else ():
            if (path, name) in new or (here.exported and name not in here.exported):
                continue
            how = how_it_changes(node, lambda root, kept=kept: root in kept)  # type: ignore[misc]
            if how and "async" not in tokens(node):
                calls = inputs.calls_of(name, node, path, 0, turns=3 if how == "adds" else 1)
                (adders if how == "adds" else changers).extend((path, name, tuple(given)) for name, given in calls)
    filled = [tuple(adders[:6])] if adders else []
    return [*filled, (), *((*adders[:6], each) for each in changers[:3])]


def _keeps(value: Node) -> bool:
    return value.type in _KEPT or (
        value.type in {"as_expression", "satisfies_expression"} and value.named_child_count > 0
    )
