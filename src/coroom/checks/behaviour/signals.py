"""A function says no in another way, and the other side asks for the old one."""

import re
from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use, returned_by
from coroom.syntax import Function, Term, walk


def said_otherwise(use: Use) -> Iterator[Said]:
    """A literal that said "no", and is said no more."""
    gone = _literals(use.before) - _literals(use.after)
    raised = _raised(use.after) - _raised(use.before)
    if not gone or not raised:
        return
    for value, above in use.around():
        asked = above.kind in {"not", "if", "while", "and", "or", "conditional", "assert"} and above.parts[0] is value
        compared = above.kind == "compare" and any((each.kind, each.text) in gone for each in above.parts)
        if compared or (asked and any(each in FALSE for each in gone)):
            said = f"{use.after.name}() raises {min(raised)} now where it gave {min(gone)[1]}, which is asked for here"
            yield above, said, 0.88, "exception-changed"
            return


FALSE = frozenset({("bool", "False"), ("none", "None"), ("string", ""), ("number", "0"), ("list", ""), ("dict", "")})
"""The literals that a test takes for no, by kind and text."""


def _literals(function: Function) -> frozenset[tuple[str, str]]:
    found = set()
    for each in returned_by(function):
        options = each.parts[1:] if each.kind == "conditional" else (each,)
        if (
            each.kind == "call"
            and each.parts[0].kind == "member"
            and each.parts[0].text == "get"
            and len(each.parts) == 2
        ):
            found.add(("none", "None"))
        found |= {
            (one.kind, one.text)
            for one in options
            if one.kind in {"bool", "none", "number", "string"} or (one.kind in {"list", "dict"} and not one.parts)
        }
        found |= {
            ("number", f"-{one.parts[0].text}")
            for one in options
            if one.kind == "unary" and one.parts[0].kind == "number"
        }
    return frozenset(found)


def _raised(function: Function) -> frozenset[str]:
    found = set()
    for each in walk(function.body):
        if each.kind == "raise" and each.parts:
            held = each.parts[0].parts[0] if each.parts[0].kind == "call" else each.parts[0]
            found.add(held.text)
    return frozenset(found)


def kept_quiet(use: Use) -> Iterator[Said]:
    """A function catches now whatever the calls in it raise, and a new handler around its call waits for that."""
    hidden = _caught_all(use.after) - _caught_all(use.before)
    if not hidden or any(each.kind == "raise" for each in walk(use.after.body)):
        return
    made = {each.key for each in walk(use.before.body) if each.kind == "call"}
    if not made & hidden or made - hidden - {each.key for each in _own_handling(use.after)}:
        return
    place, around = use.call, use.above.get(id(use.call))
    while around is not None and not (around.kind == "try" and around.parts[0] is place):
        place, around = around, use.above.get(id(around))
    for each in around.parts if around is not None else ():
        if each.kind == "handler":
            said = f"{use.after.name}() lets nothing through any more of what is waited for here"
            yield each, said, 0.88, "exception-changed"
            return


def _caught_all(function: Function) -> frozenset[int]:
    """The calls in a function of which nothing that they raise comes out."""
    return frozenset(
        part.key
        for each in walk(function.body)
        if each.kind == "try" and any(_catches_all(one) for one in each.parts if one.kind == "handler")
        for part in walk(each.parts[0])
        if part.kind == "call"
    )


def _catches_all(handler: Term) -> bool:
    types = [each.text for each in handler.parts[:-1]]
    return not types or bool({"Exception", "BaseException"} & set(types))


def _own_handling(function: Function) -> Iterator[Term]:
    """The calls that only find what is tried: in the head of a loop."""
    for each in walk(function.body):
        if each.kind == "for" and len(each.parts) > 1:
            yield from (part for part in walk(each.parts[1]) if part.kind == "call")


def nothing_otherwise(use: Use) -> Iterator[Said]:
    """A script's function gives `null` now for nothing where it gave `undefined`, or the other way round."""
    was, now = (_nothings(each.term.note) for each in (use.before, use.after))
    if len(was) != 1 or len(now) != 1 or was == now:
        return
    for _, above in use.around():
        exact = above.kind == "compare" and "exact" in above.flags
        if exact and any(each.kind == "none" and was & each.flags for each in above.parts):
            said = f"{use.after.name}() gives {min(now)} now where it gave {min(was)}, which is asked for here"
            yield above, said, 0.93, "none-check"
            return


def _nothings(note: str) -> set[str]:
    return {"undefined", "null"} & set(re.findall(r"\w+", note))
