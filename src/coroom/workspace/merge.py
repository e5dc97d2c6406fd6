"""The layered three-way merge of one file: identical, lines, syntax, union, and then the checks."""

import re
from typing import Literal

from coroom.core.quick import dataclass
from coroom.syntax import definitions, every, grammar_of, parses
from coroom.workspace.lines import Region, Span, diff3, diff3_texts, split_lines
from coroom.workspace.merge_blocks import Lines, cut, part_of
from coroom.workspace.merge_checks import Finding, findings
from coroom.workspace.merge_syntax import SyntaxMerge, Unsettled

__all__ = ["Conflict", "Finding", "Merged", "merge", "with_markers"]

Layer = Literal["identical", "line", "syntax", "union"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One place that the merge leaves open: lines `start` to `end` of ours, the three texts, and why in one sentence.

    Lines count from 1 and both ends are included; `end` is before `start` where ours has no line there.
    """

    start: int
    end: int
    base: str
    ours: str
    theirs: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a merge came to. `text` is the merged text when `clean` and ours when `held`; `layer` is the first that
    resolved every region, or the last one tried. `findings` are doubts about a clean text.
    """

    status: Literal["clean", "held"]
    layer: Layer
    text: bytes
    conflicts: tuple[Conflict, ...] = ()
    findings: tuple[Finding, ...] = ()


def merge(base: bytes | None, ours: bytes, theirs: bytes, path: str, *, doubts: bool = True) -> Merged:
    """Merge two changed texts of one file.

    Promises: a text that only one side changed, or both alike, comes back as it is; where git merges cleanly the text
    is git's, or it is held: a line that a text has twice can be matched in two ways, of which git may choose the other.
    Nothing is dropped that one side wrote, and what cannot be told apart is held. Swapping the sides
    changes neither the status nor, but for the order of independent additions, the text.

    Args:
        base: what both sides began from, None when both created the file.
        ours: the text of one side.
        theirs: the text of the other side.
        path: names the file, and by that the language.
        doubts: whether a clean text is looked through for findings, which is most of the time that a merge takes;
            without, there are none, and all else is as with them.

    Returns:
        The merged text, or what holds it up. Never raises for any content.
    """
    if ours == theirs:
        return Merged(status="clean", layer="identical", text=ours)
    if base is not None and base in (ours, theirs):
        return Merged(status="clean", layer="identical", text=theirs if ours == base else ours)
    if base is None or any(_is_binary(each) for each in (base, ours, theirs)):
        return _held_whole(base, ours, theirs)
    sides = split_lines(base), split_lines(ours), split_lines(theirs)
    regions = diff3_texts(base, ours, theirs)
    if all(region.kind != "conflict" for region in regions):
        text = b"".join(line for region in regions for line in part_of(region, *sides))
        found = findings(base, ours, theirs, text, path) if doubts else ()
        return Merged(status="clean", layer="line", text=text, findings=found)
    merged = _by_syntax(base, ours, theirs, path, doubts=doubts)
    if isinstance(merged, Merged):
        return merged
    held = _conflicts(regions, (base, ours, theirs), path, merged)
    layer: Layer = "line" if grammar_of(path) is None else "syntax"
    return Merged(status="held", layer=layer, text=ours, conflicts=held)


def _by_syntax(base: bytes, ours: bytes, theirs: bytes, path: str, *, doubts: bool) -> Merged | str:
    """The merge of the upper layers, or why there is none."""
    if not all(parses(each, path) for each in (base, ours, theirs)):
        return ""
    work = SyntaxMerge(path)
    try:
        text = work.run(base, ours, theirs)
    except Unsettled as reason:
        return str(reason)
    if not parses(text, path):
        return "the sides do not parse together"
    found = findings(base, ours, theirs, text, path) if doubts else ()
    return Merged(status="clean", layer="union" if work.used_union else "syntax", text=text, findings=found)


def with_markers(base: bytes | None, ours: bytes, theirs: bytes, labels: tuple[str, str] = ("ours", "theirs")) -> bytes:
    """The line merge with git's markers around each conflict, as `--output` and a merge driver leave it."""
    if any(_is_binary(each) for each in (base or b"", ours, theirs)):
        return ours
    sides = split_lines(base or b""), split_lines(ours), split_lines(theirs)
    ending = b"\r\n" if sides[1] and sides[1][0].endswith(b"\r\n") else b"\n"
    out: list[bytes] = []
    for region in diff3(*sides):
        if region.kind == "conflict":
            _, mine, other = cut(region, *sides)
            out += [b"<<<<<<< " + labels[0].encode() + ending, *_ended(mine, ending), b"=======" + ending]
            out += [*_ended(other, ending), b">>>>>>> " + labels[1].encode() + ending]
        else:
            out += part_of(region, *sides)
    return b"".join(out)


def _ended(lines: Lines, ending: bytes) -> list[bytes]:
    return [line if line.endswith(b"\n") else line + ending for line in lines]


def _is_binary(text: bytes) -> bool:
    if b"\0" in text:
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return False


def _held_whole(base: bytes | None, ours: bytes, theirs: bytes) -> Merged:
    binary = any(_is_binary(each) for each in (base or b"", ours, theirs))
    reason = "both changed a binary file" if binary else "both created this file"
    shown = ("", "", "") if binary else ((base or b"").decode(), ours.decode(), theirs.decode())
    end = 0 if binary else len(split_lines(ours))
    conflict = Conflict(start=1, end=end, base=shown[0], ours=shown[1], theirs=shown[2], reason=reason)
    return Merged(status="held", layer="line", text=ours, conflicts=(conflict,))


def _conflicts(regions: list[Region], texts: tuple[bytes, bytes, bytes], path: str, why: str) -> tuple[Conflict, ...]:
    sides = tuple(split_lines(text) for text in texts)
    found: list[Conflict] = []
    for region in regions:
        if region.kind == "conflict":
            old, mine, other = (b"".join(each).decode() for each in cut(region, *sides))
            reason = _reason(region, texts, path, (old, mine, other)) or why or "both changed these lines"
            start, end = region.ours[0] + 1, region.ours[1]
            found.append(Conflict(start=start, end=end, base=old, ours=mine, theirs=other, reason=reason))
    return tuple(found)


def _reason(region: Region, texts: tuple[bytes, bytes, bytes], path: str, parts: tuple[str, str, str]) -> str:
    spans = region.base, region.ours, region.theirs
    names = [_enclosing(text, path, span) for text, span in zip(texts, spans, strict=True)]
    name = next((each for each in (names[1], names[0], names[2]) if each), "")
    if not name:
        return ""
    if not parts[0].strip():
        last = name.rsplit(".", 1)[-1].rstrip("()")
        new = all(re.search(rf"\b{re.escape(last)}\b", part) for part in parts[1:])
        return (
            f"both added {name}" if new and names[1] == names[2] else f"both added lines at the same place, by {name}"
        )
    if not parts[1].strip() or not parts[2].strip():
        gone, changed = ("ours", "theirs") if not parts[1].strip() else ("theirs", "ours")
        return f"{gone} took lines out of {names[0] or name} that {changed} changed"
    return f"both rewrote {names[0] or name}"


def _enclosing(text: bytes, path: str, span: Span) -> str:
    """The innermost definition that the first lines of a span with anything on them stand in."""
    lines = split_lines(text)
    first = next((row for row in range(*span) if lines[row].strip()), span[0])
    at = sum(map(len, lines[:first]))
    inside = [each for each in every(definitions(text, path)) if each.start <= at < each.end]
    if not inside:
        return ""
    return inside[-1].qualname + ("()" if inside[-1].kind == "function" else "")
