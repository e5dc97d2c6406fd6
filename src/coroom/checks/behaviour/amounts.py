"""A function leaves out some of what it gave, or gives more, and the other side counts on what it gave."""

from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use, returned_by
from coroom.syntax import Function, Term, shown, walk

_MEASURES = frozenset(["len", "sum", "count", "any", "all", "max", "min"])


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
    for _, above in use.around():
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
    for _, above in use.around():
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


def _leaves_out(branch: Term) -> bool:
    """Whether an `if` goes on to the next value, or is all that gives one."""
    body = branch.parts[1]
    gives = len(branch.parts) == 2 and len(body.parts) == 1 and body.parts[0].kind == "yield"
    return gives or any(part.kind == "jump" for part in walk(body))


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
        elif each.kind == "if" and len(each.parts) > 1 and _leaves_out(each):
            tests = each.parts[:1]
        elif each.kind == "call" and each.parts[0].text == "filter":
            tests = each.parts[1:2]
        for test in [part for each in tests for part in (each.parts if each.kind == "and" else (each,))]:
            words = tuple(sorted({part.text for part in walk(test) if part.kind in {"member", "string"}}))
            if words:
                found.add((test.key, words))
    return frozenset(found)
