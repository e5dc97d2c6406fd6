"""Reading CSV."""

import csv
import io
import itertools
from datetime import date

from ledger.errors import Refused
from ledger.journal import Journal

HEADER = ["id", "day", "text", "account", "cents"]


def _plain(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text


def from_csv(text: str, journal: Journal) -> int:
    """Post what is written there, all or nothing."""
    reader = csv.reader(io.StringIO(text))
    if next(reader, None) != HEADER:
        raise Refused("bad-input", "line 1: another header")
    rows = [(reader.line_num, row) for row in reader]
    entries = []
    for _, group in itertools.groupby(rows, key=lambda row: row[1][:1]):
        lines = list(group)
        first = lines[0][0]
        try:
            day = date.fromisoformat(lines[0][1][1])
            posted = [(row[3], int(row[4])) for _, row in lines]
            wording = _plain(lines[0][1][2])
            journal.check(wording, posted)
        except Refused as refused:
            raise Refused(refused.code, f"line {first}: {refused.why}") from refused
        except (ValueError, IndexError) as problem:
            raise Refused("bad-input", f"line {first}: {problem}") from problem
        entries.append((day, wording, posted))
    for day, text, lines in entries:
        journal.post(day, text, lines)
    return len(entries)
