"""Moments are given or kept in another time zone, and the other side newly reads the day or the hour off them."""

import re
from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use, returned_by
from coroom.checks.finding import Finding
from coroom.checks.inference.zones import NO_ZONE, SOME_ZONE, zone_named
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Four, Side
from coroom.syntax import Function, Module, Term, shown, walk

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
    for path in side.other.paths:
        if not any(_TELLS_OF_ZONES.search(tree.texts.get(path, b"")) for tree in (four.base, side.other.tree)):
            continue
        base, after = four.base.module(path), side.other.tree.module(path)
        olds, news = (
            _kept(each, program) if each is not None and each.language == "python" else {}
            for each, program in ((base, four.base), (after, side.other.tree))
        )
        moved = {name for name in olds.keys() & news.keys() if _apart(olds[name], news[name])}
        for changed in side.changed if moved else ():
            near = changed.module.path == path or _takes_in(four, changed.module, path)
            found = _read_off(changed, moved) if near else None
            if found is not None:
                name, at = found
                said = f"the moments in {name} are kept in another time zone now, and {shown(at)} is read off them"
                yield four.finding(
                    side, "representation-changed", changed.module.path, at.line, name, said,
                    about=(f"{path}#{name}",), sure=0.82,
                )  # fmt: skip
                return


def _read_off(changed: Changed, moved: set[str]) -> tuple[str, Term] | None:
    """A name of those of which a function newly reads the day or the hour, in whatever zone it is kept."""
    if any(each.kind == "member" and each.text == "astimezone" for each in walk(changed.term)):
        return None
    new = list(changed.new_terms())
    name = next((each.text for each in new if each.kind == "member" and each.text in moved), "")
    at = next((each for each in new if each.kind == "member" and each.text in _CALENDAR), None)
    return (name, at) if name and at is not None else None


def _takes_in(four: Four, module: Module, path: str) -> bool:
    return any(four.merged.place_of(spec, module) == path for spec, _ in module.imports.values())


def _kept(module: Module, program: Program) -> dict[str, set[str]]:
    """The zones of the moments that are put under each name."""
    found: dict[str, set[str]] = {}
    for function in module.every_function():
        for each in walk(function.body):
            name, value = "", None
            if each.kind == "assign" and len(each.parts) > 1 and each.parts[0].kind == "member":
                name, value = each.parts[0].text, each.parts[1]
            elif each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in _PUTS:
                name, value = each.parts[0].parts[0].text, each.parts[-1]
            elif each.kind == "keyword":
                name, value = each.text, each.parts[0]
            zones = _zones_through(module, value, program) if value is not None else set()
            if name and zones:
                found.setdefault(name, set()).update(zones)
    return found


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
