"""A function gives a copy now or the thing itself, or changes in place what it did not."""

from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use, returned_by
from coroom.syntax import Function, Term, shown, walk

MUTATORS = frozenset(
    {"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "add", "update", "discard"}
    | {"setdefault", "popitem", "push", "unshift", "shift", "splice", "delete", "set"}
)
"""Methods that change their object in place."""
IN_PLACE = frozenset({"shuffle", "heapify", "heappush", "heappop", "insort", "insort_left", "insort_right"})
"""Functions that change what they are given first, or last."""
_COPIERS = frozenset(
    {"list", "dict", "set", "tuple", "copy", "deepcopy", "sorted", "slice", "toSorted", "toReversed", "concat", "from"}
    | {"assign"}
)


def copied(use: Use) -> Iterator[Said]:
    """A copy of what it keeps, or the thing itself."""
    before, after = _holding(use.before), _holding(use.after)
    if {before, after} != {"live", "copy"}:
        return
    for value, above in use.around():
        call = use.above.get(id(above))
        mutated = (
            above.kind == "member"
            and above.text in MUTATORS
            and call is not None
            and call.kind == "call"
            and call.parts[0] is above
        )
        stored = (
            above.kind == "index"
            and above.parts[0] is value
            and (call is not None and call.kind in {"assign", "delete"} and call.parts[0] is above)
        )
        grown = above.kind == "assign" and above.parts[0] is value and above.text not in {"=", "as"}
        if mutated or stored or grown:
            said = (
                f"{use.after.name}() gives a copy now, so this change of it is lost"
                if after == "copy"
                else f"{use.after.name}() gives its own {shown(returned_by(use.after)[0])} now, which this changes"
            )
            yield above, said, 0.86, "aliasing-changed"
            return


def _holding(function: Function) -> str:
    """Whether a function gives what it keeps, or a copy of it; empty when that cannot be told."""
    found = set()
    for value in returned_by(function):
        for each in value.parts[1:] if value.kind == "conditional" else (value,):
            if each.kind != "none":
                found.add(_held(function, each, follow=True))
    return found.pop() if len(found) == 1 else ""


def _held(function: Function, value: Term, *, follow: bool) -> str:
    if value.kind == "member" or (value.kind == "name" and (value.text.startswith("_") or value.text.isupper())):
        return "live"
    sliced = value.kind == "index" and value.parts[1].kind == "slice"
    made = value.kind in {"comprehension", "list", "dict"} and value.parts
    if made or sliced or (value.kind == "call" and value.parts[0].text in _COPIERS):
        return "copy"
    if value.kind == "index" or _is_looked_up(value):
        return "live"
    if value.kind == "name" and follow:
        bound = [each.parts[1] for each in walk(function.body) if _binds(each, value.text)]
        return _held(function, bound[0], follow=False) if len(bound) == 1 else ""
    return ""


def _is_looked_up(value: Term) -> bool:
    """`KEPT.get(key)`, where what it is looked up in outlives the call."""
    if value.kind != "call" or value.parts[0].kind != "member" or value.parts[0].text != "get":
        return False
    held = value.parts[0].parts[0]
    return held.kind == "member" or (held.kind == "name" and (held.text.isupper() or held.text.startswith("_")))


def _binds(term: Term, name: str) -> bool:
    return term.kind == "assign" and len(term.parts) > 1 and term.parts[0].kind == "name" and term.parts[0].text == name


def done_in_place(use: Use) -> Iterator[Said]:
    """What it changes in place."""
    before, after = _changes(use.before), _changes(use.after)
    lost, gained = before - after, after - before
    if use.statement and lost and not after and returned_by(use.after):
        said = f"{use.after.name}() returns its {min(lost)} now instead of changing it, and the result is thrown away"
        yield use.call, said, 0.92, "effect-changed"
        return
    names = [each.text for each in use.after.parameters]
    arguments = [each for each in use.call.parts[1:] if each.kind != "keyword"]
    for name in gained & set(names):
        place = names.index(name)
        given = arguments[place] if place < len(arguments) else None
        if given is not None and given.kind in {"name", "member"} and _used_after(use, given):
            said = f"{use.after.name}() now changes its {name} in place, and {shown(given)} is used after it"
            yield use.call, said, 0.82, "effect-changed"
            return


def _used_after(use: Use, given: Term) -> bool:
    return any(each.key == given.key and each.line > use.call.line for each in walk(use.changed.term))


def _changes(function: Function) -> frozenset[str]:
    """The parameters, and attributes of what it is bound to, that a function changes in place."""
    names = {each.text for each in function.parameters}
    found: set[str] = set()
    for each in walk(function.body):
        target: Term | None = None
        if each.kind == "call" and each.parts[0].text in IN_PLACE and len(each.parts) > 1:
            target = each.parts[1]
        elif (each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in MUTATORS) or (
            each.kind in {"assign", "delete"} and each.parts and each.parts[0].kind in {"index", "member"}
        ):
            target = each.parts[0].parts[0]
        if (
            target is not None
            and target.kind == "name"
            and target.text in names
            and not _rebound(function, target.text)
        ):
            found.add(target.text)
        elif target is not None and target.kind == "member" and target.parts[0].text in {"self", "this"}:
            found.add(f"self.{target.text}")
    return frozenset(found)


def _rebound(function: Function, name: str) -> bool:
    return any(
        each.kind == "assign" and each.parts[0].kind == "name" and each.parts[0].text == name
        for each in walk(function.body)
    )
