from __future__ import annotations
from datetime import date
from typing import Optional
from agenda import Agenda
from slots import Slot, merge_slots

WORKDAY = Slot(9 * 60, 17 * 60)


def gaps(agenda: Agenda, day: date, within: Slot = WORKDAY) -> list[Slot]:
    out: list[Slot] = []
    at = within.start
    for slot in merge_slots(e.slot for e in agenda.on(day)):
        if slot.start > at:
            out.append(Slot(at, min(slot.start, within.end)))
        at = max(at, slot.end)
    if at < within.end:
        out.append(Slot(at, within.end))
    return out


def first_gap(agenda: Agenda, day: date, minutes: int) -> Optional[Slot]:
    for gap in gaps(agenda, day):
        if gap.minutes() >= minutes:
            return gap
    return None
