from __future__ import annotations
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from slots import Slot, overlaps


class Kind(Enum):
    MEETING = "meeting"
    FOCUS = "focus"
    ABSENCE = "absence"


class Clash(ValueError):
    pass


@dataclass
class Entry:
    title: str
    day: date
    slot: Slot
    kind: Kind = Kind.MEETING
    guests: list[str] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)


class Agenda:
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._days: dict[date, list[Entry]] = {}

    def book(self, entry: Entry) -> Entry:
        for other in self.on(entry.day):
            if overlaps(other.slot, entry.slot):
                raise Clash(other.title)
        self._days.setdefault(entry.day, []).append(entry)
        return entry

    def on(self, day: date) -> list[Entry]:
        return sorted(self._days.get(day, []), key=lambda e: e.slot)

    def cancel(self, day: date, title: str) -> bool:
        for entry in self._days.get(day, []):
            if entry.title == title:
                self._days[day].remove(entry)
                return True
        return False

    def between(self, first: date, last: date) -> list[Entry]:
        days = sorted(d for d in self._days if first <= d <= last)
        return [entry for day in days for entry in self.on(day)]
