"""A function refuses what it did not refuse, or says no in another way, and the other side counts on the old way."""

import re
from collections.abc import Iterator

from coroom.checks.uses import Said, Use, returned_by
from coroom.syntax import Function, Term, shown, walk

# Signals: a literal that said "no", and is said no more.


def said_otherwise(use: Use) -> Iterator[Said]:
    """A literal that said "no", and is said no more."""
    gone = _literals(use.before) - _literals(use.after)
    raised = _raised(use.after) - _raised(use.before)
    if not gone or not raised:
        return
    for value, above in use.around():
        asked = above.kind in {"not", "if", "while", "and", "or", "conditional", "assert"} and above.parts[0] is value
        compared = above.kind == "compare" and any((each.kind, each.text) in gone for each in above.parts)
        if compared or (asked and any(each in _FALSE for each in gone)):
            said = f"{use.after.name}() raises {min(raised)} now where it gave {min(gone)[1]}, which is asked for here"
            yield above, said, 0.88, "exception-changed"
            return


_FALSE = frozenset({("bool", "False"), ("none", "None"), ("string", ""), ("number", "0"), ("list", ""), ("dict", "")})


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


# What nobody hears of any more.


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


# What is not there is said in another way.


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


# What must be done before.


def unready(use: Use) -> Iterator[Said]:
    """A new refusal of a method for as long as nobody has called another one."""
    old = {each.key for each in walk(use.before.body)}
    owner = use.side.other.tree.class_at(f"{use.after.path}#{use.after.owner}")
    for each in use.after.body.parts if owner is not None else ():
        if each.kind != "if" or each.key in old or not any(part.kind == "raise" for part in each.parts[1].parts):
            continue
        name = _asked_attribute(each.parts[0])
        start = owner.fields.get(name) if owner is not None and name else None
        falsy = start is not None and start.parts and (start.parts[0].kind, start.parts[0].text) in _FALSE
        if not falsy or owner is None:
            continue
        makers = {
            m.name for m in owner.methods.values() if m.name not in {"__init__", "constructor"} and _sets(m, name)
        }
        if not any(part.kind == "member" and part.text in makers for part in walk(use.changed.term)) and not _entered(
            use, makers
        ):
            first = " or ".join(sorted(makers)) or name
            said = f"{use.after.name}() refuses now until {first} is called, which is not done here"
            yield use.call, said, 0.85, "precondition-added"
            return


def _asked_attribute(test: Term) -> str:
    held = test.parts[0] if test.kind in {"not", "compare"} else test
    empty = test.kind == "not" or (
        test.kind == "compare" and test.text in {"is", "=="} and (test.parts[1].kind, test.parts[1].text) in _FALSE
    )
    return held.text if empty and held.kind == "member" and held.parts[0].text == "self" else ""


def _sets(method: Function, name: str) -> bool:
    return any(
        each.kind == "assign" and each.parts[0].kind == "member" and each.parts[0].text == name
        for each in walk(method.body)
    )


def _entered(use: Use, makers: set[str]) -> bool:
    return "__enter__" in makers and any(each.kind == "with" for each in walk(use.changed.term))


# What must come first.


def guarded(use: Use) -> Iterator[Said]:
    """A new refusal that this very call runs into."""
    old = {each.key for each in walk(use.before.body)}
    names = [each.text for each in use.after.parameters]
    for each in use.after.body.parts:
        if each.kind != "if" or each.key in old or not any(part.kind == "raise" for part in each.parts[1].parts):
            continue
        test = each.parts[0]
        emptied = _emptied(test)
        if emptied in names:
            place = names.index(emptied)
            given = use.call.parts[1:][place] if place < len(use.call.parts) - 1 else None
            if given is not None and _is_nothing(given):
                said = f"{use.after.name}() refuses {shown(given)} for its {emptied} now"
                yield use.call, said, 0.92, "precondition-added"
                return
        if test.kind == "compare" and test.parts[0].kind == "name" and test.parts[0].text in names:
            place = names.index(test.parts[0].text)
            given = use.call.parts[1:][place] if place < len(use.call.parts) - 1 else None
            if given is not None and _holds(given, test.text, test.parts[1]):
                said = f"{use.after.name}() refuses {shown(given)} for its {names[place]} now"
                yield use.call, said, 0.92, "precondition-added"
                return


_NOTHING = frozenset(
    {("string", "", False), ("none", "None", False), ("list", "", False), ("dict", "", False), ("tuple", "", False)}
    | {("number", "0", False), ("bool", "False", False)}
)


def _is_nothing(term: Term) -> bool:
    return (term.kind, term.text.strip(), bool(term.parts)) in _NOTHING


def _emptied(test: Term) -> str:
    """The name that `not name`, `not name.strip()`, `name is None` or `len(name) == 0` says to be empty."""
    if test.kind == "or":
        return next((found for each in test.parts if (found := _emptied(each))), "")
    compared = test.kind == "compare" and test.text in {"is", "=="} and _is_nothing(test.parts[1])
    held = test.parts[0] if compared or test.kind == "not" else None
    if held is not None and held.kind == "call" and held.parts[0].text in {"strip", "trim"}:
        held = held.parts[0].parts[0]
    elif held is not None and held.kind == "call" and held.parts[0].text == "len" and len(held.parts) == 2:
        held = held.parts[1]
    return held.text if held is not None and held.kind == "name" else ""


def _holds(left: Term, sign: str, right: Term) -> bool:
    one, other = _figure(left), _figure(right)
    if one is not None and other is not None:
        return {
            "<": one < other,
            "<=": one <= other,
            ">": one > other,
            ">=": one >= other,
            "==": one == other,
            "!=": one != other,
        }.get(sign, False)
    if (
        right.kind in {"tuple", "list", "set"}
        and left.kind == "string"
        and all(each.kind == "string" for each in right.parts)
    ):
        return (left.text in {each.text for each in right.parts}) == (sign == "in") and sign in {"in", "not in"}
    return False


def _figure(term: Term) -> float | None:
    sign = 1.0
    if term.kind == "unary" and term.text == "-":
        sign, term = -1.0, term.parts[0]
    try:
        return sign * float(term.text) if term.kind == "number" else None
    except ValueError:
        return None
