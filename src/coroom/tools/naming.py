"""Footprints from templates: `row:shop/orders/{order}` and the arguments of a call give the resource it names.

What an argument says can never reach out of the place that the template gives it: outside of paths, everything that
has a meaning in a resource's name is percent-encoded.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from coroom.core.errors import Refused
from coroom.core.resource import Resource, parse

TOOL_NAME = "[A-Za-z_][A-Za-z0-9_-]{0,63}"
"""What tools and models' interfaces allow as the name of a tool."""

_FIELD = re.compile(r"\{(?P<name>\w+)\}")
_PATHS = ("file:", "dir:", "glob:", "symbol:")
_PLAIN = "~!@+,;:()$'"


def fields_of(template: str) -> set[str]:
    """The names of the arguments that a template uses."""
    return {match["name"] for match in _FIELD.finditer(template)}


def names_nothing(template: str) -> str:
    """Why no call can name a resource by the template, whose arguments are each `x`; empty when one can."""
    named = parse(_FIELD.sub("x", template))
    return f"{named.why} {named.next_step}" if isinstance(named, Refused) else ""


def resources_of(templates: Iterable[str], arguments: Mapping[str, object]) -> tuple[Resource, ...] | Refused:
    """The resources that the templates name for these arguments, in order, without repetition.

    An argument that is a list stands for each of its items. Refused where what comes out names nothing.
    """
    found: dict[Resource, None] = {}
    for template in templates:
        for text in _filled(template, arguments):
            named = parse(text)
            if isinstance(named, Refused):
                return named
            found[named] = None
    return tuple(found)


def _filled(template: str, arguments: Mapping[str, object]) -> Iterable[str]:
    used = fields_of(template)
    lists = [name for name in used if isinstance(arguments[name], (list, tuple))]
    if not lists:
        yield _FIELD.sub(lambda match: _said(arguments[match["name"]], template), template)
        return
    several = arguments[lists[0]]
    assert isinstance(several, (list, tuple))
    for item in several:
        yield from _filled(template, {**arguments, lists[0]: item})


def _said(value: object, template: str) -> str:
    text = word(value)
    return text if template.startswith(_PATHS) else quote(text, safe=_PLAIN)


def word(value: object) -> str:
    """A value as it stands in a resource's name, before quoting."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def row(database: str, table: str, key: object) -> Resource | Refused:
    """The resource of one row."""
    return parse(f"row:{_quoted(database)}/{_quoted(table)}/{_quoted(key)}")


def rows(database: str, table: str, where: Mapping[str, object]) -> Resource | Refused:
    """The predicate resource of all rows with these values; of the whole table when there are none."""
    query = "&".join(f"{_quoted(column)}={_quoted(value)}" for column, value in sorted(where.items()))
    return parse(f"set:{_quoted(database)}/{_quoted(table)}{'?' + query if query else ''}")


def allocator(database: str, table: str) -> Resource | Refused:
    """The resource of what numbers the rows of a table."""
    return parse(f"key:{_quoted(database)}/{_quoted(table)}")


def _quoted(value: object) -> str:
    return quote(word(value), safe=_PLAIN) or "%"
