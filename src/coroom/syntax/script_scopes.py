"""The scopes of JavaScript and TypeScript: names that are declared twice in one, and names that none declares."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, NamedTuple

from coroom.syntax.languages import grammar_of
from coroom.syntax.parse import tree_of
from coroom.syntax.script_globals import GLOBALS
from coroom.syntax.script_terms import script_terms
from coroom.syntax.terms import Term


class Named(NamedTuple):
    """A name and the line, from 1, that it is wrong in."""

    name: str
    line: int


@dataclass(slots=True)
class _Scope:
    parent: "_Scope | None"
    whole: bool
    """Whether it is that of a function or of the file, in which `var` declares."""
    kinds: dict[str, str] = field(default_factory=dict)

    def knows(self, name: str) -> bool:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.kinds:
                return True
            scope = scope.parent
        return False

    def function(self) -> "_Scope":
        scope = self
        while not scope.whole and scope.parent is not None:
            scope = scope.parent
        return scope


@dataclass(frozen=True, slots=True)
class ScriptNames:
    """Names of a script that are `doubled` in one scope, and `unbound` in all that can be seen from their use."""

    doubled: tuple[Named, ...]
    unbound: tuple[Named, ...]


def script_names(text: bytes, path: str) -> ScriptNames | None:
    """The names that are wrong in a script; None for another language."""
    grammar = grammar_of(path)
    scripted = grammar is not None and grammar.name in {"javascript", "typescript", "tsx"}
    return _names(text, path) if scripted else None


@lru_cache(maxsize=64)
def _names(text: bytes, path: str) -> ScriptNames:
    root = tree_of(text, path)
    assert root is not None
    walk = _Walk()
    walk.file(script_terms(root))
    return ScriptNames(tuple(walk.doubled), tuple(walk.unbound))


_ONCE = frozenset({"let", "function", "class", "import"})


class _Walk:
    def __init__(self) -> None:
        self.doubled: list[Named] = []
        self.unbound: list[Named] = []
        self._told: set[str] = set()

    def file(self, block: Term) -> None:
        self._block(block, _Scope(None, whole=True))

    def _declare(self, name: str, kind: str, scope: _Scope, line: int) -> None:
        before = scope.kinds.get(name)
        if (
            (before in _ONCE and (kind in _ONCE or kind == "var"))
            or (before == "parameter" and kind == "let")
            or (before == "var" and kind == "let")
        ):
            self.doubled.append(Named(name, line))
        if before is None or kind in _ONCE:
            scope.kinds[name] = kind

    def _block(self, block: Term, scope: _Scope) -> None:
        for each in block.parts:
            self._hoist(each, scope)
        for each in block.parts:
            self._visit(each, scope)

    def _hoist(self, term: Term, scope: _Scope) -> None:
        """Declare what a statement declares, before anything in its block is read."""
        match term.kind:
            case "function" if term.text:
                overload = "signature" in term.flags
                self._declare(
                    term.text, "type" if overload else "let" if "let" in term.flags else "function", scope, term.line
                )
            case "class" if term.text:
                kind = "type" if term.flags & {"interface", "enum"} else "class"
                self._declare(term.text, kind, scope, term.line)
            case "alias":
                self._declare(term.text, "type", scope, term.line)
            case "import" if term.note != "again":
                for each in term.parts:
                    self._declare(each.note, "import", scope, each.line or term.line)
            case "assign" if term.flags & {"let", "var"}:
                kind = "let" if "let" in term.flags else "var"
                for name, line in targets(term.parts[0]):
                    self._declare(name, kind, scope if kind == "let" else scope.function(), line or term.line)
            case "block" if term.text == "declared":
                for each in term.parts:
                    self._hoist(each, scope)

    def _visit(self, term: Term, scope: _Scope) -> None:
        if term.kind in {"import", "alias", "jump", "exported"}:
            return
        step = self._STEPS.get(term.kind)
        if step is not None and not (term.kind == "block" and term.text == "declared"):
            step(self, term, scope)
            return
        self._inside(term, scope)

    def _inside(self, term: Term, scope: _Scope) -> None:
        for each in (*term.marks, *term.bases, *term.parts):
            self._visit(each, scope)

    def _nested(self, term: Term, scope: _Scope) -> None:
        self._block(term, _Scope(scope, whole=False))

    def _handler(self, term: Term, scope: _Scope) -> None:
        inner = _Scope(scope, whole=False)
        for name in _loose(term.text):
            inner.kinds[name] = "parameter"
        self._block(term.parts[-1], inner)

    def _assign(self, term: Term, scope: _Scope) -> None:
        if not term.flags & {"let", "var"}:
            self._inside(term, scope)
            return
        self._pattern(term.parts[0], scope)
        for each in term.parts[1:]:
            self._visit(each, scope)

    def _unary(self, term: Term, scope: _Scope) -> None:
        """`typeof` may be asked of what is not there."""
        if term.text != "typeof" or term.parts[0].kind != "name":
            self._inside(term, scope)

    def _use(self, term: Term, scope: _Scope) -> None:
        name = term.text
        if (
            name in {"self", "arguments", "super", "undefined"}
            or name in self._told
            or scope.knows(name)
            or name in GLOBALS
        ):
            return
        if name.startswith("#") or not name:
            return
        self._told.add(name)
        self.unbound.append(Named(name, term.line))

    def _function(self, term: Term, scope: _Scope) -> None:
        inner = _Scope(scope, whole=True)
        if term.text and not scope.knows(term.text):
            inner.kinds[term.text] = "named"
        for each in term.parts[:-1]:
            if each.kind != "parameter":
                continue
            for name, _ in targets(each.marks[0]) if each.marks else [(each.text.removeprefix("..."), 0)]:
                if name:
                    inner.kinds[name] = "parameter"
        for each in term.parts[:-1]:
            for mark in each.marks:
                self._pattern(mark, inner)
            for value in each.parts:
                self._visit(value, inner)
        for mark in term.marks:
            self._visit(mark, scope)
        self._block(term.parts[-1], inner)

    def _class(self, term: Term, scope: _Scope) -> None:
        for each in term.bases if "interface" not in term.flags else ():
            if "implements" not in each.flags:
                self._visit(each, scope)
        if term.flags & {"interface"}:
            return
        inner = _Scope(scope, whole=False)
        if term.text:
            inner.kinds.setdefault(term.text, "named")
        for each in term.parts[0].parts:
            if each.kind == "function":
                self._function(each, inner)
            else:
                for part in (*each.marks, *each.parts):
                    self._visit(part, inner)

    def _for(self, term: Term, scope: _Scope) -> None:
        inner = _Scope(scope, whole=False)
        if len(term.parts) > 2:
            for name, _ in targets(term.parts[0]):
                inner.kinds[name] = "named"
        for each in term.parts[1:]:
            self._visit(each, inner)

    def _switch(self, term: Term, scope: _Scope) -> None:
        self._visit(term.parts[0], scope)
        inner = _Scope(scope, whole=False)
        for case in term.parts[1:]:
            for each in case.parts[-1].parts:
                self._hoist(each, inner)
        for case in term.parts[1:]:
            for each in case.parts[:-1]:
                self._visit(each, inner)
            for each in case.parts[-1].parts:
                self._visit(each, inner)

    _STEPS: ClassVar[Mapping[str, Callable[["_Walk", Term, _Scope], None]]] = {
        "name": _use, "function": _function, "class": _class, "block": _nested, "while": _nested, "for": _for,
        "switch": _switch, "handler": _handler, "assign": _assign, "unary": _unary,
    }  # fmt: skip

    def _pattern(self, pattern: Term, scope: _Scope) -> None:
        """The defaults in a pattern are uses; its names are not."""
        if pattern.kind == "assign" and len(pattern.parts) > 1:
            self._pattern(pattern.parts[0], scope)
            self._visit(pattern.parts[1], scope)
        elif pattern.kind in {"tuple", "dict", "spread", "other"}:
            for each in pattern.parts:
                self._pattern(each, scope)
        elif pattern.kind == "pair":
            self._pattern(pattern.parts[1], scope)


def targets(pattern: Term) -> Iterator[tuple[str, int]]:
    """The names that a pattern binds, with their lines."""
    match pattern.kind:
        case "name":
            yield pattern.text, pattern.line
        case "pair":
            yield from targets(pattern.parts[1])
        case "assign":
            yield from targets(pattern.parts[0])
        case "tuple" | "dict" | "spread" | "other":
            for each in pattern.parts:
                yield from targets(each)


def _loose(text: str) -> list[str]:
    return [word for word in text.replace("{", " ").replace("}", " ").replace(",", " ").split() if word.isidentifier()]


__all__ = ["Named", "ScriptNames", "script_names", "targets"]
