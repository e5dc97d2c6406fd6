from __future__ import annotations
from dataclasses import replace
from datetime import date, timedelta
from typing import Iterable
from agenda import Agenda, Entry


def weekly(first: date, times: int) -> list[date]:
    return [first + timedelta(days=7 * n) for n in range(times)]


def repeat(agenda: Agenda, entry: Entry, days: Iterable[date]) -> list[Entry]:
    made = []
    for day in days:
        copy = replace(entry, day=day)
        made.append(agenda.book(copy))
    return made
