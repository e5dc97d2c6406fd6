"""Whether moments have a time zone: Python reckons with two that have one, or with two that have none."""

from coroom.checks.inference.demands import dotted
from coroom.checks.inference.shapes import Shape
from coroom.checks.inference.standard import qualified
from coroom.syntax import Module, Term

AWARE, NAIVE = "aware", "naive"
"""The `ref` of a moment with a zone, and of one without; one of which that is not known has none."""

_PLACES = {"datetime.datetime": 7, "datetime.datetime.now": 0, "datetime.datetime.fromtimestamp": 1}
"""Where what makes a moment takes a zone, without one giving one that has none."""
_KEYWORDS = frozenset({"tz", "tzinfo"})
_ZONES = frozenset({"datetime.timezone.utc", "datetime.UTC", "pytz.utc", "pytz.UTC"})
_ZONE_MAKERS = frozenset({"datetime.timezone", "zoneinfo.ZoneInfo", "pytz.timezone", "dateutil.tz.gettz"})


def zone_made(known: str, call: Term, module: Module) -> str:
    """The zone of a moment that a function of the library makes, by the name that it is known by."""
    given = call.parts[1:]
    if known in {"datetime.datetime.utcnow", "datetime.datetime.today"}:
        return NAIVE
    if any(each.kind == "spread" for each in given):
        return ""
    if known == "datetime.datetime.strptime" and len(given) == 2 and given[1].kind == "string":
        return AWARE if "%z" in given[1].text or "%Z" in given[1].text else NAIVE
    if known not in _PLACES:
        return ""
    named = [each.parts[0] for each in given if each.kind == "keyword" and each.text in _KEYWORDS]
    zones = [*named, *[each for each in given if each.kind != "keyword"][_PLACES[known] :]]
    return _zone(zones[0], module) if zones else NAIVE


def zone_kept(held: Shape, name: str, call: Term, module: Module) -> str:
    """The zone of what a method of a moment gives."""
    if name == "astimezone":
        return AWARE
    if name != "replace":
        return ""
    named = [each.parts[0] for each in call.parts[1:] if each.kind == "keyword" and each.text == "tzinfo"]
    return _zone(named[0], module) if named else held.ref


def apart(left: Shape, right: Shape) -> bool:
    """Whether of two moments one has a zone and the other has none."""
    return left.kind == right.kind == "datetime" and {left.ref, right.ref} == {AWARE, NAIVE}


def _zone(given: Term, module: Module) -> str:
    if given.kind == "none":
        return NAIVE
    made = dotted(given.parts[0]) if given.kind == "call" else ""
    if made and qualified(made, module) in _ZONE_MAKERS:
        return AWARE
    if qualified(dotted(given), module) in _ZONES:
        return AWARE
    bound = module.values.get(given.text) if given.kind == "name" else None
    return _zone(bound.parts[1], module) if bound is not None and len(bound.parts) > 1 and given.text.isupper() else ""
