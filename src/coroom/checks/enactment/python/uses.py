"""What an enacted function says of its parameters: their types, and what is done with them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from coroom.checks.enactment.kept import on_the_node
from coroom.checks.enactment.python.things import Thing, all_fields
from coroom.checks.enactment.python.values import Function, Kind, Value


def within(node: ast.AST) -> Iterator[ast.AST]:
    """A part of a program and all that is in it, as `ast.walk` gives it; each play goes through the same ones."""
    return chain((node,), _below(node))


@on_the_node
def _below(node: ast.AST) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(node))[1:]


@dataclass(slots=True)
class Wanted:
    """A parameter: its name, what is written as its type, where that is to be understood, and what is done with it."""

    name: str
    note: ast.expr | None
    space: dict[str, Value]
    asked: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    hints: frozenset[str] = frozenset()


def parameters_of(kind: Kind) -> list[Wanted]:
    """What an object of a class is made with."""
    if kind.has("dataclass") or kind.has("tuple"):
        fields = all_fields(kind) if kind.has("dataclass") else kind.fields
        notes: dict[str, ast.expr] = {}
        for each in reversed(kind.line()):
            notes.update(each.space.get("__annotations__", {}))
        return [Wanted(name, notes.get(name), {}) for name, make in fields.items() if make is None]
    for each in kind.line():
        if "__init__" in each.space and isinstance(each.space["__init__"], Function):
            return parameters(each.space["__init__"], skip=1, needed=True)
    return []


def offers(kind: Kind) -> set[str]:
    """The attributes that objects of a class have."""
    found: set[str] = set()
    for each in kind.line():
        found |= {*each.space, *each.fields, *each.space.get("__annotations__", {})}
        for held in each.space.values():
            node = held.node if isinstance(held, Function) else None
            for one in within(node) if node is not None else ():
                if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store) and _is_self(one.value):
                    found.add(one.attr)
    return found


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def has_abstract(kind: Kind) -> bool:
    """Whether a class leaves something to those that extend it."""
    found = (kind.find(name) for name in {name for each in kind.line() for name in each.space})
    return any(isinstance(held, Function) and held.attributes.get("__isabstractmethod__") for held in found)


def is_protocol(kind: Kind) -> bool:
    """Whether a class only says what others have."""
    return "Protocol" in {each.name for each in kind.bases}


def stands_for(other: Kind, kind: Kind) -> bool:
    """Whether objects of a class have the methods of a protocol, which it need not extend."""
    methods = {each for each, held in kind.space.items() if isinstance(held, Function)}
    return is_protocol(kind) and not is_protocol(other) and bool(methods) and methods <= offers(other)


def gives(function: Function, said: str) -> bool:
    """Whether a function says that it gives a type, as it is written."""
    returns = getattr(function.node, "returns", None)
    return returns is not None and ast.unparse(returns).strip("'\"") == said


def unquoted(note: ast.expr | None) -> ast.expr | None:
    """An annotation without the quotes around it; None when there is none that can be read."""
    while isinstance(note, ast.Constant) and isinstance(note.value, str):
        try:
            note = ast.parse(note.value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return note


MANY = frozenset(
    {"rows", "data", "items", "lists", "values", "names", "lines", "words", "records", "sources", "paths", "bodies"}
)


def serves(value: Value, wanted: Wanted) -> bool:
    """Whether a value has what a parameter is asked for."""
    if wanted.keys:
        return isinstance(value, dict) and all(key in value for key in wanted.keys)
    return bool(wanted.asked) and isinstance(value, Thing) and wanted.asked <= offers(value.kind)


_ADDING = frozenset({"append", "add", "insert", "extend", "setdefault", "update", "appendleft"})


def changers(kind: Kind) -> tuple[list[Function], list[Function]]:
    """The methods that put something into an object, and those that change it otherwise."""
    adders: list[Function] = []
    others: list[Function] = []
    for each in kind.line():
        for name, held in each.space.items():
            if name.startswith("_") or not isinstance(held, Function) or "async" in held.traits:
                continue
            how = _changes_self(held.node)
            if how:
                (adders if how == "adds" else others).append(held)
    return adders, others


@on_the_node
def changes_anything(node: ast.AST) -> bool:
    """Whether a function adds to anything, changes anything, or takes from what is kept outside of it."""
    return bool(how_it_changes(node, lambda _: True)) or _gives_another_each_time(node)


def _gives_another_each_time(node: ast.AST) -> bool:
    """Whether a function gives a name of its module something, or takes from an iterator that it has not made."""
    own = {each.id for each in _below(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return any(
        isinstance(each, ast.Global | ast.Nonlocal)
        or (
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Name)
            and each.func.id == "next"
            and any(_is_kept(asked, own) for asked in each.args[:1])
        )
        for each in _below(node)
    )


def _is_kept(asked: ast.expr, own: set[str]) -> bool:
    if isinstance(asked, ast.Name):
        return asked.id not in own
    return isinstance(asked, ast.Attribute | ast.Subscript)


@on_the_node
def _changes_self(node: ast.AST) -> str:
    return how_it_changes(node, _is_self_part)


def _is_self_part(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(node, ast.Attribute) and _is_self(node.value):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def how_it_changes(node: ast.AST, is_kept: Callable[[ast.expr], bool]) -> str:
    """Whether a function `adds` to what is kept, `changes` it, or neither."""
    changes = "changes" if _changes_in_part(node, is_kept) else ""
    for each in _changing(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and is_kept(each.func.value):
            if each.func.attr in _ADDING:
                return "adds"
            if each.func.attr in {"pop", "remove", "clear", "discard", "sort", "popitem"}:
                changes = "changes"
        if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Subscript) and is_kept(each.target.value):
            changes = "changes"
        if isinstance(each, ast.Assign) and any(
            isinstance(one, ast.Subscript) and is_kept(one.value) for one in each.targets
        ):
            adds = not all(
                isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant) for one in each.targets
            )
            if adds:
                return "adds"
            changes = "changes"
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store | ast.Del):
            changes = "changes"
    return changes


def _changes_in_part(node: ast.AST, is_kept: Callable[[ast.expr], bool]) -> bool:
    """Whether a function takes something away from what is kept, or changes an entry of a part of it that it named."""
    named = {
        target.id
        for each in _changing(node)
        if isinstance(each, ast.Assign | ast.For) and is_kept(each.value if isinstance(each, ast.Assign) else each.iter)
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
        if isinstance(target, ast.Name)
    }
    for each in _changing(node):
        if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store | ast.Del):
            held = each.value
            if isinstance(held, ast.Name) and held.id in named:
                return True
            if isinstance(each.ctx, ast.Del) and is_kept(held):
                return True
    return False


@on_the_node
def _changing(node: ast.AST) -> tuple[ast.AST, ...]:
    """What in a function can add to something or change it."""
    return tuple(
        each
        for each in _below(node)
        if isinstance(each, ast.Assign | ast.AugAssign | ast.For)
        or (isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute))
        or (isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store | ast.Del))
    )


def parameters(function: Function, *, skip: int = 0, needed: bool = False) -> list[Wanted]:
    """The parameters of a function. With `needed` only those without a default."""
    args = function.node.args
    space = function.around.module
    found = [*args.posonlyargs, *args.args][skip:]
    if needed:
        found = [each for each in (*found, *args.kwonlyargs) if each.arg not in function.defaults]
    return [
        Wanted(
            each.arg,
            each.annotation,
            space,
            asked | _later(function, each.arg),
            keys,
            _hints(function.node, each.arg) | (_elsewhere(function, each.arg) if each.annotation is None else NOTHING),
        )
        for each in found
        for asked, keys in [_uses(function.node, each.arg)]
    ]


NOTHING: frozenset[str] = frozenset()


def _elsewhere(function: Function, name: str) -> frozenset[str]:
    """What a parameter of the same name is elsewhere in the module, by its default."""
    for held in function.around.module.values():
        near = held.space.values() if isinstance(held, Kind) else (held,)
        for each in near:
            if isinstance(each, Function) and type(each.defaults.get(name)) in {int, float}:
                return frozenset({"number"})
    return NOTHING


_THROUGH = frozenset({"enumerate", "sorted", "reversed", "zip", "iter", "list", "set", "map", "filter"})


@on_the_node
def _hints(node: ast.AST, name: str) -> frozenset[str]:  # noqa: C901, PLR0912 - one table of shapes
    """What a name must be for what is done with it: a `number`, `many` things, something that is `called`."""

    def meant(each: ast.expr) -> bool:
        return isinstance(each, ast.Name) and each.id == name

    found: set[str] = set()
    for each in within(node):
        match each:
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv(), left=left, right=right):
                if (meant(left) or meant(right)) and not any(
                    isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Constant) and isinstance(one.value, str))
                    for one in (left, right)
                ):
                    found.add("number")
            case ast.AugAssign(op=ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv(), value=right):
                if meant(right):
                    found.add("number")
            case ast.Compare(left=left, comparators=[right]):
                if meant(left) and isinstance(right, ast.Constant) and type(right.value) is int:
                    found.add("number")
            case ast.For(iter=held) | ast.comprehension(iter=held):
                through = isinstance(held, ast.Call) and isinstance(held.func, ast.Name) and held.func.id in _THROUGH
                if meant(held) or (isinstance(held, ast.Call) and through and any(meant(one) for one in held.args)):
                    found.add("many")
            case ast.Call(func=ast.Name(id="len" | "sorted" | "sum" | "list" | "max" | "min"), args=[held, *_]):
                if meant(held):
                    found.add("many")
            case ast.Call(func=held):
                if meant(held):
                    found.add("called")
    return frozenset(found)


def _later(function: Function, name: str) -> frozenset[str]:
    """What the methods of a class ask of the attribute that a parameter of this one is put into."""
    found: set[str] = set()
    if function.owner is None or not isinstance(function.node, ast.FunctionDef):
        return frozenset()
    for each in within(function.node):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Name) and each.value.id == name:
            kept = {
                target.attr for target in each.targets if isinstance(target, ast.Attribute) and _is_self(target.value)
            }
            for held in function.owner.space.values():
                for one in within(held.node) if isinstance(held, Function) and kept else ():
                    if (
                        isinstance(one, ast.Attribute)
                        and isinstance(one.value, ast.Attribute)
                        and one.value.attr in kept
                    ):
                        found.add(one.attr)
    return frozenset(found)


@on_the_node
def _uses(node: ast.AST, name: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The attributes and keys that a name is asked for."""
    asked: set[str] = set()
    keys: dict[str, None] = {}
    for each in within(node):
        match each:
            case ast.Attribute(value=ast.Name(id=said), attr=attribute) if said == name and attribute[:2] != "__":
                asked.add(attribute)
            case ast.Subscript(value=ast.Name(id=said), slice=ast.Constant(value=str(key))) if said == name:
                keys[key] = None
        match each:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=said), attr="get"), args=[ast.Constant(value=str(key)), *_]
            ) if said == name:
                keys[key] = None
    return frozenset(asked), tuple(keys)
