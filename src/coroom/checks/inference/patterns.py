"""What the patterns of Python's `match` bind, and what they ask for that is not there."""

from coroom.checks.inference.asking import names_in
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.operators import compared
from coroom.checks.inference.shapes import BOOL, UNKNOWN, Names, Shape, union
from coroom.syntax import Class, Term

_VALUES = frozenset({"string", "number", "bool", "none", "member"})


def matched(checker: Checker, term: Term, names: Names) -> Shape:
    """A case whose pattern takes its subject apart; the names that it binds are known from here on."""
    subject, pattern = term.parts
    with checker.silent():
        held = checker.value(subject, names)
    _taken_apart(checker, pattern, held, names)
    return BOOL


def _taken_apart(checker: Checker, pattern: Term, held: Shape, names: Names) -> None:
    if pattern.kind == "name":
        names[pattern.text] = held
    elif pattern.kind in _VALUES:
        compared(checker, pattern, "value", held, checker.value(pattern, names))
    elif pattern.kind == "spread":
        names.update({each.text: UNKNOWN for each in pattern.parts})
    elif pattern.text == "as":
        _taken_apart(checker, pattern.parts[0], held, names)
        names[pattern.parts[1].text] = UNKNOWN if pattern.parts[0].kind == "pattern" else held
    elif pattern.text == "or":
        for each in pattern.parts:
            with checker.silent():
                _taken_apart(checker, each, held, names)
    elif pattern.text == "list":
        _in_order(checker, pattern, held, names)
    elif pattern.text == "dict":
        _by_keys(checker, pattern, held, names)
    elif pattern.text == "class":
        _as_class(checker, pattern, names)


def _in_order(checker: Checker, pattern: Term, held: Shape, names: Names) -> None:
    """A sequence: a tuple must have as many values as the pattern has places."""
    wanted, starred = len(pattern.parts), any(each.kind == "spread" for each in pattern.parts)
    tuples = [each for each in held.options if each.kind == "tuple" and each.of]
    fitting = [each for each in tuples if len(each.of) == wanted]
    if tuples and len(tuples) == len(held.options) and not fitting and not starred:
        said = f"a tuple of {len(tuples[0].of)} is never matched by a pattern of {wanted}"
        checker.doubt("type-changed", pattern, names_in(pattern), said, (), 0.93)
    for place, each in enumerate(pattern.parts):
        inside = union(one.of[place] for one in fitting) if fitting and not starred else checker.inside(held)
        _taken_apart(checker, each, inside if not starred or held.kind != "tuple" else UNKNOWN, names)


def _by_keys(checker: Checker, pattern: Term, held: Shape, names: Names) -> None:
    for each in pattern.parts:
        if each.kind == "spread":
            _taken_apart(checker, each, UNKNOWN, names)
            continue
        key, inner = each.parts
        records = [one for one in held.options if one.kind == "record" and one.keys is not None]
        known = records and len(records) == len(held.options) and key.kind == "string"
        if known and all(one.lacks(key.text) for one in records):
            checker.doubt("missing-key", each, key.text, f'"{key.text}" is not among the keys of what is matched')
        inside = held.entry(key.text) if held.kind == "record" and key.kind == "string" else UNKNOWN
        _taken_apart(checker, inner, inside, names)


def _as_class(checker: Checker, pattern: Term, names: Names) -> None:
    """`Point(x, y)`: an object of a class, its fields by their order or names."""
    named, *inner = pattern.parts
    kind = checker.value(named, names)
    owner = checker.program.class_at(kind.ref) if kind.kind == "class" else None
    fields = _in_their_order(checker, owner) if owner is not None else None
    made = Shape("instance", kind.ref)
    if owner is not None and fields is not None and not checker.is_silent:
        # Its places are filled as a call fills them.
        checker.calls.append((Term("call", "", (named, *inner), pattern.line, flags=frozenset({"pattern"})), kind.ref))
    places = [each for each in inner if each.kind != "keyword"]
    if owner is not None and fields is not None and len(places) > len(fields):
        said = f"{owner.name} has {len(fields)} fields, and the pattern asks for {len(places)}"
        checker.doubt("stale-call", pattern, owner.name, said, (kind.ref,), 0.95)
    for place, each in enumerate(places):
        name = fields[place] if fields is not None and place < len(fields) else ""
        _taken_apart(
            checker, each, checker.reading.field(owner, name) if owner is not None and name else UNKNOWN, names
        )
    for each in inner:
        if each.kind == "keyword":
            at = Term("member", each.text, (named,), each.line)
            _taken_apart(
                checker, each.parts[0], checker.attribute(at, made, each.text) if owner is not None else UNKNOWN, names
            )


def _in_their_order(checker: Checker, owner: Class) -> list[str] | None:
    """The fields that a class has for patterns by their places; None where it is not told."""
    marks = {(each.parts[0] if each.kind == "call" else each).text for each in owner.term.marks}
    if "__match_args__" in owner.fields or not ("dataclass" in marks or owner.tuple_of):
        return None
    given, _ = checker.reading.maker(owner)
    return [each.text for each in given if "keyword" not in each.flags] if given is not None else None
