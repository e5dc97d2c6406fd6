"""The functions of an enacted program: how they are made, and called."""

import ast
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.kept import on_the_node
from coroom.checks.enactment.python.attributes import Attributes
from coroom.checks.enactment.python.values import Coroutine, Function, Scope, Value

DEEPEST = 60
"""Calls inside calls; a program that goes deeper is left alone."""


class Returned(BaseException):
    """A function gives this."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Break(BaseException):
    """The loop around ends."""


class Continue(BaseException):
    """The loop around takes its next turn."""


class Functions(Attributes):
    """The part of the interpreter that knows functions."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self._depth = 0
        self.seen: set[tuple[str, str]] = set()
        self.asked = 0
        """How often functions that were given to the program were called."""
        self.said: dict[tuple[str, str], list[str]] = {}
        """The texts that functions gave, by their file and name."""

    @abstractmethod
    def each_of(self, body: list[ast.stmt], scope: Scope) -> Iterator[Value]:
        """Act out statements."""

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> Function:
        """The function that is defined here; its defaults are worked out now."""
        form = _form(node)
        defaults = {name: self.value(value, scope) for name, value in form.needless} if form.needless else {}
        if scope.is_class:
            return Function(form.name, node, scope.outer or scope, defaults, self._run, scope.owner, form.traits)
        return Function(form.name, node, scope, defaults, self._run, None, form.traits)

    def _run(self, function: Function, given: tuple[Value, ...], named: dict[str, Value]) -> Value:
        self.budget.step()
        self.seen.add((function.around.module["__file__"], function.name))
        node = function.node
        form = _form(node)
        scope = Scope(
            _arguments(form, function, given, named), function.around.module, function.around, owner=function.owner,
            own=form.bound,
        )  # fmt: skip
        if isinstance(node, ast.Lambda):
            return self._deeper(lambda: self.value(node.body, scope))
        if "async" in function.traits:
            if "generator" in function.traits:
                raise CannotGoOn("an async generator")
            return Coroutine(lambda: self._deeper(lambda: self._body(node, scope)))
        if "generator" in function.traits:
            return self._generated(node, scope)
        value = self._deeper(lambda: self._body(node, scope))
        if isinstance(value, str):
            self.said.setdefault((function.around.module["__file__"], function.name), []).append(value)
        return value

    def _deeper(self, act: Callable[[], Value]) -> Value:
        if self._depth >= DEEPEST:
            raise CannotGoOn("calls too deep")
        self._depth += 1
        try:
            return act()
        finally:
            self._depth -= 1

    def _body(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Value:
        try:
            for _ in self.each_of(node.body, scope):
                raise CannotGoOn("a yield inside of an expression")
        except Returned as given:
            return given.value
        except (Break, Continue) as left:
            raise CannotGoOn("a loop is left where none is") from left
        return None

    def _generated(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Iterator[Value]:
        try:
            yield from self.each_of(node.body, scope)
        except Returned:
            return
        except (Break, Continue) as left:
            raise CannotGoOn("a loop is left where none is") from left


_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _bound_in(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """The names that a function binds, its parameters left out."""
    if isinstance(node, ast.Lambda):
        return frozenset()
    found: set[str] = set()
    others: set[str] = set()
    waiting: list[tuple[ast.AST, bool]] = [(each, False) for each in node.body]
    while waiting:
        each, comprehended = waiting.pop()
        match each:
            case ast.NamedExpr(target=ast.Name(id=name)):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if not comprehended:
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {one.asname or one.name.partition(".")[0] for one in names}
            case ast.Global(names=said) | ast.Nonlocal(names=said):
                others.update(said)
        if not isinstance(each, _INNER):
            inside = comprehended or isinstance(each, _COMPREHENSIONS)
            waiting.extend((child, inside) for child in ast.iter_child_nodes(each))
    return frozenset(found - others)


@dataclass(slots=True)
class _Form:
    """What a function says of itself wherever it is made and whenever it is called.

    `needless` are the parameters that need not be given, in the order of their values, `places` those that are given by
    place, `keys` by name, `all` both, `bound` the names that it binds besides; `rest` and `others` take what is left.
    """

    name: str
    traits: frozenset[str]
    needless: tuple[tuple[str, ast.expr], ...]
    bound: frozenset[str]
    places: tuple[str, ...]
    keys: frozenset[str]
    all: tuple[str, ...]
    rest: str | None
    others: str | None


@on_the_node
def _form(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> _Form:
    args = node.args
    places = [*args.posonlyargs, *args.args]
    given = zip(places[len(places) - len(args.defaults) :], args.defaults, strict=True)
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    return _Form(
        "<lambda>" if isinstance(node, ast.Lambda) else node.name,
        _traits(node),
        tuple((each.arg, value) for each, value in (*given, *named) if value is not None),
        _bound_in(node),
        tuple(each.arg for each in places),
        frozenset(each.arg for each in (*args.args, *args.kwonlyargs)),
        tuple(each.arg for each in (*places, *args.kwonlyargs)),
        args.vararg.arg if args.vararg is not None else None,
        args.kwarg.arg if args.kwarg is not None else None,
    )


def _traits(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    found = {"async"} if isinstance(node, ast.AsyncFunctionDef) else set()
    if not isinstance(node, ast.Lambda) and _yields(node):
        found.add("generator")
    return frozenset(found)


def _yields(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, _INNER):
            waiting.extend(ast.iter_child_nodes(each))
    return False


def _arguments(form: _Form, function: Function, given: tuple[Value, ...], named: dict[str, Value]) -> dict[str, Value]:
    places = form.places
    found: dict[str, Value] = dict(zip(places, given, strict=False))
    if form.rest is not None:
        found[form.rest] = tuple(given[len(places) :])
    elif len(given) > len(places):
        raise TypeError(f"{function.name}() takes {len(places)} positional arguments but {len(given)} were given")
    others: dict[str, Value] = {}
    for name, value in named.items():
        if name in form.keys:
            if name in found:
                raise TypeError(f"{function.name}() got multiple values for argument {name!r}")
            found[name] = value
        elif form.others is not None:
            others[name] = value
        else:
            raise TypeError(f"{function.name}() got an unexpected keyword argument {name!r}")
    if form.others is not None:
        found[form.others] = others
    for name in form.all:
        if name not in found:
            if name not in function.defaults:
                raise TypeError(f"{function.name}() missing required argument: {name!r}")
            found[name] = function.defaults[name]
    return found
