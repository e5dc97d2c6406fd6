"""The texts, numbers and days that a story gives to a program: its own words, and texts of the forms that it reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.kept import on_the_node
from coroom.checks.enactment.naming import FLOATS, NUMBERS, TEXTS, by_name, by_type, words_in
from coroom.checks.enactment.python import native
from coroom.checks.enactment.python.values import Module, Value

_NAMING = frozenset({"id", "key", "code", "ref", "number", "no", "token", "ticket", "handle"})
"""The words of parameters by which something is asked for."""

_WORDS = ("Cy", "ann", "Bob", "dora")
"""Neither all lower nor all upper, and in another order than the alphabet's."""

_NUMBERS = ("4", "0.004")
_CELLS = ("A1", "B2")
_SPLITTING = frozenset({"split", "partition", "rsplit", "rpartition"})
MOST = 24
"""No more texts are tried for one parameter."""


@dataclass(slots=True)
class Vocabulary:
    """What a story says. `words` are the program's own; `marks` the signs that set parts of its texts apart."""

    words: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    used: dict[str, dict[Value, str]] = field(default_factory=dict)
    """What was given before under the name of a parameter, with the name of the function that it was given to."""
    handed: dict[Value, str] = field(default_factory=dict)
    """The words and numbers that functions which keep something gave for it: by them it is asked for later."""

    def note(self, name: str, value: Value, function: str) -> None:
        """Keep what a function has taken."""
        self.used.setdefault(name, {}).setdefault(value, function)

    def texts(
        self, name: str, turn: int, function: str, *, fresh: bool, shaped: bool, marked: bool = False
    ) -> list[str]:
        """Texts for a parameter, the likeliest first."""
        known = [each for each in self._known(name, function) if isinstance(each, str)]
        others = [each for held in self.used.values() for each in held if isinstance(each, str)]
        new = _turned([*by_name(name, TEXTS), *_WORDS], turn)
        shapes = _turned(self.shapes(others, marked=marked), turn)
        said = _turned(self.words, turn)
        if fresh:
            parts: Sequence[Sequence[str]] = (shapes, new, known) if shaped else (new, said, shapes, known)
        elif known:
            parts = (_turned(known, turn), shapes, others, new, said)
        else:
            parts = (shapes, others, new, said) if shaped else (_in_turn(shapes, new, others, said),)
        taken = [each for each in self.used.get(name, ()) if isinstance(each, str)]
        last = taken if not fresh and not known else []
        found = dict.fromkeys(each for part in parts for each in part[:MOST] if each not in last)
        return [*list(found)[: MOST - 4], *last][:MOST]

    def linked(self, name: str, turn: int) -> list[str]:
        """Texts that name other things, for a parameter that is not said to name anything itself."""
        if name in self.used or by_name(name, TEXTS):
            return []
        named = [each for one, held in self.used.items() if by_name(one, TEXTS) for each in held]
        return _turned([each for each in dict.fromkeys(named) if isinstance(each, str)], turn)[:MOST]

    def _known(self, name: str, function: str) -> list[Value]:
        """What other functions took under this name, or gave for what they keep: it is about the same things."""
        taken = [each for each, taker in self.used.get(name, {}).items() if taker != function]
        plain = by_name(name, NUMBERS) or by_name(name, TEXTS)
        asked = bool(_NAMING & {*words_in(name)}) or not (taken or plain)
        return [*(each for each, giver in self.handed.items() if asked and giver != function), *taken]

    def shapes(self, words: Iterable[str] = (), *, marked: bool = False) -> list[str]:
        """Texts that have the marks of the program, and those that one of its patterns takes."""
        several = [*dict.fromkeys([*words, *self.words[:2]]), *_WORDS[:2]]
        some = sorted(several, key=lambda each: (" " in each, each.islower() or not each.isalpha()))[:3]
        found: dict[str, None] = {}
        for pattern in self.patterns:
            marks = [
                each
                for each in re.sub(r"\\.|\(\?[:PiLmsux]*|\[[^]]*\]", "", pattern.pattern)
                if each in "@#/:=;,-%$&~!"
            ]
            tries = [*_CELLS, *_NUMBERS, *(f"{mark}{word}" for mark in marks for word in some), *some]
            tries += [f"{word}{mark}{number}" for mark in marks for word in some for number in ("1", "2")]
            found.update(dict.fromkeys(each for each in tries if len(each) < 60 and _takes(pattern, each)))
        begun: dict[str, None] = {}
        for mark in self.marks:
            single = [f"{mark}{each}" for each in (_NUMBERS[1], _CELLS[0], _NUMBERS[0], *some[:2])]
            rows = [f"{word}{mark}2.5{mark}{10 * (at + 1)}" for at, word in enumerate(some)]
            begun.update(
                dict.fromkeys([*single, *rows[:1]] if marked else [single[0], rows[0], *single[3:], *rows[1:]])
            )
            begun[f"{some[0]}{mark}{some[-1]}"] = None
        return list({**begun, **found} if marked else {**found, **begun})

    def whole(self, name: str, place: int, turn: int, function: str, *, fresh: bool) -> list[int]:
        """Whole numbers for a parameter at a place: each turn has others, later places larger ones."""
        known = [each for each in self._known(name, function) if type(each) is int]
        named = [each for each in by_name(name, NUMBERS) if isinstance(each, int)]
        new = [10 * (turn + 1) + place]
        parts = [*_turned(named, turn), *new] if fresh else [*_turned(known, turn), *named[:2], *new]
        return list(dict.fromkeys([*parts, 1, 2]))

    def plain(self, kind: str, name: str, turn: int, function: str, *, varied: bool) -> list[Value]:
        """Values of the library's own types; days are the same each time unless they are to vary."""
        at = turn if varied else 0
        match kind:
            case "float":
                return _turned([*self._of(name, float, function), *FLOATS], turn)
            case "bool":
                return _turned([False, True], at)
            case "date" | "datetime":
                return _turned(by_type(kind), at)
        return _turned(by_type(kind), turn)

    def _of(self, name: str, kind: type, function: str) -> list[Value]:
        return [each for each in self._known(name, function) if type(each) is kind]


def _in_turn(*many: Sequence[str]) -> list[str]:
    """One of each, then the next of each."""
    return [each for at in range(max(len(one) for one in many)) for one in many for each in one[at : at + 1]]


def _takes(pattern: re.Pattern[str], text: str) -> bool:
    try:
        return native.matched(pattern, "search", text) is not None
    except CannotGoOn:
        return False


def _turned(many: Sequence[Any], turn: int) -> list[Any]:
    at = turn % len(many) if many else 0
    return [*many[at:], *many[:at]]


def heard(modules: Iterable[Module], trees: Iterable[ast.AST], own: ast.AST, top: Module) -> Vocabulary:
    """The vocabulary of a program, of what a function says itself first."""
    words: dict[str, None] = {}
    words.update(dict.fromkeys(_said(own)))
    words.update({key: None for held in top.space.values() if isinstance(held, dict) for key in held if _is_word(key)})
    marks: dict[str, None] = {}
    for each in (own, *trees):
        marks.update(dict.fromkeys(_marks(each)))
    patterns: dict[re.Pattern[str], None] = {}
    for module in (top, *modules):
        patterns.update({held: None for held in module.space.values() if isinstance(held, re.Pattern)})
        words.update(
            {
                key: None
                for held in module.space.values()
                if isinstance(held, dict)
                for key in list(held)[:6]
                if _is_word(key)
            }
        )
    return Vocabulary(tuple(words)[:10], tuple(marks)[:4], tuple(patterns)[:6])


def _is_word(key: Value) -> bool:
    return isinstance(key, str) and 0 < len(key) < 20


@on_the_node
def _said(node: ast.AST) -> tuple[str, ...]:
    said = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return tuple([each for each in said if isinstance(each, str) and 1 < len(each) <= 12 and "%" not in each])


@on_the_node
def _marks(node: ast.AST) -> tuple[str, ...]:
    """The signs at which texts are split or by which they begin."""
    found: list[str] = []
    for each in ast.walk(node):
        if not isinstance(each, ast.Call) or not isinstance(each.func, ast.Attribute) or not each.args:
            continue
        first = each.args[0]
        if each.func.attr in {*_SPLITTING, "startswith", "removeprefix"} and isinstance(first, ast.Constant):
            sign = first.value
            if isinstance(sign, str) and 0 < len(sign) <= 2 and not sign.isalnum() and sign.strip():
                found.append(sign)
    return tuple(found)
