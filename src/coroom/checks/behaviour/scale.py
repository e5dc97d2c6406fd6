"""A function gives a number in another unit or scale, and the other side counts on the old one."""

from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use, returned_by
from coroom.syntax import Function, shown, walk

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
