"""The uses that names leave open and that could tie two tasks together: what a plan asks those who know types."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from coroom.plan.evidence import PLACES_MAX, code_touches
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.task import TaskFootprint
from coroom.syntax import Use

LINES_MAX = 4
"""One name in one definition is asked about on so many lines: a value of another type may bear it on each."""


class OpenUse(NamedTuple):
    """A use whose meaning the index does not know, and the file that it stands in."""

    path: str
    use: Use


class Spot(NamedTuple):
    """A place in a text as language servers count: line and column from 0, columns in units of UTF-16."""

    line: int
    column: int


def open_uses(index: SymbolIndex, footprints: Sequence[TaskFootprint], *, far: bool = False) -> list[OpenUse]:
    """The open uses by what one task changes that have the name of something that another changes.

    With `far` those by the definitions in between: what the ones that a task changes use. All others would not change
    what is said of any two tasks.
    """
    touched = [code_touches(each) for each in footprints]
    found: dict[OpenUse, None] = {}
    for ours in touched:
        others = {place for theirs in touched if theirs is not ours for place, touch in theirs.items() if touch.known}
        sought = {place.symbol.rpartition(".")[2] for place in others - ours.keys() if place.symbol}
        users: Iterable[Place] = sorted(place for place, touch in ours.items() if touch.known)[:PLACES_MAX]
        if far and sought:
            users = sorted({used for user in users for used in index.uses_of(user)} - ours.keys())[:PLACES_MAX]
        for user in users if sought else ():
            named = (use for use in index.open_uses(user) if use.name in sought)
            found.update(dict.fromkeys(OpenUse(user.path, use) for use in named))
    return list(found)


def spots(lines: Sequence[str], use: Use) -> Iterator[Spot]:
    """Where a use stands in the lines of its file, on the first lines that have it."""
    name = rf"(?<![\w$])({re.escape(use.name)})(?![\w$])"
    last = use.holder.rpartition(".")[2]
    held = (r"[)\]}\"'`]" if last == "?" else rf"(?<![\w$]){re.escape(last)}") + r"\s*(?:\??\.|::)\s*" + name
    sought = (held, rf"(?:\.|::)\s*{name}", name) if use.holder else (rf"(?<![.])\b{name}", name)
    for number in use.lines[:LINES_MAX]:
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        match = next(filter(None, (re.search(pattern, text) for pattern in sought)), None)
        if match is not None:
            yield Spot(number - 1, len(text[: match.start(1)].encode("utf-16-le")) // 2)
