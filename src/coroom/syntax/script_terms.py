"""JavaScript and TypeScript as terms."""

import json
from collections.abc import Callable
from dataclasses import replace

from tree_sitter import Node

from coroom.syntax.terms import NOTHING, Term

_DEEPEST = 180
_SAME = {"===": "==", "!==": "!="}
_COMPARES = frozenset({"==", "!=", "===", "!==", "<", ">", "<=", ">=", "in", "instanceof"})


def script_terms(root: Node) -> Term:
    """The module as one block."""
    return _Reader().block(root)


class _Reader:
    def __init__(self) -> None:
        self._depth = 0
        name: Callable[[Node], Term] = lambda n: Term("name", _text(n), line=_line(n))  # noqa: E731
        nothing: Callable[[Node], Term] = lambda n: Term("none", "None", line=_line(n))  # noqa: E731
        number: Callable[[Node], Term] = lambda n: Term("number", _text(n).replace("_", ""), line=_line(n))  # noqa: E731
        inner = self.inner
        self._steps: dict[str, Callable[[Node], Term]] = {
            "identifier": name,
            "this": lambda n: Term("name", "self", line=_line(n)),
            "property_identifier": name,
            "private_property_identifier": name,
            "type_identifier": name,
            "shorthand_property_identifier": self._shorthand,
            "shorthand_property_identifier_pattern": self._shorthand,
            "undefined": nothing,
            "null": nothing,
            "true": lambda n: Term("bool", "True", line=_line(n)),
            "false": lambda n: Term("bool", "False", line=_line(n)),
            "number": number,
            "string": lambda n: Term("string", _literal(n), line=_line(n)),
            "template_string": self._template,
            "member_expression": self._member,
            "subscript_expression": lambda n: self._two("index", n, "object", "index"),
            "call_expression": lambda n: self._call(n, "function"),
            "new_expression": lambda n: self._call(n, "constructor"),
            "binary_expression": self._binary,
            "unary_expression": self._unary,
            "update_expression": lambda n: Term(
                "assign",
                "+=" if "++" in _of(n, "operator") else "-=",
                (self.field(n, "argument"), Term("number", "1")),
                _line(n),
            ),
            "ternary_expression": lambda n: Term(
                "conditional",
                "",
                (self.field(n, "condition"), self.field(n, "consequence"), self.field(n, "alternative")),
                _line(n),
            ),
            "parenthesized_expression": inner,
            "as_expression": self._cast,
            "satisfies_expression": self._cast,
            "non_null_expression": inner,
            "array": lambda n: self._plain("list", n),
            "array_pattern": lambda n: self._plain("tuple", n),
            "object": lambda n: self._plain("dict", n),
            "object_pattern": lambda n: self._plain("dict", n),
            "pair": lambda n: Term("pair", "", (self._key(n, "key"), self.field(n, "value")), _line(n)),
            "pair_pattern": lambda n: Term("pair", "", (self._key(n, "key"), self.field(n, "value")), _line(n)),
            "spread_element": lambda n: self._plain("spread", n),
            "rest_pattern": lambda n: self._plain("spread", n),
            "sequence_expression": lambda n: self._plain("tuple", n),
            "await_expression": lambda n: self._plain("await", n),
            "yield_expression": lambda n: self._plain("yield", n),
            "assignment_expression": lambda n: self._assign(n, "="),
            "augmented_assignment_expression": lambda n: self._assign(n, _of(n, "operator")),
            "arrow_function": lambda n: self._function(n, ""),
            "function_expression": lambda n: self._function(n, _of(n, "name")),
            "function_declaration": lambda n: self._function(n, _of(n, "name")),
            "generator_function_declaration": lambda n: self._function(n, _of(n, "name")),
            "generator_function": lambda n: self._function(n, _of(n, "name")),
            "function_signature": lambda n: self._function(n, _of(n, "name")),
            "method_definition": lambda n: self._function(n, _of(n, "name")),
            "method_signature": lambda n: self._function(n, _of(n, "name")),
            "abstract_method_signature": lambda n: self._function(n, _of(n, "name")),
            "lexical_declaration": self._declaration,
            "variable_declaration": self._declaration,
            "variable_declarator": self._declarator,
            "expression_statement": inner,
            "return_statement": lambda n: self._plain("return", n),
            "throw_statement": lambda n: self._plain("raise", n),
            "if_statement": self._if,
            "else_clause": inner,
            "statement_block": self.block,
            "class_body": self.block,
            "interface_body": self.block,
            "object_type": self.block,
            "enum_body": self.block,
            "for_in_statement": lambda n: Term(
                "for", "", (self.field(n, "left"), self.field(n, "right"), self.field(n, "body")), _line(n)
            ),
            "for_statement": lambda n: self._plain("while", n),
            "while_statement": lambda n: self._plain("while", n),
            "do_statement": lambda n: self._plain("while", n),
            "try_statement": lambda n: self._plain("try", n),
            "catch_clause": lambda n: Term("handler", _of(n, "parameter"), (self.field(n, "body"),), _line(n)),
            "finally_clause": lambda n: self._plain("finally", n),
            "switch_statement": self._switch,
            "class_declaration": self._class,
            "abstract_class_declaration": self._class,
            "class": self._class,
            "interface_declaration": self._class,
            "enum_declaration": self._class,
            "type_alias_declaration": self._alias,
            "public_field_definition": self._member_field,
            "field_definition": self._member_field,
            "property_signature": self._member_field,
            "enum_assignment": lambda n: Term("field", _of(n, "name"), (self.field(n, "value"),), _line(n)),
            "export_statement": self._export,
            "ambient_declaration": inner,
            "import_statement": self._import,
            "break_statement": lambda n: Term("jump", "break", line=_line(n)),
            "continue_statement": lambda n: Term("jump", "continue", line=_line(n)),
            "comment": lambda n: Term("other", line=_line(n)),
            "type_annotation": lambda n: Term("other", line=_line(n)),
            "type_arguments": lambda n: Term("other", line=_line(n)),
            "jsx_opening_element": self._tag,
            "jsx_self_closing_element": self._tag,
            "jsx_closing_element": lambda n: Term("other", line=_line(n)),
            "jsx_attribute": lambda n: Term(
                "other", "", tuple(self.term(each) for each in n.named_children[1:]), _line(n)
            ),
            "statement_identifier": lambda n: Term("other", line=_line(n)),
            "jsx_text": lambda n: Term("other", line=_line(n)),
        }

    def term(self, node: Node) -> Term:
        """Any node; what has no form of its own is `other` with what it holds."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return Term("other", line=_line(node))
            step = self._steps.get(node.type)
            return step(node) if step is not None else self._plain("other", node)
        finally:
            self._depth -= 1

    def parts(self, node: Node) -> tuple[Term, ...]:
        return tuple(self.term(each) for each in node.named_children if each.type not in _SILENT)

    def field(self, node: Node, name: str) -> Term:
        child = node.child_by_field_name(name)
        return self.term(child) if child is not None else Term("other", line=_line(node))

    def inner(self, node: Node) -> Term:
        found = self.parts(node)
        return found[0] if len(found) == 1 else Term("tuple", "", found, _line(node))

    def block(self, node: Node) -> Term:
        found: list[Term] = []
        for each in self.parts(node):
            flat = each.parts if each.kind == "block" and each.text == "declared" else (each,)
            found.extend(part for part in flat if part.kind != "other" or part.parts)
        if node.type == "enum_body":
            found = [Term("field", each.text, (), each.line) if each.kind == "name" else each for each in found]
        return Term("block", "", tuple(found), _line(node))

    def _plain(self, kind: str, node: Node) -> Term:
        return Term(kind, "", self.parts(node), _line(node))

    def _two(self, kind: str, node: Node, one: str, other: str) -> Term:
        return Term(kind, "", (self.field(node, one), self.field(node, other)), _line(node))

    def _shorthand(self, node: Node) -> Term:
        name = _text(node)
        return Term(
            "pair", "", (Term("string", name, line=_line(node)), Term("name", name, line=_line(node))), _line(node)
        )

    def _key(self, node: Node, name: str) -> Term:
        child = node.child_by_field_name(name)
        if child is not None and child.type == "property_identifier":
            return Term("string", _text(child), line=_line(child))
        return self.field(node, name)

    def _template(self, node: Node) -> Term:
        held = tuple(
            self.term(each.named_children[0])
            for each in node.named_children
            if each.type == "template_substitution" and each.named_children
        )
        literal = "\0".join(_text(each) for each in node.named_children if each.type == "string_fragment")
        return Term("template" if held else "string", literal, held, _line(node))

    def _tag(self, node: Node) -> Term:
        """An element: what it is made by is a name, unless it is one of the document's own."""
        name = node.child_by_field_name("name")
        inside = [self.term(each) for each in node.named_children if each != name and each.type not in _SILENT]
        if name is not None and (name.type != "identifier" or _text(name)[:1].isupper()):
            inside.insert(0, self.term(name))
        return Term("other", "", tuple(inside), _line(node))

    def _member(self, node: Node) -> Term:
        optional = any(each.type == "optional_chain" for each in node.children)
        flags = frozenset({"optional"}) if optional else NOTHING
        held = (self.field(node, "object"),)
        return Term("member", _of(node, "property"), held, _line(node), "", (), (), flags)

    def _call(self, node: Node, called: str) -> Term:
        listed = node.child_by_field_name("arguments")
        found = self.parts(listed) if listed is not None and listed.type == "arguments" else ()
        flags = frozenset({"new"}) if called == "constructor" else NOTHING
        return Term("call", "", (self.field(node, called), *found), _line(node), "", (), (), flags)

    def _binary(self, node: Node) -> Term:
        sign = _of(node, "operator")
        held = (self.field(node, "left"), self.field(node, "right"))
        if sign in _COMPARES:
            return Term("compare", _SAME.get(sign, sign), held, _line(node))
        if sign in {"&&", "||", "??"}:
            return Term("and" if sign == "&&" else "or", "??" if sign == "??" else "", held, _line(node))
        return Term("binary", sign, held, _line(node))

    def _unary(self, node: Node) -> Term:
        sign = _of(node, "operator")
        if sign == "!":
            return Term("not", "", (self.field(node, "argument"),), _line(node))
        if sign == "delete":
            return Term("delete", "", (self.field(node, "argument"),), _line(node))
        return Term("unary", sign, (self.field(node, "argument"),), _line(node))

    def _cast(self, node: Node) -> Term:
        found = node.named_children
        return self.term(found[0]) if found else Term("other", line=_line(node))

    def _assign(self, node: Node, sign: str) -> Term:
        return Term("assign", sign, (self.field(node, "left"), self.field(node, "right")), _line(node))

    def _declaration(self, node: Node) -> Term:
        way = "var" if node.type == "variable_declaration" else "let"
        return Term(
            "block", "declared", tuple(_flagged(each, frozenset({way})) for each in self.parts(node)), _line(node)
        )

    def _declarator(self, node: Node) -> Term:
        value = node.child_by_field_name("value")
        target = self.field(node, "name")
        if value is not None and target.kind == "name" and value.type in _FUNCTIONS:
            return self._function(value, target.text)
        held = (self.term(value),) if value is not None else ()
        return Term("assign", "=", (target, *held), _line(node), _type(node.child_by_field_name("type")))

    def _if(self, node: Node) -> Term:
        found = [self.field(node, "condition"), self.field(node, "consequence")]
        other = node.child_by_field_name("alternative")
        return Term("if", "", (*found, *((self.term(other),) if other is not None else ())), _line(node))

    def _switch(self, node: Node) -> Term:
        body = node.child_by_field_name("body")
        subject = self.field(node, "value")
        found: list[Term] = []
        for each in body.named_children if body is not None else ():
            value = each.child_by_field_name("value")
            inside = tuple(self.term(part) for part in each.children_by_field_name("body"))
            held = Term("block", "", inside, _line(each))
            if value is None:
                found.append(Term("default", "", (held,), _line(each)))
            else:
                test = Term("compare", "==", (subject, self.term(value)), _line(each))
                found.append(Term("if", "", (test, held), _line(each)))
        return Term("switch", "", (subject, *found), _line(node))

    def _function(self, node: Node, name: str) -> Term:
        body = node.child_by_field_name("body")
        if body is None:
            held = Term("block", line=_line(node))
        elif body.type == "statement_block":
            held = self.block(body)
        else:
            held = Term("block", "", (Term("return", "", (self.term(body),), _line(body)),), _line(body))
        tokens = {_text(each) for each in node.children if not each.is_named}
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
                Term("parameter", _text(single), (), _line(single), "", (), (), frozenset({"required"})),
            )
        else:
            given = tuple(
                each for part in (listed.named_children if listed is not None else ()) for each in self._parameter(part)
            )
        returned = _type(node.child_by_field_name("return_type"))
        return Term("function", name, (*given, held), _line(node), returned, (), (), frozenset(flags))

    def _parameter(self, node: Node) -> tuple[Term, ...]:
        if node.type in _SILENT or node.type == "decorator":
            return ()
        pattern = node.child_by_field_name("pattern") or node.child_by_field_name("left") or node
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if _text(pattern) == "this":
            return ()
        flags: set[str] = set()
        if pattern.type == "rest_pattern":
            flags.add("rest")
        elif value is None and node.type != "optional_parameter":
            flags.add("required")
        if any(each.type == "accessibility_modifier" or _text(each) == "readonly" for each in node.children):
            flags.add("field")
        default = (self.term(value),) if value is not None else ()
        kind = _type(node.child_by_field_name("type"))
        name = _text(pattern).lstrip(".") if pattern.type in {"identifier", "rest_pattern"} else ""
        marks = (self.term(pattern),) if not name and pattern.type in {"object_pattern", "array_pattern"} else ()
        return (Term("parameter", name, default, _line(node), kind, marks, (), frozenset(flags)),)

    def _class(self, node: Node) -> Term:
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
                            bases.append(Term("name", _text(named), (), _line(part), "", (), (), flags))
        flags_of = {
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "abstract_class_declaration": "abstract",
        }
        flags = frozenset({flags_of[node.type]}) if node.type in flags_of else NOTHING
        marks = tuple(self.inner(each) for each in node.named_children if each.type == "decorator")
        return Term(
            "class", _of(node, "name"), (self.field(node, "body"),), _line(node), "", marks, tuple(bases), flags
        )

    def _alias(self, node: Node) -> Term:
        value = node.child_by_field_name("value")
        name = _of(node, "name")
        if value is not None and value.type == "object_type":
            body = self.block(value)
            return Term("class", name, (body,), _line(node), "", (), (), frozenset({"interface"}))
        return Term("alias", name, (), _line(node), _type(value))

    def _member_field(self, node: Node) -> Term:
        tokens = {_text(each) for each in node.children if not each.named_children}
        value = node.child_by_field_name("value")
        name = _of(node, "name") or _of(node, "property")
        if value is not None and value.type in _FUNCTIONS:
            return self._function(value, name)
        flags = {"static"} if "static" in tokens else set()
        flags |= tokens & {*_CLOSED, "readonly"}
        flags |= {
            each.text.decode() for each in node.children if each.type == "accessibility_modifier" and each.text
        } & _CLOSED
        if "?" not in tokens and value is None:
            flags.add("required")
        held = (self.term(value),) if value is not None else ()
        return Term("field", name, held, _line(node), _type(node.child_by_field_name("type")), (), (), frozenset(flags))

    def _export(self, node: Node) -> Term:
        declared = node.child_by_field_name("declaration") or node.child_by_field_name("value")
        if declared is not None:
            flags = {"exported", "default"} if any(each.type == "default" for each in node.children) else {"exported"}
            return _flagged(self.term(declared), frozenset(flags))
        source = node.child_by_field_name("source")
        picked: list[Term] = []
        for each in node.named_children:
            for part in each.named_children if each.type == "export_clause" else ():
                there, local = _of(part, "name"), _of(part, "alias") or _of(part, "name")
                picked.append(Term("picked", there, (), _line(part), local))
        if source is None:
            return Term("exported", "", tuple(picked), _line(node))
        found = tuple(picked) or (Term("picked", "*", (), _line(node), "*"),)
        return Term("import", _literal(source), found, _line(node), "again")

    def _import(self, node: Node) -> Term:
        source = node.child_by_field_name("source")
        picked: list[Term] = []
        clause = next((each for each in node.named_children if each.type == "import_clause"), None)
        for each in clause.named_children if clause is not None else ():
            if each.type == "identifier":
                picked.append(Term("picked", "default", (), _line(each), _text(each)))
            elif each.type == "namespace_import":
                picked.append(Term("picked", "", (), _line(each), _text(each.named_children[0])))
            else:
                for part in each.named_children:
                    there, local = _of(part, "name"), _of(part, "alias") or _of(part, "name")
                    picked.append(Term("picked", there, (), _line(part), local))
        return Term("import", _literal(source) if source is not None else "", tuple(picked), _line(node))


_SILENT = frozenset(
    {"comment", "type_annotation", "type_arguments", "accessibility_modifier", "type_parameters", "predefined_type"}
)
_CLOSED = frozenset({"private", "protected"})
_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function"})


def _flagged(term: Term, flags: frozenset[str]) -> Term:
    """The term with more flags; of a declaration, all that it declares."""
    if term.kind == "block":
        return replace(term, parts=tuple(_flagged(each, flags) for each in term.parts))
    return replace(term, flags=term.flags | flags)


def _literal(node: Node) -> str:
    source = _text(node)
    try:
        value = json.loads('"' + source[1:-1].replace('"', '\\"') + '"') if "\\" in source else source[1:-1]
    except ValueError:
        return source[1:-1]
    return value if isinstance(value, str) else source


def _type(node: Node | None) -> str:
    return " ".join(_text(node).lstrip(":").split()) if node is not None else ""


def _line(node: Node) -> int:
    return node.start_point[0] + 1


def _of(node: Node, name: str) -> str:
    child = node.child_by_field_name(name)
    return "" if child is None else _text(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
