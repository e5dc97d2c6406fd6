"""Names, literals, operators and assignments of a script."""

from collections.abc import Callable

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import has_own, sort_of, truthy
from coroom.checks.enactment.script.elsewhere import KNOWN_ELSEWHERE
from coroom.checks.enactment.script.numbers import int32, number_of
from coroom.checks.enactment.script.operators import OPERATORS, stops
from coroom.checks.enactment.script.patterns import assigned, put_name
from coroom.checks.enactment.script.reading import (
    EXPRESSIONS,
    Act,
    act_of,
    field,
    parts,
    text_of,
    unescaped,
    unknown,
)
from coroom.checks.enactment.script.regular import regular
from coroom.checks.enactment.script.values import (
    LARGEST,
    MISSING,
    UNDEFINED,
    UNSET,
    Arr,
    Link,
    Obj,
    Outside,
    Scope,
    Value,
)


def _name(node: Node, _: str) -> Act:
    name = text_of(node)

    def act(scope: Scope) -> Value:
        where: Scope | None = scope
        while where is not None:
            if name in where.names:
                found = where.names[name]
                if found is UNSET or type(found) is Link:
                    return scope.m.look(where, name)
                return found
            where = where.outer
        found = scope.m.look(None, name)
        if found is MISSING:
            if name in KNOWN_ELSEWHERE:
                raise CannotGoOn(f"{name} is not known here")
            raise scope.m.thrown("ReferenceError", f"{name} is not defined")
        return found

    return act


def _constant(value: Value) -> Callable[[Node, str], Act]:
    return lambda _, __: lambda ___: value


def _number(node: Node, _: str) -> Act:
    text = text_of(node).replace("_", "")
    if text.endswith("n"):
        return unknown("a large whole number")
    value = number_of(text)
    return lambda _: value


def literal(node: Node) -> str:
    """What a text in quotes says."""
    return unescaped(text_of(node)[1:-1])


def _string(node: Node, _: str) -> Act:
    value = literal(node)
    return lambda _: value


def _template(node: Node, path: str) -> Act:
    pieces: list[str | Act] = []
    for each in parts(node):
        if each.type == "template_substitution":
            pieces.append(act_of(parts(each)[0] if parts(each) else None, path))
        else:
            pieces.append(unescaped(text_of(each)))

    def act(scope: Scope) -> Value:
        m = scope.m
        m.step()
        found = "".join(each if isinstance(each, str) else m.text(each(scope)) for each in pieces)
        if len(found) > LARGEST:
            raise CannotGoOn("too large")
        return found

    return act


def _regex(node: Node, _: str) -> Act:
    source, flags = text_of(field(node, "pattern")), text_of(field(node, "flags"))
    return lambda scope: regular(scope.m, source, flags)


def _inner(node: Node, path: str) -> Act:
    held = parts(node)
    return act_of(held[0] if held else None, path)


def _assertion(node: Node, path: str) -> Act:
    return act_of(parts(node)[-1], path)


def _array(node: Node, path: str) -> Act:
    if ",," in text_of(node).replace(" ", "") and not any(each.type == "string" for each in parts(node)):
        return unknown("an array with holes")
    acts = [(each.type == "spread_element", _inner(each, path) if each.type == "spread_element" else act_of(each, path))
            for each in parts(node)]  # fmt: skip

    def act(scope: Scope) -> Value:
        return scope.m.array(elements(acts, scope))

    return act


def elements(acts: list[tuple[bool, Act]], scope: Scope) -> list[Value]:
    """What is listed, with what is spread in its place."""
    found: list[Value] = []
    for spread, act in acts:
        if spread:
            for each in scope.m.each(act(scope)):
                scope.m.step()
                found.append(each)
        else:
            found.append(act(scope))
    return found


def _binary(node: Node, path: str) -> Act:
    sign = text_of(field(node, "operator"))
    if sign == "in" and text_of(field(node, "left"))[:1] == "#":
        return _has_private(node, path)
    left, right = act_of(field(node, "left"), path), act_of(field(node, "right"), path)
    if sign in {"&&", "||", "??"}:
        return lambda scope: kept if stops(sign, kept := left(scope)) else right(scope)
    operator = OPERATORS.get(sign)
    return unknown(sign) if operator is None else lambda scope: operator(scope, left(scope), right(scope))


def _has_private(node: Node, path: str) -> Act:
    name, held = text_of(field(node, "left")), act_of(field(node, "right"), path)
    return lambda scope: isinstance(thing := held(scope), Obj) and scope.m.has(thing, name)


def _unary(node: Node, path: str) -> Act:
    sign, held = text_of(field(node, "operator")), field(node, "argument")
    assert held is not None
    if sign == "delete":
        return _delete(held, path)
    inner = act_of(held, path)
    if sign == "typeof" and held.type == "identifier":
        name = text_of(held)
        return lambda scope: (
            "undefined"
            if scope.m.look(scope, name) is MISSING and name not in KNOWN_ELSEWHERE
            else sort_of(inner(scope))
        )
    acts: dict[str, Act] = {
        "!": lambda scope: not truthy(inner(scope)),
        "-": lambda scope: -scope.m.number(inner(scope)),
        "+": lambda scope: scope.m.number(inner(scope)),
        "~": lambda scope: float(~int32(scope.m.number(inner(scope)))),
        "typeof": lambda scope: sort_of(inner(scope)),
        "void": lambda scope: (inner(scope), UNDEFINED)[1],
    }
    return acts.get(sign, unknown(sign))


def _delete(held: Node, path: str) -> Act:
    if held.type not in {"member_expression", "subscript_expression"}:
        return unknown("delete")
    owner = act_of(field(held, "object"), path)
    name = text_of(field(held, "property"))
    index = act_of(field(held, "index"), path) if held.type == "subscript_expression" else None

    def act(scope: Scope) -> Value:
        thing = owner(scope)
        key = name if index is None else scope.m.key(index(scope))
        if not isinstance(thing, Obj) or thing.closed == "built in" or (type(thing) is Arr and has_own(thing, key)):
            raise CannotGoOn("delete")
        if thing.closed in {"frozen", "sealed"} and key in thing.own:
            raise scope.m.thrown("TypeError", f"Cannot delete property '{key}'")
        thing.own.pop(key, None)
        return True

    return act


def _ternary(node: Node, path: str) -> Act:
    test, then, other = (act_of(field(node, name), path) for name in ("condition", "consequence", "alternative"))
    return lambda scope: then(scope) if truthy(test(scope)) else other(scope)


def _sequence(node: Node, path: str) -> Act:
    acts = [act_of(each, path) for each in parts(node)]

    def act(scope: Scope) -> Value:
        found: Value = UNDEFINED
        for each in acts:
            found = each(scope)
        return found

    return act


Place = tuple[Callable[[Scope], Value], Callable[[Scope, Value], None]]


def place_of(node: Node, path: str) -> Callable[[Scope], tuple[Value, str | None]]:
    """Of a target: the object and the key, or no key for a name."""
    if node.type in {"parenthesized_expression", "non_null_expression", "as_expression", "satisfies_expression"}:
        return place_of(parts(node)[0], path)
    if node.type == "member_expression":
        owner, name = act_of(field(node, "object"), path), text_of(field(node, "property"))
        return lambda scope: (owner(scope), name)
    if node.type == "subscript_expression":
        owner, index = act_of(field(node, "object"), path), act_of(field(node, "index"), path)
        return lambda scope: (owner(scope), scope.m.key(index(scope)))
    if node.type == "identifier":
        return lambda _: (text_of(node), None)
    fail = unknown("a target of this kind")
    return lambda scope: (fail(scope), None)


def _augmented(node: Node, path: str) -> Act:
    sign = text_of(field(node, "operator"))[:-1]
    target, value = field(node, "left"), act_of(field(node, "right"), path)
    assert target is not None
    return _changed(target, path, sign, value)


def _changed(target: Node, path: str, sign: str, value: Act, *, old: bool = False) -> Act:
    place, read = place_of(target, path), act_of(target, path)
    name = text_of(target)

    def act(scope: Scope) -> Value:
        held, key = place(scope)
        before = read(scope) if key is None else scope.m.get(held, key)
        if sign in {"&&", "||", "??"}:
            if stops(sign, before):
                return before
            now = value(scope)
        else:
            if old:
                before = scope.m.number(before)
            now = OPERATORS[sign](scope, before, value(scope))
        if key is None:
            put_name(scope, name, now)
        else:
            scope.m.put(held, key, now)
        return before if old else now

    return act


def _update(node: Node, path: str) -> Act:
    target = field(node, "argument")
    assert target is not None
    sign = text_of(field(node, "operator"))[0]
    after = text_of(node)[:2] not in {"++", "--"}
    changed = _changed(target, path, sign, lambda _: 1.0, old=True)
    if after:
        return changed
    change = 1.0 if sign == "+" else -1.0
    return lambda scope: changed(scope) + change


def _assignment(node: Node, path: str) -> Act:
    target, right = field(node, "left"), field(node, "right")
    assert target is not None
    value = act_of(right, path)
    if target.type in {"identifier", "member_expression", "subscript_expression"} or target.type.endswith("expression"):
        place, name = place_of(target, path), text_of(target)

        def act(scope: Scope) -> Value:
            held, key = place(scope)
            given = value(scope)
            if key is None:
                put_name(scope, name, given)
            else:
                scope.m.put(held, key, given)
            return given

        return act
    put = assigned(target, path)

    def take_apart(scope: Scope) -> Value:
        given = value(scope)
        put(scope, given)
        return given

    return take_apart


def _this(_: Node, __: str) -> Act:
    def act(scope: Scope) -> Value:
        found = scope.frame.this
        if found is UNSET:
            raise scope.m.thrown("ReferenceError", "Must call super constructor before accessing 'this'")
        return found

    return act


def _await(node: Node, path: str) -> Act:
    held = _inner(node, path)

    def act(scope: Scope) -> Value:
        value = held(scope)
        if isinstance(value, Outside):
            raise CannotGoOn("what is outside")
        return scope.m.awaited(value)

    return act


EXPRESSIONS.update(
    {
        "identifier": _name,
        "this": _this,
        "undefined": _constant(UNDEFINED),
        "null": _constant(None),
        "true": _constant(True),
        "false": _constant(False),
        "number": _number,
        "string": _string,
        "template_string": _template,
        "regex": _regex,
        "parenthesized_expression": _inner,
        "as_expression": _inner,
        "satisfies_expression": _inner,
        "type_assertion": _assertion,
        "array": _array,
        "binary_expression": _binary,
        "unary_expression": _unary,
        "ternary_expression": _ternary,
        "sequence_expression": _sequence,
        "augmented_assignment_expression": _augmented,
        "update_expression": _update,
        "assignment_expression": _assignment,
        "await_expression": _await,
    }
)
