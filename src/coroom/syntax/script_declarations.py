"""Functions, classes, types, imports and exports of JavaScript and TypeScript as terms."""

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

_CLOSED = frozenset({"private", "protected"})
FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function"})
"""Values that are functions."""


def function(reader: Reader, node: Node, name: str) -> Term:
    """A function under this name, with its parameters, annotations and body; a signature has an empty one."""
    body = node.child_by_field_name("body")
    if body is None:
        held = Term("block", line=line_of(node))
    elif body.type == "statement_block":
        held = reader.block(body)
    else:
        held = Term("block", "", (Term("return", "", (reader.term(body),), line_of(body)),), line_of(body))
    tokens = {text_of(each) for each in node.children if not each.is_named}
    flags = {
        flag
        for flag, token in (("async", "async"), ("static", "static"), ("getter", "get"), ("generator", "*"))
        if token in tokens
    }
    flags |= {
        each.text.decode() for each in node.children if each.type == "accessibility_modifier" and each.text
    } & _CLOSED
    if node.type == "function_signature":
        flags.add("signature")
    if node.type in {"abstract_method_signature", "method_signature"} and "?" not in tokens:
        flags.add("abstract")
    single = node.child_by_field_name("parameter")
    listed = node.child_by_field_name("parameters")
    if single is not None:
        given: tuple[Term, ...] = (
            Term("parameter", text_of(single), (), line_of(single), "", (), (), frozenset({"required"})),
        )
    else:
        given = tuple(
            each for part in (listed.named_children if listed is not None else ()) for each in _parameter(reader, part)
        )
    returned = type_text(node.child_by_field_name("return_type"))
    return Term("function", name, (*given, held), line_of(node), returned, (), (), frozenset(flags))


def _parameter(reader: Reader, node: Node) -> tuple[Term, ...]:
    if node.type in SILENT or node.type == "decorator":
        return ()
    pattern = node.child_by_field_name("pattern") or node.child_by_field_name("left") or node
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    if text_of(pattern) == "this":
        return ()
    flags: set[str] = set()
    if pattern.type == "rest_pattern":
        flags.add("rest")
    elif value is None and node.type != "optional_parameter":
        flags.add("required")
    if any(each.type == "accessibility_modifier" or text_of(each) == "readonly" for each in node.children):
        flags.add("field")
    default = (reader.term(value),) if value is not None else ()
    kind = type_text(node.child_by_field_name("type"))
    name = text_of(pattern).lstrip(".") if pattern.type in {"identifier", "rest_pattern"} else ""
    marks = (reader.term(pattern),) if not name and pattern.type in {"object_pattern", "array_pattern"} else ()
    return (Term("parameter", name, default, line_of(node), kind, marks, (), frozenset(flags)),)


def _class(reader: Reader, node: Node) -> Term:
    bases: list[Term] = []
    for each in node.named_children:
        if each.type in {"class_heritage", "extends_type_clause"}:
            clauses = [part for part in each.named_children if part.type.endswith("_clause")] or [each]
            for clause in clauses:
                implements = clause.type == "implements_clause"
                for part in clause.named_children:
                    named = part.child_by_field_name("name") if part.type == "generic_type" else part
                    if part.type != "type_arguments" and named is not None:
                        flags = frozenset({"implements"}) if implements else NOTHING
                        bases.append(Term("name", text_of(named), (), line_of(part), "", (), (), flags))
    flags_of = {
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "abstract_class_declaration": "abstract",
    }
    flags = frozenset({flags_of[node.type]}) if node.type in flags_of else NOTHING
    marks = tuple(reader.inner(each) for each in node.named_children if each.type == "decorator")
    return Term(
        "class", field_text(node, "name"), (reader.field(node, "body"),), line_of(node), "", marks, tuple(bases), flags
    )


def _alias(reader: Reader, node: Node) -> Term:
    value = node.child_by_field_name("value")
    name = field_text(node, "name")
    if value is not None and value.type == "object_type":
        body = reader.block(value)
        return Term("class", name, (body,), line_of(node), "", (), (), frozenset({"interface"}))
    return Term("alias", name, (), line_of(node), type_text(value))


def _member_field(reader: Reader, node: Node) -> Term:
    tokens = {text_of(each) for each in node.children if not each.named_children}
    value = node.child_by_field_name("value")
    name = field_text(node, "name") or field_text(node, "property")
    if value is not None and value.type in FUNCTIONS:
        return function(reader, value, name)
    flags = {"static"} if "static" in tokens else set()
    flags |= tokens & {*_CLOSED, "readonly"}
    flags |= {
        each.text.decode() for each in node.children if each.type == "accessibility_modifier" and each.text
    } & _CLOSED
    if "?" not in tokens and value is None:
        flags.add("required")
    if "?" in tokens:
        flags.add("optional")
    held = (reader.term(value),) if value is not None else ()
    return Term(
        "field", name, held, line_of(node), type_text(node.child_by_field_name("type")), (), (), frozenset(flags)
    )


def _export(reader: Reader, node: Node) -> Term:
    declared = node.child_by_field_name("declaration") or node.child_by_field_name("value")
    if declared is not None:
        flags = {"exported", "default"} if any(each.type == "default" for each in node.children) else {"exported"}
        return flagged(reader.term(declared), frozenset(flags))
    source = node.child_by_field_name("source")
    picked: list[Term] = []
    for each in node.named_children:
        for part in each.named_children if each.type == "export_clause" else ():
            there, local = field_text(part, "name"), field_text(part, "alias") or field_text(part, "name")
            picked.append(Term("picked", there, (), line_of(part), local))
    if source is None:
        return Term("exported", "", tuple(picked), line_of(node))
    found = tuple(picked) or (Term("picked", "*", (), line_of(node), "*"),)
    return Term("import", literal_of(source), found, line_of(node), "again")


def _import(_: Reader, node: Node) -> Term:
    source = node.child_by_field_name("source")
    picked: list[Term] = []
    clause = next((each for each in node.named_children if each.type == "import_clause"), None)
    for each in clause.named_children if clause is not None else ():
        if each.type == "identifier":
            picked.append(Term("picked", "default", (), line_of(each), text_of(each)))
        elif each.type == "namespace_import":
            picked.append(Term("picked", "", (), line_of(each), text_of(each.named_children[0])))
        else:
            for part in each.named_children:
                there, local = field_text(part, "name"), field_text(part, "alias") or field_text(part, "name")
                picked.append(Term("picked", there, (), line_of(part), local))
    return Term("import", literal_of(source) if source is not None else "", tuple(picked), line_of(node))


DECLARATIONS: Steps = {
    "arrow_function": lambda r, n: function(r, n, ""),
    "function_expression": lambda r, n: function(r, n, field_text(n, "name")),
    "function_declaration": lambda r, n: function(r, n, field_text(n, "name")),
    "generator_function_declaration": lambda r, n: function(r, n, field_text(n, "name")),
    "generator_function": lambda r, n: function(r, n, field_text(n, "name")),
    "function_signature": lambda r, n: function(r, n, field_text(n, "name")),
    "method_definition": lambda r, n: function(r, n, field_text(n, "name")),
    "method_signature": lambda r, n: function(r, n, field_text(n, "name")),
    "abstract_method_signature": lambda r, n: function(r, n, field_text(n, "name")),
    "class_body": Reader.block,
    "interface_body": Reader.block,
    "object_type": Reader.block,
    "enum_body": Reader.block,
    "class_declaration": _class,
    "abstract_class_declaration": _class,
    "class": _class,
    "interface_declaration": _class,
    "enum_declaration": _class,
    "type_alias_declaration": _alias,
    "public_field_definition": _member_field,
    "field_definition": _member_field,
    "property_signature": _member_field,
    "enum_assignment": lambda r, n: Term("field", field_text(n, "name"), (r.field(n, "value"),), line_of(n)),
    "export_statement": _export,
    "ambient_declaration": Reader.inner,
    "import_statement": _import,
}
"""By the kind of node."""
