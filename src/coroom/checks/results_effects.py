"""A function copies, changes in place, leaves out, adds, takes or tries again otherwise than the other side knows."""

import re
from collections.abc import Iterator

from coroom.checks.uses import Said, Use, returned_by
from coroom.syntax import Function, Term, shown, walk

_MUTATORS = frozenset(
    {"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "add", "update", "discard"}
    | {"setdefault", "popitem", "push", "unshift", "shift", "splice", "delete", "set"}
)
_IN_PLACE = frozenset({"shuffle", "heapify", "heappush", "heappop", "insort", "insort_left", "insort_right"})
"""Functions that change what they are given first, or last."""
_COPIERS = frozenset(
    {"list", "dict", "set", "tuple", "copy", "deepcopy", "sorted", "slice", "toSorted", "toReversed", "concat", "from"}
    | {"assign"}
)
_MEASURES = frozenset(["len", "sum", "count", "any", "all", "max", "min"])


# Copies, and what is changed in place.


def copied(use: Use) -> Iterator[Said]:
    """A copy of what it keeps, or the thing itself."""
    before, after = _holding(use.before), _holding(use.after)
    if {before, after} != {"live", "copy"}:
        return
    for value, above in use.around():
        call = use.above.get(id(above))
        mutated = (
            above.kind == "member"
            and above.text in _MUTATORS
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
    if value.kind == "member" or (value.kind == "name" and value.text.startswith("_")):
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
        if each.kind == "call" and each.parts[0].text in _IN_PLACE and len(each.parts) > 1:
            target = each.parts[1]
        elif (each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in _MUTATORS) or (
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


# What is left out.


def filtered(use: Use) -> Iterator[Said]:
    """What it leaves out."""
    added = (_conditions(use.after) - _conditions(use.before)) | (_cut(use.after) - _cut(use.before))
    gone = (_conditions(use.before) - _conditions(use.after)) | (_cut(use.before) - _cut(use.after))
    if bool(added) == bool(gone):
        return
    way = "leaves some out now" if added else "gives more than it did"
    words = {word for _, texts in added for word in texts}
    for value in use.elements:
        above = use.above.get(id(value))
        named = above is not None and above.kind == "member" and above.text in words
        around = use.above.get(id(above)) if above is not None else None
        if (
            named
            and around is not None
            and around.kind == "compare"
            and any(each.text in words for each in around.parts if each is not above)
        ):
            yield around, f"{use.after.name}() leaves out now what {shown(around)} asks for", 0.88, "filtered-out"
            return
    for value, above in use.around():
        place = above
        while place.kind == "call" and place.parts[0].text in {"list", "tuple"} and len(place.parts) == 2:
            place = use.above.get(id(place), Term("other"))
        counted = place.kind == "call" and place.parts[0].text in _MEASURES
        sized = above.kind == "member" and above.text == "length"
        if counted or sized:
            yield above, f"{use.after.name}() {way}, and they are counted here", 0.72, "filtered-out"
            return
        around = use.above.get(id(above)) if above.kind == "for" else None
        within = use.above.get(id(around)) if around is not None and around.kind == "comprehension" else None
        measured = within is not None and within.kind == "call" and within.parts[0].text in _MEASURES
        summed = above.kind == "for" and any(
            each.kind == "assign" and each.text in {"+=", "-=", "*="} for each in walk(above)
        )
        if added and (measured or summed):
            yield above, f"{use.after.name}() {way}, and all of them are counted on here", 0.74, "filtered-out"
            return
        if above.kind == "binary" and added:
            yield above, f"{use.after.name}() {way}, and {shown(above)} counts on all of them", 0.7, "filtered-out"
            return
        del value


def _cut(function: Function) -> frozenset[tuple[int, tuple[str, ...]]]:
    """The slices of which a function gives no more."""
    ends = [
        part for each in returned_by(function) for part in (each.parts[1:] if each.kind == "conditional" else (each,))
    ]
    return frozenset((each.key, ()) for each in ends if each.kind == "index" and each.parts[1].kind == "slice")


def joined_more(use: Use) -> Iterator[Said]:
    """A further line, or part, in a text that is cut into its parts again."""
    added = _joined(use.after) - _joined(use.before)
    if not added:
        return
    for value, above in use.around():
        del value
        call = use.above.get(id(above)) if above.kind == "member" else None
        if call is not None and call.kind == "call" and above.text in {"split", "splitlines", "count"}:
            said = f"{use.after.name}() writes a part more now, and {shown(call)} takes it for one of the others"
            yield call, said, 0.8, "filtered-out"
            return


def _joined(function: Function) -> frozenset[int]:
    """What is joined to a text beside what a collection holds."""
    found = set()
    for each in returned_by(function):
        if each.kind == "call" and each.parts[0].text == "join" and len(each.parts) == 2:
            given = each.parts[1]
            if given.kind in {"list", "tuple"} and any(part.kind == "spread" for part in given.parts):
                found |= {part.key for part in given.parts if part.kind != "spread"}
    return frozenset(found)


def grown(use: Use) -> Iterator[Said]:
    """Something more at the end of what is given: a terminator, a total, a header."""
    old = {each.key for each in _outer_puts(use.before)}
    new = [each for each in _outer_puts(use.after) if each.key not in old]
    grew = len(_outer_puts(use.after)) > len(_outer_puts(use.before))
    if not new or not grew or not any(_puts(each) for each in walk(use.before.body)):
        return
    for _, above in use.around():
        counted = above.kind == "call" and above.parts[0].text in _MEASURES
        if counted or (above.kind == "index" and above.parts[1].kind in {"unary", "slice"}) or above.text == "length":
            yield above, f"{use.after.name}() gives one more now: {shown(new[0])}", 0.84, "filtered-out"
            return
    if use.elements:
        yield (
            use.call,
            f"{use.after.name}() gives one more now, {shown(new[0])}, which is gone through here",
            0.72,
            "filtered-out",
        )


def _outer_puts(function: Function) -> list[Term]:
    """What a function adds to a list, or yields, once for each call of it."""
    return [each for each in function.body.parts if _puts(each)]


def _puts(term: Term) -> bool:
    adds = term.kind == "call" and term.parts[0].kind == "member" and term.parts[0].text in {"append", "push", "insert"}
    return adds or (term.kind == "yield" and not term.text)


def _conditions(function: Function) -> frozenset[tuple[int, tuple[str, ...]]]:
    """The conditions under which values are taken or left out, with the attributes that they name."""
    found = set()
    inner = {
        id(part)
        for each in walk(function.body)
        if each.kind == "comprehension"
        for part in walk(each.parts[0])
        if part.kind == "comprehension"
    }
    for each in walk(function.body):
        if id(each) in inner:
            # One inside another sorts into groups, and leaves nothing out.
            continue
        tests: tuple[Term, ...] = ()
        if each.kind == "comprehension":
            tests = tuple(part for clause in each.parts[1:] if clause.kind == "if" for part in clause.parts)
        elif each.kind == "if" and len(each.parts) > 1 and any(part.kind == "jump" for part in walk(each.parts[1])):
            tests = each.parts[:1]
        elif each.kind == "call" and each.parts[0].text == "filter":
            tests = each.parts[1:2]
        for test in [part for each in tests for part in (each.parts if each.kind == "and" else (each,))]:
            words = tuple(sorted({part.text for part in walk(test) if part.kind in {"member", "string"}}))
            if words:
                found.add((test.key, words))
    return frozenset(found)


# What is tried again.


def tried_twice(use: Use) -> Iterator[Said]:
    """Trying again, on both sides."""
    if (_tries(use.after.body) and not _tries(use.before.body)) or _asks_again(use):
        place = use.above.get(id(use.call))
        seen = set[str]()
        while place is not None:
            seen.add(place.kind)
            place = use.above.get(id(place))
        again = "try" in seen and bool(seen & {"for", "while"})
        inner = use.above.get(id(use.call))
        while inner is not None and inner.kind != "function":
            inner = use.above.get(id(inner))
        handed = (
            inner is not None
            and (outer := use.above.get(id(inner))) is not None
            and outer.kind == "call"
            and _RETRY.search(shown(outer.parts[0]))
        )
        if again or handed:
            said = f"{use.after.name}() tries again by itself now, and is tried again here, too"
            yield use.call, said, 0.86, "doubled-concern"


def _asks_again(use: Use) -> bool:
    """Whether a call that was made once is made in a loop now, until it comes to something: the loop can be left."""
    once = {each.key for each in walk(use.before.body) if each.kind == "call"}
    once -= {part.key for loop in _loops(use.before.body) for part in walk(loop)}
    return any(
        any(part.kind == "call" and part.key in once for step in loop.parts[1:] for part in walk(step))
        and any(part.kind == "return" or (part.kind == "jump" and part.text == "break") for part in walk(loop))
        for loop in _loops(use.after.body)
    )


def _loops(body: Term) -> list[Term]:
    return [each for each in walk(body) if each.kind in {"for", "while"} and len(each.parts) > 1]


_RETRY = re.compile(r"retr|again|attempt|tries|repeat", re.IGNORECASE)


def _tries(body: Term) -> bool:
    return any(part.kind == "try" for each in _loops(body) for part in walk(each))


# What is not given.


def default_changed(use: Use) -> Iterator[Said]:
    """What it takes for a parameter that is not given."""
    given = {each.text for each in use.call.parts[1:] if each.kind == "keyword"}
    placed = sum(each.kind not in {"keyword", "spread"} for each in use.call.parts[1:])
    if any(each.kind == "spread" for each in use.call.parts[1:]):
        return
    olds = {each.text: each for each in use.before.parameters}
    for place, each in enumerate(use.after.parameters):
        old = olds.get(each.text)
        left_out = each.text not in given and (place >= placed or "keyword" in each.flags)
        if old is None or not old.parts or not each.parts or not left_out or old.parts[0].key == each.parts[0].key:
            continue
        was, now = old.parts[0], each.parts[0]
        if {was.kind, now.kind} <= {"number", "string", "bool", "none", "unary"}:
            said = (
                f"{use.after.name}() takes {shown(now)} for {each.text} now, not {shown(was)}, and it is not given here"
            )
            yield use.call, said, 0.62 if "none" in {was.kind, now.kind} else 0.8, "default-changed"
            return
