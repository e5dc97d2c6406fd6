"""Where both sides only add to one list of things: imports, and elements of a literal."""

from bisect import bisect_left
from collections.abc import Sequence

from coroom.core.quick import dataclass
from coroom.syntax import Element, Import, Literal, imports_in, literal_at
from coroom.workspace.lines import Region, diff3, split_lines
from coroom.workspace.merge_blocks import Lines

_ROUNDS = 12


def union_imports(base: Lines, ours: Lines, theirs: Lines, path: str) -> list[bytes] | None:
    """Import lines of both sides: what either added is there, what either removed is gone.

    None when a line is no import, or when both bring different things under one name.
    """
    sides = [imports_in(b"".join(lines), path) for lines in (base, ours, theirs)]
    if any(side is None for side in sides) or not any(sides):
        return None
    olds, mine, other = (_by_key(side or ()) for side in sides)
    if olds is None or mine is None or other is None:
        return None
    out: list[bytes] = []
    placed: list[str] = []
    for key, statement in mine.items():
        text = _merged_statement(olds.get(key), statement, other.get(key))
        if text:
            out.append(text)
            placed.append(key)
    in_order = _is_sorted([each.line for each in mine.values()]) and _is_sorted([each.line for each in other.values()])
    before: str | None = None
    for key, statement in other.items():
        if key not in mine:
            text = _merged_statement(olds.get(key), None, statement)
            if text is None:
                return None
            if text:
                place = (
                    bisect_left([each.strip() for each in out], text.strip()) if in_order else _after(placed, before)
                )
                out.insert(place, text)
                placed.insert(place, key)
        before = key
    return _checked(out, path)


def _checked(out: list[bytes], path: str) -> list[bytes] | None:
    lines = [line if line.endswith(b"\n") else line + b"\n" for line in split_lines(b"".join(out))]
    merged = imports_in(b"".join(lines), path)
    names = [name for each in merged or () for name in each.binds]
    return lines if merged is not None and len(names) == len(set(names)) else None


def _after(placed: Sequence[str], before: str | None) -> int:
    return placed.index(before) + 1 if before in placed else len(placed)


def _by_key(statements: Sequence[Import]) -> dict[str, Import] | None:
    found = {each.key: each for each in statements}
    return found if len(found) == len(statements) else None


def _merged_statement(base: Import | None, ours: Import | None, theirs: Import | None) -> bytes | None:
    """The text of one import statement after the merge, empty when it goes."""
    olds, mine, other = (each.names if each is not None else () for each in (base, ours, theirs))
    shown = ours or theirs
    assert shown is not None
    if not shown.names:
        # A statement as a whole: it goes when a side that had it took it out.
        gone = base is not None and (ours is None or theirs is None)
        return b"" if gone else shown.line
    kept = [name for name in mine if name in other or name not in olds]
    added = [name for name in other if name not in mine and name not in olds]
    in_order = _is_sorted(mine) and _is_sorted(other)
    names = sorted([*kept, *added], key=_folded) if in_order else [*kept, *added]
    if not names:
        return b""
    for side in (ours, theirs):
        if side is not None and list(side.names) == names:
            return side.line
    return shown.with_names(names)


def _folded(name: bytes) -> bytes:
    return name.lower()


def _is_sorted(names: Sequence[bytes]) -> bool:
    folded = [_folded(name) for name in names]
    return folded == sorted(folded) or list(names) == sorted(names)


@dataclass(frozen=True, slots=True)
class Sides:
    """The three texts of a merge."""

    base: bytes
    ours: bytes
    theirs: bytes


def union_collections(sides: Sides, path: str) -> Sides:
    """The texts with each literal to which both sides add elements replaced, in all three, by its union."""
    for _ in range(_ROUNDS):
        texts = (sides.base, sides.ours, sides.theirs)
        lines = tuple(split_lines(text) for text in texts)
        regions = [region for region in diff3(*lines) if region.kind == "conflict"]
        replaced = next((done for region in regions if (done := _replace(sides, lines, region, path))), None)
        if replaced is None:
            return sides
        sides = replaced
    return sides


def _replace(sides: Sides, lines: tuple[list[bytes], ...], region: Region, path: str) -> Sides | None:
    texts = (sides.base, sides.ours, sides.theirs)
    spans = (region.base, region.ours, region.theirs)
    found: list[Literal] = []
    for text, split, (first, last) in zip(texts, lines, spans, strict=True):
        start = sum(map(len, split[:first]))
        place = literal_at(text, path, start, start + sum(map(len, split[first:last])))
        if place is None:
            return None
        found.append(place)
    merged = _merged_literal(*found)
    if merged is None:
        return None
    done = [text[: each.start] + merged + text[each.end :] for text, each in zip(texts, found, strict=True)]
    return Sides(*done)


def _merged_literal(base: Literal, ours: Literal, theirs: Literal) -> bytes | None:
    """`ours` with the elements that `theirs` adds; None unless both only add, and agree on what they share."""
    if not (base.frame == ours.frame == theirs.frame and base.comments == ours.comments == theirs.comments):
        return None
    olds, mine, other = ([element.text for element in each.elements] for each in (base, ours, theirs))
    added = [each for each in theirs.elements if each.text not in olds and each.text not in mine]
    keys = [each.key for each in (*ours.elements, *added)]
    sides_only_add = _is_within(olds, mine) and _is_within(olds, other)
    if not olds or not sides_only_add or len(keys) != len(set(keys)) or len(mine) == len(olds):
        return None
    in_order = all(map(_is_sorted, (olds, mine, other)))
    extra: dict[int, list[Element]] = {}
    for each in added:
        place = _sorted_place(mine, each.text) if in_order else _place(olds, mine, other, each.text)
        extra.setdefault(place, []).append(each)
    return _woven(ours, extra)


def _is_within(some: Sequence[bytes], all_of: Sequence[bytes]) -> bool:
    rest = iter(all_of)
    return all(each in rest for each in some)


def _sorted_place(mine: Sequence[bytes], text: bytes) -> int:
    return bisect_left([_folded(each) for each in mine], _folded(text)) - 1


def _place(olds: Sequence[bytes], mine: Sequence[bytes], other: Sequence[bytes], text: bytes) -> int:
    """The index in `mine` behind which an addition goes: behind what precedes it there, and ours at the same place."""
    before = [each for each in other[: other.index(text)] if each in olds]
    place = mine.index(before[-1]) if before else -1
    while place + 1 < len(mine) and mine[place + 1] not in olds:
        place += 1
    return place


def _woven(ours: Literal, extra: dict[int, list[Element]]) -> bytes:
    out: list[bytes] = []
    at = 0
    if -1 in extra:
        at = ours.elements[0].start
        follows = ours.elements[1].separator if len(ours.elements) > 1 else extra[-1][0].separator
        out += [ours.text[:at], *(each.text + follows for each in extra[-1])]
    for index, element in enumerate(ours.elements):
        out += [ours.text[at : element.end], *(each.separator + each.text for each in extra.get(index, ()))]
        at = element.end
    return b"".join([*out, ours.text[at:]])
