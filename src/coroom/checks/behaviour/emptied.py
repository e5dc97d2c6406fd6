"""What an object remembers, and empties whenever it changes what that was made from; and new code that only changes."""

from collections.abc import Iterator

from coroom.checks.behaviour.copies import MUTATORS
from coroom.checks.behaviour.uses import classes_changed
from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side
from coroom.syntax import Class, Function, Term, walk

_OWN = frozenset({"self", "this"})
_EMPTYING = frozenset({"clear", "pop", "delete", "invalidate", "cache_clear"})
_BEGINS = frozenset({"__init__", "constructor", "__post_init__"})


def written_around(four: Four, side: Side) -> Iterator[Finding]:
    """New writes by one side of what the other side's object, each time that it writes it, now empties a memory for."""
    for before, after in classes_changed(side.other):
        for memory in sorted(after.fields.keys() | before.fields.keys()):
            for source in _sources(after, memory) - _sources(before, memory):
                yield from _left_full(four, side, after, memory, source)


def _sources(owner: Class, memory: str) -> frozenset[str]:
    """The attributes of which every write of a class also empties a memory that it fills elsewhere."""
    if not any(_fills(each, memory) for each in owner.methods.values()):
        return frozenset()
    writers: dict[str, list[Function]] = {}
    for method in owner.methods.values():
        if method.name not in _BEGINS:
            for name in _written(method) - {memory}:
                writers.setdefault(name, []).append(method)
    return frozenset(name for name, all_of in writers.items() if all(empties(owner, each, memory) for each in all_of))


def _left_full(four: Four, side: Side, owner: Class, memory: str, source: str) -> Iterator[Finding]:
    merged = four.merged.class_at(f"{owner.path}#{owner.name}")
    for changed in side.changed if merged is not None else ():
        function = changed.function
        if merged is None or function is None or changed.module.path != owner.path or function.owner != owner.name:
            continue
        old = _written(changed.before) if changed.before is not None else frozenset[str]()
        if function.name in _BEGINS or source not in _written(function) - old or empties(merged, function, memory):
            continue
        said = f"{function.name}() changes {source}; all else that does empties {memory} now, which is made from it"
        yield four.finding(
            side, "stale-cache", owner.path, function.line, memory, said,
            about=(f"{owner.path}#{owner.name}.{memory}",), sure=0.86,
        )  # fmt: skip
        return


def own_attribute(term: Term) -> str:
    """The attribute of its own object that a term is, or is a part of."""
    while term.kind == "index":
        term = term.parts[0]
    return term.text if term.kind == "member" and term.parts[0].text in _OWN else ""


def _fills(method: Function, memory: str) -> bool:
    """Whether a method puts something under a key of a memory, or into one that holds nothing."""
    if method.name in _BEGINS:
        return False
    for each in walk(method.body):
        put = each.kind == "assign" and len(each.parts) > 1 and own_attribute(each.parts[0]) == memory
        if put and (each.parts[0].kind == "index" or not _is_nothing(each.parts[1])):
            return True
        keeps = each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in {"set", "setdefault"}
        if keeps and own_attribute(each.parts[0].parts[0]) == memory:
            return True
    return False


def _written(function: Function) -> frozenset[str]:
    """The attributes of its object that a function puts something into, takes something out of, or sets."""
    found: set[str] = set()
    for each in walk(function.body):
        if each.kind in {"assign", "delete"} and each.parts:
            found.add(own_attribute(each.parts[0]))
        elif each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in MUTATORS:
            found.add(own_attribute(each.parts[0].parts[0]))
    return frozenset(found - {""})


def empties(owner: Class, function: Function, memory: str, depth: int = 2) -> bool:
    """Whether a function, or a method that it calls on its own object, empties a memory."""
    for each in walk(function.body):
        if each.kind == "assign" and len(each.parts) > 1 and each.parts[0].kind == "member":
            if own_attribute(each.parts[0]) == memory and _is_nothing(each.parts[1]):
                return True
        elif each.kind == "delete" and any(own_attribute(part) == memory for part in each.parts):
            return True
        elif each.kind == "call" and each.parts[0].kind == "member":
            called = each.parts[0]
            if called.text in _EMPTYING and own_attribute(called.parts[0]) == memory:
                return True
            inner = owner.methods.get(called.text) if called.parts[0].text in _OWN else None
            if depth and inner is not None and inner is not function and empties(owner, inner, memory, depth - 1):
                return True
    return False


def _is_nothing(value: Term) -> bool:
    made = value.kind == "call" and len(value.parts) == 1 and value.parts[0].text in {"dict", "list", "set"}
    return value.kind == "none" or made or (value.kind in {"dict", "list", "set", "bool"} and not value.parts)
