"""A function gives its values in another order, scale or form, and the other side counts on the old one."""

import re
from collections.abc import Iterator

from coroom.checks.uses import Said, Use, returned_by
from coroom.syntax import Function, Term, shown, walk

# Order.


def ordered(use: Use) -> Iterator[Said]:
    """The order of what it gives."""
    before, after = _ordering(use.before), _ordering(use.after)
    if before == after:
        return
    for value, above in use.around():
        place = above
        inner = value
        while (
            place.kind == "call"
            and place.parts[0].text in {"list", "tuple", "iter", "enumerate"}
            and len(place.parts) == 2
        ):
            inner, place = place, use.above.get(id(place), place)
            if place is inner:
                break
        if _by_place(inner, place):
            said = f"{use.after.name}() gives its values in another order now, and {shown(place)} goes by their places"
            yield place, said, 0.86, "order-changed"
            return


def goes_by_place(use: Use) -> Term | None:
    """Where a result is used by the places of what it holds."""
    for value, above in use.around():
        if _by_place(value, above):
            return above
    return None


def _by_place(value: Term, above: Term) -> bool:
    if above.kind == "index" and above.parts[0] is value:
        key = above.parts[1]
        measured = any(each.text in {"len", "length"} for each in walk(key))
        return measured or key.kind in {"number", "slice"} or (key.kind == "unary" and key.parts[0].kind == "number")
    if above.kind == "call" and above.parts[0].text in {"next", "zip", "bisect", "bisect_left", "groupby"}:
        return True
    if above.kind == "compare" and above.text in {"==", "!="}:
        return any(each.kind in {"list", "tuple"} for each in above.parts)
    if above.kind == "assign" and above.parts[0].kind == "tuple":
        return True
    return above.kind == "member" and above.text in {"pop", "shift", "at", "index", "indexOf", "slice"}


def _ordering(function: Function) -> frozenset[tuple[str, ...]]:
    """What gives a function's values their order, however it is written."""
    found: set[tuple[str, ...]] = set()
    for each in walk(function.body):
        if each.kind == "call" and each.parts[0].text in {"sorted", "sort", "toSorted"}:
            options = [part for part in each.parts[1:] if part.kind in {"keyword", "function"}]
            found.add(("sorted", *sorted(str(part.key) for part in options if _tells(part))))
        elif each.kind == "call" and each.parts[0].text in {"reversed", "reverse", "toReversed"}:
            found.add(("reversed",))
        elif (each.kind == "call" and each.parts[0].text in {"unshift", "appendleft"}) or (
            each.kind == "call"
            and each.parts[0].text == "insert"
            and len(each.parts) == 3
            and each.parts[1].text == "0"
        ):
            found.add(("front",))
        elif (
            each.kind == "slice"
            and any(part.kind == "unary" and part.text == "-" for part in each.parts[-1:])
            and len(each.parts) == 1
        ):
            found.add(("reversed?", str(each.key)))
        elif each.kind == "call" and each.parts[0].text in {"set", "frozenset"}:
            found.add(("set",))
    return frozenset(found)


def _tells(option: Term) -> bool:
    return not (option.kind == "keyword" and option.text == "reverse" and option.parts[0].text == "False")


# Units and scale.


_ROUNDS = frozenset({"round", "floor", "ceil", "trunc"})


def scaled(use: Use) -> Iterator[Said]:
    """The unit or scale of what it gives."""
    before, after = _factors(use.before), _factors(use.after)
    unit = _known_scale(use.before, use.after)
    after |= {f"* {unit}"} if unit else _shifts(use.after) - _shifts(use.before)
    before |= frozenset() if unit else _shifts(use.before) - _shifts(use.after)
    if before == after:
        return
    for value, above in use.around():
        given = above.kind == "call" and above.parts[0] is not value
        only_rounded = (after ^ before) <= _ROUNDS
        used = (
            above.kind in {"binary", "compare", "comprehension"}
            or given
            or (above.kind == "template" and not only_rounded)
        )
        if used and not (above.kind == "compare" and any(each.kind in {"none", "bool"} for each in above.parts)):
            named = " and ".join(sorted(after ^ before))
            said = f"{use.after.name}() scales its result otherwise now ({named}); {shown(above)} counts on the old way"
            yield above, said, 0.84, "scale-changed"
            return
        del value


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
    """The ways in which what a function returns is tidied at the very end."""
    found = set()
    for value in returned_by(function):
        given = value.parts[0] if value.kind == "comprehension" else value
        for each in given.parts if given.kind in {"tuple", "list"} else (given,):
            if each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in _TIDIES:
                found.add(each.parts[0].text)
    return frozenset(found)


_TIDIES = frozenset({"strip", "rstrip", "lstrip", "lower", "upper", "casefold", "trim", "toLowerCase", "toUpperCase"})


def _shifts(function: Function) -> frozenset[str]:
    """What a function adds to its result, or takes from it, at the very end."""
    ends = [each for each in returned_by(function) if each.kind == "binary" and each.text in {"+", "-"}]
    return frozenset(f"{each.text} {part.text}" for each in ends for part in each.parts[1:] if part.kind == "number")


def _known_scale(before: Function, after: Function) -> str:
    """By how much all the numbers that a function returns were multiplied, where that is a change of unit."""
    was, now = (returned_by(one) for one in (before, after))
    if not was or len(was) != len(now) or any(each.kind != "number" for each in (*was, *now)):
        return ""
    ratios = {_ratio(one.text, other.text) for one, other in zip(was, now, strict=True)} - {1.0}
    ratio = ratios.pop() if len(ratios) == 1 else 0.0
    return f"{ratio:g}" if any(abs(ratio - each) < 1e-9 * each for each in _UNITS) else ""


_UNITS = (10.0, 24.0, 60.0, 100.0, 1000.0, 1024.0, 3600.0, 1e6, 1e9, 0.1, 1 / 60, 0.01, 0.001, 1e-6, 1e-9, 1 / 3600)


def _ratio(one: str, other: str) -> float:
    try:
        return float(other.replace("_", "")) / float(one.replace("_", ""))
    except (ValueError, ZeroDivisionError):
        return 1.0


def _factors(function: Function) -> frozenset[str]:
    """The numbers by which a function multiplies or divides what it returns, and whether it rounds it."""
    names = {each.text for value in returned_by(function) for each in walk(value) if each.kind == "name"}
    found = set()
    places = list(returned_by(function))
    places += [
        each.parts[1]
        for each in walk(function.body)
        if each.kind == "assign" and len(each.parts) > 1 and each.parts[0].text in names
    ]
    for place in places:
        for each in walk(place):
            if each.kind == "binary" and each.text in {"*", "/", "//", "**"}:
                found |= {f"{each.text} {part.text}" for part in each.parts if part.kind == "number"}
            elif each.kind == "call" and each.parts[0].text in _ROUNDS:
                found.add(each.parts[0].text)
    # To a number of digits: what is multiplied, rounded and divided again has the scale that it had.
    back = {each.partition(" ")[2] for each in found if each[:2] == "* "} & {
        each.partition(" ")[2] for each in found if each[:2] == "/ "
    }
    return frozenset(each for each in found if each.partition(" ")[2] not in back or " " not in each)


# The form of a text.


def written(use: Use) -> Iterator[Said]:
    """How a text that it gives is written."""
    before, after = _pieces(use.before), _pieces(use.after)
    gone = before - after
    cased = _casing(use.after) - _casing(use.before)
    reading = {
        **{id(v): a for v, a in use.around()},
        **{id(v): use.above[id(v)] for v in use.elements if id(v) in use.above},
    }
    entries = [each for each in reading.values() if each.kind == "index" and each.parts[1].kind == "string"]
    reading |= {id(each): use.above[id(each)] for each in entries if id(each) in use.above}
    for value in (*use.values, *use.elements, *entries):
        above = reading.get(id(value))
        if above is None:
            continue
        call = use.above.get(id(above)) if above.kind == "member" else None
        literals = _asked_for(value, above, call)
        relied = [
            each
            for each in literals
            if each in gone
            or (each and any(each in piece for piece in gone) and not any(each in piece for piece in after))
        ]
        if relied:
            said = f'{use.after.name}() no longer writes "{relied[0]}", which {shown(call or above)} looks for'
            yield above, said, 0.9, "format-changed"
            return
        wrong = [each for each in literals if cased and any(_uncased(each, way) for way in cased)]
        if wrong:
            said = f'{use.after.name}() changes the case of its result now, and it is asked for "{wrong[0]}"'
            yield above, said, 0.88, "format-changed"
            return
        sought = _searched(use, value, above) if cased else None
        if sought is not None:
            said = f"{use.after.name}() changes the case of its result now, and {shown(sought)} looks for the old one"
            yield sought, said, 0.8, "format-changed"
            return
        if (
            ((gone and after - before) or _frames(use.before) != _frames(use.after))
            and above.kind == "index"
            and above.parts[0] is value
            and above.parts[1].kind == "slice"
        ):
            yield (
                above,
                f"{use.after.name}() writes its text in another form now, which is cut here by place",
                0.82,
                "format-changed",
            )
            return


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
_CUTS = frozenset(
    [
        "split",
        "rsplit",
        "partition",
        "rpartition",
        "startswith",
        "endswith",
        "index",
        "find",
        "rindex",
        "rfind",
        "replace",
        "removeprefix",
        "removesuffix",
        "count",
        "startsWith",
        "endsWith",
        "indexOf",
        "lastIndexOf",
        "includes",
        "replaceAll",
        "strip",
        "lstrip",
        "rstrip",
    ]
)


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


_CASES = {"lower": str.lower, "upper": str.upper, "title": str.title, "casefold": str.casefold,
          "capitalize": str.capitalize, "toLowerCase": str.lower, "toUpperCase": str.upper}  # fmt: skip


def _casing(function: Function) -> frozenset[str]:
    return frozenset(
        each.parts[0].text for each in walk(function.body) if each.kind == "call" and each.parts[0].text in _CASES
    )


def _uncased(text: str, way: str) -> bool:
    return bool(re.search(r"[A-Za-z]", text)) and _CASES[way](text) != text
