"""What one file defines, names, imports and calls, with the scope of each: read in one pass over one tree."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from tree_sitter import Node

from coroom.core.quick import dataclass
from coroom.syntax.captures import calls_of, captures_of
from coroom.syntax.definitions import Definition, definitions, every
from coroom.syntax.imported import Imported, imported_by
from coroom.syntax.languages import Grammar, grammar_of
from coroom.syntax.parse import tree_of
from coroom.syntax.signatures import Call, Parameter, call_of, parameters_of

INVENTORY_VERSION = 2
"""Of the shape and meaning of an inventory; what is kept of another version is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One thing that a file defines and others can name.

    `scope` is the qualified name of the definition around it, empty at the top. `line` and `end_line` count from 1 and
    take in decorators and the comment above; `named_line` is where its name stands. `kind` is a definition's, or
    `variable` (of a module or a class) or `field` (set through `self`). `parameters` is None where there are none to
    speak of. `bases` are what a class says that it extends.
    """

    name: str
    qualname: str
    scope: str
    kind: str
    line: int
    named_line: int
    end_line: int
    parameters: tuple[Parameter, ...] | None = None
    head: str = ""
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()


class Use(NamedTuple):
    """A name that a scope uses and does not bind itself.

    `holder` is what stands before the dot: a dotted name, `?` for the value of something else, empty for a bare name.
    """

    scope: str
    holder: str
    name: str
    lines: tuple[int, ...]


class ScopedCall(NamedTuple):
    """A call, and the qualified name of the definition that it stands in; empty at the top."""

    scope: str
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that one text defines and uses. `whole` is whether it parses without an error."""

    language: str
    whole: bool
    symbols: tuple[Symbol, ...]
    uses: tuple[Use, ...]
    imports: tuple[Imported, ...]
    calls: tuple[ScopedCall, ...]


def inventory_of(text: bytes, path: str) -> Inventory | None:
    """The inventory of a text, kept for the last texts asked for; None for a language that is not known.

    A text that does not parse has the inventory of what can be read of it.
    """
    return _kept_inventory(text, path) if grammar_of(path) is not None else None


def inventory_without_calls(text: bytes, path: str) -> Inventory | None:
    """The same with no calls in it, which costs a fifth less; nothing is kept."""
    return _inventory(text, path, with_calls=False) if grammar_of(path) is not None else None


@lru_cache(maxsize=64)
def _kept_inventory(text: bytes, path: str) -> Inventory:
    return _inventory(text, path, with_calls=True)


def _inventory(text: bytes, path: str, *, with_calls: bool) -> Inventory:
    grammar, root = grammar_of(path), tree_of(text, path)
    assert grammar is not None
    assert root is not None
    reading = _Reading(text, grammar, definitions(text, path))
    reading.read(captures_of(root, grammar))
    if with_calls:
        reading.read_calls(calls_of(root, grammar))
    return Inventory(
        language=grammar.name,
        whole=not root.has_error,
        symbols=reading.symbols(),
        uses=reading.uses(),
        imports=tuple(reading.imports),
        calls=tuple(reading.calls),
    )


class _Reading:
    """The reading of one text. Nested functions, and what they bind, belong to the definition around them."""

    def __init__(self, text: bytes, grammar: Grammar, found: tuple[Definition, ...]) -> None:
        self.imports: list[Imported] = []
        self.calls: list[ScopedCall] = []
        self._text = text
        self._grammar = grammar
        self._starts = [0, *(match.end() for match in re.finditer(rb"\n", text))]
        self._symbols = [self._symbol(each) for each in every(found)]
        self._kinds = {each.qualname: each.kind for each in self._symbols}
        self._variables: dict[str, Symbol] = {}
        self._bound: dict[str, set[str]] = {}
        self._used: dict[tuple[str, str, str], list[int]] = {}
        self._scopes = self._lined()

    def read(self, captures: Mapping[str, Sequence[Node]]) -> None:
        """Take in what the query has captured."""
        self._add_conditional(captures.get("inner", ()))
        for node in captures.get("import", ()):
            self.imports.extend(imported_by(node, self._grammar.name))
        binders = self._bind(captures)
        members = {node.start_byte for node in captures.get("member", ())}
        for node in captures.get("field", ()):
            self._field(node)
        muted = binders | {node.start_byte for node in captures.get("muted", ())}
        quiet = _Spans((*captures.get("import", ()), *captures.get("quiet", ())))
        for node in sorted((*captures.get("name", ()), *_unnamed(captures)), key=_place):
            start = node.start_byte
            if start not in muted and not quiet.holds(start):
                self._use(node, member=start in members)

    def read_calls(self, nodes: Sequence[Node]) -> None:
        """Take in the calls."""
        for node in nodes:
            call = call_of(node, self._grammar)
            if call is not None:
                self.calls.append(ScopedCall(self._scope(node), call))

    def symbols(self) -> tuple[Symbol, ...]:
        """Definitions, then variables and fields, each in the order of their lines."""
        variables = (each for each in self._variables.values() if each.qualname not in self._kinds)
        return (*self._symbols, *variables)

    def uses(self) -> tuple[Use, ...]:
        """Names used that their scope does not bind."""
        return tuple(
            Use(scope, holder, name, tuple(lines))
            for (scope, holder, name), lines in self._used.items()
            if holder or name not in self._bound.get(scope, ()) or not self._is_closed(scope)
        )

    def _symbol(self, found: Definition) -> Symbol:
        # A Go method is written beside its type, and named with it.
        scope, _, name = found.qualname.rpartition(".")
        return Symbol(
            name=name,
            qualname=found.qualname,
            scope=scope,
            kind=found.kind,
            line=bisect_right(self._starts, found.start),
            named_line=found.line,
            end_line=bisect_right(self._starts, max(found.end - 1, found.start)),
            parameters=found.parameters,
            head=found.head,
            decorators=found.decorators,
            bases=_bases(found.head) if found.kind in {"class", "interface"} else (),
        )

    def _lined(self) -> list[str]:
        """The scope of each line, innermost definition first."""
        scopes = [""] * (len(self._starts) + 1)
        for each in self._symbols:
            scopes[each.line : each.end_line + 1] = [each.qualname] * (each.end_line + 1 - each.line)
        return scopes

    def _scope(self, node: Node) -> str:
        return self._scopes[node.start_point[0] + 1]

    def _is_closed(self, scope: str) -> bool:
        """Whether what is bound in the scope cannot be named from outside."""
        return self._kinds.get(scope) in {"function", "macro"}

    def _add_conditional(self, nodes: Sequence[Node]) -> None:
        """Definitions under a condition or in a `try`, which are definitions of the module or class all the same."""
        known = {each.named_line for each in self._symbols}
        added = False
        for node in nodes:
            row, name = node.start_point[0] + 1, node.child_by_field_name("name")
            around = self._scopes[row]
            if row in known or name is None or self._is_closed(around):
                continue
            shown, end = self._shown(name), node.end_point[0] + 1
            qualname = f"{around}.{shown}" if around else shown
            kind = self._grammar.definitions[node.type]
            head = self._text[node.start_byte : node.end_byte].partition(b"\n")[0].decode(errors="replace")
            self._symbols.append(
                Symbol(
                    name=shown,
                    qualname=qualname,
                    scope=around,
                    kind=kind,
                    line=row,
                    named_line=row,
                    end_line=end,
                    parameters=parameters_of(node, self._grammar) if kind == "function" else None,
                    head=head,
                    bases=_bases(head) if kind == "class" else (),
                )
            )
            self._kinds[qualname] = kind
            self._scopes[row : end + 1] = [qualname] * (end + 1 - row)
            added = True
        if added:
            self._symbols.sort(key=lambda each: (each.line, -each.end_line))

    def _bind(self, captures: Mapping[str, Sequence[Node]]) -> set[int]:
        """Note what each scope binds; the starts of the names that do."""
        binders: set[int] = set()
        for kind in ("bind", "declare"):
            for node in captures.get(kind, ()):
                for name in _names_bound(node, self._grammar):
                    scope, shown = self._scope(name), self._shown(name)
                    binders.add(name.start_byte)
                    self._bound.setdefault(scope, set()).add(shown)
                    if kind == "declare" and not self._is_closed(scope):
                        self._declare(scope, shown, node, "variable")
        for node in captures.get("global", ()):
            self._bound.get(self._scope(node), set()).discard(self._shown(node))
        return binders

    def _field(self, node: Node) -> None:
        scope = self._scope(node)
        owner = scope.rpartition(".")[0]
        if self._kinds.get(owner) == "class" and self._holder(node.start_byte) == "self":
            self._declare(owner, self._shown(node), node, "field")

    def _declare(self, scope: str, name: str, node: Node, kind: str) -> None:
        qualname = f"{scope}.{name}" if scope else name
        if qualname in self._variables:
            return
        whole = node.parent or node
        while kind == "variable" and whole.parent is not None and whole.parent.type in _STATEMENTS:
            whole = whole.parent
        first, last = (whole.start_point[0] + 1, whole.end_point[0] + 1)
        self._variables[qualname] = Symbol(
            name=name,
            qualname=qualname,
            scope=scope,
            kind=kind,
            line=first,
            named_line=node.start_point[0] + 1,
            end_line=last,
        )

    def _use(self, node: Node, *, member: bool) -> None:
        holder = self._holder(node.start_byte) if member else ""
        line = node.start_point[0] + 1
        self._used.setdefault((self._scopes[line], holder, self._shown(node)), []).append(line)

    def _holder(self, start: int) -> str:
        """What stands before the dot: a dotted name, or `?` when it is the value of something else."""
        match = _HOLDER_BACKWARDS.match(self._text[max(0, start - _HOLDER_REACH) : start][::-1])
        return match[1][::-1].decode(errors="replace").replace("::", ".") if match else "?"

    def _shown(self, node: Node) -> str:
        return self._text[node.start_byte : node.end_byte].decode(errors="replace")


_STATEMENTS = frozenset({"expression_statement", "lexical_declaration", "export_statement", "field_declaration"})
_HOLDER_REACH = 120
_HOLDER_BACKWARDS = re.compile(rb"\s*(?:\.\??|::)\s*([\w$]++(?:(?:\.|::)[\w$]++)*+)(?![.)\]\"'])")
_EXTENDS = re.compile(
    r"\bclass\s+\w+\s*(?:\[[^\]]*\])?\(([^)]*)\)|\b(?:extends|implements)\s+([\w.,\s<>]+?)(?=\bimplements\b|\{|$)"
)


def _place(node: Node) -> int:
    return node.start_byte


class _Spans:
    """Stretches of a text, none inside another."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        found = sorted((node.start_byte, node.end_byte) for node in nodes)
        self._starts = [start for start, _ in found]
        self._ends = [end for _, end in found]

    def holds(self, place: int) -> bool:
        index = bisect_right(self._starts, place) - 1
        return index >= 0 and (place < self._ends[index] or (index > 0 and place < self._ends[index - 1]))


def _unnamed(captures: Mapping[str, Sequence[Node]]) -> Iterator[Node]:
    """Members whose nodes are of a kind of their own, and so not among the names."""
    names = {node.start_byte for node in captures.get("name", ())}
    return (node for node in captures.get("member", ()) if node.start_byte not in names)


def _names_bound(node: Node, grammar: Grammar) -> Iterator[Node]:
    """The identifiers that a pattern binds: not the types, defaults and names of classes within it."""
    kind = node.type
    if kind in grammar.identifiers or kind == "property_identifier":
        yield node
    elif kind in _PARAMETERS:
        named = node.child_by_field_name("name") or node.named_children[0]
        yield from _names_bound(named, grammar)
    elif kind not in _READ:
        for each in node.named_children:
            if not (each.type in _CAPITAL_IS_READ and (each.text or b"")[:1].isupper() and kind in _MATCHED):
                yield from _names_bound(each, grammar)


_PARAMETERS = frozenset({"default_parameter", "typed_parameter", "typed_default_parameter"})
_READ = frozenset({"attribute", "subscript", "type_identifier", "generic_type", "type", "call", "member_expression"})
_MATCHED = frozenset({"case_pattern", "class_pattern", "dotted_name", "match_pattern", "tuple_struct_pattern"})
_CAPITAL_IS_READ = frozenset({"identifier", "dotted_name", "scoped_identifier"})


def _bases(head: str) -> tuple[str, ...]:
    listed = [one for match in _EXTENDS.finditer(head) for one in (match[1] or match[2] or "").split(",")]
    plain = (one.split("[")[0].split("<")[0].strip() for one in listed if "=" not in one)
    return tuple(one for one in plain if one)
