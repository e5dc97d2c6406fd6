"""Stories: what happens to the objects of a program before an enacted function is called, found by trying."""

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.play import Play, Recipe, SetUpFailed, mixed
from coroom.checks.enactment.python.inputs import Inputs
from coroom.checks.enactment.python.plays import changing, prepared
from coroom.checks.enactment.python.recipes import asked_of, earlier, one_of
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.tree import Tree
from coroom.checks.enactment.python.uses import Wanted, changers, changes_anything, parameters, within
from coroom.checks.enactment.python.values import FAULTS, Function, Kind, Value
from coroom.checks.enactment.python.vocabulary import heard
from coroom.checks.enactment.python.world import World, name_of
from coroom.checks.sides import Changed, Side

CALLS_MAX = 6
"""The ways to call a function at the end of one story."""

TRIES_MAX = 40
LOOKS_MAX = 8
WORLDS: Sequence[tuple[str, frozenset[str]]] = (
    ("filled", frozenset()),
    ("changed", frozenset()),
    ("again", frozenset()),
    ("shaped", frozenset({"shaped"})),
    ("marked", frozenset({"shaped", "marked"})),
    ("varied", frozenset({"varied"})),
    ("given", frozenset({"linked"})),
)


def stories(side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:
    """Plays of worlds in which a function that one side newly wrote may be called."""
    for ending, how in WORLDS:
        at = 0
        while at < 3:
            found = _story(side, changed, reached, purse, ending, at, how)
            yield from found
            at += 1
            if ending != "changed" or not found:
                break


def _story(
    side: Side, changed: Changed, reached: Sequence[str], purse: Budget, ending: str, at: int, how: frozenset[str]
) -> list[Play]:
    stage = Tree(side.tree, purse)
    try:
        function, kind, inputs = prepared(stage, changed, reached)
        if function is None or inputs is None:
            return []
        new = frozenset((one.module.path, one.within) for one in side.changed if one.before is None)
        world = _world(stage, inputs, function, reached, how)
        world.new = new
        _begin(world, function, kind, reached, new)
        if ending == "given":
            _do_what_changed(world, side)
        elif not _go_on(world, ending, at, reached, new):
            return []
        endings = list(_endings(world, function, kind))
        return endings if _concerns(side, stage.machine.seen) else []
    except (CannotGoOn, SetUpFailed, *FAULTS):
        return []
    finally:
        stage.close()


def _concerns(side: Side, seen: set[tuple[str, str]]) -> bool:
    """Whether what happened came through something that the other side changed."""
    return any(
        each.function is not None
        and (
            (each.module.path, each.function.name) in seen
            if each.before is not None
            else each.function.name.startswith("__")
        )
        for each in side.other.changed
    )


def _world(stage: Tree, inputs: Inputs, function: Function, reached: Sequence[str], how: frozenset[str]) -> World:
    there = stage.there(reached)
    top = there[reached[0]]
    trees = [held.node for module in there.values() for held in _functions(module.space)]
    vocabulary = heard(there.values(), trees, function.node, top)
    linked = "linked" in how
    return World(stage, inputs, vocabulary, "varied" in how, "shaped" in how, "marked" in how, linked=linked)


def _functions(space: dict[str, Value]) -> Iterator[Function]:
    for held in space.values():
        if isinstance(held, Function) and held.around.module is space:
            yield held
        elif isinstance(held, Kind) and held.make is not None:
            yield from (each for each in held.space.values() if isinstance(each, Function))


def _begin(
    world: World, function: Function, kind: Kind | None, reached: Sequence[str], new: frozenset[tuple[str, str]]
) -> None:
    """Make what the function takes, and fill what the modules keep."""
    if kind is not None and kind.name in world.inputs.kinds:
        world.make(kind.name, 0, 0)
    for path, each in _keepers(world.stage, reached, new, "adds")[:4]:
        for turn in range(3):
            world.do(path, each, turn, fresh=True)
    for at, one in enumerate(parameters(function, skip=1 if kind is not None else 0, needed=True)):
        world.given(one, at, 0, 0, function.name, fresh=False)


def _keepers(
    stage: Tree, reached: Sequence[str], new: frozenset[tuple[str, str]], wanted: str
) -> list[tuple[str, Function]]:
    return [
        (path, held)
        for path, held, how in changing(stage, reached, new)
        if how == wanted and not _makes_functions(held.node)
    ]


def _makes_functions(node: ast.AST) -> bool:
    """Whether it is one that decorates or wraps."""
    return any(isinstance(each, ast.FunctionDef) and each is not node for each in within(node))


def _go_on(world: World, ending: str, at: int, reached: Sequence[str], new: frozenset[tuple[str, str]]) -> bool:
    """What happens at last; False when nothing does."""
    if ending == "again":
        world.again = True
        for _, kind in _present(world):
            world.fill(kind, 0, (3, 4))
        return True
    if ending != "changed":
        return True
    ways: list[Callable[[], bool]] = [
        partial(world.ask, of, function, 0) for of, kind in _present(world) for function in changers(kind)[1][:3]
    ]
    ways += [partial(world.do, path, each, 0) for path, each in _keepers(world.stage, reached, new, "changes")]
    return at < len(ways) and ways[at]()


def _do_what_changed(world: World, side: Side) -> None:
    """Call what the other side changed, and put what it gives where the program keeps such things."""
    for each in side.other.changed:
        name = each.function.name if each.function is not None and each.before is not None else "_"
        if name.startswith("_") or each.module.path not in side.tree.texts:
            continue
        for turn in range(2):
            if _do(world, each.module.path, each.within, turn):
                _keep(world)


def _do(world: World, path: str, within_it: str, turn: int) -> bool:
    """Call a function or a method of the last object that there is of its class."""
    owner, _, name = within_it.rpartition(".")
    if not owner:
        held = world.stage.module(path).space.get(name)
        return isinstance(held, Function) and not _makes_functions(held.node) and world.do(path, held, turn)
    for of, kind in _present(world):
        held = kind.find(name) if kind.name == owner else None
        if isinstance(held, Function):
            return world.ask(of, held, turn)
    return False


def _keep(world: World) -> None:
    """Give the objects that the last step gave to what takes such objects."""
    at = len(world.stage.results) - 1
    gave = world.stage.results[at]
    many = list(gave)[:3] if isinstance(gave, list | tuple) else []
    for place in range(len(many)):
        world.take(one_of(earlier(at, "it"), place))
    things = [each for each in (*many, gave) if isinstance(each, Thing)]
    for kind in {each.kind: None for each in things}:
        takers = [
            (of, function)
            for of, other in _present(world)
            for function in changers(other)[0][:3]
            if world.takes(function, kind)
        ]
        for of, function in takers:
            for thing in world.those(kind)[-len(things) :]:
                world.take(asked_of(of, function.name, [thing]))


def _present(world: World) -> list[tuple[Recipe, Kind]]:
    """The objects that there are, one of each class, the last made first."""
    found: dict[Kind, Recipe] = {}
    for at in reversed(range(len(world.stage.results))):
        value = world.stage.results[at]
        if isinstance(value, Thing) and value.kind.name in world.inputs.kinds:
            found.setdefault(value.kind, earlier(at, name_of(value, at)))
    return [(recipe, kind) for kind, recipe in found.items()]


def _endings(world: World, function: Function, kind: Kind | None) -> Iterator[Play]:
    of: Recipe | None = None
    if kind is not None:
        there = world.those(kind)
        if not there:
            return
        of = there[0]
    wanted = parameters(function, skip=1 if kind is not None else 0, needed=True)
    each = world.row(wanted, 0, 0, function.name, fresh=False)
    if not all(each):
        return
    looks = tuple(_looks(world))[:LOOKS_MAX]
    steps = tuple(world.steps)
    sizes = [len(one) for one in each]
    found = 0
    for tried, places in enumerate(mixed(sizes, max(sizes, default=1))):
        if tried >= TRIES_MAX or found >= CALLS_MAX:
            return
        chosen = tuple(one[place].recipe for one, place in zip(each, places, strict=True))
        if _is_taken(world.stage, function, of, chosen):
            found += 1
            yield Play((), of, chosen, steps, looks)


def _is_taken(stage: Tree, function: Function, of: Recipe | None, given: Sequence[Recipe]) -> bool:
    """Whether a function gives something for these arguments."""
    try:
        mine = [of.make(stage)] if of is not None else []
        stage.machine.call(function, [*mine, *(each.make(stage) for each in given)], {})
    except FAULTS:
        return False
    except (CannotGoOn, SetUpFailed):
        return stage.machine.budget.steps <= 0
    return True


def _looks(world: World) -> Iterator[Recipe]:
    """What can be asked of the objects with words that were said before."""
    for of, kind in _present(world):
        for name, held in {name: held for each in reversed(kind.line()) for name, held in each.space.items()}.items():
            if not isinstance(held, Function) or name.startswith("_") or "async" in held.traits:
                continue
            if changes_anything(held.node):
                continue
            wanted = parameters(held, skip=1, needed=True)
            if len(wanted) == 1 and _is_scalar(wanted[0]):
                for one in world.given(wanted[0], 0, 0, 0, "", fresh=False)[:2]:
                    yield asked_of(of, name, [one.recipe])


def _is_scalar(wanted: Wanted) -> bool:
    return wanted.note is None or (
        isinstance(wanted.note, ast.Name) and wanted.note.id in {"str", "int", "date", "float"}
    )
