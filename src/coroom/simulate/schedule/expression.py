"""The arithmetic of schedules: integers, names, + - * // %, comparisons, and or not. Nothing else is evaluated."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

CHARS_MAX = 1_000
BITS_MAX = 4_096
"""Numbers that would grow beyond this have no value, so that a program cannot eat the machine."""

_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class BadExpressionError(ValueError):
    """The text is no expression of the language."""


class NoValueError(ArithmeticError):
    """The expression has no value: a division by nothing, a number too large, a name whose read was skipped."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. Comparisons give 1 or 0."""

    text: str
    tree: ast.expr
    names: frozenset[str]

    def value(self, names: Mapping[str, int]) -> int:
        """What it comes to.

        Raises:
            NoValueError: it has none.
        """
        return int(_value(self.tree, names))


def parsed(text: str) -> Expression:
    """The expression.

    Raises:
        BadExpressionError: it is none.
    """
    if len(text) > CHARS_MAX:
        raise BadExpressionError(f"an expression has at most {CHARS_MAX} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadExpressionError(f"{text!r} is no expression") from None
    names: set[str] = set()
    _check(tree, names, text)
    return Expression(text, tree, frozenset(names))


def _check(node: ast.expr, names: set[str], text: str) -> None:
    match node:
        case ast.Constant(value=bool()):
            return
        case ast.Constant(value=int()):
            return
        case ast.Name(id=name):
            names.add(name)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=operand):
            _check(operand, names, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _check(left, names, text)
            _check(right, names, text)
        case ast.BoolOp(values=values):
            for value in values:
                _check(value, names, text)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARE for op in ops):
            for value in (left, *others):
                _check(value, names, text)
        case _:
            raise BadExpressionError(
                f"{text!r} has more in it than integers, names, + - * // %, comparisons, and or not"
            )


def _value(node: ast.expr, names: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            if name not in names:
                raise NoValueError(name)
            return names[name]
        case ast.UnaryOp(op=op, operand=operand):
            inner = _value(operand, names)
            return int(not inner) if isinstance(op, ast.Not) else -inner if isinstance(op, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_BINARY[type(op)], _value(left, names), _value(right, names))
        case ast.BoolOp(op=op, values=values):
            return _either(op, values, names)
        case ast.Compare(left=left, ops=ops, comparators=others):
            seen = [_value(one, names) for one in (left, *others)]
            pairs = zip(seen, ops, seen[1:], strict=False)
            return int(all(_COMPARE[type(op)](one, other) for one, op, other in pairs))
    raise AssertionError(node)


def _either(op: ast.boolop, values: list[ast.expr], names: Mapping[str, int]) -> int:
    value = 0
    for node in values:
        value = _value(node, names)
        if bool(value) is isinstance(op, ast.Or):
            break
    return value


def _bounded(act: Callable[[int, int], int], left: int, right: int) -> int:
    if left.bit_length() + right.bit_length() > BITS_MAX:
        raise NoValueError("too large")
    try:
        return act(left, right)
    except ZeroDivisionError:
        raise NoValueError("a division by nothing") from None
