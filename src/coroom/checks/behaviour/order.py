"""A function gives its values in another order, and the other side goes by their places."""

from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use
from coroom.syntax import Function, Term, shown, walk


def ordered(use: Use) -> Iterator[Said]:
    """The order of what it gives."""
    before, after = _ordering(use.before), _ordering(use.after)
    if before == after or _turned(before) == _turned(after) or _refined(use.before, use.after):
        return
    for value in (*use.values, *use.one_for_each):
        above = use.above.get(id(value))
        if above is None:
            continue
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


def _turned(found: frozenset[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """What gives the order, where `[::-1]` and `reversed` are one."""
    return frozenset(("reversed",) if each[0] == "reversed?" else each for each in found)


def _refined(before: Function, after: Function) -> bool:
    """Whether what was sorted by one key is now sorted by that key first, and by others only among equals."""
    olds, news = _sorting(before), _sorting(after)
    changed = [(old, new) for old, new in zip(olds, news, strict=False) if old != new]
    return len(olds) == len(news) and bool(changed) and all(_begins_with(new, old) for old, new in changed)


def _sorting(function: Function) -> list[tuple[int, Term, tuple[Term, ...]]]:
    """Each sorting in a function: what else it is given, the key, and what the key is made of, in that order."""
    found = []
    for each in walk(function.body):
        if each.kind != "call" or each.parts[0].text not in {"sorted", "sort"}:
            continue
        key = next((part.parts[0] for part in each.parts[1:] if part.text == "key" and part.kind == "keyword"), None)
        if key is not None and key.kind == "function" and key.parts[-1].parts:
            rest = hash(tuple(part.key for part in each.parts if part.text != "key"))
            found.append((rest, key.parts[-1].parts[0], key.parts[:-1]))
    return found


def _begins_with(new: tuple[int, Term, tuple[Term, ...]], old: tuple[int, Term, tuple[Term, ...]]) -> bool:
    given = [each.key for each in new[2]] == [each.key for each in old[2]]
    mine, yours = (tuple(_parts_of(each[1])) for each in (new, old))
    return given and new[0] == old[0] and len(mine) > len(yours) and mine[: len(yours)] == yours


def _parts_of(key: Term) -> list[int]:
    value = key.parts[0] if key.kind == "return" and key.parts else key
    return [each.key for each in value.parts] if value.kind == "tuple" else [value.key]


def goes_by_place(use: Use) -> Term | None:
    """Where a result is used by the places of what it holds."""
    for value, above in use.around():
        if _by_place(value, above):
            return above
    return None


_BY_PLACE = frozenset({"next", "zip", "groupby", "bisect", "bisect_left", "bisect_right", "insort"})


def _by_place(value: Term, above: Term) -> bool:
    if above.kind == "index" and above.parts[0] is value:
        key = above.parts[1]
        measured = any(each.text in {"len", "length"} for each in walk(key))
        return measured or key.kind in {"number", "slice"} or (key.kind == "unary" and key.parts[0].kind == "number")
    if above.kind == "call" and above.parts[0].text in _BY_PLACE:
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
