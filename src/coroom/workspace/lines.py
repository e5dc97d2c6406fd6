"""Three-way merge of sequences: which parts both sides agree on, and where they meet."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Literal

from cydifflib import SequenceMatcher

from coroom.core.quick import dataclass

Span = tuple[int, int]

PAIRS_MAX = 10_000_000
"""Pairs of equal lines up to which a stretch is compared by likeness: some 0.1 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of the three sequences. `kind` says who changed it: nobody (`same`), one side, both alike, or both."""

    kind: Literal["same", "ours", "theirs", "both", "conflict"]
    base: Span
    ours: Span
    theirs: Span


@dataclass(frozen=True, slots=True)
class Hunk:
    """Elements `start` to `end` of the old sequence became `new_start` to `new_end` of the new one."""

    start: int
    end: int
    new_start: int
    new_end: int


def split_lines(text: bytes) -> list[bytes]:
    """The lines of a text with their endings, so that joining them gives back every byte; only LF ends a line."""
    lines = [line + b"\n" for line in text.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def diff3(base: Sequence[Hashable], ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> list[Region]:
    """The regions of a three-way merge, in order, covering all three sequences.

    Promises git's verdict, where no sequence has an element twice: changes that touch or overlap are a conflict unless
    both sides changed the stretch alike.
    """
    return _regions(base, ours, theirs, hunks(base, ours), hunks(base, theirs))


def diff3_texts(base: bytes, ours: bytes, theirs: bytes) -> list[Region]:
    """The regions of a three-way merge of texts by lines, as `diff3` gives them."""
    sides = split_lines(base), split_lines(ours), split_lines(theirs)
    return _regions(*sides, list(text_hunks(base, ours)), list(text_hunks(base, theirs)))


@lru_cache(maxsize=8)
def text_hunks(old: bytes, new: bytes) -> tuple[Hunk, ...]:
    """What differs between two texts by lines, kept for those who ask for the same two again."""
    return tuple(hunks(split_lines(old), split_lines(new)))


def _regions(
    base: Sequence[Hashable],
    ours: Sequence[Hashable],
    theirs: Sequence[Hashable],
    left: list[Hunk],
    right: list[Hunk],
) -> list[Region]:
    found: list[Region] = []
    at = (0, 0, 0)
    while left or right:
        low, high, mine, other = _next_cluster(left, right)
        our_span = _across(low, high, mine, at, 1)
        their_span = _across(low, high, other, at, 2)
        _same(found, at, low)
        kind: Literal["ours", "theirs", "both", "conflict"]
        if not other:
            kind = "ours"
        elif not mine:
            kind = "theirs"
        else:
            alike = ours[slice(*our_span)] == theirs[slice(*their_span)]
            kind = "both" if alike else "conflict"
        found.append(Region(kind=kind, base=(low, high), ours=our_span, theirs=their_span))
        at = (high, our_span[1], their_span[1])
    _same(found, at, len(base))
    return found


def _next_cluster(left: list[Hunk], right: list[Hunk]) -> tuple[int, int, list[Hunk], list[Hunk]]:
    """Take the next hunks that touch one another off both lists."""
    mine: list[Hunk] = []
    other: list[Hunk] = []
    first = min((each[0] for each in (left, right) if each), key=lambda hunk: (hunk.start, hunk.end))
    low, high = first.start, first.end
    grown = True
    while grown:
        grown = False
        for queue, taken in ((left, mine), (right, other)):
            while queue and queue[0].start <= high:
                taken.append(queue.pop(0))
                low, high, grown = min(low, taken[-1].start), max(high, taken[-1].end), True
    return low, high, mine, other


def _across(low: int, high: int, taken: list[Hunk], at: tuple[int, int, int], side: int) -> Span:
    if not taken:
        start = at[side] + low - at[0]
        return start, start + high - low
    return taken[0].new_start - (taken[0].start - low), taken[-1].new_end + (high - taken[-1].end)


def _same(found: list[Region], at: tuple[int, int, int], until: int) -> None:
    length = until - at[0]
    if length:
        found.append(
            Region(
                kind="same",
                base=(at[0], until),
                ours=(at[1], at[1] + length),
                theirs=(at[2], at[2] + length),
            )
        )


def hunks(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Hunk]:
    """What differs between two sequences, with free-floating hunks placed where git places them."""
    numbers: dict[Hashable, int] = {}
    before = [numbers.setdefault(each, len(numbers)) for each in old]
    after = [numbers.setdefault(each, len(numbers)) for each in new]
    pairs: list[tuple[int, int]] = []
    _match(before, after, (0, len(before)), (0, len(after)), pairs)
    gone, come = _groups(before, [i for i, _ in pairs]), _groups(after, [j for _, j in pairs])
    _settle(before, gone, come)
    _settle(after, come, gone)
    return _joined(gone, come)


def _match(a: list[int], b: list[int], left: Span, right: Span, out: list[tuple[int, int]]) -> None:
    """Append matching index pairs: common ends, then lines that occur once on both sides, then the rest by likeness."""
    (i, i_end), (j, j_end) = left, right
    while i < i_end and j < j_end and a[i] == b[j]:
        out.append((i, j))
        i, j = i + 1, j + 1
    tail: list[tuple[int, int]] = []
    while i < i_end and j < j_end and a[i_end - 1] == b[j_end - 1]:
        i_end, j_end = i_end - 1, j_end - 1
        tail.append((i_end, j_end))
    if i < i_end and j < j_end:
        anchors = _anchors(a, b, (i, i_end), (j, j_end))
        if anchors:
            for p, q in anchors:
                _match(a, b, (i, p), (j, q), out)
                out.append((p, q))
                i, j = p + 1, q + 1
            _match(a, b, (i, i_end), (j, j_end), out)
        else:
            mine, other = a[i:i_end], b[j:j_end]
            # Lines that stand everywhere begin no match where that would take for ever; fewer matches are found then.
            matcher = SequenceMatcher(None, mine, other, autojunk=pairs_of(mine, other) > PAIRS_MAX)
            for block in matcher.get_matching_blocks():
                out.extend((i + block.a + k, j + block.b + k) for k in range(block.size))
    out.extend(reversed(tail))


def pairs_of(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """How many pairs of equal elements the two have: what comparing them by likeness costs."""
    many, others = Counter(a), Counter(b)
    return sum(count * others[each] for each, count in many.items())


def _anchors(a: list[int], b: list[int], left: Span, right: Span) -> list[tuple[int, int]]:
    """Pairs of elements that occur once in each stretch, as the longest run in the same order on both sides."""
    where_a, where_b = _once(a, left), _once(b, right)
    pairs = [(i, where_b[value]) for value, i in where_a.items() if value in where_b]
    piles: list[int] = []
    tops: list[int] = []
    back: list[int] = []
    for index, (_, j) in enumerate(pairs):
        place = bisect_left(piles, j)
        back.append(tops[place - 1] if place else -1)
        piles[place : place + 1] = [j]
        tops[place : place + 1] = [index]
    found: list[tuple[int, int]] = []
    at = tops[-1] if tops else -1
    while at >= 0:
        found.append(pairs[at])
        at = back[at]
    return found[::-1]


def _once(values: list[int], span: Span) -> dict[int, int]:
    seen: dict[int, int] = {}
    for index in range(*span):
        seen[values[index]] = -1 if values[index] in seen else index
    return {value: index for value, index in seen.items() if index >= 0}


# A group is a run of unmatched elements; its key is the number of matched ones before it, which both sides share.
_Groups = dict[int, Span]


def _groups(values: list[int], matched: list[int]) -> _Groups:
    found: _Groups = {}
    at = 0
    for key, index in enumerate([*matched, len(values)]):
        if index > at:
            found[key] = (at, index)
        at = index + 1
    return found


def _settle(values: list[int], groups: _Groups, others: _Groups) -> None:
    """Slide each group as far down as it goes, or to the last place where the other side changed too."""
    for first in sorted(groups):
        if first not in groups:
            continue
        key, start, end = _slid(values, groups, others, (first, *groups.pop(first)))
        groups[key] = (start, end)


def _slid(values: list[int], groups: _Groups, others: _Groups, group: tuple[int, int, int]) -> tuple[int, int, int]:
    key, start, end = group
    earliest = meeting = -1
    size = -1
    # Sliding can run into a neighbour and join it; the larger group may then slide further up.
    while size != end - start:
        size = end - start
        key, start, end = _up(values, groups, (key, start, end))
        earliest, meeting = key, (key if key in others else -1)
        below = _down(values, groups, (key, start, end))
        while below is not None:
            key, start, end = below
            meeting = key if key in others else meeting
            below = _down(values, groups, below)
    back = key - meeting if key != earliest and meeting >= 0 else 0
    return key - back, start - back, end - back


def _up(values: list[int], groups: _Groups, group: tuple[int, int, int]) -> tuple[int, int, int]:
    key, start, end = group
    while start > 0 and key > 0 and values[start - 1] == values[end - 1]:
        key, start, end = key - 1, start - 1, end - 1
        if key in groups:
            start = groups.pop(key)[0]
    return key, start, end


def _down(values: list[int], groups: _Groups, group: tuple[int, int, int]) -> tuple[int, int, int] | None:
    key, start, end = group
    if end >= len(values) or values[start] != values[end]:
        return None
    key, start, end = key + 1, start + 1, end + 1
    if key in groups:
        end = groups.pop(key)[1]
    return key, start, end


def _joined(gone: _Groups, come: _Groups) -> list[Hunk]:
    found: list[Hunk] = []
    removed = added = 0
    for key in sorted(gone.keys() | come.keys()):
        start, end = gone.get(key, (key + removed, key + removed))
        new_start, new_end = come.get(key, (key + added, key + added))
        found.append(Hunk(start, end, new_start, new_end))
        removed += end - start
        added += new_end - new_start
    return found
