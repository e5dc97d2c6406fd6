"""The expressions of an enacted program."""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python import bounds, built_in, native
from coroom.checks.enactment.python.functions import Functions
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import (
    MISSING,
    Bound,
    Coroutine,
    Function,
    Kind,
    Module,
    Property,
    Scope,
    Value,
)

BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: bounds.times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: bounds.rest,
    ast.Pow: bounds.power,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: bounds.shifted,
    ast.RShift: operator.rshift,
    ast.MatMult: operator.matmul,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


class Expressions(Functions):
    """The part of the interpreter that knows expressions."""

    def value(self, node: ast.expr, scope: Scope) -> Value:
        """What an expression gives."""
        self.budget.step()
        return _WAYS[type(node)](self, node, scope)

    def _of_constant(self, node: ast.Constant, scope: Scope) -> Value:  # noqa: ARG002
        return node.value

    def _of_name(self, node: ast.Name, scope: Scope) -> Value:
        return self.name(node.id, scope)

    def _of_attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.attribute(self.value(node.value, scope), node.attr)

    def _of_subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        return self._item(self.value(node.value, scope), self.value(node.slice, scope))

    def _of_slice(self, node: ast.Slice, scope: Scope) -> Value:
        parts = [self.value(each, scope) if each is not None else None for each in (node.lower, node.upper, node.step)]
        return slice(*parts)

    def _of_binop(self, node: ast.BinOp, scope: Scope) -> Value:
        return bounds.modest(BINARY[type(node.op)](self.value(node.left, scope), self.value(node.right, scope)))

    def _of_unaryop(self, node: ast.UnaryOp, scope: Scope) -> Value:
        return _UNARY[type(node.op)](self.value(node.operand, scope))

    def _of_boolop(self, node: ast.BoolOp, scope: Scope) -> Value:
        stop_at = isinstance(node.op, ast.Or)
        value: Value = None
        for each in node.values:
            value = self.value(each, scope)
            if bool(value) is stop_at:
                break
        return value

    def _of_compare(self, node: ast.Compare, scope: Scope) -> Value:
        left = self.value(node.left, scope)
        found: Value = True
        for op, each in zip(node.ops, node.comparators, strict=True):
            right = self.value(each, scope)
            if isinstance(left, bounds.COLLECTIONS) and isinstance(right, bounds.COLLECTIONS):
                bounds.weighed(left)
                bounds.weighed(right)
            found = _COMPARE[type(op)](left, right)
            if not found:
                return found
            left = right
        return found

    def _of_ifexp(self, node: ast.IfExp, scope: Scope) -> Value:
        return self.value(node.body if self.value(node.test, scope) else node.orelse, scope)

    def _of_namedexpr(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        home = scope
        while home.is_comprehension and home.outer is not None:
            home = home.outer
        self.put(node.target, value, home)
        return value

    def _of_list(self, node: ast.List, scope: Scope) -> Value:
        return self._elements(node.elts, scope)

    def _of_tuple(self, node: ast.Tuple, scope: Scope) -> Value:
        made = tuple(self._elements(node.elts, scope))
        return bounds.weighed(made) if any(isinstance(each, tuple) for each in made) else made

    def _of_set(self, node: ast.Set, scope: Scope) -> Value:
        return set(map(bounds.weighed, self._elements(node.elts, scope)))

    def _elements(self, nodes: list[ast.expr], scope: Scope) -> list[Value]:
        found: list[Value] = []
        for each in nodes:
            if isinstance(each, ast.Starred):
                found.extend(self.value(each.value, scope))
            else:
                found.append(self.value(each, scope))
        return found

    def _of_dict(self, node: ast.Dict, scope: Scope) -> Value:
        found: dict[Value, Value] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found.update(self.value(value, scope))
            else:
                found[bounds.weighed(self.value(key, scope))] = self.value(value, scope)
        return found

    def _of_joinedstr(self, node: ast.JoinedStr, scope: Scope) -> Value:
        return "".join(str(self.value(each, scope)) for each in node.values)

    def _of_formattedvalue(self, node: ast.FormattedValue, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        if node.conversion in {114, 97}:
            value = repr(bounds.weighed(value))
        elif node.conversion == 115:
            value = str(bounds.weighed(value))
        spec = self.value(node.format_spec, scope) if node.format_spec is not None else ""
        return bounds.formatted(value, spec)

    def _of_lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return self.function(node, scope)

    def _of_await(self, node: ast.Await, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        if not isinstance(value, Coroutine):
            raise TypeError(f"object {native.kind_name(value)} can't be used in 'await' expression")
        return value.run()

    def _of_listcomp(self, node: ast.ListComp, scope: Scope) -> Value:
        return list(self._comprehended(node.generators, node.elt, scope))

    def _of_setcomp(self, node: ast.SetComp, scope: Scope) -> Value:
        return set(self._comprehended(node.generators, node.elt, scope))

    def _of_generatorexp(self, node: ast.GeneratorExp, scope: Scope) -> Value:
        first = node.generators[0]
        return self._comprehended(node.generators, node.elt, scope, iter(self.value(first.iter, scope)))

    def _of_dictcomp(self, node: ast.DictComp, scope: Scope) -> Value:
        pair = ast.Tuple(elts=[node.key, node.value], ctx=ast.Load())
        return dict(self._comprehended(node.generators, pair, scope))

    def _comprehended(
        self, clauses: list[ast.comprehension], element: ast.expr, scope: Scope, given: Value = None
    ) -> Iterator[Value]:
        inner = Scope({}, scope.module, scope, owner=scope.owner, is_comprehension=True)
        if scope.is_class:
            inner.names.update(scope.names)
        return self._turns(
            clauses, element, inner, lambda: self.value(clauses[0].iter, scope) if given is None else given
        )

    def _turns(
        self, clauses: list[ast.comprehension], element: ast.expr, inner: Scope, many: Callable[[], Value]
    ) -> Iterator[Value]:
        clause, *later = clauses
        for each in many():
            self.budget.step()
            self.put(clause.target, each, inner)
            for test in clause.ifs:
                if not self.value(test, inner):
                    break
            else:
                if later:
                    yield from self._turns(later, element, inner, partial(self.value, later[0].iter, inner))
                else:
                    yield self.value(element, inner)

    def _of_call(self, node: ast.Call, scope: Scope) -> Value:
        if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
            raise CannotGoOn("super() that is kept")
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            inner = node.func.value
            if isinstance(inner.func, ast.Name) and inner.func.id == "super" and not inner.args:
                return self._call_super(node, scope)
        called = self.value(node.func, scope)
        given = self._elements(node.args, scope)
        named: dict[str, Value] = {}
        for each in node.keywords:
            if each.arg is None:
                named.update(self.value(each.value, scope))
            else:
                named[each.arg] = self.value(each.value, scope)
        return self.call(called, given, named)

    def call(self, called: Value, given: list[Value], named: dict[str, Value]) -> Value:
        """Call what can be called."""
        self.budget.step()
        if isinstance(called, Module | Coroutine) or not callable(called):
            raise TypeError(f"{native.kind_name(called)} object is not callable")
        if not isinstance(called, Function | Bound):
            for each in given:
                if isinstance(each, tuple):
                    bounds.weighed(each)
        return bounds.modest(called(*given, **named))

    def _call_super(self, node: ast.Call, scope: Scope) -> Value:
        where: Scope | None = scope
        while where is not None and where.owner is None:
            where = where.outer
        while where is not None and "self" not in where.names and "cls" not in where.names and where.outer is not None:
            where = where.outer
        if where is None or where.owner is None:
            raise CannotGoOn("super() outside of a method")
        me: Value = where.names.get("self", where.names.get("cls"))
        assert isinstance(node.func, ast.Attribute)
        kind: Kind = me.kind if isinstance(me, Thing) else me
        found = kind.find(node.func.attr, where.owner)
        given = self._elements(node.args, scope)
        named = {each.arg: self.value(each.value, scope) for each in node.keywords if each.arg}
        if found is MISSING:
            special = built_in.special_super(self, me, node.func.attr)
            if special is MISSING:
                raise CannotGoOn(f"super().{node.func.attr}")
            return special(*given, **named)
        if isinstance(found, Property):
            return found.get(me)
        return self._bound(found, me, kind)(*given, **named)


def _unknown_value(machine: Expressions, node: ast.expr, scope: Scope) -> Value:  # noqa: ARG001
    raise CannotGoOn(f"{type(node).__name__} is not known here")


_WAYS: Mapping[type[ast.expr], Callable[[Expressions, Any, Scope], Value]] = {
    kind: getattr(Expressions, f"_of_{kind.__name__.lower()}", _unknown_value) for kind in ast.expr.__subclasses__()
}
