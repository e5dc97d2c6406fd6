"""Functions of a script, and what they are called with."""

from collections.abc import Callable, Iterator

from tree_sitter import Node

from coroom.checks.enactment.script.patterns import Put, declared
from coroom.checks.enactment.script.reading import (
    EXPRESSIONS,
    Act,
    act_of,
    field,
    parts,
    text_of,
    tokens,
    unknown,
)
from coroom.checks.enactment.script.statements import body_of, flowing_body_of
from coroom.checks.enactment.script.values import UNDEFINED, Code, Fun, Scope, Value

_INNER = frozenset(
    {"arrow_function", "function_expression", "function_declaration", "generator_function", "method_definition"}
    | {"generator_function_declaration", "class_declaration", "class", "abstract_class_declaration"}
)
"""Nodes whose names and yields are their own."""

WRITTEN_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function"})
"""Functions that are values."""


def within(node: Node) -> Iterator[Node]:
    """What is in a function, without what is in functions of it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(child for child in each.named_children if child.type not in _INNER)


def code_of(node: Node, path: str, name: str) -> Code:
    """A function as it is written."""
    said = tokens(node)
    body = field(node, "body")
    single, listed = field(node, "parameter"), field(node, "parameters")
    given = [single] if single is not None else [each for each in parts(listed) if _is_parameter(each)]
    generator = "*" in said
    plain = body is not None and body.type != "statement_block"
    act: Callable[[Scope], Value]
    if body is None:
        act = unknown("a function without a body")
    elif generator:
        act = flowing_body_of(body, path)
    else:
        act = act_of(body, path) if plain else body_of(body, path)
    if body is not None and not plain and _says_arguments(body):
        act = unknown("arguments")
    required = 0
    for each in given:
        if each.type in {"optional_parameter", "rest_pattern"} or _default(each) is not None or _rest(each):
            break
        required += 1
    return Code(
        name, path, node, _binder(given, path), act, required, node.type == "arrow_function", plain, "async" in said,
        generator, _is_maker(node), tuple(text_of(_pattern(each)) for each in given if is_field(each)),
    )  # fmt: skip


def _says_arguments(body: Node) -> bool:
    return b"arguments" in (body.text or b"") and any(
        each.type == "identifier" and text_of(each) == "arguments" for each in within(body)
    )


def _is_parameter(node: Node) -> bool:
    return text_of(field(node, "pattern")) != "this" and node.type != "decorator"


def _is_maker(node: Node) -> bool:
    return (
        node.type == "method_definition"
        and text_of(field(node, "name")) == "constructor"
        and node.parent is not None
        and node.parent.type == "class_body"
    )


def is_field(parameter: Node) -> bool:
    """Whether a parameter of a constructor is a field, too."""
    return any(each.type in {"accessibility_modifier", "override_modifier", "readonly"} for each in parameter.children)


def _pattern(parameter: Node) -> Node:
    return field(parameter, "pattern") or parameter


def _default(parameter: Node) -> Node | None:
    return field(parameter, "value") or (field(parameter, "right") if parameter.type == "assignment_pattern" else None)


def _rest(parameter: Node) -> bool:
    return _pattern(parameter).type == "rest_pattern"


def _binder(given: list[Node], path: str) -> Callable[[Scope, list[Value]], None]:
    puts: list[tuple[Put, Act | None, bool]] = []
    for each in given:
        pattern, default = _pattern(each), _default(each)
        if pattern.type == "assignment_pattern":
            left = field(pattern, "left")
            assert left is not None
            pattern = left
        inner = parts(pattern)[0] if pattern.type == "rest_pattern" else pattern
        puts.append((declared(inner, path), act_of(default, path) if default is not None else None, _rest(each)))
    if all(_pattern(each).type == "identifier" and _default(each) is None for each in given):
        names = [text_of(_pattern(each)) for each in given]

        def bind_names(scope: Scope, values: list[Value]) -> None:
            count = len(values)
            for at, name in enumerate(names):
                scope.names[name] = values[at] if at < count else UNDEFINED

        return bind_names

    def bind(scope: Scope, values: list[Value]) -> None:
        for at, (put, default, rest) in enumerate(puts):
            if rest:
                put(scope, scope.m.array(list(values[at:])))
                return
            value = values[at] if at < len(values) else UNDEFINED
            put(scope, default(scope) if default is not None and value is UNDEFINED else value)

    return bind


def function_of(node: Node, path: str, name: str = "") -> Act:
    """What makes a function where it is written."""
    own = text_of(field(node, "name")) if node.type != "method_definition" else ""
    code = code_of(node, path, own or name)
    if own and node.type in {"function_expression", "generator_function"}:
        return lambda scope: _with_own_name(code, own, scope)
    return lambda scope: Fun(scope.m.builtins["Function"], code, scope, scope.frame)


def _with_own_name(code: Code, name: str, scope: Scope) -> Fun:
    inner = Scope({}, scope, scope.frame, scope.m)
    inner.names[name] = made = Fun(scope.m.builtins["Function"], code, inner, scope.frame)
    return made


EXPRESSIONS.update(dict.fromkeys(WRITTEN_FUNCTIONS, function_of))
