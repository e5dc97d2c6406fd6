"""The loops of a script: what each turn is, and what ends them."""

from collections.abc import Callable, Iterator

from tree_sitter import Node

from coroom.checks.enactment.script.access import keys_of, truthy
from coroom.checks.enactment.script.reading import STATEMENTS, Act, act_of, field, parts, statement_of, text_of, tokens
from coroom.checks.enactment.script.statements import binding_of, inner_scope
from coroom.checks.enactment.script.values import Jump, Scope, Value


def ends_loop(left: Value, labels: frozenset[str]) -> tuple[bool, Value]:
    """Whether a loop ends for how its body was left, and how it is left then."""
    if left is None or (type(left) is Jump and left.again and (not left.label or left.label in labels)):
        return False, None
    if type(left) is Jump and not left.again and not left.label:
        return True, None
    return True, left


def labels_of(node: Node) -> frozenset[str]:
    """The labels of a loop."""
    found: set[str] = set()
    above = node.parent
    while above is not None and above.type == "labeled_statement":
        found.add(text_of(field(above, "label")))
        above = above.parent
    return frozenset(found)


Turns = Callable[[Scope], Iterator[Scope]]
"""A loop without its body: the scope of each turn."""


def turns_of(node: Node, path: str) -> Turns:
    """The turns of a loop."""
    return _TURNS[node.type](node, path)


def _while_turns(node: Node, path: str) -> Turns:
    test = act_of(field(node, "condition"), path)

    def turns(scope: Scope) -> Iterator[Scope]:
        while truthy(test(scope)):
            yield scope

    return turns


def _do_turns(node: Node, path: str) -> Turns:
    test = act_of(field(node, "condition"), path)

    def turns(scope: Scope) -> Iterator[Scope]:
        yield scope
        while truthy(test(scope)):
            yield scope

    return turns


def _for_turns(node: Node, path: str) -> Turns:
    first, test, last = field(node, "initializer"), field(node, "condition"), field(node, "increment")
    start = None
    if first is not None and first.type != "empty_statement":
        start = statement_of(first, path) if first.type.endswith(("declaration", "statement")) else act_of(first, path)
    condition = parts(test)[0] if test is not None and test.type == "expression_statement" else test
    go_on = act_of(condition, path) if condition is not None and condition.type != "empty_statement" else None
    change = act_of(last, path) if last is not None else None

    def turns(scope: Scope) -> Iterator[Scope]:
        turn = inner_scope(scope)
        if start is not None:
            start(turn)
        while go_on is None or truthy(go_on(turn)):
            yield turn
            turn = Scope(dict(turn.names), scope, scope.frame, scope.m)
            if change is not None:
                change(turn)

    return turns


def _for_in_turns(node: Node, path: str) -> Turns:
    left, right, kind = field(node, "left"), act_of(field(node, "right"), path), text_of(field(node, "kind"))
    assert left is not None
    put = binding_of(left, path, new=kind in {"const", "let"})
    over_keys = text_of(field(node, "operator")) == "in"
    waits = "await" in tokens(node)

    def turns(scope: Scope) -> Iterator[Scope]:
        m, held = scope.m, right(scope)
        for each in keys_of(held) if over_keys else m.each(held):
            turn = inner_scope(scope)
            put(turn, m.awaited(each) if waits else each)
            yield turn

    return turns


_TURNS: dict[str, Callable[[Node, str], Turns]] = {
    "while_statement": _while_turns,
    "do_statement": _do_turns,
    "for_statement": _for_turns,
    "for_in_statement": _for_in_turns,
}


def _loop(node: Node, path: str) -> Act:
    turns, labels, body = turns_of(node, path), labels_of(node), field(node, "body")
    assert body is not None
    act = statement_of(body, path)

    def run(scope: Scope) -> Value:
        for turn in turns(scope):
            scope.m.step()
            ends, left = ends_loop(act(turn), labels)
            if ends:
                return left
        return None

    return run


STATEMENTS.update(dict.fromkeys(_TURNS, _loop))
