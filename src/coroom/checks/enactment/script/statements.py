"""The statements of a script."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import same, truthy
from coroom.checks.enactment.script.patterns import Put, assigned, declared, names_in
from coroom.checks.enactment.script.reading import (
    CLASSES,
    EXPRESSIONS,
    FLOWING,
    STATEMENTS,
    Act,
    Flowing,
    act_of,
    field,
    parts,
    statement_of,
    text_of,
)
from coroom.checks.enactment.script.values import UNDEFINED, UNSET, Given, Jump, Scope, Thrown, Value

FUNCTIONS = frozenset({"function_declaration", "generator_function_declaration"})
NO_STATEMENTS = frozenset(
    {"interface_declaration", "type_alias_declaration", "ambient_declaration", "empty_statement", "function_signature"}
    | {"import_statement", "import_alias"}
)
"""What says something to the reader of types alone, or was seen to before."""

_BREAK = Jump("", again=False)
_CONTINUE = Jump("", again=True)


def lexical_names(nodes: list[Node]) -> list[str]:
    """The names that statements declare in their block: let, const, classes, enums."""
    found: list[str] = []
    for each in nodes:
        inner = field(each, "declaration") if each.type == "export_statement" else each
        if inner is None:
            continue
        if inner.type == "lexical_declaration":
            for one in parts(inner):
                name = field(one, "name")
                if name is not None:
                    found.extend(names_in(name))
        elif inner.type in CLASSES or inner.type == "enum_declaration":
            found.append(text_of(field(inner, "name")))
    return found


def var_names(body: Node) -> list[str]:
    """The names that `var` declares in a function."""
    found: list[str] = []
    if b"var " not in (body.text or b""):
        return found
    waiting = [body]
    while waiting:
        each = waiting.pop()
        if each.type == "variable_declaration":
            for one in parts(each):
                name = field(one, "name")
                if name is not None:
                    found.extend(names_in(name))
        if (
            each.type == "for_in_statement"
            and field(each, "kind") is not None
            and text_of(field(each, "kind")) == "var"
        ):
            left = field(each, "left")
            assert left is not None
            found.extend(names_in(left))
        waiting.extend(child for child in each.named_children if child.type not in _OWN)
    return found


_OWN = (
    FUNCTIONS | CLASSES | {"arrow_function", "function_expression", "generator_function", "method_definition", "class"}
)


def hoisted(nodes: list[Node], path: str) -> list[tuple[str, Act]]:
    """The functions that statements declare, which are there from the beginning."""
    found: list[tuple[str, Act]] = []
    for each in nodes:
        inner = field(each, "declaration") if each.type == "export_statement" else each
        if inner is not None and inner.type in FUNCTIONS:
            found.append((text_of(field(inner, "name")), EXPRESSIONS["function_expression"](inner, path)))
    return found


def open_scope(scope: Scope, names: list[str], functions: list[tuple[str, Act]]) -> None:
    """Begin a block."""
    for name in names:
        scope.names[name] = UNSET
    for name, make in functions:
        scope.names[name] = make(scope)


def body_of(body: Node, path: str) -> Act:
    """The body of a function, in the scope of its parameters."""
    variables = var_names(body)
    inner = _sequence(parts(body), path)

    def act(scope: Scope) -> Value:
        for name in variables:
            scope.names.setdefault(name, UNDEFINED)
        return inner(scope)

    return act


def _sequence(nodes: list[Node], path: str) -> Act:
    names, functions = lexical_names(nodes), hoisted(nodes, path)
    acts = [statement_of(each, path) for each in nodes if each.type not in FUNCTIONS and each.type not in NO_STATEMENTS]

    def act(scope: Scope) -> Value:
        open_scope(scope, names, functions)
        m = scope.m
        for each in acts:
            m.steps -= 1
            if m.steps < 0:
                raise CannotGoOn("too many steps")
            left = each(scope)
            if left is not None:
                return left
        return None

    return act


def inner_scope(scope: Scope) -> Scope:
    """A block in a scope."""
    return Scope({}, scope, scope.frame, scope.m)


def _block(node: Node, path: str) -> Act:
    nodes = parts(node)
    inner = _sequence(nodes, path)
    if not lexical_names(nodes) and not hoisted(nodes, path):
        return inner
    return lambda scope: inner(inner_scope(scope))


def _expression(node: Node, path: str) -> Act:
    held = parts(node)
    if held and held[0].type == "internal_module":
        return statement_of(held[0], path)
    act = act_of(held[0] if held else None, path)

    def run(scope: Scope) -> Value:
        act(scope)

    return run


def binding_of(node: Node, path: str, *, new: bool) -> Put:
    """What binds the target of a declaration."""
    return declared(node, path) if new else assigned(node, path)


def _declaration(node: Node, path: str) -> Act:
    new = node.type == "lexical_declaration"
    acts: list[tuple[Put, Act | None]] = []
    for each in parts(node):
        name, value = field(each, "name"), field(each, "value")
        assert name is not None
        act = None
        if value is not None:
            act = named(value, path, text_of(name))
        acts.append((binding_of(name, path, new=new), act))

    def run(scope: Scope) -> Value:
        for put, act in acts:
            if act is not None:
                put(scope, act(scope))
            elif new:
                put(scope, UNDEFINED)

    return run


def named(node: Node, path: str, name: str) -> Act:
    """A value that gets a name, should it be a function that has none."""
    held = node
    while held.type in {"as_expression", "satisfies_expression", "parenthesized_expression"}:
        held = parts(held)[0]
    if held.type in {"arrow_function", "function_expression", "generator_function"}:
        make: Callable[..., Act] = EXPRESSIONS[held.type]
        return make(held, path, name)
    return act_of(node, path)


def _return(node: Node, path: str) -> Act:
    held = parts(node)
    if not held:
        return lambda _: Given(UNDEFINED)
    act = act_of(held[0], path)
    return lambda scope: Given(act(scope))


def _throw(node: Node, path: str) -> Act:
    act = act_of(parts(node)[0], path)

    def run(scope: Scope) -> Value:
        raise Thrown(act(scope))

    return run


def _if(node: Node, path: str) -> Act:
    test, then, other = act_of(field(node, "condition"), path), field(node, "consequence"), field(node, "alternative")
    assert then is not None
    yes = statement_of(then, path)
    no = statement_of(parts(other)[0], path) if other is not None and parts(other) else None

    def run(scope: Scope) -> Value:
        if truthy(test(scope)):
            return yes(scope)
        return no(scope) if no is not None else None

    return run


def _switch(node: Node, path: str) -> Act:
    value = act_of(field(node, "value"), path)
    cases = [each for each in parts(field(node, "body")) if each.type in {"switch_case", "switch_default"}]
    bodies = [each.children_by_field_name("body") for each in cases]
    tests = [act_of(field(each, "value"), path) if each.type == "switch_case" else None for each in cases]
    every = [one for body in bodies for one in body]
    names, functions = lexical_names(every), hoisted(every, path)
    acts = [[statement_of(one, path) for one in body if one.is_named and one.type not in FUNCTIONS] for body in bodies]

    def start_at(scope: Scope, given: Value) -> int:
        for at, test in enumerate(tests):
            if test is not None and same(given, test(scope)):
                return at
        return tests.index(None) if None in tests else len(tests)

    def run(scope: Scope) -> Value:
        given = value(scope)
        inner = inner_scope(scope)
        open_scope(inner, names, functions)
        for act in (one for body in acts[start_at(inner, given) :] for one in body):
            scope.m.step()
            left = act(inner)
            if left is not None:
                return None if type(left) is Jump and not left.again and not left.label else left
        return None

    return run


@dataclass(frozen=True, slots=True)
class Attempt:
    """A `try`: what is tried, what is done with what is caught, and what is done at the end however it went."""

    tried: Node
    handler: Node | None
    _put: Put | None
    _end: Act | None

    def caught(self, scope: Scope, fault: Thrown) -> Scope:
        """The scope of the handler."""
        inner = inner_scope(scope)
        if self._put is not None:
            self._put(inner, fault.value)
        return inner

    def end(self, scope: Scope, left: Value) -> Value:
        """How the whole is left, whose other parts were left in this way: as the end says, if it says so."""
        instead = self._end(scope) if self._end is not None else None
        return left if instead is None else instead


def attempt_of(node: Node, path: str) -> Attempt:
    """The parts of a `try`."""
    body, handler, last = field(node, "body"), field(node, "handler"), field(node, "finalizer")
    assert body is not None
    parameter = field(handler, "parameter") if handler is not None else None
    return Attempt(
        body,
        field(handler, "body") if handler is not None else None,
        declared(parameter, path) if parameter is not None else None,
        statement_of(parts(last)[0], path) if last is not None else None,
    )


def _try(node: Node, path: str) -> Act:
    attempt = attempt_of(node, path)
    act = statement_of(attempt.tried, path)
    handle = statement_of(attempt.handler, path) if attempt.handler is not None else None

    def guarded(scope: Scope) -> Value:
        try:
            return act(scope)
        except Thrown as fault:
            if handle is None:
                raise
            inner = attempt.caught(scope, fault)
        return handle(inner)

    def run(scope: Scope) -> Value:
        try:
            left = guarded(scope)
        except Thrown:
            instead = attempt.end(scope, None)
            if instead is None:
                raise
            return instead
        return attempt.end(scope, left)

    return run


def _jump(node: Node, _: str) -> Act:
    label, again = text_of(field(node, "label")), node.type == "continue_statement"
    left = Jump(label, again=again) if label else _CONTINUE if again else _BREAK
    return lambda _: left


def _labelled(node: Node, path: str) -> Act:
    label, body = text_of(field(node, "label")), field(node, "body")
    assert body is not None
    act = statement_of(body, path)

    def run(scope: Scope) -> Value:
        left = act(scope)
        return None if type(left) is Jump and not left.again and left.label == label else left

    return run


def nothing(_: Node, __: str) -> Act:
    """What says nothing when it is acted out."""
    return lambda _: None


STATEMENTS.update(
    {
        "statement_block": _block,
        "expression_statement": _expression,
        "lexical_declaration": _declaration,
        "variable_declaration": _declaration,
        "return_statement": _return,
        "throw_statement": _throw,
        "if_statement": _if,
        "switch_statement": _switch,
        "try_statement": _try,
        "break_statement": _jump,
        "continue_statement": _jump,
        "labeled_statement": _labelled,
        **dict.fromkeys(NO_STATEMENTS | FUNCTIONS, nothing),
    }
)


def flowing_body_of(body: Node, path: str) -> Flowing:
    """The body of a generator."""
    variables = var_names(body)
    inner = FLOWING["statement_block"](body, path)

    def flow(scope: Scope) -> Generator[Value, Any, Value]:
        for name in variables:
            scope.names.setdefault(name, UNDEFINED)
        return inner(scope)

    return flow
