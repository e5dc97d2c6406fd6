"""Which time zone moments are in, and whether they are in any: Python reckons with two that have one, or with two that
have none.
"""

from datetime import timedelta

from coroom.checks.inference.demands import dotted
from coroom.checks.inference.shapes import Shape
from coroom.checks.inference.standard import qualified
from coroom.checks.program import Program
from coroom.syntax import Module, Term

AWARE, NAIVE = "aware", "naive"
"""The `ref` of a moment with a zone, and of one without; one of which that is not known has none."""
NO_ZONE, SOME_ZONE = "none", "some zone"
"""What `zone_named` gives for nothing in the place of a zone, and for a zone of which it is not known which one."""

_PLACES = {"datetime.datetime": 7, "datetime.datetime.now": 0, "datetime.datetime.fromtimestamp": 1}
"""Where what makes a moment takes a zone, without one giving one that has none."""
_KEYWORDS = frozenset({"tz", "tzinfo"})
_UTC = frozenset(
    {"datetime.timezone.utc", "datetime.UTC", "pytz.utc", "pytz.UTC", "dateutil.tz.UTC", "django.utils.timezone.utc"}
)
_UTC_NAMES = frozenset({"utc", "etc/utc", "zulu", "etc/zulu", "uct", "etc/uct", "universal", "gmt", "etc/gmt"})
_BY_NAME = frozenset({"zoneinfo.ZoneInfo", "pytz.timezone", "dateutil.tz.gettz"})
_SPANS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_FURTHEST = 4


def zone_named(given: Term, module: Module, program: Program, depth: int = _FURTHEST) -> str:
    """The one name of the zone that a term means, however it is spelt: `UTC`, a place, or how far it is from UTC.

    Constants are followed, through imports, too. `NO_ZONE` where it says that there is none, `SOME_ZONE` where a zone
    is made but it is not known which, empty where it is not known whether there is one.
    """
    if given.kind == "none":
        return NO_ZONE
    if given.kind == "call":
        return _zone_made_by(given, module)
    if qualified(dotted(given), module) in _UTC:
        return "UTC"
    constant = _constant(given, module, program) if depth and given.text.isupper() else None
    if constant is None:
        return ""
    bound = constant[1].values.get(constant[0])
    value = bound.parts[1] if bound is not None and len(bound.parts) > 1 else Term("name", constant[0])
    return zone_named(value, constant[1], program, depth - 1)


def _constant(given: Term, module: Module, program: Program) -> tuple[str, Module] | None:
    """A constant's name in the module that binds it, or that takes it in itself."""
    if given.kind == "name":
        if given.text in module.values:
            return given.text, module
        spec, name = module.imports.get(given.text, ("", ""))
        place = program.place_of(spec, module) if name else None
        home = program.module(place) if place is not None else None
        return (name, home) if home is not None else None
    if given.kind != "member" or given.parts[0].kind != "name":
        return None
    holder = program.meaning(given.parts[0].text, module)
    return (given.text, holder) if isinstance(holder, Module) else None


def _zone_made_by(call: Term, module: Module) -> str:
    known, given = qualified(dotted(call.parts[0]), module), call.parts[1:]
    if known in _BY_NAME:
        name = given[0].parts[0] if given and given[0].kind == "keyword" else given[0] if given else call
        if name.kind != "string":
            return SOME_ZONE
        return "UTC" if name.text.casefold() in _UTC_NAMES else name.text
    if known != "datetime.timezone":
        return ""
    offset = given[0].parts[0] if given and given[0].kind == "keyword" else given[0] if given else call
    return _offset(offset, module)


def _offset(span: Term, module: Module) -> str:
    """How far a zone is from UTC, that is made with a span of time."""
    if span.kind != "call" or qualified(dotted(span.parts[0]), module) != "datetime.timedelta":
        return SOME_ZONE
    places = iter(_SPANS)
    lengths: dict[str, float] = {}
    for each in span.parts[1:]:
        name, value = (each.text, each.parts[0]) if each.kind == "keyword" else (next(places, ""), each)
        below = value.kind == "unary" and value.text == "-"
        number = value.parts[0] if below else value
        if name not in _SPANS or number.kind != "number" or not number.text.replace(".", "", 1).isdecimal():
            return SOME_ZONE
        lengths[name] = -float(number.text) if below else float(number.text)
    try:
        seconds = timedelta(**lengths).total_seconds()
    except OverflowError:
        return SOME_ZONE
    return f"UTC{seconds:+g}s" if seconds else "UTC"


def zone_made(known: str, call: Term, module: Module, program: Program) -> str:
    """The zone of a moment that a function of the library makes, by the name that it is known by."""
    given = call.parts[1:]
    if known in {"datetime.datetime.utcnow", "datetime.datetime.today"}:
        return NAIVE
    if any(each.kind == "spread" for each in given):
        return ""
    if known == "datetime.datetime.strptime" and len(given) == 2 and given[1].kind == "string":
        return AWARE if "%z" in given[1].text else NAIVE
    if known not in _PLACES:
        return ""
    named = [each.parts[0] for each in given if each.kind == "keyword" and each.text in _KEYWORDS]
    zones = [*named, *[each for each in given if each.kind != "keyword"][_PLACES[known] :]]
    return _aware(zones[0], module, program) if zones else NAIVE


def zone_kept(held: Shape, name: str, call: Term, module: Module, program: Program) -> str:
    """The zone of what a method of a moment gives."""
    if name == "astimezone":
        return AWARE
    if name != "replace":
        return ""
    named = [each.parts[0] for each in call.parts[1:] if each.kind == "keyword" and each.text == "tzinfo"]
    return _aware(named[0], module, program) if named else held.ref


def apart(left: Shape, right: Shape) -> bool:
    """Whether of two moments one has a zone and the other has none."""
    return left.kind == right.kind == "datetime" and {left.ref, right.ref} == {AWARE, NAIVE}


def _aware(given: Term, module: Module, program: Program) -> str:
    zone = zone_named(given, module, program)
    return NAIVE if zone == NO_ZONE else AWARE if zone else ""
