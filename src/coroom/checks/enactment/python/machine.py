"""The interpreter of Python programs over values that reach nothing outside of it: modules and statements."""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.kept import TEXTS_MAX
from coroom.checks.enactment.python import bounds, built_in, library
from coroom.checks.enactment.python.expressions import BINARY, Expressions
from coroom.checks.enactment.python.functions import Break, Continue, Returned
from coroom.checks.enactment.python.kinds import make_kind
from coroom.checks.enactment.python.patterns import fits
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import FAULTS, Kind, Module, Raised, Scope, Value
from coroom.syntax.last_texts import of_last_texts

_IN_PLACE: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.BitOr: operator.ior,
    ast.BitAnd: operator.iand,
    ast.BitXor: operator.ixor,
}
_MAY_GIVE = (ast.Expr, ast.Assign)
_GIVING = (ast.Yield, ast.YieldFrom)


class Machine(Expressions):
    """One tree, acted out.

    `source` gives the path and text of the module that an import names, None for one of the library.
    """

    def __init__(self, source: Callable[[str, str], tuple[str, str] | None], budget: Budget) -> None:
        super().__init__(budget)
        self._source = source
        self._modules: dict[str, Module] = {}
        self._handled: list[Thing] = []

    def module(self, path: str, text: str) -> Module:
        """The module at a path, acted out once.

        Raises:
            Raised: it raises at its top.
            CannotGoOn: it uses what is not known here.
        """
        if path not in self._modules:
            name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            module = Module(name, {"__name__": name, "__file__": path})
            self._modules[path] = module
            tree = parsed(text)
            scope = Scope(module.space, module.space)
            try:
                self.all_of(tree.body, scope)
            except BaseException:
                del self._modules[path]
                raise
        return self._modules[path]

    def close(self) -> None:
        """Take apart what was defined, whose parts hold one another: then it goes at once, and no collector needs to
        find it among all that lives, where a third of the time of enactments would go.
        """
        for space in (*(module.space for module in self._modules.values()), self.builtins):
            for each in space.values():
                if isinstance(each, Kind):
                    each.let_go()
            space.clear()
        self._modules.clear()
        self.builtins = {}

    def _imported(self, name: str, importer: Scope) -> Module:
        found = self._source(name, importer.module["__file__"])
        if found is not None:
            return self.module(*found)
        known = library.module(self, name)
        if known is not None:
            return known
        if not built_in.is_library(name):
            raise CannotGoOn(f"the module {name} is not known here")
        return Module(name, {})

    def all_of(self, body: list[ast.stmt], scope: Scope) -> None:
        """Act out statements in which nothing is yielded and nothing is left."""
        try:
            for _ in self.each_of(body, scope):
                raise CannotGoOn("a yield outside of a function")
        except (Returned, Break, Continue) as left:
            raise CannotGoOn("what is not around is left") from left

    def each_of(self, body: list[ast.stmt], scope: Scope) -> Iterator[Value]:
        """Act out statements."""
        for each in body:
            self.budget.step()
            at_once = _AT_ONCE.get(type(each))
            if at_once is None:
                yield from _IN_TURNS[type(each)](self, each, scope)
            elif isinstance(each, _MAY_GIVE) and isinstance(each.value, _GIVING):
                yield from self._given(each, each.value, scope)
            else:
                at_once(self, each, scope)

    def _given(self, node: ast.Expr | ast.Assign, giving: ast.Yield | ast.YieldFrom, scope: Scope) -> Iterator[Value]:
        if isinstance(giving, ast.Yield):
            yield self.value(giving.value, scope) if giving.value is not None else None
        elif isinstance(node, ast.Assign):
            raise CannotGoOn("what a yield from comes to")
        else:
            for each in self.value(giving.value, scope):
                self.budget.step()
                yield each
        for target in node.targets if isinstance(node, ast.Assign) else ():
            self.put(target, None, scope)

    def _do_expr(self, node: ast.Expr, scope: Scope) -> None:
        self.value(node.value, scope)

    def _do_assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.value(node.value, scope)
        for target in node.targets:
            self.put(target, value, scope)

    def _do_annassign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if scope.is_class and isinstance(node.target, ast.Name):
            scope.names.setdefault("__annotations__", {})[node.target.id] = node.annotation
        if node.value is not None:
            self.put(node.target, self.value(node.value, scope), scope)

    def _do_augassign(self, node: ast.AugAssign, scope: Scope) -> None:
        target = node.target
        change = _IN_PLACE.get(type(node.op), BINARY[type(node.op)])

        def act(one: Value, two: Value) -> Value:
            return bounds.modest(change(one, two))

        if isinstance(target, ast.Attribute):
            held = self.value(target.value, scope)
            self.set_attribute(held, target.attr, act(self.attribute(held, target.attr), self.value(node.value, scope)))
        elif isinstance(target, ast.Subscript):
            held, key = self.value(target.value, scope), self.value(target.slice, scope)
            self._put_item(held, key, act(self._item(held, key), self.value(node.value, scope)))
        else:
            self.put(target, act(self.name(target.id, scope), self.value(node.value, scope)), scope)

    def _do_return(self, node: ast.Return, scope: Scope) -> None:
        raise Returned(self.value(node.value, scope) if node.value is not None else None)

    def _do_pass(self, node: ast.Pass, scope: Scope) -> None:
        """Nothing."""

    def _do_break(self, node: ast.Break, scope: Scope) -> None:  # noqa: ARG002
        raise Break

    def _do_continue(self, node: ast.Continue, scope: Scope) -> None:  # noqa: ARG002
        raise Continue

    def _through_if(self, node: ast.If, scope: Scope) -> Iterator[Value]:
        yield from self.each_of(node.body if self.value(node.test, scope) else node.orelse, scope)

    def _through_while(self, node: ast.While, scope: Scope) -> Iterator[Value]:
        def turns() -> Iterator[None]:
            while self.value(node.test, scope):
                yield

        return self._turn_by_turn(turns(), node, scope)

    def _through_for(self, node: ast.For, scope: Scope) -> Iterator[Value]:
        def turns() -> Iterator[None]:
            for each in self.value(node.iter, scope):
                self.put(node.target, each, scope)
                yield

        return self._turn_by_turn(turns(), node, scope)

    def _turn_by_turn(self, turns: Iterator[None], node: ast.While | ast.For, scope: Scope) -> Iterator[Value]:
        for _ in turns:
            self.budget.step()
            try:
                yield from self.each_of(node.body, scope)
            except Break:
                return
            except Continue:
                continue
        yield from self.each_of(node.orelse, scope)

    def _through_try(self, node: ast.Try, scope: Scope) -> Iterator[Value]:
        try:
            try:
                yield from self.each_of(node.body, scope)
            except FAULTS as fault:
                raised = self.raised(fault)
                for handler in node.handlers:
                    if handler.type is None or self.is_a(raised, self.value(handler.type, scope)):
                        if handler.name:
                            scope.names[handler.name] = raised
                        self._handled.append(raised)
                        try:
                            yield from self.each_of(handler.body, scope)
                        finally:
                            self._handled.pop()
                            if handler.name:
                                scope.names.pop(handler.name, None)
                        break
                else:
                    raise Raised(raised) from fault
            else:
                yield from self.each_of(node.orelse, scope)
        finally:
            yield from self.each_of(node.finalbody, scope)

    def _do_raise(self, node: ast.Raise, scope: Scope) -> None:
        if node.exc is None:
            if not self._handled:
                raise CannotGoOn("nothing to raise again")
            raise Raised(self._handled[-1])
        value = self.value(node.exc, scope)
        value = value() if isinstance(value, Kind) else value
        if not isinstance(value, Thing):
            raise CannotGoOn("what is raised is no exception")
        raise Raised(value)

    def _do_assert(self, node: ast.Assert, scope: Scope) -> None:
        if not self.value(node.test, scope):
            said = (self.value(node.msg, scope),) if node.msg is not None else ()
            raise Raised(built_in.exception(self, "AssertionError", *said))

    def _through_with(self, node: ast.With, scope: Scope) -> Iterator[Value]:
        yield from self._within(node.items, node.body, scope)

    def _within(self, items: list[ast.withitem], body: list[ast.stmt], scope: Scope) -> Iterator[Value]:
        if not items:
            yield from self.each_of(body, scope)
            return
        held = self.value(items[0].context_expr, scope)
        entered = self.attribute(held, "__enter__")()
        leave = self.attribute(held, "__exit__")
        if items[0].optional_vars is not None:
            self.put(items[0].optional_vars, entered, scope)
        try:
            yield from self._within(items[1:], body, scope)
        except FAULTS as fault:
            raised = self.raised(fault)
            if not leave(raised.kind, raised, None):
                raise Raised(raised) from fault
        else:
            leave(None, None, None)

    def _do_delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                del self.value(target.value, scope)[self.value(target.slice, scope)]
            elif isinstance(target, ast.Attribute):
                held = self.value(target.value, scope)
                if not isinstance(held, Thing) or target.attr not in held.attributes:
                    raise Raised(built_in.exception(self, "AttributeError", target.attr))
                del held.attributes[target.attr]
            elif isinstance(target, ast.Name):
                self.name(target.id, scope)
                scope.names.pop(target.id, None)

    def _do_global(self, node: ast.Global, scope: Scope) -> None:
        scope.elsewhere = {**(scope.elsewhere or {}), **dict.fromkeys(node.names, "global")}

    def _do_nonlocal(self, node: ast.Nonlocal, scope: Scope) -> None:
        scope.elsewhere = {**(scope.elsewhere or {}), **dict.fromkeys(node.names, "nonlocal")}

    def _do_import(self, node: ast.Import, scope: Scope) -> None:
        for each in node.names:
            module = self._imported(each.name, scope)
            if each.asname is None and "." in each.name:
                top = each.name.partition(".")[0]
                if built_in.is_library(top) and library.module(self, top) is not None:
                    scope.names[top] = self._imported(top, scope)
                    continue
                raise CannotGoOn("a dotted import")
            scope.names[each.asname or each.name] = module

    def _do_importfrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        spec = "." * node.level + (node.module or "")
        if spec == "__future__":
            return
        module = self._imported(spec, scope)
        for each in node.names:
            if each.name == "*":
                scope.names.update({k: v for k, v in module.space.items() if not k.startswith("_")})
                continue
            if each.name not in module.space:
                inner = self._source(
                    f"{spec}.{each.name}" if spec.strip(".") else f"{spec}{each.name}", scope.module["__file__"]
                )
                if inner is None and ("__file__" in module.space or not built_in.is_library(module.name)):
                    raise Raised(built_in.exception(self, "ImportError", f"cannot import name {each.name!r}"))
                module.space[each.name] = self.module(*inner) if inner is not None else _unknown_name
            scope.names[each.asname or each.name] = module.space[each.name]

    def _do_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        made: Value = self.function(node, scope)
        for each in reversed(node.decorator_list):
            made = self.value(each, scope)(made)
        scope.names[node.name] = made

    _do_asyncfunctiondef = _do_functiondef

    def _do_classdef(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = tuple(self.value(each, scope) for each in node.bases)
        if any(not isinstance(each, Kind) for each in bases) or any(each.arg != "metaclass" for each in node.keywords):
            raise CannotGoOn("a class of another kind")
        inner = Scope({}, scope.module, scope, is_class=True)
        kind = Kind(node.name, bases or (self.builtins["object"],), inner.names)
        inner.owner = kind
        self.all_of(node.body, inner)
        made: Value = make_kind(self, kind, inner)
        for each in reversed(node.decorator_list):
            made = self.value(each, scope)(made)
        scope.names[node.name] = made

    def _through_match(self, node: ast.Match, scope: Scope) -> Iterator[Value]:
        subject = self.value(node.subject, scope)
        for case in node.cases:
            if fits(self, case.pattern, subject, scope) and (case.guard is None or self.value(case.guard, scope)):
                yield from self.each_of(case.body, scope)
                return


@of_last_texts(TEXTS_MAX)
def parsed(text: str) -> ast.Module:
    """The tree of a module.

    Raises:
        CannotGoOn: it does not parse.
    """
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise CannotGoOn("it does not parse") from fault


def _unknown_name(*_: Value, **__: Value) -> Value:
    raise CannotGoOn("a name of the library that is not known here")


def _unknown(machine: Machine, node: ast.stmt, scope: Scope) -> Iterator[Value]:  # noqa: ARG001
    raise CannotGoOn(f"{type(node).__name__} is not known here")


_AT_ONCE: Mapping[type[ast.stmt], Callable[[Machine, Any, Scope], None]] = {
    kind: getattr(Machine, name)
    for kind in ast.stmt.__subclasses__()
    if hasattr(Machine, name := f"_do_{kind.__name__.lower()}")
}
_IN_TURNS: Mapping[type[ast.stmt], Callable[[Machine, Any, Scope], Iterator[Value]]] = {
    kind: getattr(Machine, f"_through_{kind.__name__.lower()}", _unknown)
    for kind in ast.stmt.__subclasses__()
    if kind not in _AT_ONCE
}
"""Those inside of which something may be given to whoever asks, turn by turn."""
