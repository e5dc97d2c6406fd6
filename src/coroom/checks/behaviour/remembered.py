"""A function that keeps its results from now on, and new code of the other side that changes what it reads."""

from collections.abc import Iterator

from coroom.checks.behaviour.emptied import empties, own_attribute
from coroom.checks.behaviour.uses import flowing, returned_by
from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side
from coroom.checks.wording import words_of
from coroom.syntax import Function, Term, walk


def remembered(four: Four, side: Side) -> Iterator[Finding]:
    """A function whose results the other side keeps from now on, beside new code that changes what it reads."""
    for each in side.other.changed:
        function, before = each.function, each.before
        if function is None or before is None or not _keeps(function) or _keeps(before):
            continue
        read = {
            part.text
            for part in walk(function.body)
            if part.kind in {"member", "name"} and (part.kind == "name" or part.parts[0].text in {"self", "cls"})
        }
        for changed in side.changed:
            if changed.module.path != each.module.path or changed.function is None:
                continue
            owner = changed.module.classes.get(changed.function.owner)
            if owner is not None and any(empties(owner, changed.function, one) for one in _memories(function)):
                continue
            for term in changed.new_terms():
                target = _changed_by(term)
                if (
                    target is not None
                    and target in read
                    and target not in {p.text for p in changed.function.parameters}
                ):
                    said = f"{function.qualname}() keeps results; {changed.within}() changes {target}, which it reads"
                    yield four.finding(side, "stale-cache", changed.module.path, term.line, target, said,
                                       about=(f"{each.module.path}#{each.within}",), sure=0.84)  # fmt: skip
                    return


def _memories(function: Function) -> set[str]:
    """The attributes of its object in which a function keeps what it returns; where that is not told, all it sets."""
    puts = [each for each in walk(function.body) if each.kind == "assign" and own_attribute(each.parts[0])]
    given = [part for each in flowing(function) for part in walk(each)]
    names = {each.text for each in given if each.kind == "name"}
    read = {own_attribute(each) for each in given}
    found = {own_attribute(each.parts[0]) for each in puts}
    kept = {
        own_attribute(each.parts[0])
        for each in puts
        if own_attribute(each.parts[0]) in read
        or any(value.kind == "name" and value.text in names for value in each.parts[1:])
    }
    return kept or found


def _keeps(function: Function) -> bool:
    marks = {part.text for mark in function.term.marks for part in walk(mark)}
    if marks & {"cache", "lru_cache", "cached_property", "memoize", "memoise", "memo"}:
        return True
    words = {word for part in walk(function.body) if part.kind in {"member", "name"} for word in words_of(part.text)}
    return bool(words & {"cache", "cached", "memo", "memoized"}) or _fills_once(function)


def _fills_once(function: Function) -> bool:
    """`if self.x is None: self.x = …`, and what it gives is `self.x`."""
    given = {each.text for each in returned_by(function) if each.kind == "member" and each.parts[0].text in _OWN}
    for each in walk(function.body):
        if each.kind != "if" or len(each.parts) < 2:
            continue
        asked = {part.text for part in walk(each.parts[0]) if part.kind == "member" and part.parts[0].text in _OWN}
        filled = {
            part.parts[0].text
            for part in walk(each.parts[1])
            if part.kind == "assign" and part.parts[0].kind == "member" and part.parts[0].parts[0].text in _OWN
        }
        if given & asked & filled:
            return True
    return False


_OWN = frozenset({"self", "cls", "this"})


def _changed_by(term: Term) -> str | None:
    target: Term | None = None
    if term.kind in {"assign", "delete"} and term.parts:
        target = term.parts[0].parts[0] if term.parts[0].kind == "index" else term.parts[0]
    elif term.kind == "call" and term.parts[0].kind == "member" and term.parts[0].text in _CHANGERS:
        target = term.parts[0].parts[0]
    if target is None:
        return None
    if target.kind == "member" and target.parts[0].text == "self":
        return target.text
    return (
        target.text
        if (target.kind == "name" and term.kind != "assign")
        or (target.kind == "name" and term.parts[0].kind == "index")
        else None
    )


_CHANGERS = frozenset(
    ["append", "extend", "insert", "remove", "pop", "clear", "add", "update", "discard", "popitem", "push", "sort"]
)
