"""Python as terms."""

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import ClassVar

from tree_sitter import Node

from coroom.syntax.python_patterns import match_term
from coroom.syntax.terms import Term

_DEEPEST = 180


def python_terms(root: Node) -> Term:
    """The module as one block."""
    return _Reader().block(root)


class _Reader:
    """One reading of a file. Deeper than 180 nodes it goes on with `other`."""

    def __init__(self) -> None:
        self._depth = 0

    def term(self, node: Node) -> Term:
        """Any node; what has no form of its own is `other` with what it holds."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return Term("other", line=_line(node))
            step = self._STEPS.get(node.type)
            return step(self, node) if step is not None else self.plain("other", node)
        finally:
            self._depth -= 1

    def parts(self, node: Node) -> tuple[Term, ...]:
        return tuple(self.term(each) for each in node.named_children if each.type != "comment")

    def field(self, node: Node, name: str) -> Term:
        child = node.child_by_field_name(name)
        return self.term(child) if child is not None else Term("other", line=_line(node))

    def inner(self, node: Node) -> Term:
        found = self.parts(node)
        return found[0] if len(found) == 1 else Term("tuple", "", found, _line(node))

    def block(self, node: Node) -> Term:
        return Term(
            "block", "", tuple(each for each in self.parts(node) if each.kind != "other" or each.text), _line(node)
        )

    def plain(self, kind: str, node: Node) -> Term:
        return Term(kind, "", self.parts(node), _line(node))

    def bodies(self, node: Node) -> tuple[Term, ...]:
        return tuple(self.term(each) for name in ("body", "alternative") for each in node.children_by_field_name(name))

    def _subscript(self, node: Node) -> Term:
        keys = [self.term(each) for each in node.children_by_field_name("subscript")]
        key = keys[0] if len(keys) == 1 else Term("tuple", "", tuple(keys), _line(node))
        return Term("index", "", (self.field(node, "value"), key), _line(node))

    def _call(self, node: Node) -> Term:
        listed = node.child_by_field_name("arguments")
        found: list[Term] = [self.field(node, "function")]
        if listed is not None and listed.type == "generator_expression":
            found.append(self.term(listed))
        for each in listed.named_children if listed is not None and len(found) == 1 else ():
            if each.type == "keyword_argument":
                found.append(Term("keyword", _of(each, "name"), (self.field(each, "value"),), _line(each)))
            elif each.type != "comment":
                found.append(self.term(each))
        return Term("call", "", tuple(found), _line(node))

    def _string(self, node: Node) -> Term:
        holes = [each for each in node.named_children if each.type == "interpolation"]
        if holes:
            held = tuple(self.term(each.named_children[0]) for each in holes if each.named_children)
            literal = "\0".join(_text(each) for each in node.named_children if each.type != "interpolation")
            return Term("template", literal, held, _line(node), "\0".join(_laid_out(each) for each in holes))
        return Term("string", _literal(_text(node)), line=_line(node))

    def _joined(self, node: Node) -> Term:
        found = self.parts(node)
        if all(each.kind == "string" for each in found):
            return Term("string", "".join(each.text for each in found), line=_line(node))
        held = tuple(part for each in found for part in each.parts)
        notes = "\0".join(each.note for each in found if each.parts)
        return Term("template", "".join(each.text for each in found), held, _line(node), notes)

    def _compare(self, node: Node) -> Term:
        found = self.parts(node)
        signs = [" ".join(_text(each).split()) for each in node.children_by_field_name("operators")]
        pairs = [
            Term("compare", sign, (left, right), _line(node))
            for sign, left, right in zip(signs, found, found[1:], strict=False)
        ]
        return pairs[0] if len(pairs) == 1 else Term("and", "", tuple(pairs), _line(node))

    def _conditional(self, node: Node) -> Term:
        found = self.parts(node)
        if len(found) != 3:
            return Term("other", "", found, _line(node))
        return Term("conditional", "", (found[1], found[0], found[2]), _line(node))

    def comprehension(self, node: Node, kind: str) -> Term:
        return Term("comprehension", kind, self.parts(node), _line(node))

    def _assignment(self, node: Node) -> Term:
        kind = node.child_by_field_name("type")
        right = node.child_by_field_name("right")
        value = (self.term(right),) if right is not None else ()
        return Term("assign", "=", (self.field(node, "left"), *value), _line(node), _type(kind))

    def _if(self, node: Node) -> Term:
        branches = list(node.children_by_field_name("alternative"))
        result = [self.field(node, "condition"), self.field(node, "consequence")]
        rest: Term | None = None
        for each in reversed(branches):
            branch = self.term(each)
            if rest is not None and branch.kind == "if":
                branch = Term("if", "", (*branch.parts, rest), branch.line)
            rest = branch
        return Term("if", "", (*result, *((rest,) if rest is not None else ())), _line(node))

    def _handler(self, node: Node) -> Term:
        caught: list[Term] = []
        local = ""
        body = Term("block", line=_line(node))
        for each in node.named_children:
            if each.type == "block":
                body = self.block(each)
            elif each.type == "as_pattern":
                local = _text(each.named_children[-1])
                caught.append(self.term(each.named_children[0]))
            elif each.type != "comment":
                caught.append(self.term(each))
        types = tuple(part for each in caught for part in (each.parts if each.kind == "tuple" else (each,)))
        return Term("handler", local, (*types, body), _line(node))

    def _with(self, node: Node) -> Term:
        held = [each for each in node.named_children if each.type == "with_clause"]
        items = tuple(self.term(part) for each in held for part in each.named_children)
        return Term("with", "", (*items, self.field(node, "body")), _line(node))

    def _as(self, node: Node) -> Term:
        found = node.named_children
        target = found[-1].named_children[0] if found[-1].named_children else found[-1]
        return Term("assign", "as", (self.term(target), self.term(found[0])), _line(node))

    def _decorated(self, node: Node) -> Term:
        marks = tuple(self.inner(each) for each in node.named_children if each.type == "decorator")
        inner = node.child_by_field_name("definition")
        if inner is None:
            return Term("other", line=_line(node))
        return (
            self.function_definition(inner, marks)
            if inner.type == "function_definition"
            else self.class_definition(inner, marks)
        )

    def function_definition(self, node: Node, marks: tuple[Term, ...]) -> Term:
        body = self.field(node, "body")
        names = {each.text for each in marks} | {each.parts[0].text for each in marks if each.kind == "call"}
        flags = {
            flag
            for flag, mark in (
                ("abstract", "abstractmethod"),
                ("static", "staticmethod"),
                ("class", "classmethod"),
                ("getter", "property"),
                ("getter", "cached_property"),
                ("overload", "overload"),
            )
            if mark in names
        }
        if any(each.type == "async" for each in node.children):
            flags.add("async")
        if _yields(body):
            flags.add("generator")
        return Term(
            "function",
            _of(node, "name"),
            (*self._parameters(node.child_by_field_name("parameters")), body),
            _line(node),
            _type(node.child_by_field_name("return_type")),
            marks,
            (),
            frozenset(flags),
        )

    def _lambda(self, node: Node) -> Term:
        body = Term("block", "", (Term("return", "", (self.field(node, "body"),), _line(node)),), _line(node))
        return Term("function", "", (*self._parameters(node.child_by_field_name("parameters")), body), _line(node))

    def _parameters(self, listed: Node | None) -> tuple[Term, ...]:
        found: list[Term] = []
        only = False
        for each in listed.named_children if listed is not None else ():
            if each.type == "keyword_separator":
                only = True
            if each.type in {"keyword_separator", "positional_separator", "comment"}:
                continue
            named = each.child_by_field_name("name") or (each.named_children or [each])[0]
            named = each if each.type == "identifier" else named
            value = each.child_by_field_name("value")
            flags: set[str] = {"keyword"} if only else set()
            if each.type == "list_splat_pattern" or named.type == "list_splat_pattern":
                flags, only = {"rest"}, True
            elif each.type == "dictionary_splat_pattern" or named.type == "dictionary_splat_pattern":
                flags = {"options"}
            elif value is None:
                flags.add("required")
            default = (self.term(value),) if value is not None else ()
            kind = _type(each.child_by_field_name("type"))
            found.append(
                Term("parameter", _text(named).lstrip("*"), default, _line(each), kind, (), (), frozenset(flags))
            )
        return tuple(found)

    def class_definition(self, node: Node, marks: tuple[Term, ...]) -> Term:
        listed = node.child_by_field_name("superclasses")
        bases: list[Term] = []
        for each in listed.named_children if listed is not None else ():
            if each.type == "keyword_argument":
                bases.append(Term("keyword", _of(each, "name"), (self.field(each, "value"),), _line(each)))
            elif each.type != "comment":
                bases.append(self.term(each))
        return Term("class", _of(node, "name"), (self.field(node, "body"),), _line(node), "", marks, tuple(bases))

    def _import(self, node: Node) -> Term:
        found: list[Term] = []
        for each in node.children_by_field_name("name"):
            alias = each.child_by_field_name("alias")
            name = each.child_by_field_name("name")
            module = _text(name) if name is not None else _text(each)
            local = _text(alias) if alias is not None else module.split(".")[0]
            whole = module if alias is not None or "." not in module else module.split(".")[0]
            found.append(Term("import", whole, (Term("picked", "", (), _line(each), local),), _line(each)))
        return found[0] if len(found) == 1 else Term("block", "", tuple(found), _line(node))

    def _import_from(self, node: Node) -> Term:
        picked: list[Term] = []
        for each in node.children_by_field_name("name"):
            alias, name = each.child_by_field_name("alias"), each.child_by_field_name("name")
            there = _text(name) if name is not None else _text(each)
            picked.append(Term("picked", there, (), _line(each), _text(alias) if alias is not None else there))
        if any(each.type == "wildcard_import" for each in node.named_children):
            picked.append(Term("picked", "*", (), _line(node), "*"))
        return Term("import", _of(node, "module_name"), tuple(picked), _line(node))

    _STEPS: ClassVar[Mapping[str, Callable[["_Reader", Node], Term]]] = {
        "identifier": lambda _, n: Term("name", _text(n), line=_line(n)),
        "attribute": lambda r, n: Term("member", _of(n, "attribute"), (r.field(n, "object"),), _line(n)),
        "subscript": _subscript,
        "slice": lambda r, n: r.plain("slice", n),
        "call": _call,
        "string": _string,
        "concatenated_string": _joined,
        "integer": lambda _, n: Term("number", _text(n).replace("_", ""), line=_line(n)),
        "float": lambda _, n: Term("number", _text(n).replace("_", ""), line=_line(n)),
        "true": lambda _, n: Term("bool", "True", line=_line(n)),
        "false": lambda _, n: Term("bool", "False", line=_line(n)),
        "none": lambda _, n: Term("none", "None", line=_line(n)),
        "binary_operator": lambda r, n: Term(
            "binary", _of(n, "operator"), (r.field(n, "left"), r.field(n, "right")), _line(n)
        ),
        "unary_operator": lambda r, n: Term("unary", _of(n, "operator"), (r.field(n, "argument"),), _line(n)),
        "not_operator": lambda r, n: Term("not", "", (r.field(n, "argument"),), _line(n)),
        "boolean_operator": lambda r, n: Term(
            _of(n, "operator"), "", (r.field(n, "left"), r.field(n, "right")), _line(n)
        ),
        "comparison_operator": _compare,
        "conditional_expression": _conditional,
        "list": lambda r, n: r.plain("list", n),
        "tuple": lambda r, n: r.plain("tuple", n),
        "expression_list": lambda r, n: r.plain("tuple", n),
        "pattern_list": lambda r, n: r.plain("tuple", n),
        "tuple_pattern": lambda r, n: r.plain("tuple", n),
        "list_pattern": lambda r, n: r.plain("tuple", n),
        "set": lambda r, n: r.plain("set", n),
        "dictionary": lambda r, n: r.plain("dict", n),
        "pair": lambda r, n: Term("pair", "", (r.field(n, "key"), r.field(n, "value")), _line(n)),
        "list_splat": lambda r, n: r.plain("spread", n),
        "dictionary_splat": lambda r, n: r.plain("spread", n),
        "list_splat_pattern": lambda r, n: r.plain("spread", n),
        "list_comprehension": lambda r, n: r.comprehension(n, "list"),
        "set_comprehension": lambda r, n: r.comprehension(n, "set"),
        "dictionary_comprehension": lambda r, n: r.comprehension(n, "dict"),
        "generator_expression": lambda r, n: r.comprehension(n, "generator"),
        "for_in_clause": lambda r, n: Term("for", "", (r.field(n, "left"), r.field(n, "right")), _line(n)),
        "if_clause": lambda r, n: r.plain("if", n),
        "parenthesized_expression": inner,
        "lambda": _lambda,
        "await": lambda r, n: r.plain("await", n),
        "yield": lambda r, n: Term("yield", "from" if " from" in _text(n)[:11] else "", r.parts(n), _line(n)),
        "named_expression": lambda r, n: Term("assign", "=", (r.field(n, "name"), r.field(n, "value")), _line(n)),
        "assignment": _assignment,
        "augmented_assignment": lambda r, n: Term(
            "assign", _of(n, "operator"), (r.field(n, "left"), r.field(n, "right")), _line(n)
        ),
        "expression_statement": inner,
        "return_statement": lambda r, n: r.plain("return", n),
        "raise_statement": lambda r, n: r.plain("raise", n),
        "assert_statement": lambda r, n: r.plain("assert", n),
        "delete_statement": lambda r, n: r.plain("delete", n),
        "if_statement": _if,
        "elif_clause": _if,
        "else_clause": lambda r, n: r.field(n, "body"),
        "for_statement": lambda r, n: Term(
            "for", "", (r.field(n, "left"), r.field(n, "right"), *r.bodies(n)), _line(n)
        ),
        "while_statement": lambda r, n: Term("while", "", (r.field(n, "condition"), *r.bodies(n)), _line(n)),
        "try_statement": lambda r, n: r.plain("try", n),
        "except_clause": _handler,
        "except_group_clause": _handler,
        "finally_clause": lambda r, n: r.plain("finally", n),
        "with_statement": _with,
        "match_statement": match_term,
        "with_item": inner,
        "as_pattern": _as,
        "block": block,
        "function_definition": lambda r, n: r.function_definition(n, ()),
        "class_definition": lambda r, n: r.class_definition(n, ()),
        "decorated_definition": _decorated,
        "import_statement": _import,
        "import_from_statement": _import_from,
        "future_import_statement": lambda _, n: Term("other", line=_line(n)),
        "break_statement": lambda _, n: Term("jump", "break", line=_line(n)),
        "continue_statement": lambda _, n: Term("jump", "continue", line=_line(n)),
        "comment": lambda _, n: Term("other", line=_line(n)),
        "pass_statement": lambda _, n: Term("other", line=_line(n)),
        "ellipsis": lambda _, n: Term("other", "...", line=_line(n)),
        "type": inner,
    }


def _yields(body: Term) -> bool:
    stack = [body]
    while stack:
        each = stack.pop()
        if each.kind == "yield":
            return True
        if each.kind not in {"function", "class"}:
            stack.extend(each.parts)
    return False


@lru_cache(maxsize=4096)
def _literal(source: str) -> str:
    """The value of a string literal; its text without quotes when it cannot be told."""
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return source.lstrip("rRbBuUfF").strip("\"'")
    return value if isinstance(value, str) else f"b:{value.decode('latin-1')}" if isinstance(value, bytes) else source


def _laid_out(hole: Node) -> str:
    """How the text of what fills a place is to look, without the colon before it; empty where that is not told, or
    where it is not the value itself whose text is taken.
    """
    said = {each.type: _text(each) for each in hole.named_children}
    return said.get("format_specifier", "").removeprefix(":") if "type_conversion" not in said else ""


def _type(node: Node | None) -> str:
    if node is None:
        return ""
    shown = " ".join(_text(node).split())
    return shown[1:-1] if shown[:1] in "\"'" and shown[:1] == shown[-1:] else shown


def _line(node: Node) -> int:
    return node.start_point[0] + 1


def _of(node: Node, name: str) -> str:
    child = node.child_by_field_name(name)
    return "" if child is None else " ".join(_text(child).split())


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
