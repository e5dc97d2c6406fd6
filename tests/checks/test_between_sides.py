"""Rules about two changes that work apart and not together, each at the edge of what it takes for one."""

import pytest

from coroom.checks.engine import judge
from coroom.checks.sides import Four
from coroom.host.checks.checking import everyday_checks
from coroom.syntax import module_of, walk


def kinds(base: str, ours: str, theirs: str, merged: str) -> set[str]:
    """The kinds of what is found where both sides change one file."""
    four = Four(*({"shop.py": text.encode()} for text in (base, ours, theirs, merged)))
    return {each.kind for each in judge(four, everyday_checks()).findings}


_SHOP = """\
class Shop:
    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._cached: int | None = None
        self._at: int | None = None

    def total(self) -> int:
        return sum(self.rows.values())
"""
_SUMMED = """\
        if self._cached is None:
            self._cached = sum(self.rows.values())
            self._at = None
        return self._cached
"""
_BY_NAME = """\
        found = self._cached
        if found is None:
            found = sum(self.rows.values())
            self._cached = found
            self._at = None
        return found
"""


@pytest.mark.parametrize("how", [_SUMMED, _BY_NAME])
@pytest.mark.parametrize(("emptied", "stale"), [("_at", True), ("_cached", False)])
def test_a_memory_is_emptied_only_by_what_empties_the_attribute_that_is_returned(
    how: str, emptied: str, *, stale: bool
) -> None:
    ours = _SHOP.replace("        return sum(self.rows.values())\n", how)
    put = f"\n    def put(self, name: str) -> None:\n        self.rows[name] = 1\n        self.{emptied} = None\n"
    assert ("stale-cache" in kinds(_SHOP, ours, _SHOP + put, ours + put)) is stale


_LABELS = """\
from html import escape


def label(name: str, note: str = "") -> str:
    {}
    return name


def line(name: str) -> str:
    return label(name)
"""
_OUTER = ("return label(name)", "return escape(label(name))")


@pytest.mark.parametrize(
    ("before", "doubled"),
    [
        ("note = note.strip()", True),
        ("note = escape(note)", True),
        ("name = escape(name)", False),
        ("other = escape(name)\n    name = other.strip()", False),
    ],
)
def test_what_was_applied_to_something_else_before_is_still_newly_applied_to_what_is_returned(
    before: str, *, doubled: bool
) -> None:
    base = _LABELS.format(before)
    ours, theirs = base.replace("return name", "return escape(name)"), base.replace(*_OUTER)
    merged = ours.replace(*_OUTER)
    assert ("doubled-concern" in kinds(base, ours, theirs, merged)) is doubled


_X, _Y, _Z = (f"    {name}: int\n" for name in "xyz")
_POINT = f"from dataclasses import dataclass\n\n\n@dataclass\nclass Point:\n{_X}{_Y}{_Z}"
_AT = """\
from point import Point


def at(p: Point) -> bool:
    match p:
        case {}:
            return True
    return False
"""


@pytest.mark.parametrize(
    ("pattern", "stale"),
    [
        ("Point(a, b, c)", True),
        ("Point(a, b)", True),
        ("Point(a)", True),
        ("Point(x=a)", False),
        ("Point()", False),
    ],
)
def test_a_pattern_of_the_first_fields_is_told_when_they_come_in_another_order(pattern: str, *, stale: bool) -> None:
    assert ("stale-call" in matched(pattern, _POINT.replace(f"{_X}{_Y}", f"{_Y}{_X}"))) is stale


def test_a_pattern_of_the_first_fields_stays_right_where_later_ones_come_in_another_order() -> None:
    assert matched("Point(a)", _POINT.replace(f"{_Y}{_Z}", f"{_Z}{_Y}")) == set()


def matched(pattern: str, now: str) -> set[str]:
    """The kinds of what is found where one side takes a point apart and the other changes what it has."""
    base, ours = {"point.py": _POINT.encode()}, {"point.py": now.encode()}
    new = {"at.py": _AT.format(pattern).encode()}
    return {each.kind for each in judge(Four(base, ours, {**base, **new}, {**ours, **new}), everyday_checks()).findings}


_LAMP = 'export class Lamp {\n  title: string = "";\n}\n'
_SHOW = """\
import {{ Lamp }} from "./lamp";

export function show(k: string, lamp: Lamp): string {{
  let n = 0;
  switch (k) {{
    case "a":
      n = 1;
      {0}
    default: {{
      n = 2;
      {0}
    }}
  }}
  return lamp.title;
}}
"""


@pytest.mark.parametrize(("end", "reached"), [("break;", True), ("", True), ('return "";', False)])
def test_what_follows_a_switch_is_read_where_its_cases_break(end: str, *, reached: bool) -> None:
    base, ours = {"lamp.ts": _LAMP.encode()}, {"lamp.ts": _LAMP.replace("title", "label").encode()}
    new = {"show.ts": _SHOW.format(end).encode()}
    report = judge(Four(base, ours, {**base, **new}, {**ours, **new}), everyday_checks())
    assert ("removed-name-used" in {each.kind for each in report.findings}) is reached


def test_a_break_with_a_label_ends_more_than_its_switch() -> None:
    for end, jumps in (("break", 0), ("break all", 1), ("continue", 1)):
        module = module_of(f"all: for (;;) {{ switch (k) {{ case 1: {{ go(); {end}; }} }} }}".encode(), "a.js")
        assert module is not None
        assert sum(each.kind == "jump" for each in walk(module.block)) == jumps
