"""A function refuses what it did not refuse, and the other side runs into that."""

from collections.abc import Iterator

from coroom.checks.behaviour.signals import FALSE
from coroom.checks.behaviour.uses import Said, Use
from coroom.syntax import Function, Term, shown, walk


def unready(use: Use) -> Iterator[Said]:
    """A new refusal of a method for as long as nobody has called another one."""
    old = {each.key for each in walk(use.before.body)}
    owner = use.side.other.tree.class_at(f"{use.after.path}#{use.after.owner}")
    for each in use.after.body.parts if owner is not None else ():
        if each.kind != "if" or each.key in old or not any(part.kind == "raise" for part in each.parts[1].parts):
            continue
        name = _asked_attribute(each.parts[0])
        start = owner.fields.get(name) if owner is not None and name else None
        falsy = start is not None and start.parts and (start.parts[0].kind, start.parts[0].text) in FALSE
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
        test.kind == "compare" and test.text in {"is", "=="} and (test.parts[1].kind, test.parts[1].text) in FALSE
    )
    return held.text if empty and held.kind == "member" and held.parts[0].text == "self" else ""


def _sets(method: Function, name: str) -> bool:
    return any(
        each.kind == "assign" and each.parts[0].kind == "member" and each.parts[0].text == name
        for each in walk(method.body)
    )


def _entered(use: Use, makers: set[str]) -> bool:
    return "__enter__" in makers and any(each.kind == "with" for each in walk(use.changed.term))


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
