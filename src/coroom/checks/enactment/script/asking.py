"""Members, calls and what is written out as an object, in a script."""

from collections.abc import Callable

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import keys_of
from coroom.checks.enactment.script.expressions import elements
from coroom.checks.enactment.script.functions import function_of
from coroom.checks.enactment.script.patterns import key_of
from coroom.checks.enactment.script.reading import (
    EXPRESSIONS,
    Act,
    act_of,
    field,
    first,
    parts,
    text_of,
    tokens,
    unknown,
)
from coroom.checks.enactment.script.statements import named
from coroom.checks.enactment.script.values import SHORT, UNDEFINED, UNSET, Accessor, Arr, Fun, Obj, Scope, Value, modest

_LINKS = frozenset({"member_expression", "subscript_expression", "call_expression", "non_null_expression"})


def _link(node: Node | None, path: str) -> Act:
    """A part of a chain: it may give SHORT."""
    if node is None or node.type not in _LINKS:
        return act_of(node, path)
    if node.type == "non_null_expression":
        return _link(parts(node)[0], path)
    if node.type == "call_expression":
        return _called(node, path)
    reference = _reference(node, path)
    return lambda scope: reference(scope)[1]


def _chain(node: Node, path: str) -> Act:
    act = _link(node, path)
    inner: Node | None = node
    optional = False
    while inner is not None and inner.type in _LINKS:
        optional = optional or _is_optional(inner)
        inner = field(inner, "object") or field(inner, "function") or first(inner)
    if not optional:
        return act
    return lambda scope: UNDEFINED if (found := act(scope)) is SHORT else found


def _is_optional(node: Node) -> bool:
    return any(each.type in {"optional_chain", "?."} for each in node.children)


def _reference(node: Node, path: str) -> Callable[[Scope], tuple[Value, Value]]:
    """Of a member: the object and what it has there; of anything else nothing and its value."""
    while node.type in {"non_null_expression", "parenthesized_expression"} and len(parts(node)) == 1:
        node = parts(node)[0]
    if node.type not in {"member_expression", "subscript_expression"}:
        act = _link(node, path)
        return lambda scope: (UNDEFINED, act(scope))
    optional, held = _is_optional(node), field(node, "object")
    if held is not None and held.type == "super":
        return _of_super(node)
    owner = _link(held, path)
    name = text_of(field(node, "property"))
    index = act_of(field(node, "index"), path) if node.type == "subscript_expression" else None

    def act_at(scope: Scope) -> tuple[Value, Value]:
        thing = owner(scope)
        if thing is SHORT or (optional and (thing is None or thing is UNDEFINED)):
            return UNDEFINED, SHORT
        if index is None:
            return thing, scope.m.get(thing, name)
        at = index(scope)
        if type(thing) is Arr and type(at) is float and at.is_integer() and 0 <= at < len(thing.items):
            return thing, thing.items[int(at)]
        return thing, scope.m.get(thing, scope.m.key(at))

    return act_at


def _of_super(node: Node) -> Callable[[Scope], tuple[Value, Value]]:
    name = text_of(field(node, "property"))
    if node.type == "subscript_expression":
        fail = unknown("super[]")
        return lambda scope: (UNDEFINED, fail(scope))

    def act(scope: Scope) -> tuple[Value, Value]:
        function = scope.frame.function
        home = function.home if function is not None else None
        if home is None or home.proto is None:
            raise CannotGoOn("super outside of a method")
        this = scope.frame.this
        where: Obj | None = home.proto
        while where is not None:
            if name in where.own:
                found = where.own[name]
                if type(found) is Accessor:
                    found = scope.m.call(found.get, this, []) if found.get is not None else UNDEFINED
                return this, found
            where = where.proto
        return this, UNDEFINED

    return act


def given_of(node: Node | None, path: str) -> Callable[[Scope], list[Value]]:
    """The arguments of a call."""
    if node is not None and node.type != "arguments":
        return unknown("a template with a tag")
    acts = [
        (each.type == "spread_element", act_of(parts(each)[0] if each.type == "spread_element" else each, path))
        for each in parts(node)
    ]
    if not any(spread for spread, _ in acts):
        plain = [act for _, act in acts]
        return lambda scope: [act(scope) for act in plain]
    return lambda scope: elements(acts, scope)


def _called(node: Node, path: str) -> Act:
    function = field(node, "function")
    assert function is not None
    if function.type == "super":
        return _super_call(node, path)
    if function.type == "import":
        return unknown("import()")
    reference, given = _reference(function, path), given_of(field(node, "arguments"), path)
    optional = _is_optional(node)

    def act(scope: Scope) -> Value:
        this, called = reference(scope)
        if called is SHORT or (optional and (called is None or called is UNDEFINED)):
            return SHORT
        return scope.m.call(called, this, given(scope))

    return act


def _super_call(node: Node, path: str) -> Act:
    given = given_of(field(node, "arguments"), path)

    def act(scope: Scope) -> Value:
        frame, m = scope.frame, scope.m
        kind = frame.function
        if kind is None or kind.shape is None or frame.this is not UNSET:
            raise CannotGoOn("super() in another place")
        frame.this = m.make(kind.shape.parent, given(scope), frame.target)
        m.fill(kind, frame)
        return UNDEFINED

    return act


def _new(node: Node, path: str) -> Act:
    kind = act_of(field(node, "constructor"), path)
    given = given_of(field(node, "arguments"), path)
    return lambda scope: scope.m.make(kind(scope), given(scope))


Fill = Callable[[Scope, dict[str, Value], Value], None]


def _object(node: Node, path: str) -> Act:
    fills = [_part(each, path) for each in parts(node)]

    def act(scope: Scope) -> Value:
        scope.m.step()
        made = scope.m.object()
        for each in fills:
            each(scope, made.own, made)
        return modest(made)

    return act


def _part(node: Node, path: str) -> Fill:
    if node.type == "shorthand_property_identifier":
        name, value = text_of(node), EXPRESSIONS["identifier"](node, path)
        return lambda scope, own, _: own.__setitem__(name, value(scope))
    if node.type == "spread_element":
        held = act_of(parts(node)[0], path)

        def spread(scope: Scope, own: dict[str, Value], _: Value) -> None:
            thing = held(scope)
            for key in keys_of(thing):
                scope.m.step()
                own[key] = scope.m.get(thing, key)

        return spread
    if node.type == "method_definition":
        return _method(node, path)
    if node.type != "pair":
        fail = unknown(node.type)
        return lambda scope, _, __: fail(scope)
    given = field(node, "value")
    assert given is not None
    key, value = key_of(field(node, "key"), path), named(given, path, text_of(field(node, "key")))
    return lambda scope, own, _: own.__setitem__(key(scope), value(scope))


def _method(node: Node, path: str) -> Fill:
    key = key_of(field(node, "name"), path)
    make = function_of(node, path, text_of(field(node, "name")))
    said = tokens(node)

    def fill(scope: Scope, own: dict[str, Value], thing: Value) -> None:
        function: Fun = make(scope)
        function.home = thing
        put_method(own, key(scope), function, said)

    return fill


def put_method(own: dict[str, Value], key: str, function: Fun, said: set[str]) -> None:
    """Give an object a method, or what computes a property."""
    if "get" in said or "set" in said:
        held = own.get(key)
        accessor = held if isinstance(held, Accessor) else Accessor()
        if "get" in said:
            accessor.get = function
        else:
            accessor.put = function
        own[key] = accessor
    else:
        own[key] = function


EXPRESSIONS.update(
    {
        "member_expression": _chain,
        "subscript_expression": _chain,
        "call_expression": _chain,
        "non_null_expression": _chain,
        "new_expression": _new,
        "object": _object,
    }
)
