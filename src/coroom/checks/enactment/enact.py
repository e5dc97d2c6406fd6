"""The check: what one side newly wrote, acted out in its own tree and in what both became together.

A function that gives one thing in the tree of the side that wrote it, and another in the merged tree, is where
behaviour interferes. Nothing is run: the programs are interpreted, and whatever the interpreter does not know ends a
enactment without a word.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from coroom.checks.enactment.budget import Budget, Spent
from coroom.checks.enactment.outcome import Outcome, alike
from coroom.checks.enactment.play import Play
from coroom.checks.enactment.python.acting import PythonLanguage
from coroom.checks.enactment.script.acting import ScriptLanguage
from coroom.checks.engine import BEHAVIOUR
from coroom.checks.finding import Finding
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Four, Side
from coroom.syntax import is_test, walk

STEPS_IN_ALL = 600_000
"""The steps of all of them, about a second."""

CALL_MAX = 200
"""A call is not shown longer."""

FUNCTIONS_MAX = 40
"""A side that newly wrote more is not one change."""

STORY_MAX = 240
"""The characters of a story that a finding tells; its end says most."""


class Language(Protocol):
    """A language that can be acted out."""

    @property
    def name(self) -> str:
        """What its modules are called by."""

    @property
    def ends(self) -> tuple[str, ...]:
        """The ends of its files."""

    @property
    def mistaken(self) -> frozenset[str]:
        """What is thrown when something is of another type than was guessed."""

    def worth(self, changed: Changed) -> bool:
        """Whether a new function is one that others call."""

    def reach(self, side: Side, path: str) -> tuple[str, ...] | None:
        """The modules that a module imports, itself first; None when the other side changed none of them."""

    def plays(self, side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:
        """The ways to call a function that one side newly wrote, the likeliest first."""

    def stories(self, side: Side, changed: Changed, reached: Sequence[str], purse: Budget) -> Iterator[Play]:
        """The same, with objects of which much has been asked before."""

    def act(
        self, program: Program, changed: Changed, play: Play, reached: Sequence[str], purse: Budget
    ) -> Outcome | None:
        """One call in one tree; None when it cannot be told what it comes to."""

    def told(self, value: Any) -> str:
        """A short text of a value."""


LANGUAGES: tuple[Language, ...] = (PythonLanguage(), ScriptLanguage())


def enactments(four: Four) -> Iterator[Finding]:
    """Where what one side newly wrote comes to something else together with what the other side changed."""
    purse = Budget(STEPS_IN_ALL)
    try:
        for side in four.sides:
            for language in LANGUAGES:
                yield from _of(four, side, language, purse)
    except Spent:
        return


def _of(four: Four, side: Side, language: Language, purse: Budget) -> Iterator[Finding]:
    if not any(path.endswith(language.ends) and not is_test(path) for path in side.other.paths):
        return
    fresh = [each for each in side.changed if _worth(each, language)]
    if len(fresh) > FUNCTIONS_MAX:
        return
    reached = {path: language.reach(side, path) for path in dict.fromkeys(each.module.path for each in fresh)}
    told_of: set[str] = set()
    for ways in (language.plays, language.stories):
        for changed in fresh:
            path = changed.module.path
            there = reached[path]
            if not there or path in told_of or _agreed(four, side, changed):
                continue
            found = _enact(four, side, language, changed, there, purse, ways(side, changed, there, purse))
            if found is not None:
                told_of.add(path)
                yield found


def _worth(changed: Changed, language: Language) -> bool:
    return (
        changed.function is not None
        and changed.before is None
        and changed.module.language == language.name
        and not is_test(changed.module.path)
        and changed.within.count(".") <= 1
        and language.worth(changed)
    )


def _enact(
    four: Four, side: Side, language: Language, changed: Changed, reached: Sequence[str], purse: Budget,
    plays: Iterator[Play],
) -> Finding | None:  # fmt: skip
    function = changed.function
    assert function is not None
    doubtful: Finding | None = None
    for given in plays:
        one = language.act(side.tree, changed, given, reached, purse)
        if one is None or one.raised:
            continue
        other = language.act(four.merged, changed, given, reached, purse)
        if other is None:
            continue
        about = _changed_on_the_way(side, other)
        said = _difference(one, other, language)
        if not said or _handed_on(changed, about, one, other):
            if doubtful is not None and about and not said and one.value:
                return None
            continue
        call = _shortened(f"{changed.within}({', '.join(each.shown for each in given.arguments)})")
        if given.steps:
            call = f"after {_short('; '.join(each.shown for each in given.steps))}, {call}"
        because = f" since {about[0].within}() changed" if about else ""
        # A script can hold half of a letter, which no file can.
        message = f"{call} {said}{because}".encode(errors="backslashreplace").decode()
        found = four.finding(
            side, BEHAVIOUR, changed.module.path, function.line, function.name, message,
            about=tuple(f"{each.module.path}#{each.within}" for each in about[:3]), sure=0.85,
        )  # fmt: skip
        if other.raised not in language.mistaken or not given.guessed:
            return found
        doubtful = doubtful or found
    return doubtful


def _shortened(call: str) -> str:
    return call if len(call) <= CALL_MAX else f"{call[: CALL_MAX - 2]}…)"


def _short(text: str) -> str:
    return text if len(text) <= STORY_MAX else f"… {text[-STORY_MAX:].partition('; ')[2]}"


def _agreed(four: Four, side: Side, changed: Changed) -> bool:
    """Whether a function names something by a word that both sides brought in: then it is meant to be seen by it."""
    words = {each.text for each in walk(changed.term) if each.kind == "string" and each.text.isidentifier()}
    return any(not four.base_says(word) and side.other.defines(word) for word in words)


def _changed_on_the_way(side: Side, outcome: Outcome) -> list[Changed]:
    """What the other side changed of the functions that an enactment came through."""
    return [
        each for each in side.other.changed
        if each.function is not None and (each.module.path, each.function.name) in outcome.seen
    ]  # fmt: skip


def _handed_on(changed: Changed, about: Sequence[Changed], one: Outcome, other: Outcome) -> bool:
    """Whether a function only hands on what changed, as is expected of it: a constant, a text, what it extends."""
    if other.raised:
        return False
    if not about and isinstance(one.value, int | float) and not isinstance(one.value, bool):
        # What was a number and is none is not handed on.
        return not (isinstance(other.value, float) and math.isfinite(one.value) and not math.isfinite(other.value))
    if any(each.within.endswith(f".{changed.within.rpartition('.')[2]}") for each in about):
        return True
    value = one.value
    for each in about:
        assert each.function is not None
        at = (each.module.path, each.function.name)
        for was, now in zip(one.said.get(at, ()), other.said.get(at, ()), strict=False):
            value = _with_text(value, was, now)
    return value != one.value and alike(value, other.value)


def _with_text(value: Any, was: str, now: str) -> Any:
    if isinstance(value, str):
        return value.replace(was, now) if was else value
    if isinstance(value, list):
        return [_with_text(each, was, now) for each in value]
    return value


def _difference(one: Outcome, other: Outcome, language: Language) -> str:
    told = language.told
    if other.raised:
        return f"gives {told(one.value)} here and raises {other.raised} together"
    if not alike(one.value, other.value):
        return f"gives {told(one.value)} here and {told(other.value)} together"
    if alike(one.before, other.before) and not alike(one.after, other.after):
        return f"leaves {told(one.after)} here and {told(other.after)} together"
    if one.asked != other.asked:
        return f"asks what it is given {one.asked} times here and {other.asked} times together"
    return ""
