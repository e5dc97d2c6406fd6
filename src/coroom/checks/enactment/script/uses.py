"""What functions and classes of a script say of themselves: their parameters, and what they do with what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from coroom.checks.enactment.script.declared import Type, note_of
from coroom.checks.enactment.script.reading import field, first, parts, text_of, tokens, unescaped


@dataclass(slots=True)
class Wanted:
    """A parameter or field: its name, its type when one is written, and what is done with it."""

    name: str
    note: Type | None
    asked: frozenset[str] = frozenset()
    hints: frozenset[str] = frozenset()


def walked(node: Node) -> list[Node]:
    """A node and everything in it."""
    found, waiting = [], [node]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting.extend(each.named_children)
    return found


def parameters(function: Node, path: str, given: dict[str, Type] | None = None, *, needed: bool = True) -> list[Wanted]:
    """The parameters of a function, with `needed` only those that every call must give."""
    single, listed = field(function, "parameter"), parts(field(function, "parameters"))
    found: list[Wanted] = []
    body = field(function, "body")
    for each in [single] if single is not None else listed:
        pattern = field(each, "pattern") or each
        if text_of(pattern) == "this" or each.type == "decorator":
            continue
        if pattern.type == "rest_pattern":
            break
        optional = each.type in {"optional_parameter", "assignment_pattern"} or field(each, "value") is not None
        if optional and needed:
            continue
        note = note_of(each)
        name = text_of(pattern) if pattern.type == "identifier" else "it"
        kind = Type(note, path, given or {}) if note is not None else _literal_default(each, path)
        asked, hints = _uses(body, pattern) if body is not None and kind is None else (frozenset(), frozenset())
        found.append(Wanted(name, kind, frozenset(asked), frozenset(hints)))
    return found


def _literal_default(parameter: Node, path: str) -> Type | None:
    value = field(parameter, "value")
    return Type(value, path) if value is not None and value.type in {"string", "number", "true", "false"} else None


def _uses(body: Node, pattern: Node) -> tuple[set[str], set[str]]:
    """The members that an untyped name is asked for, and what it must be for what is done with it."""
    if pattern.type == "object_pattern":
        return {text_of(each) for each in parts(pattern)}, set()
    name = text_of(pattern)
    asked: set[str] = set()
    hints: set[str] = set()
    for each in walked(body):
        if each.type == "member_expression" and text_of(field(each, "object")) == name:
            asked.add(text_of(field(each, "property")))
        elif each.type == "call_expression" and text_of(field(each, "function")) == name:
            hints.add("called")
        elif each.type == "for_in_statement" and text_of(field(each, "right")) == name:
            hints.add("many")
        elif each.type == "binary_expression" and text_of(field(each, "operator")) in _ON_NUMBERS:
            hints |= {"number"} if name in {text_of(field(each, "left")), text_of(field(each, "right"))} else set()
    return asked, hints


_ON_NUMBERS = frozenset({"-", "*", "/", "%", "<", ">"})
_ADDING = frozenset({"push", "set", "add", "unshift", "append"})
_TAKING = frozenset({"delete", "clear", "pop", "shift", "splice", "sort", "reverse", "fill"})


def root_of(node: Node | None) -> str:
    """What a member is of, at the very left: a name, or `this`."""
    while node is not None and node.type in {
        "member_expression", "subscript_expression", "call_expression", "non_null_expression",
        "parenthesized_expression", "binary_expression", "augmented_assignment_expression", "assignment_expression",
    }:  # fmt: skip
        node = field(node, "object") or field(node, "function") or field(node, "left") or first(node)
    return text_of(node)


def how_it_changes(function: Node, is_kept: Callable[[str], bool]) -> str:
    """Whether a function `adds` to what is kept, `changes` it, or neither."""
    changes = ""
    body = field(function, "body")
    for each in walked(body) if body is not None else ():
        if each.type == "call_expression":
            called = field(each, "function")
            if called is not None and called.type == "member_expression" and is_kept(root_of(field(called, "object"))):
                said = text_of(field(called, "property"))
                if said in _ADDING:
                    return "adds"
                changes = "changes" if said in _TAKING else changes
        elif each.type in {"assignment_expression", "augmented_assignment_expression", "update_expression"}:
            target = field(each, "left") or field(each, "argument")
            if target is None:
                continue
            grown = each.type == "assignment_expression" and field(each, "right") is not None
            if grown and is_kept(root_of(target)) and _grows(each, target):
                return "adds"
            if target.type in {"member_expression", "subscript_expression"} or is_kept(text_of(target)):
                changes = "changes"
        elif each.type == "unary_expression" and text_of(field(each, "operator")) == "delete":
            changes = "changes"
    return changes


def only_keeps(function: Node) -> bool:
    """Whether what a function changes is only what it keeps of its own result, when it has none yet."""
    body = field(function, "body")
    for each in walked(body) if body is not None else ():
        target = field(each, "left") or field(each, "argument")
        if target is None or target.type not in {"member_expression", "subscript_expression"}:
            continue
        if each.type == "update_expression":
            return False
        if each.type == "augmented_assignment_expression" and text_of(field(each, "operator")) != "??=":
            return False
        if each.type == "assignment_expression" and not _is_asked_for(each, text_of(target)):
            return False
    return True


def _is_asked_for(node: Node, target: str) -> bool:
    above = node.parent
    while above is not None:
        if above.type == "if_statement" and target in text_of(field(above, "condition")):
            return True
        above = above.parent
    return False


def words_about(function: Node, values: Mapping[str, Node]) -> tuple[str, ...]:
    """The keys and short texts of the constants that a function names."""
    named = {text_of(each) for each in walked(function) if each.type == "identifier"}
    found: dict[str, None] = {}
    for name in sorted(named & set(values)):
        for each in reversed(walked(values[name])):
            if each.type == "pair":
                found[text_of(field(each, "key")).strip("\"'")] = None
            elif each.type == "string" and len(text_of(each)) <= 22:
                found[unescaped(text_of(each)[1:-1])] = None
    return tuple(found)[:6]


def _grows(assignment: Node, target: Node) -> bool:
    right = field(assignment, "right")
    if target.type == "subscript_expression":
        return field(target, "index") is not None and field(target, "index").type != "string"  # type: ignore[union-attr]
    return right is not None and any(
        each.type == "spread_element" and text_of(parts(each)[0]) == text_of(target) for each in parts(right)
    )


def method_nodes(shape: Node) -> dict[str, Node]:
    """The methods that objects of a class have for everybody."""
    found: dict[str, Node] = {}
    for each in parts(field(shape, "body")):
        if each.type != "method_definition" or {"static", "get", "set"} & tokens(each):
            continue
        name = text_of(field(each, "name"))
        closed = any(one.type == "accessibility_modifier" and text_of(one) != "public" for one in each.children)
        if name != "constructor" and not closed and name[:1] not in {"#", "_"}:
            found[name] = each
    return found


def literals_in(function: Node) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The numbers and short texts that a function says."""
    numbers: dict[float, None] = {}
    texts: dict[str, None] = {}
    for each in walked(function):
        if each.type == "number":
            try:
                value = float(text_of(each).replace("_", ""))
            except ValueError:
                continue
            if value > 3:
                numbers.update({value: None, value + value // 2: None})
        elif each.type == "string" and 2 < len(text_of(each)) <= 14:
            texts[unescaped(text_of(each)[1:-1])] = None
    return tuple(sorted(numbers))[:6], tuple(texts)[:4]
