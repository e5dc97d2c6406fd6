"""Statements of JavaScript and TypeScript as terms."""

from dataclasses import replace

from tree_sitter import Node

from coroom.syntax.script_declarations import FUNCTIONS, function
from coroom.syntax.script_reader import (
    Reader,
    Steps,
    field_text,
    flagged,
    line_of,
    type_text,
)
from coroom.syntax.terms import Term


def _declaration(reader: Reader, node: Node) -> Term:
    way = "var" if node.type == "variable_declaration" else "let"
    return Term(
        "block", "declared", tuple(flagged(each, frozenset({way})) for each in reader.parts(node)), line_of(node)
    )


def _declarator(reader: Reader, node: Node) -> Term:
    value = node.child_by_field_name("value")
    target = reader.field(node, "name")
    if value is not None and target.kind == "name" and value.type in FUNCTIONS:
        return function(reader, value, target.text)
    held = (reader.term(value),) if value is not None else ()
    return Term("assign", "=", (target, *held), line_of(node), type_text(node.child_by_field_name("type")))


def _if(reader: Reader, node: Node) -> Term:
    found = [reader.field(node, "condition"), reader.field(node, "consequence")]
    other = node.child_by_field_name("alternative")
    return Term("if", "", (*found, *((reader.term(other),) if other is not None else ())), line_of(node))


def _switch(reader: Reader, node: Node) -> Term:
    body = node.child_by_field_name("body")
    subject = reader.field(node, "value")
    found: list[Term] = []
    for each in body.named_children if body is not None else ():
        value = each.child_by_field_name("value")
        inside = tuple(reader.term(part) for part in each.children_by_field_name("body"))
        held = _to_its_end(Term("block", "", inside, line_of(each)))
        if value is None:
            found.append(Term("default", "", (held,), line_of(each)))
        else:
            test = Term("compare", "==", (subject, reader.term(value)), line_of(each))
            found.append(Term("if", "", (test, held), line_of(each)))
    return Term("switch", "", (subject, *found), line_of(node))


def _to_its_end(case: Term) -> Term:
    """A case without the `break` at its end: what comes after the switch is reached from there. One with a label leaves
    more than the switch.
    """
    if not case.parts:
        return case
    *others, last = case.parts
    if last.kind == "block":
        return replace(case, parts=(*others, _to_its_end(last)))
    leaves = (last.kind, last.text, last.note) == ("jump", "break", "")
    return replace(case, parts=tuple(others)) if leaves else case


STATEMENTS: Steps = {
    "lexical_declaration": _declaration,
    "variable_declaration": _declaration,
    "variable_declarator": _declarator,
    "expression_statement": Reader.inner,
    "return_statement": lambda r, n: r.plain("return", n),
    "throw_statement": lambda r, n: r.plain("raise", n),
    "if_statement": _if,
    "else_clause": Reader.inner,
    "statement_block": Reader.block,
    "for_in_statement": lambda r, n: Term(
        "for", "", (r.field(n, "left"), r.field(n, "right"), r.field(n, "body")), line_of(n)
    ),
    "for_statement": lambda r, n: r.plain("while", n),
    "while_statement": lambda r, n: r.plain("while", n),
    "do_statement": lambda r, n: r.plain("while", n),
    "try_statement": lambda r, n: r.plain("try", n),
    "catch_clause": lambda r, n: Term("handler", field_text(n, "parameter"), (r.field(n, "body"),), line_of(n)),
    "finally_clause": lambda r, n: r.plain("finally", n),
    "switch_statement": _switch,
    "break_statement": lambda _, n: Term("jump", "break", line=line_of(n), note=field_text(n, "label")),
    "continue_statement": lambda _, n: Term("jump", "continue", line=line_of(n)),
}
"""By the kind of node."""
