"""What names are bound to: plain ones, and values taken apart."""

from collections.abc import Callable, Iterator

from tree_sitter import Node

from coroom.checks.enactment.script.access import keys_of
from coroom.checks.enactment.script.reading import Act, act_of, field, parts, text_of, unescaped, unknown
from coroom.checks.enactment.script.values import UNDEFINED, Scope, Value

Put = Callable[[Scope, Value], None]
"""Binds a value."""


def put_name(scope: Scope, name: str, value: Value) -> None:
    """Give a name that is declared another value."""
    where: Scope | None = scope
    while where is not None:
        if name in where.names:
            where.names[name] = value
            return
        where = where.outer
    raise scope.m.thrown("ReferenceError", f"{name} is not defined")


def declared(node: Node, path: str) -> Put:
    """What binds a pattern to new names of a scope."""
    return _put(node, path, lambda name: lambda scope, value: scope.names.__setitem__(name, value))


def assigned(node: Node, path: str) -> Put:
    """What binds a pattern to names that are there, and to properties."""
    return _put(node, path, lambda name: lambda scope, value: put_name(scope, name, value))


def names_in(node: Node) -> Iterator[str]:
    """The names that a pattern binds."""
    if node.type in {"identifier", "shorthand_property_identifier_pattern"}:
        yield text_of(node)
    elif node.type in {"object_assignment_pattern", "assignment_pattern"}:
        left = field(node, "left")
        if left is not None:
            yield from names_in(left)
    elif node.type == "pair_pattern":
        value = field(node, "value")
        if value is not None:
            yield from names_in(value)
    else:
        for each in parts(node):
            yield from names_in(each)


def _put(node: Node, path: str, bind: Callable[[str], Put]) -> Put:
    if node.type in {"identifier", "shorthand_property_identifier_pattern"}:
        return bind(text_of(node))
    if node.type in {"assignment_pattern", "object_assignment_pattern"}:
        left = field(node, "left")
        assert left is not None
        return _with_default(_put(left, path, bind), act_of(field(node, "right"), path))
    if node.type == "object_pattern":
        return _object(node, path, bind)
    if node.type == "array_pattern":
        return _array(node, path, bind)
    if node.type in {"member_expression", "subscript_expression"}:
        return _property(node, path)
    fail = unknown(node.type)
    return lambda scope, _: fail(scope)


def _property(node: Node, path: str) -> Put:
    owner = act_of(field(node, "object"), path)
    name = text_of(field(node, "property"))
    index = act_of(field(node, "index"), path) if node.type == "subscript_expression" else None

    def put(scope: Scope, value: Value) -> None:
        scope.m.put(owner(scope), name if index is None else scope.m.key(index(scope)), value)

    return put


def _with_default(put: Put, default: Act) -> Put:
    return lambda scope, value: put(scope, default(scope) if value is UNDEFINED else value)


def key_of(node: Node | None, path: str) -> Callable[[Scope], str]:
    """The name of a property, as it is written or computed."""
    if node is None:
        return unknown("a key")
    if node.type == "computed_property_name":
        inner = act_of(parts(node)[0], path)
        return lambda scope: scope.m.key(inner(scope))
    if node.type == "number":
        inner = act_of(node, path)
        return lambda scope: scope.m.key(inner(scope))
    name = unescaped(text_of(node)[1:-1]) if node.type == "string" else text_of(node)
    return lambda _: name


def _said(name: str) -> Callable[[Scope], str]:
    return lambda _: name


def _object(node: Node, path: str, bind: Callable[[str], Put]) -> Put:
    taken: list[tuple[Callable[[Scope], str], Put]] = []
    rest: Put | None = None
    for each in parts(node):
        if each.type == "rest_pattern":
            rest = _put(parts(each)[0], path, bind)
        elif each.type == "pair_pattern":
            value = field(each, "value")
            assert value is not None
            taken.append((key_of(field(each, "key"), path), _put(value, path, bind)))
        else:
            name = next(names_in(each))
            taken.append((_said(name), _put(each, path, bind)))

    def put(scope: Scope, value: Value) -> None:
        m = scope.m
        if value is None or value is UNDEFINED:
            raise m.thrown("TypeError", "Cannot destructure it, as it is null or undefined")
        keys: list[str] = []
        for key, each in taken:
            name = key(scope)
            keys.append(name)
            each(scope, m.get(value, name))
        if rest is not None:
            rest(scope, m.object({name: m.get(value, name) for name in keys_of(value) if name not in keys}))

    return put


def _array(node: Node, path: str, bind: Callable[[str], Put]) -> Put:
    taken: list[Put | None] = []
    rest: Put | None = None
    waiting = False
    for each in node.children[1:-1]:
        if each.type == ",":
            if not waiting:
                taken.append(None)
            waiting = False
        elif each.type == "rest_pattern":
            rest, waiting = _put(parts(each)[0], path, bind), True
        elif each.is_named and each.type != "comment":
            taken.append(_put(each, path, bind))
            waiting = True

    def put(scope: Scope, value: Value) -> None:
        flow = scope.m.each(value)
        for each in taken:
            given = next(flow, UNDEFINED)
            if each is not None:
                each(scope, given)
        if rest is not None:
            left: list[Value] = []
            for one in flow:
                scope.m.step()
                left.append(one)
            rest(scope, scope.m.array(left))

    return put
