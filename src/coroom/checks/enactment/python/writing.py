"""What the library has for text: written piece by piece, as rows, quoted, as the paths of files that nobody opens."""

from __future__ import annotations

import base64
import csv
import fnmatch
import html
import io
import posixpath
import shlex
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python.bounds import LARGEST, guarded, modest
from coroom.checks.enactment.python.built_in import own_kind
from coroom.checks.enactment.python.things import Thing
from coroom.checks.enactment.python.values import Kind, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.python.attributes import Attributes

_TEXT = ("getvalue", "read", "readline", "readlines", "close")


def io_names(machine: Attributes) -> dict[str, Value]:
    """What `io` gives."""
    kind = Kind("StringIO", (machine.builtins["object"],), {}, make=machine.new)

    def made(_: Kind, /, text: str = "", **__: Value) -> Thing:
        held = io.StringIO(modest(text))

        def write(more: str) -> int:
            modest(more)
            if held.tell() + len(more) > LARGEST:
                raise CannotGoOn("too much is written")
            return held.write(more)

        def seek(to: int) -> int:
            return held.seek(modest_place(to))

        return Thing(
            kind,
            {
                "write": write, "writelines": lambda many: [write(each) for each in many] and None, "seek": seek,
                "__enter__": lambda: None, "__exit__": lambda *_: None,
                **{name: getattr(held, name) for name in _TEXT},
            },
        )  # fmt: skip

    kind.make = made
    kind.space["__iter__"] = lambda thing: iter(thing.attributes["readlines"]())
    return {"StringIO": kind}


def modest_place(to: int) -> int:
    """A place in a text that is not far beyond any."""
    if not 0 <= to <= LARGEST:
        raise CannotGoOn("a place that is far away")
    return to


def csv_names(machine: Attributes) -> dict[str, Value]:
    """What `csv` gives."""
    kind = Kind("csv.writer", (machine.builtins["object"],), {}, make=machine.new)

    def writer(out: Thing, *_: Value, **options: Value) -> Thing:
        write = machine.attribute(out, "write")

        def row(values: Value) -> Value:
            line = io.StringIO()
            guarded(csv.writer(line, **options).writerow)(list(values))
            return write(modest(line.getvalue()))

        return Thing(kind, {"writerow": row, "writerows": lambda many: [row(each) for each in many] and None})

    def dict_writer(out: Thing, fieldnames: Value, **options: Value) -> Thing:
        rows, names = writer(out, **options), list(fieldnames)
        put = rows.attributes["writerow"]

        def row(held: dict[str, Value]) -> Value:
            if set(held) - set(names):
                raise ValueError("dict contains fields not in fieldnames")
            return put([held.get(name, "") for name in names])

        return Thing(
            kind,
            {
                "writeheader": lambda: put(names), "writerow": row, "fieldnames": names,
                "writerows": lambda many: [row(each) for each in many] and None,
            },
        )  # fmt: skip

    def reader(many: Value, *_: Value, **options: Value) -> Iterator[list[str]]:
        return iter(guarded(lambda lines: list(csv.reader(lines, **options)))(list(many)))

    def dict_reader(many: Value, fieldnames: Value = None, **options: Value) -> Iterator[dict[str, str]]:
        def rows(lines: list[str]) -> list[dict[str, str]]:
            held = csv.DictReader(lines, fieldnames=fieldnames, **options)
            return [{str(key): value for key, value in each.items()} for each in held]

        return iter(guarded(rows)(list(many)))

    return {
        "writer": writer, "reader": reader, "DictWriter": dict_writer, "DictReader": dict_reader,
        "QUOTE_ALL": csv.QUOTE_ALL, "QUOTE_MINIMAL": csv.QUOTE_MINIMAL, "QUOTE_NONNUMERIC": csv.QUOTE_NONNUMERIC,
    }  # fmt: skip


def paths(_: Attributes) -> dict[str, Value]:
    """What `os.path` tells from the text of a path alone."""
    named = ("join", "basename", "dirname", "splitext", "split", "normpath", "isabs")
    return {**{name: guarded(getattr(posixpath, name)) for name in named}, "sep": "/"}


def pathlib_names(machine: Attributes) -> dict[str, Value]:
    """What `pathlib` gives: paths as texts with parts."""
    base = machine.builtins["object"]
    return {name: own_kind(base, name, PurePosixPath) for name in ("Path", "PurePath", "PurePosixPath")}


TEXTS = {
    "shlex": {name: guarded(getattr(shlex, name)) for name in ("split", "quote", "join")},
    "html": {name: guarded(getattr(html, name)) for name in ("escape", "unescape")},
    "fnmatch": {name: guarded(getattr(fnmatch, name)) for name in ("fnmatch", "fnmatchcase", "filter")},
    "base64": {
        name: guarded(getattr(base64, name))
        for name in ("b64encode", "b64decode", "urlsafe_b64encode", "urlsafe_b64decode", "b32encode", "b16encode")
    },
    "zlib": {name: guarded(getattr(zlib, name)) for name in ("crc32", "adler32")},
    "binascii": {"crc32": guarded(zlib.crc32)},
}
"""Functions of some modules that make a text of a text."""
