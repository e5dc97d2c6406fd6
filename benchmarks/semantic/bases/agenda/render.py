from __future__ import annotations
from datetime import date
from agenda import Agenda, Entry
from free import gaps
from slots import clock


def entry_line(entry: Entry) -> str:
    return f"{clock(entry.slot.start)}-{clock(entry.slot.end)} {entry.title}"


def day_sheet(agenda: Agenda, day: date) -> str:
    lines = [f"{agenda.owner}, {day.isoformat()}"]
    for entry in agenda.on(day):
        lines.append(entry_line(entry))
    free = gaps(agenda, day)
    lines.append(f"gaps: {len(free)}")
    if len(lines) == 2:
        lines.append("nothing booked")
    return "\n".join(lines)
