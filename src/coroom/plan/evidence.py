"""What speaks for two tasks being coupled, counted: shared definitions, uses between them, words, history."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from coroom.core.resource import overlaps
from coroom.plan.history import CoChange
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.task import TaskFootprint, Touch, names_in, words_in
from coroom.syntax import is_test

PLACES_MAX = 400
"""Of a footprint, so many definitions at most are followed to what they use."""

_ISSUE = re.compile(r"#(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What two footprints have in common.

    Attributes:
        shared: definitions that both change; `close` is how small the smallest of them is (1: a line, 0: hundreds).
        classes: those of them that are classes.
        made: names that both make in one scope.
        beside: what one makes where the other makes or changes something.
        tops: files in which both change what lies around the definitions.
        wholes: files of which both say nothing but the name; `half`: there is one of which one of them does.
        files: files that both change. Tests are left out here and everywhere: to add tests to one file couples nobody.
        uses: definitions that one task changes and a definition of the other uses, with that one and the task that
            changes it; `far_uses` the same over one definition in between. `told`: who said so, of those of `uses`
            that the index did not find itself.
        mutable: variables and fields that both use and that are no constants.
        named: names that one task makes and the words of the other say, with the task that makes them; `echo`: the
            share of the words in what one makes that come back in the names of what the other changes.
        adjacent: they change definitions that stand side by side.
        words: words that both titles have; `likeness` their share. `issues`: numbers that both titles have.
        others: resources that are no files and that both need.
        together: the habit of changing a file of the one with a file of the other, 0 to 1.
        near: a file in which lines are said and meet; `apart`: lines are said of all that both change and meet nowhere.
    """

    shared: tuple[Place, ...] = ()
    close: float = 0.0
    classes: tuple[Place, ...] = ()
    made: tuple[Place, ...] = ()
    beside: tuple[Place, ...] = ()
    tops: tuple[str, ...] = ()
    wholes: tuple[str, ...] = ()
    half: bool = False
    files: tuple[str, ...] = ()
    uses: tuple[tuple[Place, Place, str], ...] = ()
    far_uses: tuple[tuple[Place, Place, str], ...] = ()
    told: tuple[tuple[Place, Place, str], ...] = ()
    mutable: tuple[Place, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    echo: float = 0.0
    adjacent: bool = False
    words: frozenset[str] = frozenset()
    likeness: float = 0.0
    issues: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    together: float = 0.0
    near: str = ""
    apart: bool = False


def evidence_of(a: TaskFootprint, b: TaskFootprint, index: SymbolIndex, history: CoChange) -> Evidence:
    """What two footprints have in common."""
    ours, theirs = code_touches(a), code_touches(b)
    both = ours.keys() & theirs.keys()
    named = sorted(place for place in both if place.symbol)
    both_whole = {path for path in a.paths & b.paths if _whole(a, path) and _whole(b, path)}
    tops = sorted(place.path for place in both if not place.symbol and place.path not in both_whole)
    uses = sorted({*_uses(a.task.id, ours, theirs, index), *_uses(b.task.id, theirs, ours, index)})
    said = a.words & b.words
    lined = [(one, other) for one in a.touches for other in b.touches if _both_lined(one, other)]
    return Evidence(
        shared=tuple(place for place in named if ours[place].known),
        close=max((math.exp(-_lines_of(place, index) / 40) for place in named if ours[place].known), default=0.0),
        classes=tuple(place for place in named if (found := index.symbol(place)) is not None and found.kind == "class"),
        made=tuple(place for place in named if not ours[place].known),
        beside=tuple(sorted({*_beside(ours, theirs), *_beside(theirs, ours)})),
        tops=tuple(tops),
        wholes=tuple(sorted(path for path in both_whole if not is_test(path) and _is_code_path(path))),
        half=any(_whole(a, path) != _whole(b, path) for path in a.paths & b.paths - set(tops) if not is_test(path)),
        files=tuple(sorted({place.path for place in ours} & {place.path for place in theirs})),
        uses=tuple(uses),
        far_uses=tuple(
            sorted({*_far_uses(a.task.id, ours, theirs, index), *_far_uses(b.task.id, theirs, ours, index)})
        ),
        told=tuple((used, user, by) for used, user, _ in uses if (by := index.told_by(user, used))),
        mutable=tuple(sorted(_mutable(ours, index) & _mutable(theirs, index))),
        named=tuple(sorted({*_named(a, ours, b), *_named(b, theirs, a)})),
        echo=max(_echo(a, b), _echo(b, a)),
        adjacent=_adjacent(ours, theirs, index),
        words=said,
        likeness=len(said) / max(1, min(len(a.words), len(b.words))),
        issues=tuple(sorted(set(_ISSUE.findall(a.task.title)) & set(_ISSUE.findall(b.task.title)))),
        others=tuple(str(one) for one in a.others for other in b.others if overlaps(one, other)),
        together=_together(ours, theirs, history),
        near=next((one.place.path for one, other in lined if _meet(one, other)), ""),
        apart=bool(lined) and not any(_meet(one, other) for one, other in lined) and _all_lined(a, b),
    )


LINES_APART = 2
"""Changes whose lines are nearer than this, with no line between them, are one conflict to git."""


def _both_lined(one: Touch, other: Touch) -> bool:
    return one.lines is not None and other.lines is not None and one.place.path == other.place.path


def _meet(one: Touch, other: Touch) -> bool:
    assert one.lines is not None
    assert other.lines is not None
    return one.lines[0] - other.lines[1] < LINES_APART and other.lines[0] - one.lines[1] < LINES_APART


def _all_lined(a: TaskFootprint, b: TaskFootprint) -> bool:
    """Whether lines are said of all that is changed in files that both change; what is new there has none."""
    both = {path for path in a.paths & b.paths if _is_code_path(path) and not is_test(path)}
    known = (touch for each in (a, b) for touch in each.touches if touch.place.path in both and touch.known)
    return all(touch.lines is not None for touch in known)


def code_touches(footprint: TaskFootprint) -> dict[Place, Touch]:
    """What a task changes of code that is no test, by the definition."""
    return {
        touch.place: touch
        for touch in footprint.touches
        if not is_test(touch.place.path) and _is_code_path(touch.place.path)
    }


def _is_code_path(path: str) -> bool:
    return not path.endswith((".md", ".rst", ".txt", ".lock"))


def _whole(footprint: TaskFootprint, path: str) -> bool:
    return any(touch.whole and touch.place.path == path for touch in footprint.touches)


def _beside(ours: dict[Place, Touch], theirs: dict[Place, Touch]) -> Iterator[Place]:
    """What one makes in a scope in which the other makes or changes something."""
    scopes = {_scope(place) for place, touch in theirs.items() if not touch.known and place.symbol}
    for place, touch in ours.items():
        if not touch.known and place.symbol and (_scope(place) in scopes or _scope(place) in theirs):
            yield place


def _scope(place: Place) -> Place:
    return Place(place.path, place.symbol.rpartition(".")[0])


def _uses(
    task: str, ours: dict[Place, Touch], theirs: dict[Place, Touch], index: SymbolIndex
) -> Iterator[tuple[Place, Place, str]]:
    """Definitions that the first task changes and a definition of the other uses."""
    changed = {place for place in ours if place.symbol and place not in theirs}
    for user in _some(theirs):
        yield from ((used, user, task) for used in index.uses_of(user) & changed)


def _far_uses(
    task: str, ours: dict[Place, Touch], theirs: dict[Place, Touch], index: SymbolIndex
) -> Iterator[tuple[Place, Place, str]]:
    """The same over one definition in between."""
    changed = {place for place in ours if place.symbol and place not in theirs}
    for user in _some(theirs) if changed else ():
        direct = index.uses_of(user)
        between = sorted(direct - changed)[:PLACES_MAX]
        yield from ((used, user, task) for middle in between for used in (index.uses_of(middle) & changed) - direct)


def _mutable(touches: dict[Place, Touch], index: SymbolIndex) -> set[Place]:
    """The variables and fields that definitions touched use or are, but for constants."""
    used = {*_some(touches), *(each for place in _some(touches) for each in index.uses_of(place))}
    found = ((place, index.symbol(place)) for place in used)
    return {
        place
        for place, symbol in found
        if symbol is not None and symbol.kind in {"variable", "field"} and not symbol.name.isupper()
    }


def _some(touches: dict[Place, Touch]) -> Iterable[Place]:
    return sorted(place for place, touch in touches.items() if touch.known)[:PLACES_MAX]


def _named(maker: TaskFootprint, made: dict[Place, Touch], other: TaskFootprint) -> Iterator[tuple[str, str]]:
    """Names that one task makes and that the other says or mentions, each with the task that makes it."""
    fresh = {place.symbol.rpartition(".")[2] for place, touch in made.items() if place.symbol and not touch.known}
    said = names_in(f"{other.task.title}\n{other.task.description}")
    for name in fresh & said:
        if len(words_in(name)) > 1 or not name.islower():
            yield name, maker.task.id


def _echo(maker: TaskFootprint, other: TaskFootprint) -> float:
    made = [touch.place.symbol.rpartition(".")[2] for touch in maker.touches if touch.place.symbol and not touch.known]
    mine = words_in(" ".join(name for name in made if not name.lower().startswith("test")))
    theirs = words_in(" ".join(touch.place.symbol for touch in other.touches))
    return len(mine & theirs) / max(1, len(mine))


def _lines_of(place: Place, index: SymbolIndex) -> int:
    """The lines of a definition, without those of the definitions inside it."""
    found = index.symbol(place)
    if found is None:
        return 0
    inside = (each for each in index.symbols(place.path).values() if each.scope == place.symbol)
    held = sum(each.end_line - each.line + 1 for each in inside if each.kind not in {"variable", "field"})
    return max(1, found.end_line - found.line + 1 - held)


def _adjacent(ours: dict[Place, Touch], theirs: dict[Place, Touch], index: SymbolIndex) -> bool:
    for path in {place.path for place in ours if place.symbol} & {place.path for place in theirs if place.symbol}:
        kinds = {"variable", "field"}
        order = sorted((each for each in index.symbols(path).values() if each.kind not in kinds), key=lambda s: s.line)
        for above, below in pairwise(Place(path, each.qualname) for each in order):
            if (above in ours and below in theirs) or (below in ours and above in theirs):
                return True
    return False


def _together(ours: dict[Place, Touch], theirs: dict[Place, Touch], history: CoChange) -> float:
    mine, other = {place.path for place in ours}, {place.path for place in theirs}
    return max((history.together(one, two) for one in mine - other for two in other - mine), default=0.0)
