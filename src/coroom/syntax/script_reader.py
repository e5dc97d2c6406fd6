"""How JavaScript and TypeScript are read into terms: by a step for each kind of node."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from tree_sitter import Node

from coroom.syntax.terms import Term

_DEEPEST = 180
SILENT = frozenset(
    {"comment", "type_annotation", "type_arguments", "accessibility_modifier", "type_parameters", "predefined_type"}
)
"""Nodes that say nothing to a reader of terms."""

Steps = Mapping[str, Callable[["Reader", Node], Term]]
"""What a node of a kind is as a term."""


class Reader:
    """One reading of a file. Deeper than 180 nodes it goes on with `other`."""

    def __init__(self, steps: Steps) -> None:
        self._depth = 0
        self._steps = steps

    def term(self, node: Node) -> Term:
        """Any node; what has no form of its own is `other` with what it holds."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return Term("other", line=line_of(node))
            step = self._steps.get(node.type)
            return step(self, node) if step is not None else self.plain("other", node)
        finally:
            self._depth -= 1

    def parts(self, node: Node) -> tuple[Term, ...]:
        """The terms that a node holds."""
        return tuple(self.term(each) for each in node.named_children if each.type not in SILENT)

    def field(self, node: Node, name: str) -> Term:
        """The term in a field of a node; `other` without one."""
        child = node.child_by_field_name(name)
        return self.term(child) if child is not None else Term("other", line=line_of(node))

    def inner(self, node: Node) -> Term:
        """What a node wraps; a tuple where it is more than one."""
        found = self.parts(node)
        return found[0] if len(found) == 1 else Term("tuple", "", found, line_of(node))

    def block(self, node: Node) -> Term:
        """The statements of a node, those of one declaration side by side."""
        found: list[Term] = []
        for each in self.parts(node):
            flat = each.parts if each.kind == "block" and each.text == "declared" else (each,)
            found.extend(part for part in flat if part.kind != "other" or part.parts)
        if node.type == "enum_body":
            found = [Term("field", each.text, (), each.line) if each.kind == "name" else each for each in found]
        return Term("block", "", tuple(found), line_of(node))

    def plain(self, kind: str, node: Node) -> Term:
        """A term of this kind with all that the node holds."""
        return Term(kind, "", self.parts(node), line_of(node))

    def two(self, kind: str, node: Node, one: str, other: str) -> Term:
        """A term of this kind with two fields of the node."""
        return Term(kind, "", (self.field(node, one), self.field(node, other)), line_of(node))

    def key(self, node: Node, name: str) -> Term:
        """A key: a name is the text that it stands for."""
        child = node.child_by_field_name(name)
        if child is not None and child.type == "property_identifier":
            return Term("string", text_of(child), line=line_of(child))
        return self.field(node, name)


def flagged(term: Term, flags: frozenset[str]) -> Term:
    """The term with more flags; of a declaration, all that it declares."""
    if term.kind == "block":
        return replace(term, parts=tuple(flagged(each, flags) for each in term.parts))
    return replace(term, flags=term.flags | flags)


def literal_of(node: Node) -> str:
    """What a literal text says."""
    source = text_of(node)
    try:
        value = json.loads('"' + source[1:-1].replace('"', '\\"') + '"') if "\\" in source else source[1:-1]
    except ValueError:
        return source[1:-1]
    return value if isinstance(value, str) else source


def type_text(node: Node | None) -> str:
    """An annotation as it is written."""
    return " ".join(text_of(node).lstrip(":").split()) if node is not None else ""


def line_of(node: Node) -> int:
    """The line, from 1."""
    return node.start_point[0] + 1


def field_text(node: Node, name: str) -> str:
    """The text of a field; empty without one."""
    child = node.child_by_field_name(name)
    return "" if child is None else text_of(child)


def text_of(node: Node) -> str:
    """The text of a node."""
    return (node.text or b"").decode(errors="replace")
