"""Where an evaluation keeps its trials: one SQLite file that only grows, so that a killed one goes on where it was."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from coroom.core.codec import Json, decode_body, encode_body
from coroom.core.event import Event
from coroom.evaluate.trial import TrialKey, TrialResult

_SCHEMA = """
create table if not exists about (name text primary key, value text not null);
create table if not exists trials (key text primary key, result text not null, log blob not null);
"""


class ResultsError(Exception):
    """The results file is another evaluation's, or no results file."""


class Results:
    """Finished trials by key. Adding one that is there already is an error: nothing is ever overwritten."""

    def __init__(self, path: Path, *, elsewhere: bool = False) -> None:
        """Open it. With `elsewhere` it may be read from another thread than this one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._db = sqlite3.connect(path, check_same_thread=not elsewhere)
            self._db.executescript("pragma journal_mode=wal; pragma synchronous=normal;" + _SCHEMA)
        except sqlite3.DatabaseError as problem:
            message = f"{path} is no results file ({problem}); name another folder with --out"
            raise ResultsError(message) from problem

    def about(self, wanted: dict[str, str]) -> None:
        """Note what this evaluation is; on a file that has trials, check that it is the same one.

        Raises:
            ResultsError: it is another.
        """
        known = dict(self._db.execute("select name, value from about"))
        for name, value in wanted.items():
            if known.get(name, value) != value:
                message = (
                    f"{self.path} holds an evaluation with {name} = {known[name]}, not {value}; "
                    f"name another folder with --out, or ask for what is there"
                )
                raise ResultsError(message)
        with self._db:
            self._db.executemany("insert or ignore into about values (?, ?)", wanted.items())

    def described(self) -> dict[str, str]:
        """What this evaluation is, as it was noted."""
        return dict(self._db.execute("select name, value from about"))

    def fingerprint(self) -> str:
        """Equal for equal trials with equal logs, whatever the harness took for them and whenever they were done."""
        digest = sha256()
        for key, text, log in self._db.execute("select key, result, log from trials order by key"):
            result = {name: value for name, value in json.loads(text).items() if name != "harness"}
            digest.update(f"{key} {json.dumps(result, sort_keys=True)}".encode() + sha256(log).digest())
        return digest.hexdigest()[:16]

    def known(self) -> set[str]:
        """The keys of the finished trials, infrastructure failures not among them: those are tried again."""
        rows = self._db.execute("select key from trials where json_extract(result, '$.infrastructure') = ''")
        return {key for (key,) in rows}

    def add(self, finished: Iterable[tuple[TrialResult, bytes]]) -> None:
        """Keep some trials and their logs, all or none."""
        rows = [(str(result.key), json.dumps(result.as_json()), log) for result, log in finished]
        with self._db:
            failed = "delete from trials where key = ? and json_extract(result, '$.infrastructure') <> ''"
            self._db.executemany(failed, [(key,) for key, _, _ in rows])
            self._db.executemany("insert into trials values (?, ?, ?)", rows)

    def all(self) -> Iterator[TrialResult]:
        """Every trial, in the order of their keys."""
        for (text,) in self._db.execute("select result from trials order by key"):
            yield _result(json.loads(text))

    def log(self, key: str) -> list[Event] | None:
        """The room's log of one trial."""
        found = self._db.execute("select log from trials where key = ?", (key,)).fetchone()
        return unpacked(found[0]) if found and found[0] else None

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def packed(events: Sequence[Event]) -> bytes:
    """A log in a few kilobytes."""
    lines = [json.dumps([e.seq, e.at_ms, e.by, e.body.kind, encode_body(e.body)]) for e in events]
    return zlib.compress("\n".join(lines).encode(), 6)


def unpacked(log: bytes) -> list[Event]:
    """The log again."""
    found = []
    for line in zlib.decompress(log).decode().splitlines():
        seq, at_ms, by, kind, body = json.loads(line)
        found.append(Event(seq, at_ms, by, decode_body(kind, body)))
    return found


def _result(found: dict[str, Json]) -> TrialResult:
    units = cast("dict[str, list[int]]", found["units"])
    return TrialResult(
        key=TrialKey(**cast("dict[str, Any]", found["key"])),
        score=cast("float", found["score"]),
        whole=cast("bool", found["whole"]),
        units={unit: (counts[0], counts[1]) for unit, counts in units.items()},
        abandoned=cast("bool", found["abandoned"]),
        seconds=cast("float", found["seconds"]),
        metrics=cast("dict[str, float]", found["metrics"]),
        infrastructure=cast("str", found["infrastructure"]),
        harness=cast("dict[str, float]", found.get("harness", {})),
    )
