"""Inventories kept on disk by the content of the file, so that what has not changed is not read again."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from coroom.plan.shelf import Shelf
from coroom.processes.pool import processes
from coroom.syntax import (
    INVENTORY_VERSION,
    Imported,
    Inventory,
    Parameter,
    Symbol,
    Use,
    grammar_of,
    inventory_without_calls,
)

FILE_BYTES_MAX = 1_000_000
"""A larger file is generated, or is data: its parts are nobody's task."""

KEPT_BYTES_MAX = 128 << 20
"""What is kept at most: some 16,000 files of 200 lines, in all the states in which they were seen."""

FEW = 100
"""So many files are read sooner by this process than by others that must be started first."""

_BATCH = 25


def inventories(
    texts: Mapping[str, bytes],
    kept: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Iterator[tuple[str, Inventory]]:
    """The inventory of every file whose language is known, without the calls in it; others are left out.

    Args:
        texts: contents by path; those over FILE_BYTES_MAX are left out.
        kept: where inventories are kept from one time to the next; None to keep none. A file that cannot be used is
            done without.
        progress: told how many of the files that had to be read have been.
    """
    wanted = {path: _key(path, text) for path, text in texts.items() if _is_read(path, text)}
    with closing(Shelf(kept, "inventory", KEPT_BYTES_MAX)) as shelf:
        known = dict(_readable(shelf.get(set(wanted.values()))))
        missing = [path for path, key in wanted.items() if key not in known]
        for path, key in wanted.items():
            if key in known:
                yield path, known[key]
        fresh: dict[str, str] = {}
        for path, encoded in _read(missing, texts):
            fresh[wanted[path]] = encoded
            yield path, _decoded(encoded)
            progress(len(fresh), len(missing))
        shelf.put(fresh)


def _readable(found: Mapping[str, str]) -> Iterator[tuple[str, Inventory]]:
    """What was kept, but for what a damaged file gives: that is read anew."""
    for key, text in found.items():
        with suppress(ValueError, TypeError):
            yield key, _decoded(text)


def _is_read(path: str, text: bytes) -> bool:
    return grammar_of(path) is not None and len(text) <= FILE_BYTES_MAX


def _key(path: str, text: bytes) -> str:
    grammar = grammar_of(path)
    name = f"{INVENTORY_VERSION}:{grammar.name if grammar else ''}:".encode()
    return blake2b(name + text, digest_size=16).hexdigest()


def _read(paths: Sequence[str], texts: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    workers = min(len(os.sched_getaffinity(0)), 8)
    if len(paths) <= FEW or workers < 2:
        for path in paths:
            yield path, _encoded(path, texts[path])
        return
    batches = [[(path, texts[path]) for path in paths[at : at + _BATCH]] for at in range(0, len(paths), _BATCH)]
    with processes(workers) as pool:
        for batch, encoded in zip(batches, pool.map(_encode_all, batches), strict=True):
            yield from zip((path for path, _ in batch), encoded, strict=True)


def _encode_all(batch: Sequence[tuple[str, bytes]]) -> list[str]:
    return [_encoded(path, text) for path, text in batch]


def _encoded(path: str, text: bytes) -> str:
    found = inventory_without_calls(text, path)
    assert found is not None
    symbols = [_fields(each) for each in found.symbols]
    return json.dumps([found.language, found.whole, symbols, found.uses, found.imports], separators=(",", ":"))


def _fields(s: Symbol) -> list[object]:
    parameters = None if s.parameters is None else [[p.name, p.required, p.kind] for p in s.parameters]
    spans = (s.line, s.named_line, s.end_line)
    return [s.name, s.qualname, s.scope, s.kind, *spans, s.head, s.decorators, s.bases, parameters]


def _decoded(encoded: str) -> Inventory:
    language, whole, symbols, uses, imports = json.loads(encoded)
    return Inventory(
        language=language,
        whole=whole,
        symbols=tuple(_symbol(*each) for each in symbols),
        uses=tuple(Use(scope, holder, name, tuple(lines)) for scope, holder, name, lines in uses),
        imports=tuple(Imported(*each) for each in imports),
        calls=(),
    )


def _symbol(*fields: Any) -> Symbol:
    name, qualname, scope, kind, line, named_line, end_line, head, decorators, bases, parameters = fields
    return Symbol(
        name=name,
        qualname=qualname,
        scope=scope,
        kind=kind,
        line=line,
        named_line=named_line,
        end_line=end_line,
        parameters=None
        if parameters is None
        else tuple(Parameter(name=n, required=r, kind=k) for n, r, k in parameters),
        head=head,
        decorators=tuple(decorators),
        bases=tuple(bases),
    )
