"""Moments are given or kept in another time zone, and the other side newly reads the day or the hour off them."""

import re
from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use, returned_by
from coroom.checks.finding import Finding
from coroom.checks.inference.zones import NO_ZONE, SOME_ZONE, zone_named
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Four, Side
from coroom.syntax import Class, Function, Module, Term, shown, walk

_CALENDAR = frozenset(
    {"date", "time", "year", "month", "day", "hour", "weekday", "isoweekday", "isocalendar", "toordinal", "strftime"}
)
"""What is asked of a moment and differs from zone to zone."""
_TELLS_OF_ZONES = re.compile(rb"astimezone|tzinfo|datetime\b")
_PUTS = frozenset({"append", "add", "insert", "appendleft"})
_ZONE_AT = {"now": 0, "astimezone": 0, "fromtimestamp": 1}
"""Where what gives a moment takes its zone."""
_OF_THE_MACHINE = "of the machine"
_UNKNOWN = frozenset({"", SOME_ZONE})
_TAKES_OUT = frozenset({"pop", "popleft", "get", "values", "items"})
_IN_SOME_ORDER = frozenset({"list", "tuple", "sorted", "reversed", "min", "max"})


def zoned(use: Use) -> Iterator[Said]:
    """The zone of the moment that a function gives."""
    before, after = (
        _given_by(program, each)
        for program, each in ((use.side.base, use.before), (use.side.other.tree, use.after))
    )  # fmt: skip
    if not _apart(before, after):
        return
    for value, above in use.around():
        if above.kind == "member" and above.parts[0] is value and above.text in _CALENDAR:
            said = f"{use.after.name}() gives its moments in another time zone now, and {shown(above)} reads them off"
            yield above, said, 0.84, "representation-changed"
            return


def _given_by(program: Program, function: Function) -> set[str]:
    """The zones of the moments that a function gives."""
    module = program.module(function.path)
    values = returned_by(function) if module is not None else ()
    return {zone for value in values if module is not None for zone in _zones(value, module, program)}


def _apart(before: set[str], after: set[str]) -> bool:
    """Whether moments are in other zones than before; never where one of the zones is not known."""
    return bool(before and after) and not before & after and not (before | after) & _UNKNOWN


def kept_in_zones(four: Four, side: Side) -> Iterator[Finding]:
    """The zone of the moments that are kept under a name."""
    moved: set[str] = set()
    for path in side.other.paths:
        if not any(_TELLS_OF_ZONES.search(tree.texts.get(path, b"")) for tree in (four.base, side.other.tree)):
            continue
        base, after = four.base.module(path), side.other.tree.module(path)
        olds, news = (
            _kept(each, program) if each is not None and each.language == "python" else {}
            for each, program in ((base, four.base), (after, side.other.tree))
        )
        moved |= {field for field in olds.keys() & news.keys() if _apart(olds[field], news[field])}
    for walked in four.walked(side) if moved else ():
        changed = walked.changed
        if any(each.kind == "member" and each.text == "astimezone" for each in walk(changed.term)):
            continue
        new = {id(each) for each in changed.new_terms()}
        for held, field in walked.both.reads if new else ():
            at = next((each for each in _read_off(changed, held) if id(each) in new), None) if field in moved else None
            if at is not None:
                said = f"the moments in {held.text} are kept in another time zone now, and {shown(at)} is read off them"
                yield four.finding(
                    side, "representation-changed", changed.module.path, at.line, held.text, said,
                    about=(field,), sure=0.82,
                )  # fmt: skip
                return


def _read_off(changed: Changed, held: Term) -> Iterator[Term]:
    """Where a function reads the day or the hour off what a term holds, off an entry of it, or off each of them."""
    term, around = held, changed.above.get(id(held))
    while around is not None and _hands_on(term, around):
        term, around = around, changed.above.get(id(around))
    if around is None:
        return
    if around.kind == "member" and around.parts[0] is term and around.text in _CALENDAR:
        yield around
    elif around.kind in {"for", "assign"} and len(around.parts) > 1 and around.parts[1] is term:
        names = {each.text for each in walk(around.parts[0]) if each.kind == "name"}
        for each in walk(changed.term):
            read = each.kind == "member" and each.text in _CALENDAR
            if read and _first(each.parts[0]).kind == "name" and _first(each.parts[0]).text in names:
                yield each


def _hands_on(term: Term, around: Term) -> bool:
    """Whether what is around a term gives it, an entry of it, or its entries in some order."""
    if around.kind == "call":
        return around.parts[0] is term or (around.parts[0].kind == "name" and around.parts[0].text in _IN_SOME_ORDER)
    return around.parts[:1] == (term,) and (
        around.kind == "index" or (around.kind == "member" and around.text in _TAKES_OUT)
    )


def _first(term: Term) -> Term:
    """What entries are taken out of, however deep."""
    while term.kind == "index":
        term = term.parts[0]
    return term


def _kept(module: Module, program: Program) -> dict[str, set[str]]:
    """The zones of the moments that are put into each field of a class, as `path#class.field`."""
    found: dict[str, set[str]] = {}
    for function in module.every_function():
        for each in walk(function.body):
            for field, value in _put(module, program, function, each):
                zones = _zones_through(module, value, program)
                if zones:
                    found.setdefault(field, set()).update(zones)
    return found


def _put(module: Module, program: Program, function: Function, term: Term) -> Iterator[tuple[str, Term]]:
    """The fields into which a statement or a call puts something, with what that is."""
    called = term.parts[0] if term.kind == "call" else None
    held, value = None, term
    if term.kind == "assign" and len(term.parts) > 1:
        held, value = _first(term.parts[0]), term.parts[1]
    elif called is not None and called.kind == "member" and called.text in _PUTS and len(term.parts) > 1:
        held, value = _first(called.parts[0]), term.parts[-1]
    if held is not None and held.kind == "member" and held.parts[0].text == "self" and function.owner:
        yield f"{module.path}#{function.owner}.{held.text}", value
    made = program.meaning(called.text, module) if called is not None and called.kind == "name" else None
    for given in term.parts[1:] if isinstance(made, Class) else ():
        if isinstance(made, Class) and given.kind == "keyword":
            yield f"{made.path}#{made.name}.{given.text}", given.parts[0]


def _zones_through(module: Module, value: Term, program: Program) -> set[str]:
    """The same, and what the functions of the module give that are called in it."""
    called = [module.functions.get(each.parts[0].text) for each in walk(value) if each.kind == "call"]
    inner = [given for each in called if each is not None for given in returned_by(each)]
    return {zone for each in (value, *inner) for zone in _zones(each, module, program)}


def _zones(value: Term, module: Module, program: Program) -> set[str]:
    """The zones that are named in an expression, each by its one name; empty for one that is not known."""
    found: set[str] = set()
    for each in walk(value):
        called = each.parts[0] if each.kind == "call" else None
        if called is None or called.kind != "member":
            continue
        given = [part.parts[0] for part in each.parts[1:] if part.text in {"tz", "tzinfo"} and part.parts]
        place = _ZONE_AT.get(called.text)
        if place is not None and (called.text == "astimezone" or called.parts[0].text == "datetime"):
            if any(part.kind == "spread" for part in each.parts[1:]):
                return {""}
            places = [part for part in each.parts[1:] if part.kind != "keyword"]
            zones = {zone_named(part, module, program) for part in given or places[place : place + 1]}
            found |= {_OF_THE_MACHINE if zone == NO_ZONE else zone for zone in zones} or {_OF_THE_MACHINE}
        elif called.text == "replace":
            found |= {zone_named(part, module, program) for part in given} - {NO_ZONE}
    return found
