"""A function writes a text otherwise, and the other side looks for the old form."""

import re
from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use, returned_by, yielded_by
from coroom.syntax import Function, Term, shown, walk


def untidied(use: Use) -> Iterator[Said]:
    """A text that came without spaces around it, or in one case, and comes as it is now."""
    lost = _tidying(use.before) - _tidying(use.after)
    if not lost:
        return
    for value in (*use.values, *use.elements):
        above = use.above.get(id(value))
        given = above is not None and above.kind == "call" and above.parts[0] is not value
        compared = above is not None and above.kind in {"compare", "index"}
        unpacked = above is not None and above.kind == "assign" and above.parts[0].kind == "tuple"
        if above is not None and (given or compared or unpacked):
            said = (
                f"{use.after.name}() no longer applies {min(lost)}() to what it gives, and {shown(above)} counts on it"
            )
            yield above, said, 0.78, "format-changed"
            return


def _tidying(function: Function) -> frozenset[str]:
    """The ways in which what a function returns, or yields, is tidied at the very end."""
    found = set()
    for value in (*returned_by(function), *yielded_by(function)):
        given = value.parts[0] if value.kind == "comprehension" else value
        for each in given.parts if given.kind in {"tuple", "list"} else (given,):
            if each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in _TIDIES:
                found.add(each.parts[0].text)
    return frozenset(found)


_TIDIES = frozenset({"strip", "rstrip", "lstrip", "lower", "upper", "casefold", "trim", "toLowerCase", "toUpperCase"})


def written(use: Use) -> Iterator[Said]:
    """How a text that it gives is written."""
    text = _Rewriting(use)
    for value, above in _read_places(use):
        for rule in (_writes_no_more, _cases_otherwise, _is_sought_in_another_case, _is_cut_by_place):
            found = rule(text, value, above)
            if found is not None:
                yield (*found, "format-changed")
                return


class _Rewriting:
    """One use, and how the pieces of text and their case differ before and after."""

    def __init__(self, use: Use) -> None:
        self.use = use
        self.name = use.after.name
        self.after = _pieces(use.after)
        before = _pieces(use.before)
        self.gone = before - self.after
        self.come = self.after - before
        self.cased = _casing(use.after) - _casing(use.before)


def _read_places(use: Use) -> Iterator[tuple[Term, Term]]:
    """The terms that hold the text, or an entry of it, each with what reads it."""
    reading = {
        **{id(value): above for value, above in use.around()},
        **{id(each): use.above[id(each)] for each in use.elements if id(each) in use.above},
    }
    entries = [each for each in reading.values() if each.kind == "index" and each.parts[1].kind == "string"]
    reading |= {id(each): use.above[id(each)] for each in entries if id(each) in use.above}
    for value in (*use.values, *use.elements, *entries):
        above = reading.get(id(value))
        if above is not None:
            yield value, above


def _call_of(use: Use, above: Term) -> Term | None:
    return use.above.get(id(above)) if above.kind == "member" else None


def _writes_no_more(text: _Rewriting, value: Term, above: Term) -> tuple[Term, str, float] | None:
    call = _call_of(text.use, above)
    for literal in _asked_for(value, above, call):
        within = any(literal in piece for piece in text.gone) and not any(literal in piece for piece in text.after)
        if literal in text.gone or (literal and within):
            said = f'{text.name}() no longer writes "{literal}", which {shown(call or above)} looks for'
            return above, said, 0.9
    return None


def _cases_otherwise(text: _Rewriting, value: Term, above: Term) -> tuple[Term, str, float] | None:
    for literal in _asked_for(value, above, _call_of(text.use, above)) if text.cased else ():
        if any(_uncased(literal, way) for way in text.cased):
            said = f'{text.name}() changes the case of its result now, and it is asked for "{literal}"'
            return above, said, 0.88
    return None


def _is_sought_in_another_case(text: _Rewriting, value: Term, above: Term) -> tuple[Term, str, float] | None:
    sought = _searched(text.use, value, above) if text.cased else None
    if sought is None:
        return None
    said = f"{text.name}() changes the case of its result now, and {shown(sought)} looks for the old one"
    return sought, said, 0.8


def _is_cut_by_place(text: _Rewriting, value: Term, above: Term) -> tuple[Term, str, float] | None:
    cut = above.kind == "index" and above.parts[0] is value and above.parts[1].kind == "slice"
    if cut and ((text.gone and text.come) or _frames(text.use.before) != _frames(text.use.after)):
        return above, f"{text.name}() writes its text in another form now, which is cut here by place", 0.82
    return None


def _frames(function: Function) -> frozenset[int]:
    """How the texts are put together that a function returns."""
    return frozenset(each.key for each in returned_by(function) if each.kind == "template")


def _asked_for(value: Term, above: Term, call: Term | None) -> list[str]:
    """The texts that a result is compared with, cut at, or searched for."""
    if above.kind == "compare":
        return [each.text for each in above.parts if each is not value and each.kind == "string"]
    if call is not None and call.kind == "call" and call.parts[0] is above:
        return [each.text for each in call.parts[1:] if each.kind == "string"] if above.text in _CUTS else []
    return []


def _searched(use: Use, value: Term, above: Term) -> Term | None:
    """Where something that is no literal is looked for in a text, or in the parts that it is cut into."""
    inner: Term | None = value
    place: Term | None = above
    while inner is not None and place is not None:
        if place.kind == "compare" and place.text in {"==", "in", "not in", "!="}:
            others = [each for each in place.parts if each is not inner]
            return place if any(each.kind in {"name", "member"} for each in others) else None
        call = use.above.get(id(place)) if place.kind == "member" else None
        if call is None or call.kind != "call" or call.parts[0] is not place:
            return None
        if place.text in _SEEKERS:
            return call if any(each.kind in {"name", "member"} for each in call.parts[1:]) else None
        if place.text not in {"split", "splitlines", "strip", "trim"}:
            return None
        inner, place = call, use.above.get(id(call))
    return None


_SEEKERS = frozenset(
    {"index", "find", "count", "startswith", "endswith", "indexOf", "includes", "startsWith", "endsWith"}
)
_CUTS = frozenset([
    "split", "rsplit", "partition", "rpartition", "startswith", "endswith", "index", "find", "rindex", "rfind",
    "replace", "removeprefix", "removesuffix", "count", "startsWith", "endsWith", "indexOf", "lastIndexOf",
    "includes", "replaceAll", "strip", "lstrip", "rstrip",
])  # fmt: skip


def _pieces(function: Function) -> frozenset[str]:
    """The stretches of literal text that a function puts into what it gives."""
    found: set[str] = set()
    for each in walk(function.body):
        if each.kind == "string" and not _is_document(function, each):
            found.add(each.text)
        elif each.kind == "template":
            found.update(each.text.split("\0"))
    return frozenset(piece for piece in found if piece)


def _is_document(function: Function, term: Term) -> bool:
    return any(each is term for each in function.body.parts[:1])


CASES = {"lower": str.lower, "upper": str.upper, "title": str.title, "casefold": str.casefold,
          "capitalize": str.capitalize, "toLowerCase": str.lower, "toUpperCase": str.upper}  # fmt: skip
"""What changes the case of a text, by its name in Python and in scripts."""


def _casing(function: Function) -> frozenset[str]:
    return frozenset(
        each.parts[0].text for each in walk(function.body) if each.kind == "call" and each.parts[0].text in CASES
    )


def _uncased(text: str, way: str) -> bool:
    return bool(re.search(r"[A-Za-z]", text)) and CASES[way](text) != text
