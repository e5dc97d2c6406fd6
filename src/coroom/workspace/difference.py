"""From a whole new text to the few edits that lead to it: lines first, then words where lines are alike."""

import re
from collections.abc import Sequence
from itertools import accumulate

from cydifflib import SequenceMatcher

from coroom.core.quick import dataclass
from coroom.workspace.lines import hunks

# Below this likeness a hunk was rewritten, and word-wise edits would be confetti.
LIKENESS_MIN = 0.5
# Matching takes quadratic time; a larger hunk is replaced as a whole.
HUNK_TOKENS_MAX = 3_000

_TOKEN = re.compile(r"\w+|[^\S\n]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Replace:
    """Put `text` in the place of the code points from `start` to `end`."""

    start: int
    end: int
    text: str


def operations(before: str, after: str) -> tuple[Replace, ...]:
    """Return edits of `before`, ascending and disjoint, that make it `after`; none when they are equal."""
    if before == after:
        return ()
    old, new = _lines(before), _lines(after)
    starts = list(accumulate(map(len, old), initial=0))
    found: list[Replace] = []
    for hunk in hunks(old, new):
        gone = "".join(old[hunk.start : hunk.end])
        come = "".join(new[hunk.new_start : hunk.new_end])
        found.extend(_within(starts[hunk.start], gone, come))
    return tuple(found)


def applied(text: str, edits: Sequence[Replace]) -> str:
    """Return the text with the edits made, all of whose positions are positions in `text` as it is given.

    Raises:
        ValueError: an edit is outside the text, ends before it starts, or overlaps or precedes the one before.
    """
    parts: list[str] = []
    at = 0
    for edit in edits:
        if not at <= edit.start <= edit.end <= len(text):
            raise ValueError(f"an edit from {edit.start} to {edit.end} does not fit between {at} and {len(text)}")
        parts += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join([*parts, text[at:]])


def _lines(text: str) -> list[str]:
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _within(start: int, gone: str, come: str) -> list[Replace]:
    whole = [Replace(start, start + len(gone), come)]
    if not gone or not come:
        return whole
    old, new = _TOKEN.findall(gone), _TOKEN.findall(come)
    if len(old) + len(new) > HUNK_TOKENS_MAX:
        return whole
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < LIKENESS_MIN:
        return whole
    places = list(accumulate(map(len, old), initial=start))
    return [
        Replace(places[i], places[i_end], "".join(new[j:j_end]))
        for tag, i, i_end, j, j_end in matcher.get_opcodes()
        if tag != "equal"
    ]
