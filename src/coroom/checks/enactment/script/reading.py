"""How the tree of a script becomes something that can be acted out: a closure for each node, made once."""

import re
import sys
from collections.abc import Callable, Generator
from typing import Any

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.values import Scope, Value

Act = Callable[[Scope], Value]
"""An expression, ready: what it gives in a scope. A statement gives None, or how it leaves what is around it."""

Maker = Callable[[Node, str], Act]
"""Makes an act of a node in the file at a path."""

EXPRESSIONS: dict[str, Maker] = {}
STATEMENTS: dict[str, Maker] = {}
Flowing = Callable[[Scope], Generator[Value, Any, Value]]
FLOWING: dict[str, Callable[[Node, str], Flowing]] = {}
"""Statements in which something is yielded: what they yield, and at the end how they leave."""

CLASSES = frozenset({"class_declaration", "abstract_class_declaration"})
SILENT = frozenset({"comment", "html_comment", "hash_bang_line"})


def act_of(node: Node | None, path: str) -> Act:
    """An expression as an act; what is not known ends the enactment when it is come to."""
    if node is None:
        return unknown("nothing")
    maker = EXPRESSIONS.get(node.type)
    return maker(node, path) if maker is not None else unknown(node.type)


def statement_of(node: Node, path: str) -> Act:
    """A statement as an act."""
    maker = STATEMENTS.get(node.type)
    return maker(node, path) if maker is not None else unknown(node.type)


def unknown(what: str) -> Act:
    """An act that ends the enactment."""

    def act(_: Scope) -> Value:
        raise CannotGoOn(f"{what} is not known here")

    return act


def text_of(node: Node | None) -> str:
    """The text of a node."""
    return (node.text or b"").decode(errors="replace") if node is not None else ""


def field(node: Node, name: str) -> Node | None:
    """A field of a node."""
    return node.child_by_field_name(name)


def parts(node: Node | None) -> list[Node]:
    """What a node holds."""
    return [each for each in node.named_children if each.type not in SILENT] if node is not None else []


def first(node: Node) -> Node | None:
    """The first thing that a node holds."""
    return next(iter(parts(node)), None)


def tokens(node: Node) -> set[str]:
    """The words and signs that stand in a node itself."""
    return {each.type for each in node.children if not each.is_named}


_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}


def unescaped(text: str) -> str:
    """What a text between quotes says."""
    if "\\" not in text:
        return text
    # Two halves of a letter that stand side by side are that letter.
    return _ESCAPE.sub(_said, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _said(found: re.Match[str]) -> str:
    said = found[1]
    if said[0] in "ux" and len(said) > 1:
        number = int(said[1:].strip("{}"), 16)
        return chr(number) if number <= sys.maxunicode else found[0]
    return _PLAIN.get(said, said)
