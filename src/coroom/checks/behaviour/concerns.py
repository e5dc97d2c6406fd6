"""One concern taken up by both sides along one path of calls."""

import re
from collections.abc import Iterator

from coroom.checks.behaviour.emptied import written_around
from coroom.checks.behaviour.given import no_longer_given
from coroom.checks.behaviour.locks import taken_twice
from coroom.checks.behaviour.remembered import remembered
from coroom.checks.behaviour.uses import flowing
from coroom.checks.finding import Finding
from coroom.checks.inference.reading import Reading
from coroom.checks.sides import Changed, Four, Side, functions_of
from coroom.checks.wording import words_of
from coroom.syntax import Function, Term, is_test, walk

_WATCHING = frozenset([
    "log", "logger", "logging", "debug", "trace", "metric", "metrics", "warn", "warning", "print", "info", "error",
    "message", "exception", "value", "result", "self", "name", "type", "data", "item", "items", "args", "kwargs",
    "options", "config", "path", "text", "none", "true", "false", "list", "dict", "default", "total", "count",
])  # fmt: skip
_IDEMPOTENT = frozenset([
    "strip", "lower", "upper", "str", "int", "float", "bool", "list", "tuple", "set", "dict", "sorted", "len", "min",
    "max", "abs", "repr", "isinstance", "range", "get", "items", "keys", "values", "append", "extend", "join",
    "split", "format", "print", "any", "all", "sum", "next", "iter", "copy", "update", "trim", "map", "filter",
    "slice",
])  # fmt: skip


def concerns(four: Four) -> Iterator[Finding]:
    """The same thing done by both sides where one calls the other; tests for values that are no longer given; results
    kept while what they are made of changes.
    """
    yield from _doubled(four)
    yield from _counted_twice(four)
    for side in four.sides:
        yield from no_longer_given(four, side)
        kept = list(remembered(four, side))
        yield from kept or written_around(four, side)
        yield from taken_twice(four, side)


def _doubled(four: Four) -> Iterator[Finding]:
    mine, yours = (_concerns(side) for side in four.sides)
    paths = _Paths(four)
    for word in sorted(mine.keys() & yours.keys()):
        if not word.endswith("()") and _base_has(four, word):
            continue
        for one in mine[word]:
            for other in yours[word]:
                if paths.meet(one, other):
                    assert other.function is not None
                    assert one.function is not None
                    shown = word.removesuffix("()")
                    said = (
                        f"{other.function.name}() and {one.function.name}() are on one path, and both now apply {shown}"
                    )
                    yield four.finding(
                        four.theirs, "doubled-concern", other.module.path, other.function.line, shown, said,
                        about=(f"{one.module.path}#{one.within}",), sure=0.84,
                    )  # fmt: skip
                    return


def _counted_twice(four: Four) -> Iterator[Finding]:
    """One attribute that both sides newly count up, where one calls the other."""
    for side in four.sides:
        theirs = {
            f"{each.module.path}#{each.within}": (each, name)
            for each in side.other.changed
            if each.before is not None and not is_test(each.module.path)
            for name in _counted(each)
        }
        for walked in four.walked(side) if theirs else ():
            names = set(_counted(walked.changed))
            for call, ref in walked.both.calls:
                other, name = theirs.get(ref, (None, ""))
                if other is not None and name in names:
                    said = f"{other.within}() counts {name} now, and it is counted here, too"
                    yield four.finding(
                        side, "doubled-concern", walked.changed.module.path, call.line, name, said,
                        about=(ref,), sure=0.86,
                    )  # fmt: skip
                    return


def _counted(changed: Changed) -> Iterator[str]:
    """The attributes that a function newly sets to something made of what they were."""
    for each in changed.new_terms():
        target = each.parts[0] if each.kind == "assign" and len(each.parts) > 1 else None
        if target is None or target.kind != "member":
            continue
        said = {part.text for part in walk(each.parts[1]) if part.kind in {"member", "string"}}
        if each.text in {"+=", "-="} or (each.parts[1].kind == "binary" and target.text in said):
            yield target.text


def _concerns(side: Side) -> dict[str, list[Changed]]:
    """What functions that were there before newly bring into what they return: words of names, and what they call."""
    found: dict[str, list[Changed]] = {}
    for changed in side.changed:
        if changed.function is None or changed.before is None or is_test(changed.module.path):
            continue
        new = {each.key for each in changed.new_terms()}
        for word in _words_returned(changed.function, new) - _words_said(changed.before):
            found.setdefault(word, []).append(changed)
    return found


def _words_said(function: Function) -> set[str]:
    """What a function applied before to what it returns, on whatever way that came there."""
    parts = list(walk(function.body))
    made = [part for each in flowing(function) for part in walk(each)]
    names: set[str] = set()
    while fresh := {each.text for each in made if each.kind == "name"} - names:
        names |= fresh
        made += [part for each in parts if _touched(each) in fresh for one in _put(each) for part in walk(one)]
    calls = [each.parts[0] for each in made if each.kind == "call"]
    return {f"{each.text}()" for each in calls if each.kind in {"name", "member"}}


def _put(term: Term) -> tuple[Term, ...]:
    return term.parts[1:2] if term.kind == "for" else term.parts[1:]


def _touched(term: Term) -> str:
    """The name that a term gives a value, or puts something into."""
    target = term.parts[0] if term.kind in {"assign", "call", "for"} and len(term.parts) > 1 else None
    while target is not None and target.kind in {"member", "index"}:
        target = target.parts[0]
    return target.text if target is not None and target.kind == "name" else ""


def _words_returned(function: Function, new: set[int]) -> set[str]:
    """The words of the new terms that what a function returns is made from."""
    found: set[str] = set()
    flows = flowing(function)
    for place in flows:
        for each in walk(place):
            if each.key not in new:
                continue
            if each.kind in {"name", "member"}:
                found |= {_single(word) for word in words_of(each.text) if len(word) > 3} - _WATCHING
            if (
                each.kind == "call"
                and each.parts[0].kind in {"name", "member"}
                and each.parts[0].text not in _IDEMPOTENT
            ):
                found.add(f"{each.parts[0].text}()")
    return found


def _single(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _base_has(four: Four, word: str) -> bool:
    pattern = re.compile(word.encode(), re.IGNORECASE)
    return any(pattern.search(text) for path, text in four.base.texts.items() if not is_test(path))


class _Paths:
    """The calls of the merged tree, each looked up once."""

    def __init__(self, four: Four) -> None:
        self._four = four
        self._reading = Reading(four.merged)
        self._under: dict[tuple[str, str, str], list[Function]] = {}
        self._met: dict[tuple[tuple[str, str], tuple[str, str]], bool] = {}

    def meet(self, one: Changed, other: Changed) -> bool:
        """Whether a value goes through both: one calls the other, or a third hands to one what the other gives."""
        assert one.function is not None
        assert other.function is not None
        at = (_at(one.function), _at(other.function))
        if at not in self._met:
            self._met[at] = self._meet(one.function, other.function)
        return self._met[at]

    def _meet(self, one: Function, other: Function) -> bool:
        if self._reaches(one, other) or self._reaches(other, one):
            return True
        both = {_at(one), _at(other)}
        for path in dict.fromkeys((one.path, other.path)):
            module = self._four.merged.module(path)
            for function in functions_of(module).values() if module is not None else ():
                for call in walk(function.body):
                    inner = [part for each in call.parts[1:] for part in walk(each)] if call.kind == "call" else []
                    given = [each for each in inner if each.kind == "call"]
                    callees = self._reading.callees(call, function) if given else []
                    under = [each for part in given for each in self._reading.callees(part, function)]
                    if any({_at(a), _at(b)} == both for a in callees for b in under):
                        return True
        return False

    def _called(self, function: Function, only: str = "") -> list[Function]:
        """What a function calls; with a name only the methods of that name, and all that are no methods."""
        at = (*_at(function), only)
        if at not in self._under:
            calls = [each for each in walk(function.body) if each.kind == "call"]
            calls = [each for each in calls if not only or each.parts[0].kind != "member" or each.parts[0].text == only]
            found = {_at(each): each for call in calls for each in self._reading.callees(call, function)}
            self._under[at] = list(found.values())
        return self._under[at]

    def _reaches(self, start: Function, goal: Function, depth: int = 3) -> bool:
        for each in self._called(start, goal.name if depth == 1 else ""):
            inner = depth > 1 and _at(each) != _at(start)
            if _at(each) == _at(goal) or (inner and self._reaches(each, goal, depth - 1)):
                return True
        return False


def _at(function: Function) -> tuple[str, str]:
    return function.path, function.qualname
