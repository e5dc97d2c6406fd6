"""The cases of Python's `match` as terms."""

from typing import Protocol

from tree_sitter import Node

from coroom.syntax.terms import Term

_VALUES = frozenset({"string", "number", "bool", "none", "member", "template"})


class Reader(Protocol):
    """What reads the rest of Python."""

    def term(self, node: Node) -> Term:
        """Any node."""

    def field(self, node: Node, name: str) -> Term:
        """The term in a field of a node."""


def match_term(reader: Reader, node: Node) -> Term:
    """A `match` as a `switch`: the subject, then an `if` for each case with its test and block, or `default`."""
    subjects = [reader.term(each) for each in node.children_by_field_name("subject")]
    subject = subjects[0] if len(subjects) == 1 else Term("tuple", "", tuple(subjects), _line(node))
    body = node.child_by_field_name("body")
    cases = [each for each in body.named_children if each.type == "case_clause"] if body is not None else []
    return Term("switch", "", (subject, *(_case(reader, subject, each) for each in cases)), _line(node))


def _case(reader: Reader, subject: Term, node: Node) -> Term:
    found = [_pattern(reader, each) for each in node.named_children if each.type == "case_pattern"]
    pattern = found[0] if len(found) == 1 else Term("pattern", "list", tuple(found), _line(node))
    guard = node.child_by_field_name("guard")
    test = _test(subject, pattern)
    asked = tuple(reader.term(each) for each in guard.named_children) if guard is not None else ()
    tests = (*((test,) if test is not None else ()), *asked)
    block = reader.field(node, "consequence")
    if not tests:
        return Term("default", "", (block,), _line(node))
    return Term("if", "", (tests[0] if len(tests) == 1 else Term("and", "", tests, _line(node)), block), _line(node))


def _test(subject: Term, pattern: Term) -> Term | None:
    """The test that a pattern is; None for one that everything passes and that binds nothing."""
    if pattern.kind in _VALUES:
        sign = "is" if pattern.kind in {"none", "bool"} else "=="
        return Term("compare", sign, (subject, pattern), pattern.line)
    if pattern.kind == "pattern" and pattern.text == "_":
        return None
    if pattern.kind == "pattern" and pattern.text == "or" and all(each.kind in _VALUES for each in pattern.parts):
        tests = [_test(subject, each) for each in pattern.parts]
        return Term("or", "", tuple(each for each in tests if each is not None), pattern.line)
    return Term("matched", "", (subject, pattern), pattern.line)


def _pattern(reader: Reader, node: Node) -> Term:  # noqa: C901 - one table of forms
    inner = [each for each in node.named_children if each.type != "comment"]
    match node.type:
        case "case_pattern":
            negative = any(each.type == "-" for each in node.children)
            if not inner:
                return Term("pattern", "_", (), _line(node))
            found = _pattern(reader, inner[0])
            return Term("number", f"-{found.text}", (), found.line) if negative else found
        case "dotted_name":
            name = Term("name", _text(inner[0]), (), _line(node))
            for each in inner[1:]:
                name = Term("member", _text(each), (name,), _line(node))
            return name
        case "tuple_pattern" | "list_pattern":
            grouped = (
                node.type == "tuple_pattern" and len(inner) == 1 and all(each.type != "," for each in node.children)
            )
            if grouped:
                return _pattern(reader, inner[0])
            return Term("pattern", "list", tuple(_pattern(reader, each) for each in inner), _line(node))
        case "union_pattern":
            return Term("pattern", "or", tuple(_pattern(reader, each) for each in inner), _line(node))
        case "as_pattern":
            name = Term("name", _text(inner[-1]), (), _line(node))
            return Term("pattern", "as", (_pattern(reader, inner[0]), name), _line(node))
        case "class_pattern":
            return Term("pattern", "class", tuple(_pattern(reader, each) for each in inner), _line(node))
        case "keyword_pattern":
            held = _pattern(reader, inner[1]) if len(inner) > 1 else Term("pattern", "_", (), _line(node))
            return Term("keyword", _text(inner[0]), (held,), _line(node))
        case "splat_pattern":
            return Term("spread", "", tuple(Term("name", _text(each), (), _line(each)) for each in inner), _line(node))
        case "dict_pattern":
            return Term("pattern", "dict", tuple(_pairs(reader, inner)), _line(node))
    return reader.term(node)


def _pairs(reader: Reader, inner: list[Node]) -> list[Term]:
    found: list[Term] = []
    key: Term | None = None
    for each in inner:
        if each.type == "splat_pattern":
            found.append(_pattern(reader, each))
        elif key is None:
            key = _pattern(reader, each)
        else:
            found.append(Term("pair", "", (key, _pattern(reader, each)), _line(each)))
            key = None
    return found


def _line(node: Node) -> int:
    return node.start_point[0] + 1


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
