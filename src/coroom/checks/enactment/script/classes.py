"""Classes, enumerations and namespaces of a script."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.asking import put_method
from coroom.checks.enactment.script.functions import code_of
from coroom.checks.enactment.script.patterns import key_of
from coroom.checks.enactment.script.reading import (
    EXPRESSIONS,
    STATEMENTS,
    Act,
    act_of,
    field,
    parts,
    statement_of,
    text_of,
    tokens,
    unescaped,
    unknown,
)
from coroom.checks.enactment.script.statements import body_of, inner_scope, named
from coroom.checks.enactment.script.values import (
    UNDEFINED,
    Code,
    Frame,
    Fun,
    Member,
    Native,
    Obj,
    Outside,
    Scope,
    Shape,
    Value,
)

Build = Callable[[Scope, Fun, Obj], None]
"""Puts something into a class and its prototype."""

_FIELDS = frozenset({"public_field_definition", "field_definition"})
_SIGNATURES = frozenset({"method_signature", "abstract_method_signature", "index_signature", "property_signature"})


def _parent_of(node: Node, path: str) -> Act | None:
    for each in parts(node):
        if each.type == "class_heritage":
            held = parts(each)
            clause = next((one for one in held if one.type == "extends_clause"), None)
            if clause is not None:
                return act_of(field(clause, "value"), path)
            if held and held[0].type != "implements_clause":
                return act_of(held[0], path)
    return None


def class_of(node: Node, path: str, name: str = "") -> Act:
    """What makes a class where it is written."""
    own = text_of(field(node, "name")) or name
    body, parent = field(node, "body"), _parent_of(node, path)
    members = parts(body)
    if any(each.type == "decorator" for each in (*parts(node), *members)):
        return unknown("a decorator")
    maker = next((each for each in members if _is_maker(each)), None)
    code = code_of(maker, path, own) if maker is not None else None
    plain = Code(own, path, node, lambda _, __: None, unknown("a class that is called"), code.required if code else 0)
    builds = [build for each in members if each is not maker and (build := _member(each, path)) is not None]
    fields = [_field(each, path) for each in members if _is_own_field(each)]
    statics = [_static(each, path) for each in members if _is_static(each)]
    hidden = frozenset(_hidden(members))

    def act(scope: Scope) -> Value:
        m = scope.m
        m.step()
        above = parent(scope) if parent is not None else None
        if isinstance(above, Outside):
            raise CannotGoOn("what is outside")
        if parent is not None and not isinstance(above, Fun | Native):
            raise m.thrown("TypeError", "Class extends value that is no class")
        inner = inner_scope(scope)
        kind = Fun(above if isinstance(above, Obj) else m.builtins["Function"], plain, inner, scope.frame)
        proto = Obj(m.get(above, "prototype") if above is not None else m.builtins["Object"], {"constructor": kind})
        kind.shape = Shape(node, above, fields, hidden, code)
        kind.home = proto
        kind.own["prototype"] = proto
        inner.names[own] = kind
        for build in builds:
            build(inner, kind, proto)
        for each in statics:
            held = Scope({}, inner, Frame(kind, kind), m)
            if each.key is None:
                assert each.value is not None
                each.value(held)
            else:
                kind.own[each.key(held)] = each.value(held) if each.value is not None else UNDEFINED
        return kind

    return act


def _is_maker(node: Node) -> bool:
    return node.type == "method_definition" and text_of(field(node, "name")) == "constructor"


def _name_node(node: Node) -> Node | None:
    return field(node, "name") or field(node, "property")


def _is_static(node: Node) -> bool:
    return node.type == "class_static_block" or (node.type in _FIELDS and "static" in tokens(node))


def _is_own_field(node: Node) -> bool:
    return node.type in _FIELDS and not {"static", "declare", "abstract"} & tokens(node)


def _hidden(members: list[Node]) -> list[str]:
    found: list[str] = []
    for each in members:
        if _is_maker(each):
            listed = parts(field(each, "parameters"))
            found.extend(text_of(field(one, "pattern")) for one in listed if _is_closed(one))
        elif _is_closed(each):
            found.append(text_of(_name_node(each)))
    return found


def _is_closed(node: Node) -> bool:
    return any(each.type == "accessibility_modifier" and text_of(each) != "public" for each in node.children)


def _value_of(node: Node, path: str) -> Act | None:
    value = field(node, "value")
    return None if value is None else named(value, path, text_of(_name_node(node)))


def _field(node: Node, path: str) -> Member:
    return Member(key_of(_name_node(node), path), _value_of(node, path))


def _static(node: Node, path: str) -> Member:
    if node.type == "class_static_block":
        return Member(None, statement_of(parts(node)[0], path))
    return _field(node, path)


def _member(node: Node, path: str) -> Build | None:
    if node.type in _FIELDS | _SIGNATURES | {"class_static_block"}:
        return None
    if node.type != "method_definition":
        fail = unknown(node.type)
        return lambda scope, _, __: fail(scope)
    key, said = key_of(field(node, "name"), path), tokens(node)
    code = code_of(node, path, text_of(field(node, "name")))

    def build(scope: Scope, kind: Fun, proto: Obj) -> None:
        home = kind if "static" in said else proto
        put_method(home.own, key(scope), Fun(scope.m.builtins["Function"], code, scope, scope.frame, home), said)

    return build


def _class_declaration(node: Node, path: str) -> Act:
    make, name = class_of(node, path), text_of(field(node, "name"))

    def run(scope: Scope) -> Value:
        scope.names[name] = make(scope)

    return run


def _enum(node: Node, path: str) -> Act:
    name = text_of(field(node, "name"))
    members: list[tuple[str, Act | None]] = []
    for each in parts(field(node, "body")):
        named_by = field(each, "name") if each.type == "enum_assignment" else each
        said = text_of(named_by)
        said = unescaped(said[1:-1]) if named_by is not None and named_by.type == "string" else said
        members.append((said, act_of(field(each, "value"), path) if each.type == "enum_assignment" else None))

    def run(scope: Scope) -> Value:
        made = scope.m.object()
        inner = inner_scope(scope)
        count = 0.0
        for said, act in members:
            value: Value = count
            if act is not None:
                value = act(inner)
            inner.names[said] = value
            made.own[said] = value
            if isinstance(value, float):
                made.own[scope.m.key(value)] = said
                count = value + 1
        scope.names[name] = made

    return run


def _namespace(node: Node, path: str) -> Act:
    name, body = text_of(field(node, "name")), field(node, "body")
    assert body is not None
    act = body_of(body, path)
    exported = [
        one
        for each in parts(body)
        if each.type == "export_statement" and (declared := field(each, "declaration")) is not None
        for one in _declared_names(declared)
    ]

    def run(scope: Scope) -> Value:
        inner = inner_scope(scope)
        act(inner)
        scope.names[name] = scope.m.object({each: inner.names[each] for each in exported if each in inner.names})

    return run


def _declared_names(node: Node) -> list[str]:
    if node.type in {"lexical_declaration", "variable_declaration"}:
        return [text_of(field(each, "name")) for each in parts(node)]
    return [text_of(field(node, "name"))]


def _export(node: Node, path: str) -> Act:
    declared, value = field(node, "declaration"), field(node, "value")
    if declared is not None and "default" in tokens(node) and not text_of(field(declared, "name")):
        value, declared = declared, None
    if declared is not None:
        return statement_of(declared, path)
    if value is None:
        return lambda _: None
    act = named(value, path, "default") if value.type != "class" else class_of(value, path, "default")
    if value.type in {"function_declaration", "generator_function_declaration"}:
        act = EXPRESSIONS["function_expression"](value, path)
    elif value.type == "class_declaration":
        act = class_of(value, path, "default")

    def run(scope: Scope) -> Value:
        scope.names["*default*"] = act(scope)

    return run


EXPRESSIONS["class"] = class_of
STATEMENTS.update(
    {
        "class_declaration": _class_declaration,
        "abstract_class_declaration": _class_declaration,
        "enum_declaration": _enum,
        "internal_module": _namespace,
        "export_statement": _export,
    }
)
