"""Which text a write was made from: pure judgement over the texts that stood on its author's disk (docs/bridge.md).

A base that is older than what the author read can only raise a conflict. One that is newer undoes what others did in
between, silently. So the nearest text is taken, and where the write, seen from there, undoes what others have done
since the author was last known to have read, it is in doubt: such an edit is held.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from cydifflib import SequenceMatcher

from coroom.core.file import FileKind
from coroom.core.quick import dataclass
from coroom.host.edits.content import Content, of_bytes
from coroom.workspace.lines import pairs_of

FINE_CHARS_MAX = 250_000
"""Product of two lengths up to which hunks are compared letter by letter."""

LIKENESS_MAX = 2_000_000
"""Pairs of equal lines up to which two texts are compared line by line; lines that are all alike make many."""


@dataclass(frozen=True, slots=True)
class Stood:
    """A text that stood on the author's disk. `by` is who wrote it there; empty: the room put it."""

    content: Content
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """What a write of `author` may have begun from.

    `texts` are those that stood there, the newest first, never empty, back to the last that the author is known to
    have read; `forgotten`: there were older ones. `sure`: a tool of its own wrote this that began to run after the
    newest was put. `just_put`: the newest was put a moment ago.
    """

    author: str
    texts: tuple[Stood, ...]
    forgotten: bool = False
    sure: bool = False
    just_put: bool = False

    @property
    def newest(self) -> Content:
        """What stood there last."""
        return self.texts[0].content


@dataclass(frozen=True, slots=True)
class Base:
    """What a write is taken to be made from. `in_doubt`: it may have begun from an older text, and would then undo what
    others did; `content` is the oldest of those that it may have begun from, with only such of the lines that the write
    lacks as stood in all of them: no other was surely taken out on purpose.
    """

    content: Content
    in_doubt: bool = False


def known(author: str, content: Content) -> Began:
    """The write was made from this very text."""
    return Began(author=author, texts=(Stood(content, author),))


def base_of(began: Began, new: Content) -> Base:
    """The base of a write of `new`, or the oldest that it may have, when they disagree about others' work."""
    texts = began.texts
    again = next((n for n, stood in enumerate(texts) if _same(stood.content, new)), 0)
    if again:
        return _brought_back(began, again)
    at = _likeliest(began, new)
    chosen = texts[at]
    if began.sure or chosen.content == new:
        return Base(chosen.content)
    if chosen.by == began.author:
        put_since = [stood.content for stood in texts[:at] if stood.by != began.author]
        base = _surely_begun_from([*put_since, chosen.content], new, unknown=False)
        return Base(base, in_doubt=base != chosen.content)
    # An agent's writes come one after another: it has read since it wrote last.
    own_at = _own_from(began, at + 1)
    candidates = [stood.content for stood in texts[: own_at + 1]]
    older = candidates[at + 1 :]
    unknown = began.forgotten and own_at == len(texts)
    in_doubt = _undoes(chosen.content, new, older) if older else unknown
    if not in_doubt:
        return Base(chosen.content)
    return Base(_surely_begun_from(candidates, new, unknown=unknown), in_doubt=True)


def _likeliest(began: Began, new: Content) -> int:
    """The nearest, but none from before the author's own latest text, unless it writes side by side with itself: where,
    made from that text, it would undo what others had done before.
    """
    contents = [stood.content for stood in began.texts]
    last = _own_from(began, 0)
    at = nearest(contents, new, last + 1)
    if at <= last:
        return at
    since = nearest(contents[: last + 1], new)
    replaced = contents[last + 1]
    if {content.kind for content in (contents[last], replaced, contents[at], new)} != {FileKind.TEXT}:
        return since
    now, then = contents[last].text.splitlines(), new.text.splitlines()
    theirs = _matched(now, replaced.text.splitlines()) & _not_in(contents[at].text.splitlines(), now)
    return at if theirs - _matched(now, then) else since


def _own_from(began: Began, start: int) -> int:
    """Where among the texts the author's own latest is, from `start` on; past their end when there is none."""
    numbers = range(start, len(began.texts))
    return next((n for n in numbers if began.texts[n].by == began.author), len(began.texts))


def _brought_back(began: Began, again: int) -> Base:
    """An older text stands there once more: on purpose, where its author knew what came after it."""
    texts = began.texts
    if began.sure or all(stood.by == began.author for stood in texts[:again]):
        return Base(began.newest)
    return Base(texts[again].content, in_doubt=not began.just_put)


def _same(one: Content, other: Content) -> bool:
    return (one.kind, one.blob) == (other.kind, other.blob)


def nearest(bases: Sequence[Content], new: Content, fresh: int | None = None) -> int:
    """Which of `bases` (the newest first) `new` differs least from: by lines, then a fresh one, then by characters; of
    equals the last. The first `fresh` of them are no older than what the author itself wrote last; None for all.

    Among equals the older one is safe: it can only raise a conflict, never undo a change. But who has written since has
    hardly begun from what stood there before.
    """
    texts = [(number, base) for number, base in enumerate(bases) if base.kind is FileKind.TEXT]
    if len(texts) < 2 or new.kind is not FileKind.TEXT:
        return 0
    news = new.text.splitlines(keepends=True)
    told: list[tuple[tuple[int, bool], int, Callable[[], int]]] = []
    for number, base in texts:
        olds = base.text.splitlines(keepends=True)
        differ_at_least = abs(len(olds) - len(news))
        if all(differ_at_least <= lines for (lines, _), _, _ in told):
            lines, characters = _distance(olds, news)
            told.append(((lines, fresh is not None and number >= fresh), number, characters))
    least = min(rank for rank, _, _ in told)
    among = [(number, characters) for rank, number, characters in told if rank == least]
    return among[0][0] if len(among) == 1 else min(reversed(among), key=lambda each: each[1]())[0]


def _undoes(base: Content, new: Content, older: Sequence[Content]) -> bool:
    """Whether `new`, made from `base`, takes back a line that came, or brings back one that went, since any of the
    `older` texts.
    """
    if {content.kind for content in (base, new, *older)} != {FileKind.TEXT}:
        return True
    now, then = base.text.splitlines(), new.text.splitlines()
    kept = _matched(now, then)
    dropped = {number for number, line in enumerate(now) if number not in kept and line.strip()}
    added = Counter(then) - Counter(now)
    texts = [content.text.splitlines() for content in older]
    return any(dropped & _not_in(text, now) or added & (Counter(text) - Counter(now)) for text in texts)


def _surely_begun_from(candidates: Sequence[Content], new: Content, *, unknown: bool) -> Content:
    """The oldest of the candidates, without the lines that `new` lacks and another of them lacked too: its own author's
    line is not in a text that was put over it, and who read that has not taken the line out. `unknown`: there are
    candidates that nobody remembers.
    """
    oldest = candidates[-1]
    if {content.kind for content in (new, *candidates)} != {FileKind.TEXT}:
        return oldest
    lines, then = oldest.text.splitlines(), new.text.splitlines()
    lacking = set(range(len(lines))) - _matched(lines, then)
    if not unknown:
        lacking &= set().union(*(_not_in(content.text.splitlines(), lines) for content in candidates[:-1]))
    if not lacking:
        return oldest
    left = [line for n, line in enumerate(oldest.text.splitlines(keepends=True)) if n not in lacking]
    return of_bytes("".join(left).encode(), executable=oldest.executable)


def _not_in(before: list[str], after: list[str]) -> set[int]:
    """The lines of `after`, by number, that have come since `before`."""
    return set(range(len(after))) - _matched(after, before)


def _matched(lines: list[str], others: list[str]) -> set[int]:
    """Which of `lines`, by number, are in `others` too, in the same order; none where too many are all alike."""
    start, end = _alike(lines, others)
    ends = {*range(start), *range(len(lines) - end, len(lines))}
    lines, others = lines[start : len(lines) - end], others[start : len(others) - end]
    if pairs_of(lines, others) > LIKENESS_MAX:
        return ends
    blocks = SequenceMatcher(None, lines, others, autojunk=False).get_matching_blocks()
    return ends | {start + number for block in blocks for number in range(block.a, block.a + block.size)}


def _distance(olds: list[str], news: list[str]) -> tuple[int, Callable[[], int]]:
    """How many lines differ, and what finds out how many characters do, which takes longer."""
    start, end = _alike(olds, news)
    olds, news = olds[start : len(olds) - end], news[start : len(news) - end]
    if pairs_of(olds, news) > LIKENESS_MAX:
        return len(olds) + len(news), lambda: sum(map(len, olds)) + sum(map(len, news))
    opcodes = SequenceMatcher(None, olds, news, autojunk=False).get_opcodes()
    changed = [(a, b, c, d) for tag, a, b, c, d in opcodes if tag != "equal"]
    lines = sum(b - a + d - c for a, b, c, d in changed)
    return lines, lambda: sum(_characters("".join(olds[a:b]), "".join(news[c:d])) for a, b, c, d in changed)


def _alike(olds: list[str], news: list[str]) -> tuple[int, int]:
    """How many lines they begin and end with alike."""
    shorter = min(len(olds), len(news))
    start = next((n for n in range(shorter) if olds[n] != news[n]), shorter)
    left = shorter - start
    end = next((n for n in range(left) if olds[-1 - n] != news[-1 - n]), left)
    return start, end


def _characters(gone: str, come: str) -> int:
    if len(gone) * len(come) > FINE_CHARS_MAX:
        return len(gone) + len(come)
    matcher = SequenceMatcher(None, gone, come, autojunk=False)
    same = sum(int(block.size) for block in matcher.get_matching_blocks())
    return len(gone) + len(come) - 2 * same
