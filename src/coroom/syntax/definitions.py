"""Definitions of a text: what is defined where, under which name, with which parameters."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from coroom.syntax.languages import Grammar, grammar_of
from coroom.syntax.parse import tree_of
from coroom.syntax.signatures import Parameter, parameters_of

MODULE = "<module>"
"""The name of what lies around all definitions of a text."""

_BINDS = re.compile(rb"\s*([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\s*(?::[^=]*)?[-+*/%&|^]?=(?![=>])")
"""A line that binds a name: `C.run = ...` is a change of `C.run`, wherever it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One definition.

    `start` and `end` are byte offsets of whole lines, with decorators, attributes and a comment block that touches
    it; `body` is the span of the lines between the head and the foot of a container, None for anything else.
    `key` tells definitions of one container apart (name, and what else the language overloads on).
    """

    name: str
    qualname: str
    key: str
    kind: str
    line: int
    start: int
    end: int
    body: tuple[int, int] | None
    head: str
    decorators: tuple[str, ...]
    parameters: tuple[Parameter, ...] | None
    children: tuple["Definition", ...]


def definitions(text: bytes, path: str) -> tuple[Definition, ...]:
    """The definitions at the top of `text`, in order, each with those inside it; empty for an unknown language."""
    return _definitions(text, path) if grammar_of(path) is not None else ()


@lru_cache(maxsize=64)
def _definitions(text: bytes, path: str) -> tuple[Definition, ...]:
    grammar, root = grammar_of(path), tree_of(text, path)
    assert grammar is not None
    assert root is not None
    return tuple(_in(root, text, grammar, ""))


def every(found: tuple[Definition, ...]) -> Iterator[Definition]:
    """Each definition and those inside it, outer ones first."""
    for each in found:
        yield each
        yield from every(each.children)


def symbols_touched(path: str, before: str, after: str) -> frozenset[str]:
    """Qualified names of the definitions whose own text, without that of the definitions inside them, differs between
    the two, or that only one of them has; of what lies around them all, MODULE, with those that it binds anew.
    """
    olds, news = _own_texts(before, path), _own_texts(after, path)
    found = {name for name in olds.keys() | news.keys() if olds.get(name) != news.get(name)}
    if MODULE in found:
        lines = set(olds[MODULE][0].splitlines()) ^ set(news[MODULE][0].splitlines())
        bound = (match[1].decode(errors="replace") for line in lines if (match := _BINDS.match(line)))
        found |= {name for target in bound if (name := _defined(target, olds.keys() | news.keys()))}
    return frozenset(found)


def _defined(target: str, names: Collection[str]) -> str:
    """The innermost of these definitions that the target names or lies in; empty when there is none."""
    while target and target not in names:
        target = target.rpartition(".")[0]
    return target


def _own_texts(text: str, path: str) -> dict[str, tuple[bytes, ...]]:
    raw = text.encode()
    outermost = definitions(raw, path)
    found: dict[str, tuple[bytes, ...]] = {MODULE: (_without(raw, 0, len(raw), outermost),)}
    for each in every(outermost):
        found[each.qualname] = (*found.get(each.qualname, ()), _without(raw, each.start, each.end, each.children))
    return found


def _without(raw: bytes, start: int, end: int, inside: tuple[Definition, ...]) -> bytes:
    """What lies between, but for these definitions; blank lines between definitions are nobody's text."""
    if not inside:
        return raw[start:end].strip()
    pieces = []
    for each in inside:
        pieces.append(raw[start : each.start])
        start = max(start, each.end)
    text = b"".join((*pieces, raw[start:end]))
    return b"\n".join(line for line in text.splitlines() if line.strip())


# Definitions nested deeper than anybody writes them are part of the one around them.
_DEEPEST = 40


def _in(parent: Node, text: bytes, grammar: Grammar, within: str) -> Iterator[Definition]:
    siblings = parent.named_children
    floor = 0
    for index, outer in enumerate(siblings):
        inner = _unwrap(outer, grammar)
        if inner is None:
            floor = floor if outer.type in grammar.leaders else outer.end_byte
            continue
        found = _definition(outer, inner, text, grammar, within, _leading(siblings, index, grammar), floor)
        if found is not None and (index + 1 == len(siblings) or siblings[index + 1].start_byte >= found.end):
            yield found
        floor = outer.end_byte


def _unwrap(node: Node, grammar: Grammar) -> Node | None:
    while node.type in grammar.wrappers:
        inner = node.child_by_field_name("definition") or node.child_by_field_name("declaration")
        if inner is None:
            inner = next((each for each in node.named_children if each.type in grammar.definitions), None)
        if inner is None:
            return None
        node = inner
    return node if node.type in grammar.definitions else None


def _leading(siblings: list[Node], index: int, grammar: Grammar) -> int:
    """Where the comments, decorators and attributes that touch the definition begin."""
    first = siblings[index]
    start, row = first.start_byte, first.start_point[0]
    while index > 0:
        index -= 1
        above = siblings[index]
        alone = index == 0 or _last_row(siblings[index - 1]) < above.start_point[0]
        if above.type not in grammar.leaders or _last_row(above) + 1 < row or not alone:
            break
        start, row = above.start_byte, above.start_point[0]
    return start


def _last_row(node: Node) -> int:
    """The row of a node's last character; a line comment of Rust ends at the start of the next row."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _definition(
    outer: Node, inner: Node, text: bytes, grammar: Grammar, within: str, leading: int, floor: int
) -> Definition | None:
    name, discriminator = _named(inner, outer, grammar)
    start = text.rfind(b"\n", 0, leading) + 1
    end = text.find(b"\n", max(outer.end_byte - 1, 0)) + 1 or len(text)
    if name is None or start < floor or text[start:leading].strip():
        return None
    qualname = f"{within}.{name}" if within else name
    kind = grammar.definitions[inner.type]
    block = inner.child_by_field_name("body")
    inside = _value(inner).child_by_field_name("body") or block
    opened = block if kind in grammar.containers and within.count(".") < _DEEPEST else None
    body = _interior(opened, text, start, end, grammar) if opened is not None else None
    children = tuple(_in(opened, text, grammar, qualname)) if opened is not None else ()
    head_end = inside.start_byte if inside is not None else inner.end_byte
    return Definition(
        name=name,
        qualname=qualname,
        key=f"{name}{discriminator}",
        kind=kind,
        line=inner.start_point[0] + 1,
        start=start,
        end=end,
        body=body,
        head=" ".join(text[inner.start_byte : head_end].decode(errors="replace").split()),
        decorators=tuple(_text(each) for each in outer.named_children if each.type == "decorator"),
        parameters=parameters_of(_value(inner), grammar) if kind == "function" else _fields_of(outer, inner, grammar),
        children=children,
    )


def _fields_of(outer: Node, inner: Node, grammar: Grammar) -> tuple[Parameter, ...] | None:
    """The parameters that a plain dataclass is made with; None for any other class, or when they cannot be told."""
    marks = [_text(each) for each in outer.named_children if each.type == "decorator"]
    made = [mark for mark in marks if mark.lstrip("@").split("(")[0].split(".")[-1] == "dataclass"]
    block = inner.child_by_field_name("body")
    if grammar.name != "python" or not made or block is None or inner.child_by_field_name("superclasses"):
        return None
    if "kw_only" in made[0] or "init" in made[0] or b"KW_ONLY" in (block.text or b""):
        return None
    found: list[Parameter] = []
    for statement in block.named_children:
        each = statement.named_children[0] if statement.type == "expression_statement" else statement
        kind = each.child_by_field_name("type") if each.type == "assignment" else None
        if kind is not None and "ClassVar" not in _text(kind):
            required = each.child_by_field_name("right") is None
            found.append(Parameter(name=_field(each, "left") or "", required=required, kind="plain"))
        elif each.type == "function_definition" and _field(each, "name") == "__init__":
            return None
    return tuple(found)


def _value(node: Node) -> Node:
    if node.type != "lexical_declaration":
        return node
    value = node.named_children[0].child_by_field_name("value")
    return node if value is None else value


def _named(node: Node, outer: Node, grammar: Grammar) -> tuple[str | None, str]:
    if node.type == "lexical_declaration":
        return _bound_function(node), ""
    if node.type == "type_declaration":
        specs = [each for each in node.named_children if each.type in {"type_spec", "type_alias"}]
        return (_field(specs[0], "name") if len(specs) == 1 else None), ""
    if node.type == "impl_item":
        trait, target = _field(node, "trait"), _field(node, "type")
        return (f"{trait} for {target}" if trait else target), "!impl"
    name = _field(node, "name")
    if node.type == "method_declaration" and grammar.name == "go":
        receiver = (_field(node, "receiver") or "").strip("()").split()[-1:] or [""]
        return f"{receiver[0].lstrip('*').split('[')[0]}.{name}", ""
    if grammar.name == "java" and node.type in {"method_declaration", "constructor_declaration"}:
        listed = node.child_by_field_name("parameters")
        return name, f"({','.join(_field(each, 'type') or '' for each in listed.named_children)})" if listed else ""
    if grammar.name == "python":
        marks = [_text(each) for each in outer.named_children if each.type == "decorator"]
        return name, "".join(f"@{mark.rsplit('.', 1)[1]}" for mark in marks if mark.endswith(_ACCESSORS))
    return name, ""


_ACCESSORS = (".setter", ".getter", ".deleter")


def _bound_function(node: Node) -> str | None:
    """The name of `const f = () => …`; None for any other declaration."""
    declared = node.named_children
    if len(declared) != 1 or declared[0].type != "variable_declarator":
        return None
    value = declared[0].child_by_field_name("value")
    if value is None or value.type not in {"arrow_function", "function_expression", "generator_function", "class"}:
        return None
    return _field(declared[0], "name")


def _interior(block: Node, text: bytes, start: int, end: int, grammar: Grammar) -> tuple[int, int] | None:
    if grammar.name == "python":
        first = text.rfind(b"\n", 0, block.start_byte) + 1
        return (first, end) if first > start and not text[first : block.start_byte].strip() else None
    first = text.find(b"\n", block.start_byte) + 1
    last = text.rfind(b"\n", 0, block.end_byte - 1) + 1
    return (first, last) if 0 < first <= last else None


def _field(node: Node, name: str) -> str | None:
    child = node.child_by_field_name(name)
    return None if child is None else _text(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
