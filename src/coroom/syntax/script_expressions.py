"""Expressions of JavaScript and TypeScript, JSX among them, as terms."""

from dataclasses import replace

from tree_sitter import Node

from coroom.syntax.script_reader import (
    SILENT,
    Reader,
    Steps,
    field_text,
    flagged,
    line_of,
    literal_of,
    text_of,
    type_text,
)
from coroom.syntax.terms import NOTHING, Term

_SAME = {"===": "==", "!==": "!="}
_COMPARES = frozenset({"==", "!=", "===", "!==", "<", ">", "<=", ">=", "in", "instanceof"})


def _name(_: Reader, node: Node) -> Term:
    return Term("name", text_of(node), line=line_of(node))


def _nothing(_: Reader, node: Node) -> Term:
    return Term("none", "None", line=line_of(node), flags=frozenset({node.type}))


def _number(_: Reader, node: Node) -> Term:
    return Term("number", text_of(node).replace("_", ""), line=line_of(node))


def _silent(_: Reader, node: Node) -> Term:
    return Term("other", line=line_of(node))


def _shorthand(_: Reader, node: Node) -> Term:
    name = text_of(node)
    return Term(
        "pair", "", (Term("string", name, line=line_of(node)), Term("name", name, line=line_of(node))), line_of(node)
    )


def _template(reader: Reader, node: Node) -> Term:
    held = tuple(
        reader.term(each.named_children[0])
        for each in node.named_children
        if each.type == "template_substitution" and each.named_children
    )
    literal = "\0".join(text_of(each) for each in node.named_children if each.type == "string_fragment")
    return Term("template" if held else "string", literal, held, line_of(node))


def _tag(reader: Reader, node: Node) -> Term:
    """An element: what it is made by is a name, unless it is one of the document's own."""
    name = node.child_by_field_name("name")
    inside = [reader.term(each) for each in node.named_children if each != name and each.type not in SILENT]
    if name is not None and (name.type != "identifier" or text_of(name)[:1].isupper()):
        inside.insert(0, reader.term(name))
    return Term("other", "", tuple(inside), line_of(node))


def _member(reader: Reader, node: Node) -> Term:
    optional = any(each.type == "optional_chain" for each in node.children)
    flags = frozenset({"optional"}) if optional else NOTHING
    held = (reader.field(node, "object"),)
    return Term("member", field_text(node, "property"), held, line_of(node), "", (), (), flags)


def _call(reader: Reader, node: Node, called: str) -> Term:
    listed = node.child_by_field_name("arguments")
    found = reader.parts(listed) if listed is not None and listed.type == "arguments" else ()
    flags = frozenset({"new"}) if called == "constructor" else NOTHING
    return Term("call", "", (reader.field(node, called), *found), line_of(node), "", (), (), flags)


def _binary(reader: Reader, node: Node) -> Term:
    sign = field_text(node, "operator")
    held = (reader.field(node, "left"), reader.field(node, "right"))
    if sign in _COMPARES:
        flags = frozenset({"exact"}) if sign in _SAME else NOTHING
        return Term("compare", _SAME.get(sign, sign), held, line_of(node), flags=flags)
    if sign in {"&&", "||", "??"}:
        return Term("and" if sign == "&&" else "or", "??" if sign == "??" else "", held, line_of(node))
    return Term("binary", sign, held, line_of(node))


def _unary(reader: Reader, node: Node) -> Term:
    sign = field_text(node, "operator")
    if sign == "!":
        return Term("not", "", (reader.field(node, "argument"),), line_of(node))
    if sign == "delete":
        return Term("delete", "", (reader.field(node, "argument"),), line_of(node))
    return Term("unary", sign, (reader.field(node, "argument"),), line_of(node))


def _cast(reader: Reader, node: Node) -> Term:
    found = node.named_children
    return reader.term(found[0]) if found else Term("other", line=line_of(node))


def _satisfies(reader: Reader, node: Node) -> Term:
    """The value itself, with the type that it is held to."""
    found = node.named_children
    return replace(flagged(reader.term(found[0]), frozenset({"satisfies"})), note=type_text(found[-1]))


def _index(reader: Reader, node: Node) -> Term:
    held = reader.two("index", node, "object", "index")
    optional = any(each.type == "optional_chain" for each in node.children)
    return flagged(held, frozenset({"optional"})) if optional else held


def _assign(reader: Reader, node: Node, sign: str) -> Term:
    return Term("assign", sign, (reader.field(node, "left"), reader.field(node, "right")), line_of(node))


EXPRESSIONS: Steps = {
    "identifier": _name,
    "this": lambda _, n: Term("name", "self", line=line_of(n)),
    "property_identifier": _name,
    "private_property_identifier": _name,
    "type_identifier": _name,
    "shorthand_property_identifier": _shorthand,
    "shorthand_property_identifier_pattern": _shorthand,
    "undefined": _nothing,
    "null": _nothing,
    "true": lambda _, n: Term("bool", "True", line=line_of(n)),
    "false": lambda _, n: Term("bool", "False", line=line_of(n)),
    "number": _number,
    "string": lambda _, n: Term("string", literal_of(n), line=line_of(n)),
    "template_string": _template,
    "member_expression": _member,
    "subscript_expression": _index,
    "call_expression": lambda r, n: _call(r, n, "function"),
    "new_expression": lambda r, n: _call(r, n, "constructor"),
    "binary_expression": _binary,
    "unary_expression": _unary,
    "update_expression": lambda r, n: Term(
        "assign",
        "+=" if "++" in field_text(n, "operator") else "-=",
        (r.field(n, "argument"), Term("number", "1")),
        line_of(n),
    ),
    "ternary_expression": lambda r, n: Term(
        "conditional",
        "",
        (r.field(n, "condition"), r.field(n, "consequence"), r.field(n, "alternative")),
        line_of(n),
    ),
    "parenthesized_expression": Reader.inner,
    "as_expression": _cast,
    "satisfies_expression": _satisfies,
    "non_null_expression": lambda r, n: flagged(r.inner(n), frozenset({"sure"})),
    "array": lambda r, n: r.plain("list", n),
    "array_pattern": lambda r, n: r.plain("tuple", n),
    "object": lambda r, n: r.plain("dict", n),
    "object_pattern": lambda r, n: r.plain("dict", n),
    "pair": lambda r, n: Term("pair", "", (r.key(n, "key"), r.field(n, "value")), line_of(n)),
    "pair_pattern": lambda r, n: Term("pair", "", (r.key(n, "key"), r.field(n, "value")), line_of(n)),
    "spread_element": lambda r, n: r.plain("spread", n),
    "rest_pattern": lambda r, n: r.plain("spread", n),
    "sequence_expression": lambda r, n: r.plain("tuple", n),
    "await_expression": lambda r, n: r.plain("await", n),
    "yield_expression": lambda r, n: r.plain("yield", n),
    "assignment_expression": lambda r, n: _assign(r, n, "="),
    "augmented_assignment_expression": lambda r, n: _assign(r, n, field_text(n, "operator")),
    "comment": _silent,
    "type_annotation": _silent,
    "type_arguments": _silent,
    "jsx_opening_element": _tag,
    "jsx_self_closing_element": _tag,
    "jsx_closing_element": _silent,
    "jsx_attribute": lambda r, n: Term("other", "", tuple(r.term(each) for each in n.named_children[1:]), line_of(n)),
    "statement_identifier": _silent,
    "jsx_text": _silent,
}
"""By the kind of node."""
