"""Statements of generators: what is yielded in them, one after the other."""

from collections.abc import Generator
from typing import Any

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.access import truthy
from coroom.checks.enactment.script.functions import within
from coroom.checks.enactment.script.loops import ends_loop, labels_of, turns_of
from coroom.checks.enactment.script.reading import FLOWING, Act, Flowing, act_of, field, parts, statement_of, tokens
from coroom.checks.enactment.script.statements import (
    FUNCTIONS,
    NO_STATEMENTS,
    attempt_of,
    binding_of,
    hoisted,
    inner_scope,
    lexical_names,
    open_scope,
)
from coroom.checks.enactment.script.values import UNDEFINED, Given, Scope, Thrown, Value

Stream = Generator[Value, Any, Value]


def _yields(node: Node) -> bool:
    return b"yield" in (node.text or b"") and any(each.type == "yield_expression" for each in within(node))


def _plain(act: Act) -> Flowing:
    def flow(scope: Scope) -> Stream:
        yield from ()
        return act(scope)

    return flow


def _flow_of(node: Node, path: str) -> Flowing:
    if not _yields(node):
        return _plain(statement_of(node, path))
    maker = FLOWING.get(node.type)
    if maker is None:
        return _plain(_unknown)
    return maker(node, path)


def _unknown(_: Scope) -> Value:
    raise CannotGoOn("a yield in another place")


def _block(node: Node, path: str) -> Flowing:
    nodes = parts(node)
    names, functions = lexical_names(nodes), hoisted(nodes, path)
    flows = [_flow_of(each, path) for each in nodes if each.type not in FUNCTIONS and each.type not in NO_STATEMENTS]

    def flow(scope: Scope) -> Stream:
        inner = inner_scope(scope)
        open_scope(inner, names, functions)
        for each in flows:
            scope.m.step()
            left = yield from each(inner)
            if left is not None:
                return left
        return None

    return flow


def _yielded(node: Node | None, path: str) -> Flowing | None:
    """What a yield gives on, and at the end what it is given; None for anything else."""
    while node is not None and node.type == "parenthesized_expression":
        node = parts(node)[0]
    if node is None or node.type != "yield_expression":
        return None
    held = parts(node)
    if held and _yields(held[0]):
        return _plain(_unknown)
    act = act_of(held[0], path) if held else None
    if "*" in tokens(node):
        return lambda scope: _all_of(scope, act)

    def flow(scope: Scope) -> Stream:
        given = yield (act(scope) if act is not None else UNDEFINED)
        return UNDEFINED if given is None else given[0]

    return flow


def _all_of(scope: Scope, act: Act | None) -> Stream:
    if act is None:
        raise CannotGoOn("yield* of nothing")
    for each in scope.m.each(act(scope)):
        scope.m.step()
        yield each
    return UNDEFINED


def _expression(node: Node, path: str) -> Flowing:
    held = parts(node)[0]
    if held.type == "assignment_expression":
        target, flow = field(held, "left"), _yielded(field(held, "right"), path)
        put = binding_of(target, path, new=False) if target is not None else None
    else:
        flow, put = _yielded(held, path), None

    def run(scope: Scope) -> Stream:
        value = yield from (flow(scope) if flow is not None else _plain(_unknown)(scope))
        if put is not None:
            put(scope, value)
        return None

    return run


def _declaration(node: Node, path: str) -> Flowing:
    held = parts(node)
    name, flow = field(held[0], "name"), _yielded(field(held[0], "value"), path)
    if len(held) != 1 or flow is None or name is None:
        return _plain(_unknown)
    put = binding_of(name, path, new=node.type == "lexical_declaration")

    def run(scope: Scope) -> Stream:
        value = yield from flow(scope)
        put(scope, value)
        return None

    return run


def _return(node: Node, path: str) -> Flowing:
    flow = _yielded(parts(node)[0], path) or _plain(_unknown)

    def run(scope: Scope) -> Stream:
        value = yield from flow(scope)
        return Given(value)

    return run


def _if(node: Node, path: str) -> Flowing:
    condition, then, other = field(node, "condition"), field(node, "consequence"), field(node, "alternative")
    assert condition is not None
    assert then is not None
    test = _unknown if _yields(condition) else act_of(condition, path)
    yes, no = _flow_of(then, path), _flow_of(parts(other)[0], path) if other is not None else None

    def run(scope: Scope) -> Stream:
        if truthy(test(scope)):
            return (yield from yes(scope))
        return (yield from no(scope)) if no is not None else None

    return run


def _loop(node: Node, path: str) -> Flowing:
    turns, labels, body = turns_of(node, path), labels_of(node), field(node, "body")
    assert body is not None
    flow = _flow_of(body, path)

    def run(scope: Scope) -> Stream:
        for turn in turns(scope):
            scope.m.step()
            left = yield from flow(turn)
            ends, left = ends_loop(left, labels)
            if ends:
                return left
        return None

    return run


def _try(node: Node, path: str) -> Flowing:
    attempt = attempt_of(node, path)
    flow = _flow_of(attempt.tried, path)
    handle = _flow_of(attempt.handler, path) if attempt.handler is not None else None

    def guarded(scope: Scope) -> Stream:
        try:
            return (yield from flow(scope))
        except Thrown as fault:
            if handle is None:
                raise
            inner = attempt.caught(scope, fault)
        return (yield from handle(inner))

    def run(scope: Scope) -> Stream:
        try:
            left = yield from guarded(scope)
        except Thrown:
            instead = attempt.end(scope, None)
            if instead is None:
                raise
            return instead
        return attempt.end(scope, left)

    return run


FLOWING.update(
    {
        "statement_block": _block,
        "expression_statement": _expression,
        "lexical_declaration": _declaration,
        "variable_declaration": _declaration,
        "return_statement": _return,
        "if_statement": _if,
        "while_statement": _loop,
        "do_statement": _loop,
        "for_statement": _loop,
        "for_in_statement": _loop,
        "try_statement": _try,
    }
)
