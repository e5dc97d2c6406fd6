"""Lines to blocks."""

import re
from typing import Any

Block = tuple[Any, ...]

_HEADING = re.compile(r"(#{1,6}) +(.*?)(?: +#+)? *")
_FENCE = re.compile(r"```(.*)")
_RULE = re.compile(r" *([-*_])(?: *\1){2,} *")
_ITEM = re.compile(r"(?:(?P<marker>[-*+])|(?P<number>[0-9]{1,9})\.) (?P<text>.*)")


def blocks(text: str) -> list[Block]:
    """The blocks of a text, in order."""
    lines = text.replace("\r\n", "\n").split("\n")
    found: list[Block] = []
    at = 0
    while at < len(lines):
        at = _block(lines, at, found)
    return found


def _block(lines: list[str], at: int, found: list[Block]) -> int:
    line = lines[at]
    if not line.strip():
        return at + 1
    if heading := _HEADING.fullmatch(line):
        found.append(("heading", len(heading[1]), heading[2].strip()))
        return at + 1
    if fence := _FENCE.fullmatch(line):
        end = next((n for n in range(at + 1, len(lines)) if lines[n] == "```"), len(lines))
        found.append(("code", fence[1].strip(), "\n".join(lines[at + 1 : end])))
        return end + 1
    if _RULE.fullmatch(line):
        found.append(("rule",))
        return at + 1
    if _ITEM.fullmatch(line):
        return _list(lines, at, found)
    if line.startswith(">"):
        end = at
        while end < len(lines) and lines[end].startswith(">"):
            end += 1
        inner = [one[1:].removeprefix(" ") for one in lines[at:end]]
        found.append(("quote", blocks("\n".join(inner))))
        return end
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _begins(lines[end]):
        end += 1
    found.append(("paragraph", "\n".join(one.strip() for one in lines[at:end])))
    return end


def _list(lines: list[str], at: int, found_blocks: list[Block]) -> int:
    items, marker = [], None
    while at < len(lines) and not _RULE.fullmatch(lines[at]) and (found := _ITEM.fullmatch(lines[at])):
        if items and marker != found["marker"]:
            break
        marker = found["marker"]
        items.append(found["text"].strip())
        at += 1
    found_blocks.append(("list", marker is None, items))
    return at


def _begins(line: str) -> bool:
    kinds = (_HEADING, _FENCE, _RULE, _ITEM)
    return line.startswith(">") or any(kind.fullmatch(line) for kind in kinds)
