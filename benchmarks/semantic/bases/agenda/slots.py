from __future__ import annotations
from typing import Iterable, NamedTuple


class Slot(NamedTuple):
    start: int
    end: int

    def minutes(self) -> int:
        return self.end - self.start


def overlaps(x: Slot, y: Slot) -> bool:
    return x.start < y.end and y.start < x.end


def merge_slots(slots: Iterable[Slot]) -> list[Slot]:
    out: list[Slot] = []
    for slot in sorted(slots):
        if out and slot.start <= out[-1].end:
            out[-1] = Slot(out[-1].start, max(out[-1].end, slot.end))
        else:
            out.append(slot)
    return out


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def from_clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
