"""Merging a stretch of lines where both sides changed: neighbours, elements of one list, and moved margins."""

import re
from collections.abc import Callable, Sequence

from coroom.workspace.lines import Region, diff3, split_lines

Lines = Sequence[bytes]
Settle = Callable[[Lines, Lines, Lines], list[bytes] | None]

_TOKEN = re.compile(
    rb"[^\W\d]\w*|\d[\w.]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[ \t]+|\r?\n|.", re.DOTALL
)


def merge_block(base: bytes, ours: bytes, theirs: bytes, settle: Settle, *, margins: bool = True) -> bytes | None:
    """The merge of one block by lines, where each conflict is put to `settle`; None when one stays open.

    With `margins` a block that stays open is tried once more with a look past the margin.
    """
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    sides = split_lines(base), split_lines(ours), split_lines(theirs)
    out: list[bytes] = []
    for region in diff3(*sides):
        part = part_of(region, *sides) if region.kind != "conflict" else settle(*cut(region, *sides))
        if part is None:
            return merge_margins(*sides) if margins else None
        out.extend(part)
    return b"".join(out)


def cut(region: Region, base: Lines, ours: Lines, theirs: Lines) -> tuple[Lines, Lines, Lines]:
    """The three sides of a region."""
    return base[slice(*region.base)], ours[slice(*region.ours)], theirs[slice(*region.theirs)]


def part_of(region: Region, base: Lines, ours: Lines, theirs: Lines) -> Lines:
    """What a region that is no conflict becomes."""
    del base
    return theirs[slice(*region.theirs)] if region.kind == "theirs" else ours[slice(*region.ours)]


def settle_neighbours(base: Lines, ours: Lines, theirs: Lines) -> list[bytes] | None:
    """Changes of different lines, or of different elements of one bracketed line, that stand side by side.

    Only where all three have as many lines, and each line still resembles the one it replaces; or where one side puts
    a remark before or behind lines that the other changes.
    """
    beside = _put_beside(base, ours, theirs) or _put_beside(base, theirs, ours)
    if beside:
        return beside
    if not len(base) == len(ours) == len(theirs):
        return None
    out: list[bytes] = []
    for old, mine, other in zip(base, ours, theirs, strict=True):
        if other in (mine, old):
            out.append(mine)
        elif mine == old:
            out.append(other)
        else:
            merged = _merge_elements(old, mine, other)
            if merged is None:
                return None
            out.append(merged)
    pairs = [(old, new) for side in (ours, theirs) for old, new in zip(base, side, strict=True) if old != new]
    return out if all(_alike(old, new) for old, new in pairs) else None


def _put_beside(base: Lines, inserting: Lines, changing: Lines) -> list[bytes] | None:
    """One side left the lines as they are and put others beside them, the other side changed them in place."""
    count = len(base)
    if not count or len(inserting) <= count or len(changing) != count or not all(map(_alike, base, changing)):
        return None
    if list(inserting[-count:]) == list(base) and _is_remark(inserting[:-count]):
        return [*inserting[:-count], *changing]
    if list(inserting[:count]) == list(base) and _is_remark(inserting[count:]):
        return [*changing, *inserting[count:]]
    return None


def _is_remark(lines: Lines) -> bool:
    """Whether lines are comments or one documentation string, which no neighbouring change can contradict."""
    text = b"".join(lines).strip()
    quoted = text[:3] in {b'"""', b"'''"} and len(text) > 5 and text.endswith(text[:3]) and text.count(text[:3]) == 2
    return quoted or all(line.lstrip().startswith((b"#", b"//")) for line in lines if line.strip())


def _alike(old: bytes, new: bytes) -> bool:
    """Whether one line is a changed form of the other: they begin with the same word at the same margin."""
    before, after = old.split(), new.split()
    same_margin = len(old) - len(old.lstrip()) == len(new) - len(new.lstrip())
    return same_margin and bool(before) and bool(after) and _words(before[0]) == _words(after[0])


def _words(token: bytes) -> list[bytes]:
    return re.findall(rb"[\w.]+", token)[:1]


def _merge_elements(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """One line that both changed, in different comma-separated elements."""
    sides = tuple(_TOKEN.findall(each) for each in (base, ours, theirs))
    out: list[bytes] = []
    before: str | None = None
    separated = True
    for region in diff3(*sides):
        if region.kind == "conflict":
            return None
        if region.kind == "same":
            shared = sides[0][slice(*region.base)]
            separated = before is None or separated or b"," in shared
        else:
            if not separated and region.kind != before:
                return None
            before, separated = region.kind, False
        out.extend(part_of(region, *sides))
    return b"".join(out)


def merge_margins(base: Lines, ours: Lines, theirs: Lines) -> bytes | None:
    """A merge that looks past the margin: one side re-indents lines that the other changes.

    None unless every line's margin follows from the three sides without a guess.
    """
    stripped = tuple([line.strip() for line in side] for side in (base, ours, theirs))
    out: list[bytes] = []
    for region in diff3(*stripped):
        sides = cut(region, base, ours, theirs)
        if region.kind == "conflict":
            return None
        if region.kind in {"same", "both"}:
            part = _three_margins(*sides) if region.kind == "same" else _agreed(sides[1], sides[2])
        elif region.kind == "ours":
            part = _shifted(sides[1], _shift(base, theirs, region.base, region.theirs))
        else:
            part = _shifted(sides[2], _shift(base, ours, region.base, region.ours))
        if part is None:
            return None
        out.extend(part)
    return b"".join(out)


def _agreed(ours: Lines, theirs: Lines) -> list[bytes] | None:
    return list(ours) if list(ours) == list(theirs) else None


def _three_margins(base: Lines, ours: Lines, theirs: Lines) -> list[bytes] | None:
    out: list[bytes] = []
    for old, mine, other in zip(base, ours, theirs, strict=True):
        if mine != other and old not in (mine, other):
            return None
        out.append(other if mine == old else mine)
    return out


def _margin(line: bytes) -> bytes:
    return line[: len(line) - len(line.lstrip(b" \t"))]


def _shift(
    base: Lines, side: Lines, base_span: tuple[int, int], side_span: tuple[int, int]
) -> tuple[bytes, bytes] | None:
    """How the side re-indented the lines around a stretch it left alone: (old margin, new margin), None if unclear."""
    (i, i_end), (j, j_end) = base_span, side_span
    if i == i_end:
        # An insertion has lines of its own only: those on both sides of it say how it moves.
        i, j = max(i - 1, 0), max(j - 1, 0)
        i_end, j_end = min(i_end + 1, len(base)), min(j_end + 1, len(side))
    if i_end - i != j_end - j:
        return None
    pairs = {(_margin(a), _margin(b)) for a, b in zip(base[i:i_end], side[j:j_end], strict=True) if a.strip()}
    steps = {(a, b) if not b.endswith(a) else (b"", b[: len(b) - len(a)]) for a, b in pairs}
    return next(iter(steps)) if len(steps) == 1 else ((b"", b"") if not steps else None)


def _shifted(lines: Lines, shift: tuple[bytes, bytes] | None) -> list[bytes] | None:
    if shift is None:
        return None
    old, new = shift
    if any(line.strip() and not line.startswith(old) for line in lines):
        return None
    return [new + line[len(old) :] if line.strip() else line for line in lines]
