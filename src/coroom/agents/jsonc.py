"""Edits JSON with comments as a person would: only the touched lines change, everything else keeps its bytes.

Comments and trailing commas are read; what is written is plain JSON in the indentation of the file.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DEPTH_MAX = 100
_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r"-?\d[-+.\deE]*|true|false|null")
_COMMENT_OR_COMMA = re.compile(r"//[^\n]*|/\*.*?\*/|,", re.DOTALL)

Path = Sequence[str]


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands; `parts` are the values inside it, with their keys if it is an object.

    `from_` of a part is where its key, or else the value itself, begins.
    """

    start: int
    end: int
    value: Any
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One member of an object, or one item of an array, whose `key` is empty."""

    key: str
    from_: int
    node: Node


def parse(text: str) -> Node:
    """The value that `text` is; raises ValueError, with the place, when it is none."""
    start = _skip(text, 0)
    node = _value(text, start, 0)
    end = _skip(text, node.end)
    if end != len(text):
        raise _wrong(text, end)
    return node


def insert(text: str, path: Path, value: Any, *, item: bool) -> str:
    """`text` with `value` as the last item of the array at `path`, or as the new member that `path` names.

    Objects and arrays that are missing on the way are made. Raises ValueError when something else stands in the way,
    or when the member is there already.
    """
    where, rest = _descend(parse(text), path)
    if not rest and not item:
        raise ValueError(f"{'.'.join(path)} is there already")
    if rest and not isinstance(where.value, dict):
        raise ValueError(f"{'.'.join(path[: len(path) - len(rest)]) or 'the file'} is not an object")
    if not rest:
        if not isinstance(where.value, list):
            raise ValueError(f"{'.'.join(path)} is not a list")
        return _add(text, where, "", value)
    for key in reversed(rest[1:]):
        value, item = {key: [value] if item else value}, False
    return _add(text, where, json.dumps(rest[0], ensure_ascii=False) + ": ", [value] if item else value)


def remove(text: str, path: Path, value: Any, *, item: bool) -> str:
    """`text` without the member at `path`, or without the items equal to `value` in the array there.

    What is not there need not be removed. Raises ValueError when the member is there with another value.
    """
    while True:
        root = parse(text)
        holder, rest = _descend(root, path if item else path[:-1])
        if rest or item is not isinstance(holder.value, list):
            return text
        found = [part for part in holder.parts if (part.node.value == value if item else part.key == path[-1])]
        if not found:
            return text
        if found[-1].node.value != value:
            raise ValueError(f"{'.'.join(path)} has been changed")
        text = _cut(text, holder, holder.parts.index(found[-1]))


def find(node: Node, path: Path) -> Node | None:
    """The value at `path`, None when there is none."""
    where, rest = _descend(node, path)
    return None if rest else where


def _descend(node: Node, path: Path) -> tuple[Node, Path]:
    for depth, key in enumerate(path):
        inner = [part.node for part in node.parts if part.key == key] if isinstance(node.value, dict) else []
        if not inner:
            return node, path[depth:]
        node = inner[-1]
    return node, ()


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _wrong(text: str, at: int) -> ValueError:
    return ValueError(f"line {text.count(chr(10), 0, at) + 1} is not JSON")


def _value(text: str, at: int, depth: int) -> Node:
    opening = text[at : at + 1]
    if depth > _DEPTH_MAX:
        raise ValueError(f"it is nested more than {_DEPTH_MAX} deep")
    if opening and opening in "{[":
        return _container(text, at, depth)
    match = re.compile(r'"(?:[^"\\\n]|\\.)*"').match(text, at) or _SCALAR.match(text, at)
    if match is None:
        raise _wrong(text, at)
    try:
        return Node(at, match.end(), json.loads(match.group()))
    except ValueError:
        raise _wrong(text, at) from None


def _container(text: str, start: int, depth: int) -> Node:
    closing = "}" if text[start] == "{" else "]"
    parts: list[Part] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != closing:
        from_, key = at, ""
        if closing == "}":
            name = _value(text, at, depth + 1)
            key, at = name.value, _skip(text, name.end)
            if not isinstance(key, str) or text[at : at + 1] != ":":
                raise _wrong(text, at)
            at = _skip(text, at + 1)
        node = _value(text, at, depth + 1)
        parts.append(Part(key, from_, node))
        at = _skip(text, node.end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != closing:
            raise _wrong(text, at)
    value: Any = [part.node.value for part in parts]
    if closing == "}":
        value = {part.key: part.node.value for part in parts}
    return Node(start, at + 1, value, tuple(parts))


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _margin(text: str, at: int) -> str | None:
    """The white space before `at` on its line; None when something else stands there."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return None if line.strip() else line


def _line_margin(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    root = parse(text)
    margin = _margin(text, root.parts[0].from_) if root.parts else None
    return margin or "  "


def _add(text: str, holder: Node, name: str, value: Any) -> str:
    unit, newline = _unit(text), _newline(text)
    outer = _line_margin(text, holder.start)
    inner = (_margin(text, holder.parts[-1].from_) if holder.parts else None) or outer + unit
    shown = json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", newline + inner)
    entry = newline + inner + name + shown
    if not holder.parts:
        rest = text[holder.start + 1 : holder.end - 1]
        tail = rest if rest.strip() else newline + outer
        return text[: holder.start + 1] + entry + tail + text[holder.end - 1 :]
    end = holder.parts[-1].node.end
    comma = _comma(text, end, holder.end - 1)
    if comma is not None:
        return text[: comma + 1] + entry + text[comma + 1 :]
    return text[:end] + "," + entry + text[end:]


def _comma(text: str, start: int, end: int) -> int | None:
    """Where the comma in a gap between two values is, if there is one; comments may hold commas too."""
    return next((match.start() for match in _COMMENT_OR_COMMA.finditer(text, start, end) if match.group() == ","), None)


def _cut(text: str, holder: Node, index: int) -> str:
    part, parts = holder.parts[index], holder.parts
    last = index == len(parts) - 1
    commas = [_comma(text, part.node.end, holder.end - 1 if last else parts[index + 1].from_)]
    if last and index:
        commas.append(_comma(text, parts[index - 1].node.end, part.from_))
    start, after = part.from_, max(part.node.end, (commas[0] or 0) + 1)
    margin = _margin(text, start)
    # The whole line goes, unless something else stands behind on it, which a comment above would then swallow.
    if margin is not None and not text[after:].split("\n", 1)[0].strip():
        start = max(start - len(margin) - len(_newline(text)), 0)
    spans = [(start, part.node.end), *((comma, comma + 1) for comma in commas if comma is not None)]
    for from_, to in sorted(spans, reverse=True):
        text = text[:from_] + text[to:]
    return text
