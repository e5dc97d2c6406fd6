"""Names of things that agents claim, read and change, with two pure relations: *covers* and *overlaps*.

`overlaps(a, b)` is true when a and b may name a thing in common; it errs towards true.
`covers(a, b)` is true when everything b names is named by a; it errs towards false.
So a claim may wait for nothing, but two claims that could meet are never both granted.
"""

import re
from enum import StrEnum
from functools import lru_cache

from coroom.core import glob
from coroom.core.errors import Code, Refused
from coroom.core.glob import Pattern, is_literal
from coroom.core.quick import dataclass


class Scheme(StrEnum):
    """The kinds of things the room can name."""

    FILE = "file"
    DIR = "dir"
    GLOB = "glob"
    SYMBOL = "symbol"
    TASK = "task"
    REF = "ref"
    ROW = "row"
    SET = "set"
    K8S = "k8s"
    KEY = "key"
    TEST = "test"
    ISSUE = "issue"
    ROLE = "role"


_SCHEMES = {scheme.value: scheme for scheme in Scheme}
_IN_FILES = frozenset({Scheme.FILE, Scheme.DIR, Scheme.GLOB, Scheme.SYMBOL})
_IN_ROWS = frozenset({Scheme.ROW, Scheme.SET})
_BY_NAME = frozenset(Scheme) - _IN_FILES - {Scheme.SET, Scheme.K8S} | {Scheme.FILE}
"""Two resources of one of these schemes meet where they have the same name, and nowhere else."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_EXAMPLES = (
    "file:src/a.py, dir:src/, glob:src/**/*.py, symbol:src/a.py#Parser.parse, task:42, ref:main, "
    "test:tests/test_a.py::test_x, issue:17, row:db/users/7, set:db/users?team=3"
)


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """A scheme and a name, written `scheme:name`. Make one with `parse`, which checks and normalises."""

    scheme: Scheme
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name or '.'}"

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def in_files(self) -> bool:
        """Whether it is one file, several or a part of one."""
        return self.scheme in _IN_FILES

    @property
    def path(self) -> str | None:
        """The file that a `file:` or `symbol:` resource lies in, else None."""
        if self.scheme is Scheme.FILE:
            return self.name
        return self.name.partition("#")[0] if self.scheme is Scheme.SYMBOL else None


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a call reads and what it writes."""

    reads: tuple[Resource, ...] = ()
    writes: tuple[Resource, ...] = ()


@lru_cache(maxsize=4096)
def file(path: str) -> Resource:
    """The resource of one file whose path is known to be clean."""
    return Resource(Scheme.FILE, path)


def task(task_id: str) -> Resource:
    """The resource of one task."""
    return Resource(Scheme.TASK, task_id)


def ref(name: str) -> Resource:
    """The resource of one ref; a branch has the same one by its short and by its full name."""
    while name.startswith("refs/heads/"):
        name = name.removeprefix("refs/heads/")
    return Resource(Scheme.REF, name)


def parse(text: str, *, chars_max: int = 4_200) -> Resource | Refused:
    """The resource that `text` names, normalised; refused with examples when it names none."""
    scheme_text, colon, name = text.strip().partition(":")
    if len(text) > chars_max:
        return _bad(text[:60] + "…", f"it is longer than {chars_max} characters")
    scheme = _SCHEMES.get(scheme_text)
    if not colon or scheme is None:
        return _bad(text, "it has no known scheme")
    if not name or _CONTROLS.search(name):
        return _bad(text, "its name is empty or holds control characters")
    return _checked(scheme, name, text)


def _checked(scheme: Scheme, name: str, text: str) -> Resource | Refused:
    if scheme is Scheme.SYMBOL:
        path, hash_sign, symbol = name.partition("#")
        clean = clean_path(path)
        if clean is None or not hash_sign or not symbol or any(not part for part in symbol.split(".")):
            return _bad(text, "a symbol is a relative path, '#' and a dotted name")
        return Resource(scheme, f"{clean}#{symbol}")
    if scheme is Scheme.FILE and name.endswith("/"):
        return _checked(Scheme.DIR, name, text)
    if scheme is Scheme.FILE and ("*" in name or "?" in name):
        return _checked(Scheme.GLOB, name, text)
    if scheme is Scheme.REF:
        return ref(name) if ref(name).name else _bad(text, "it names no branch")
    if scheme in _IN_FILES:
        clean = clean_path(name.rstrip("/") if scheme is Scheme.DIR else name)
        if scheme is Scheme.DIR and name.strip("/") in {"", "."}:
            return Resource(scheme, "") if not name.startswith("/") else _bad(text, "it is absolute")
        if clean is None:
            return _bad(text, "a path is relative to the repository, without '..'")
        if scheme is Scheme.GLOB and is_literal(clean):
            return Resource(Scheme.FILE, clean)
        return Resource(scheme, clean + "/" if scheme is Scheme.DIR else clean)
    if scheme is Scheme.ROW and name.count("/") < 2:
        return _bad(text, "a row is database/table/key")
    if scheme is Scheme.SET and name.partition("?")[0].count("/") != 1:
        return _bad(text, "a set is database/table, with an optional ?field=value&…")
    return Resource(scheme, name)


def _bad(text: str, why: str) -> Refused:
    return Refused(Code.BAD_INPUT, f"'{text}' names no resource: {why}.", f"Write it like {_EXAMPLES}.")


def clean_path(path: str) -> str | None:
    """`path` without empty and '.' parts; None when it is absolute, climbs with '..', or says nothing."""
    if path.startswith("/") or "\0" in path or "\\" in path:
        return None
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if not parts or ".." in parts:
        return None
    return "/".join(parts)


def overlaps(a: Resource, b: Resource) -> bool:
    """Whether a and b may name a thing in common. Symmetric and reflexive."""
    if a.scheme is b.scheme and (a.scheme in _BY_NAME or a.name == b.name):
        return a.name == b.name
    if a.scheme in _IN_FILES and b.scheme in _IN_FILES:
        return _files_meet(a, b)
    if a.scheme in _IN_ROWS and b.scheme in _IN_ROWS:
        return _rows_meet(a, b)
    if a.scheme is Scheme.K8S and b.scheme is Scheme.K8S:
        return _within(a.name, b.name) or _within(b.name, a.name)
    return False


def corner(resource: Resource) -> str:
    """Where to look for what may overlap: resources that overlap have the same corner; not all that have it overlap."""
    return _corner(resource.scheme, resource.name)


@lru_cache(maxsize=4096)
def _corner(scheme: Scheme, name: str) -> str:
    if scheme in _IN_FILES:
        return "files"
    if scheme in _IN_ROWS:
        resource = Resource(scheme, name)
        return f"rows {_table_of_row(resource) if scheme is Scheme.ROW else _set_parts(name)[0]}"
    if scheme is Scheme.K8S:
        return f"k8s {name.partition('/')[0]}"
    return f"{scheme}:{name or '.'}"


def covers(a: Resource, b: Resource) -> bool:
    """Whether everything that b names is surely named by a. Reflexive and transitive; implies `overlaps`."""
    if a.scheme is b.scheme and a.scheme in _BY_NAME:
        return a.name == b.name
    if a == b:
        return True
    if a.scheme in _IN_FILES and b.scheme in _IN_FILES:
        return _file_covers(a, b)
    if a.scheme is Scheme.SET and b.scheme is Scheme.SET:
        table_a, conditions_a = _set_parts(a.name)
        table_b, conditions_b = _set_parts(b.name)
        return table_a == table_b and conditions_a <= conditions_b
    if a.scheme is Scheme.SET and b.scheme is Scheme.ROW:
        table, conditions = _set_parts(a.name)
        return not conditions and _table_of_row(b) == table
    if a.scheme is Scheme.K8S and b.scheme is Scheme.K8S:
        return _within(b.name, a.name)
    return False


@lru_cache(maxsize=4096)
def _pattern(resource: Resource) -> Pattern:
    if resource.scheme is Scheme.DIR:
        return glob.beneath(resource.name)
    return glob.matching(resource.name) if resource.path is None else glob.exactly(resource.path)


def _files_meet(a: Resource, b: Resource) -> bool:
    if a.scheme is Scheme.SYMBOL and b.scheme is Scheme.SYMBOL:
        path_a, _, symbol_a = a.name.partition("#")
        path_b, _, symbol_b = b.name.partition("#")
        nested = symbol_a == symbol_b or _nested(symbol_a, symbol_b) or _nested(symbol_b, symbol_a)
        return path_a == path_b and nested
    if a.path is not None and b.path is not None:
        return a.path == b.path
    return glob.meet(_pattern(a), _pattern(b))


def _file_covers(a: Resource, b: Resource) -> bool:
    if a.scheme is Scheme.SYMBOL:
        path_a, _, symbol_a = a.name.partition("#")
        path_b, _, symbol_b = b.name.partition("#")
        return b.scheme is Scheme.SYMBOL and path_a == path_b and _nested(symbol_b, symbol_a)
    if a.scheme is Scheme.FILE:
        return b.path == a.name
    return glob.covers(_pattern(a), _pattern(b))


def _nested(inner: str, outer: str) -> bool:
    return inner.startswith(outer + ".")


def _within(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


@lru_cache(maxsize=4096)
def _set_parts(name: str) -> tuple[str, frozenset[str]]:
    table, _, query = name.partition("?")
    return table, frozenset(part for part in query.split("&") if part)


def _table_of_row(resource: Resource) -> str:
    return "/".join(resource.name.split("/")[:2])


def _rows_meet(a: Resource, b: Resource) -> bool:
    if a.scheme is Scheme.ROW or b.scheme is Scheme.ROW:
        row, rows = (a, b) if a.scheme is Scheme.ROW else (b, a)
        return _table_of_row(row) == _set_parts(rows.name)[0]
    table_a, conditions_a = _set_parts(a.name)
    table_b, conditions_b = _set_parts(b.name)
    if table_a != table_b:
        return False
    fields_a, fields_b = _fields(conditions_a), _fields(conditions_b)
    return all(fields_a[field] & fields_b[field] for field in fields_a.keys() & fields_b.keys())


def _fields(conditions: frozenset[str]) -> dict[str, set[str]]:
    fields: dict[str, set[str]] = {}
    for condition in conditions:
        field, equals, value = condition.partition("=")
        if equals:
            fields.setdefault(field, set()).add(value)
    return fields
