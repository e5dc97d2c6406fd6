"""The interpreter of scripts over values that reach nothing outside of it: modules, calls, objects, promises."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.kept import TEXTS_MAX
from coroom.checks.enactment.script.access import Access
from coroom.checks.enactment.script.library import BUILTINS, GLOBALS, REAL
from coroom.checks.enactment.script.program import Program, Taken, of_module
from coroom.checks.enactment.script.values import (
    MISSING,
    UNDEFINED,
    UNSET,
    Code,
    Flow,
    Frame,
    Fun,
    Given,
    Link,
    Native,
    Obj,
    Outside,
    Promise,
    Scope,
    Thrown,
    Value,
    modest,
)
from coroom.syntax.last_texts import of_last_texts
from coroom.syntax.parse import tree_of

DEEPEST = 40
"""Calls inside calls; a script that goes deeper is left alone."""


@dataclass(eq=False, slots=True)
class Module:
    """A module: its names, and what it exports under which name."""

    path: str
    scope: Scope
    exports: dict[str, Callable[[], Value]] = field(default_factory=dict)
    stars: list[Module] = field(default_factory=list)
    local: dict[str, str] = field(default_factory=dict)
    """The exported name of each name that is exported."""

    def export(self, name: str, seen: frozenset[str] = frozenset()) -> Value:
        """What it exports under a name; `MISSING` when nothing."""
        if name in self.exports:
            return self.exports[name]()
        for each in self.stars if name != "default" else ():
            if each.path not in seen:
                found = each.export(name, seen | {self.path})
                if found is not MISSING:
                    return found
        return MISSING

    def names(self) -> list[str]:
        """The names that it exports."""
        return [*self.exports, *(name for each in self.stars for name in each.names() if name != "default")]


class Machine(Access):
    """One tree, acted out.

    `source` gives the path and text of the module that an import names, None for one that is not of the program.
    """

    def __init__(self, source: Callable[[str, str], tuple[str, bytes] | None], steps: int) -> None:
        super().__init__(steps, BUILTINS, REAL)
        self._source = source
        self._modules: dict[str, Module] = {}
        self._depth = 0
        self.seen: set[tuple[str, str]] = set()
        self.asked = 0
        """How often functions that were given to the script were called."""
        self.handed: list[list[object]] = []
        """What they were given."""
        self.said: dict[tuple[str, str], list[str]] = {}
        """The texts that functions gave, by their file and name."""
        self.later: list[tuple[float, int, Callable[[], None]]] = []
        """What is to be done at a time, in milliseconds."""
        self.now = 0.0
        self._count = 0

    def module(self, path: str, text: bytes) -> Module:
        """The module at a path, acted out once.

        Raises:
            Thrown: it throws at its top.
            CannotGoOn: it uses what is not known here.
        """
        if path in self._modules:
            return self._modules[path]
        program = compiled(text, path)
        frame = Frame(UNDEFINED)
        scope = Scope(dict.fromkeys(program.names, UNSET), None, frame, self)
        module = Module(path, scope)
        self._modules[path] = module
        try:
            for local, there in program.exported:
                module.exports[there] = partial(self.look, scope, local)
                module.local[local] = there
            for taken in program.taken:
                self._take(module, taken)
            program.run(scope)
        except BaseException:
            del self._modules[path]
            raise
        return module

    def _take(self, module: Module, taken: Taken) -> None:
        found = self._source(taken.spec, module.path)
        if found is None:
            for _, local in taken.names:
                module.scope.names[local] = Outside(taken.spec)
            return
        if taken.only_types:
            return
        other = self.module(*found)
        if taken.star:
            module.stars.append(other)
        for there, local in taken.names:
            get = partial(self._picked, other, there)
            if taken.again:
                module.exports[local] = get
            else:
                module.scope.names[local] = Link(get)

    def _picked(self, other: Module, name: str) -> Value:
        if name == "*":
            own = {each: value for each in other.names() if (value := other.export(each)) is not UNSET}
            return Obj(None, dict(sorted(own.items())), "frozen")
        found = other.export(name)
        if found is MISSING:
            raise CannotGoOn(f"{name} is not exported")
        return found

    def look(self, scope: Scope | None, name: str) -> Value:
        """What a name means in a scope."""
        while scope is not None:
            if name in scope.names:
                found = scope.names[name]
                if found is UNSET:
                    raise self.thrown("ReferenceError", f"Cannot access '{name}' before initialization")
                return found.get() if type(found) is Link else found
            scope = scope.outer
        if name in GLOBALS:
            return GLOBALS[name]
        return MISSING

    def call(self, called: Value, this: Value, given: list[Value]) -> Value:
        """Call what can be called."""
        self.steps -= 1
        if self.steps < 0:
            raise CannotGoOn("too many steps")
        if type(called) is Native:
            return modest(called.act(self, this, given))
        if type(called) is not Fun:
            if isinstance(called, Outside):
                raise CannotGoOn("what is outside")
            raise self.thrown("TypeError", "it is not a function")
        if called.shape is not None:
            raise self.thrown("TypeError", f"Class constructor {called.name} cannot be invoked without 'new'")
        code = called.code
        frame = called.frame if code.arrow else Frame(this, called)
        return self.enter(code, called.scope, frame, given)

    def enter(self, code: Code, around: Scope, frame: Frame, given: list[Value]) -> Value:
        """Act out a function."""
        self.seen.add((code.path, code.name))
        scope = Scope({}, around, frame, self)
        if not code.arrow:
            frame.scope = scope
        if self._depth >= DEEPEST:
            raise CannotGoOn("calls too deep")
        if code.generator:
            code.bind(scope, given)
            if code.is_async:
                raise CannotGoOn("an async generator")
            return Flow(self.builtins["Generator"], _generated(code, scope))
        self._depth += 1
        try:
            code.bind(scope, given)
            if code.maker and frame.this is not UNSET and frame.function is not None:
                self.fill(frame.function, frame)
            value = code.body(scope)
        except Thrown as fault:
            if not code.is_async:
                raise
            return Promise(self.builtins["Promise"], "broken", fault.value)
        finally:
            self._depth -= 1
        if not code.plain:
            value = value.value if type(value) is Given else UNDEFINED
        if code.is_async:
            return self.promised(value)
        if isinstance(value, str):
            self.said.setdefault((code.path, code.name), []).append(value)
        return value

    def make(self, kind: Value, given: list[Value], target: Value = None) -> Value:
        """`new`."""
        self.step()
        target = kind if target is None else target
        if type(kind) is Native:
            if kind.make is None:
                raise CannotGoOn(f"new {kind.name} is not known here")
            made = modest(kind.make(self, given, target))
            if target is not kind:
                made.proto = self.get(target, "prototype")
            return made
        if type(kind) is not Fun:
            if isinstance(kind, Outside):
                raise CannotGoOn("what is outside")
            raise self.thrown("TypeError", "it is not a constructor")
        shape = kind.shape
        if shape is None:
            return self._made_by_function(kind, given)
        derived = shape.parent is not None
        frame = Frame(UNSET if derived else Obj(self.get(target, "prototype")), kind, target)
        if shape.maker is None:
            if derived:
                frame.this = self.make(shape.parent, given, target)
            self.fill(kind, frame)
        else:
            self.enter(shape.maker, kind.scope, frame, given)
        if frame.this is UNSET:
            raise self.thrown("ReferenceError", "Must call super constructor in derived class")
        return frame.this

    def _made_by_function(self, kind: Fun, given: list[Value]) -> Value:
        if kind.code.arrow or kind.code.is_async or kind.code.generator or kind.home is not None:
            raise self.thrown("TypeError", f"{kind.name} is not a constructor")
        thing = Obj(self.get(kind, "prototype"))
        found = self.enter(kind.code, kind.scope, Frame(thing, kind, kind), given)
        return found if isinstance(found, Obj) else thing

    def fill(self, kind: Fun, frame: Frame) -> None:
        """Give a new object the fields that its class names."""
        shape = kind.shape
        assert shape is not None
        own = frame.this
        if shape.maker is not None and frame.scope is not None:
            for name in shape.maker.props:
                own.own[name] = frame.scope.names[name]
        if shape.fields:
            scope = Scope({}, kind.scope, Frame(own, kind), self)
            for each in shape.fields:
                assert each.key is not None
                own.own[each.key(scope)] = each.value(scope) if each.value is not None else UNDEFINED

    def of_function(self, function: Fun | Native, key: str) -> Value:
        """What every function has."""
        match key:
            case "name":
                return function.name
            case "length":
                if isinstance(function, Native):
                    raise CannotGoOn("the length of a function of the language")
                return float(function.code.required)
            case "prototype":
                if isinstance(function, Native) or function.code.arrow:
                    return UNDEFINED
                made = function.own["prototype"] = Obj(self.builtins["Object"], {"constructor": function})
                return made
            case "call":
                return Native(key, lambda m, this, given: m.call(this, (given or [UNDEFINED])[0], given[1:]))
            case "apply":
                return Native(key, lambda m, this, given: m.call(this, given[0], list(m.each(given[1]))))
        return Native(key, _bound)

    def promised(self, value: Value) -> Promise:
        """A promise of a value; one that is a promise is that itself."""
        return value if isinstance(value, Promise) else Promise(self.builtins["Promise"], "kept", value)

    def count(self) -> int:
        """A number that was not given before."""
        self._count += 1
        return self._count

    def at(self, ms: float, act: Callable[[], None]) -> float:
        """Do something later."""
        number = self.count()
        self.later.append((self.now + ms, number, act))
        return float(number)

    def awaited(self, value: Value) -> Value:
        """What a promise comes to, when everything that is to happen before has happened."""
        if not isinstance(value, Promise):
            if isinstance(value, Obj) and isinstance(self.get(value, "then"), Fun):
                raise CannotGoOn("a promise of the script's own")
            return value
        while value.state == "pending":
            if not self.later:
                raise CannotGoOn("a promise that nothing keeps")
            self.step()
            first = min(self.later, key=lambda each: each[:2])
            self.later.remove(first)
            self.now = max(self.now, first[0])
            first[2]()
        if value.state == "broken":
            raise Thrown(value.value)
        return value.value

    def method(self, held: Value, name: str, *given: Value) -> Value:
        """Call a method of a value."""
        return self.call(self.get(held, name), held, list(given))


def _generated(code: Code, scope: Scope) -> Generator[Value, Any, Value]:
    found = yield from code.body(scope)
    return found.value if type(found) is Given else UNDEFINED


def _bound(_: Access, this: Value, given: list[Value]) -> Value:
    me, first = (given or [UNDEFINED])[0], given[1:]
    return Native("bound", lambda m, _, more: m.call(this, me, [*first, *more]))


@of_last_texts(TEXTS_MAX)
def compiled(text: bytes, path: str) -> Program:
    """A module, ready to be acted out.

    Raises:
        CannotGoOn: it does not parse.
    """
    root = tree_of(text, path)
    if root is None or root.has_error:
        raise CannotGoOn("it does not parse")
    return of_module(root, path)
