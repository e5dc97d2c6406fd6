"""A ferry: a typed timetable, and a crew without annotations."""

FERRY = {
    "sailings.py": """from __future__ import annotations
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass
class Crossing:
    ship: str
    leaves: date
    fare: float
    cars: int = 0

    def over(self, today: date) -> bool:
        return today > self.leaves


class Timetable:
    def __init__(self, lead: int = 1) -> None:
        self.lead = lead
        self.crossings: list[Crossing] = []

    def plan(self, ship: str, today: date, fare: float) -> Crossing:
        made = Crossing(ship, today + timedelta(days=self.lead), fare)
        self.crossings.append(made)
        return made

    def of(self, ship: str) -> list[Crossing]:
        return [each for each in self.crossings if each.ship == ship]

    def fare(self, ship: str) -> float:
        found = self.of(ship)
        return found[-1].fare if found else 0.0
""",
    "crew.py": """class Sailor:
    def __init__(self, name):
        self.name = name
        self.ashore = False
        self.log = []

    def write(self, line):
        self.log.append(line)


_signed = {}


def sign(name):
    sailor = Sailor(name)
    _signed[name] = sailor
    return sailor


def lookup(name):
    return _signed.get(name)


def everybody():
    return [_signed[name] for name in sorted(_signed)]


def discharge_all():
    _signed.clear()
""",
    "watch.py": """from crew import lookup


class Watch:
    def __init__(self, title):
        self.title = title
        self.hands = []

    def enter(self, name):
        if name not in self.hands:
            self.hands.append(name)

    def leave(self, name):
        if name in self.hands:
            self.hands.remove(name)

    def shout(self, word):
        for hand in self.hands:
            sailor = lookup(hand)
            if sailor is not None:
                sailor.write(word)
""",
    "hold.py": """class Hold:
    def __init__(self):
        self._places = {}

    def put(self, place, cargo):
        self._places[place] = cargo

    def get(self, place):
        return self._places.get(place)

    def load(self, cargo):
        self._places[len(self._places)] = cargo

    def used(self):
        return sorted(self._places)
""",
    "orders.py": """ORDERS = {}


def order(word):
    def keep(made):
        ORDERS[word] = made
        return made

    return keep


@order("ahead")
def ahead(speed):
    return speed + 1


@order("astern")
def astern(speed):
    return speed - 1


def give(word, speed):
    return ORDERS[word](speed)
""",
    "board.py": """from sailings import Timetable


def sheet(table: Timetable, ship: str) -> str:
    lines = [ship]
    for each in table.of(ship):
        lines.append(each.leaves.isoformat())
    if len(lines) == 1:
        lines.append("no crossing")
    return "\\n".join(lines)
""",
}
